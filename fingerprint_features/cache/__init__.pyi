from .identity import describe as describe
from .identity import extractor_token as extractor_token
from .store import CacheWarning as CacheWarning
from .store import FeatureCache as FeatureCache
