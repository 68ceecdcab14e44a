"""Cache: who a row of features belongs to (identity), and where rows are kept (store)."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
