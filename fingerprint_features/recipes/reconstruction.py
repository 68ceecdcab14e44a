"""Systems that ask how well an auto-encoder of the generated images gives a real image back."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.pipeline import make_pipeline

from ..decide import ThresholdClassifier
from ..learned import Autoencoder
from ..reference import ReferenceModel
from .blocks import cached
from .kinds import Cache, Images, Network, Threshold
from .papers import OVERVIEW_2023
from .registry import recipe

_VCMI = {
    "team": "VCMI",
    "year": 2023,
    "subtask": 1,
    "metric": "f1",
    "paper": OVERVIEW_2023,
    "exact": False,
    "needs_labels": False,
}
_FAST = {"image_size": 32, "epochs": 30, "lr": 1e-3}


@recipe(
    "vcmi-2023-autoencoder",
    method="M07",
    runs=(4,),
    score=0.654,
    why=(
        "How many deviations beyond the mean error is not stated: three, as in the team's code. Batch norm has the "
        "constants of PyTorch, the code those of Keras."
    ),
    trained_on="generated images",
    fast=_FAST,
    **_VCMI,
)
def outliers(
    reference: Images,
    cache: Cache,
    *,
    backbone: Network = "conv5",
    threshold: Threshold = -3.0,
    image_size: int | None = None,
    epochs: int = 200,
    lr: float = 1e-4,
    batch_size: int = 32,
    device: str = "auto",
    random_state: int = 0,
) -> BaseEstimator:
    """Used when an auto-encoder of the generated images gives it back with no larger an error than theirs.

    An error is large when it lies three standard deviations beyond the mean of generated images, a twentieth of which
    the auto-encoder has not learnt; `threshold` is minus the deviations. ``backbone="residual5"`` is the team's
    auto-encoder of residual blocks.
    """
    network = Autoencoder(
        backbone,
        image_size=image_size,
        epochs=epochs,
        lr=lr,
        batch_size=batch_size,
        device=device,
        random_state=random_state,
    )
    model = ReferenceModel(network, reference, standardize="zscore", held_out=0.05)
    return make_pipeline(model, ThresholdClassifier(threshold))


@recipe(
    "vcmi-2023-two-decoders",
    method="M09",
    why=(
        "No run of it is known. Mean and deviation are those of nine tenths of the generated images. Batch norm has "
        "the constants of PyTorch, the team's code those of Keras."
    ),
    trained_on="real images without labels, and generated ones",
    transductive=True,
    fast=_FAST,
    **_VCMI,
)
def two_decoders(
    reference: Images,
    cache: Cache,
    *,
    backbone: Network = "conv5",
    threshold: Threshold = -1.0,
    image_size: int | None = None,
    epochs: int = 200,
    lr: float = 1e-4,
    batch_size: int = 64,
    device: str = "auto",
    random_state: int = 0,
) -> BaseEstimator:
    """Used when the decoder of generated images gives it back with no larger an error than theirs.

    One encoder, and a decoder each for real and for generated images, learn from batches with as many of either.
    `threshold` is minus the standard deviations beyond the mean error of generated images.
    """
    network = Autoencoder(
        backbone,
        decoders=2,
        fit_on="both",
        reference=reference,
        output="error",
        image_size=image_size,
        epochs=epochs,
        lr=lr,
        batch_size=batch_size,
        device=device,
        random_state=random_state,
    )
    model = ReferenceModel(
        MinusColumn(), reference, features=cached(cache, network), standardize="zscore", held_out=0.9
    )
    return make_pipeline(model, ThresholdClassifier(threshold))


class MinusColumn(BaseEstimator):
    """Minus the one column of a table, as a model that learns nothing."""

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Learn nothing."""
        self.n_features_in_ = np.shape(X)[1]
        return self

    def score_samples(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return minus the column, of shape (n,)."""
        return -np.asarray(X, dtype=np.float64)[:, 0]
