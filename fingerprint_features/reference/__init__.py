"""Reference: columns that compare images with a second set, usually the generated one."""

from ..lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
