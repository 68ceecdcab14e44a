"""Data sets: the ImageCLEF GANs folders, and tasks whose truth is known because it was planted."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
