"""Extractors: one file each, their base class, and the registry that finds plug-ins."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
