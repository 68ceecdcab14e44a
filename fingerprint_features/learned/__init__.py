"""Learned: networks trained on images, as scikit-learn estimators. Nothing here imports torch before it is used."""

from ..lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
