from .cluster import ClusterClassifier as ClusterClassifier
from .threshold import ThresholdClassifier as ThresholdClassifier
