"""Extractors: one file each, their base class, and the registry that finds plug-ins."""

from ..lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
