from .model import ReferenceModel as ReferenceModel
from .pairs import PairClassifier as PairClassifier
from .similarity import ReferenceSimilarity as ReferenceSimilarity
