"""Recipes: every published system by name, put together from the blocks below."""

from ..lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
