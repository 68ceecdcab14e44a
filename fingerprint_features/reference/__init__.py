"""Reference: columns that compare images with a second set, usually the generated one."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
