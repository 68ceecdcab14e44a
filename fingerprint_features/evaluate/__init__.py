"""Honest scores: values with intervals and trivial baselines, tests by patient, submission files."""

from ..lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
