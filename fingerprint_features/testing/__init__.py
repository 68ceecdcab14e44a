"""Conformance suite: what every extractor must hold, ours and yours; meant for tests, imported by nothing else."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
