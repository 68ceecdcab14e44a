from .augmentation import Augmentation as Augmentation
from .classifier import NetClassifier as NetClassifier
from .embedder import MetricEmbedder as MetricEmbedder
from .pseudo import PseudoLabelClassifier as PseudoLabelClassifier
