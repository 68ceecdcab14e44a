"""CNNEmbedding: frozen networks as extractors. Nothing here imports torch before it is used."""

from ...lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
