"""Conformance suite: what every extractor must hold, ours and yours; meant for tests, imported by nothing else."""

from ..lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
