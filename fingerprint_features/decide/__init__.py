"""From columns to labels: a cut on one score, or clusters that are given names."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
