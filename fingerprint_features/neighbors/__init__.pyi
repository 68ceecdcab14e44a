from .classifier import FaissKNeighborsClassifier as FaissKNeighborsClassifier
from .retrieval import retrieve as retrieve
from .transformer import FaissKNeighborsTransformer as FaissKNeighborsTransformer
from .unsupervised import FaissNearestNeighbors as FaissNearestNeighbors
