"""The audit: does a generated set give away who it was trained on? Lint, controls, tests, and who is at risk.

The room is called `audits` because `fingerprint_features.audit` is the function.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
