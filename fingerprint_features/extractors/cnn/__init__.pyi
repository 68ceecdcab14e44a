from .embedding import CNNEmbedding as CNNEmbedding
from .preprocessing import Preprocessing as Preprocessing
