"""Data sets: the ImageCLEF GANs folders, and tasks whose truth is known because it was planted."""

from ..lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
