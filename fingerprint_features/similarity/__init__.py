"""Similarity of images and of feature rows, all pairs; larger always means closer."""

from ..lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
