"""Images: what counts as one, how it is decoded, and the message when it is not one."""

from ..lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
