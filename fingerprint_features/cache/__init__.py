"""Cache: which extractor and image a row of features belongs to (identity), and where rows are kept (store)."""

from ..lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
