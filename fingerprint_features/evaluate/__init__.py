"""Honest scores: values with intervals and trivial baselines, tests by patient, submission files."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
