from .identity import describe as describe
from .identity import extractor_token as extractor_token
from .identity import image_digest as image_digest
from .store import CacheWarning as CacheWarning
from .store import FeatureCache as FeatureCache
