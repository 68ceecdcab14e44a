from .augmentation import Augmentation as Augmentation
from .autoencoder import Autoencoder as Autoencoder
from .classifier import NetClassifier as NetClassifier
from .embedder import MetricEmbedder as MetricEmbedder
from .pair_network import PairNetwork as PairNetwork
from .patch_swap import PatchSwapError as PatchSwapError
from .pseudo import PseudoLabelClassifier as PseudoLabelClassifier
