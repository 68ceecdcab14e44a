"""Fingerprints of training images: fast cached image features as scikit-learn transformers.

Everything public is reachable from here and loaded when first used; ``__init__.pyi`` lists it.
"""

import lazy_loader

from ._version import __version__ as __version__

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
