"""CNNEmbedding: frozen networks as extractors. Nothing here imports torch before it is used."""

from .embedding import CNNEmbedding as CNNEmbedding
from .preprocessing import Preprocessing as Preprocessing
