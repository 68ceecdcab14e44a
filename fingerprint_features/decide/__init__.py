"""From columns to labels: a cut on one score, or clusters that are given names."""

from ..lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
