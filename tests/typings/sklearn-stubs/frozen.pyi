from typing import Any

from .base import BaseEstimator

class FrozenEstimator(BaseEstimator):
    estimator: Any
    def __init__(self, estimator: Any) -> None: ...
