"""Fingerprints of training images: fast cached image features as scikit-learn transformers.

Everything public is reachable from here and loaded when first used; ``__init__.pyi`` lists it.
"""

from ._version import __version__ as __version__
from .lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
