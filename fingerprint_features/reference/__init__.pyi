from .model import ReferenceModel as ReferenceModel
from .similarity import ReferenceSimilarity as ReferenceSimilarity
