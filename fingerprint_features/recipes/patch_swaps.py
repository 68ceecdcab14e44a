"""The system that pastes patches of generated images into real ones."""

from copy import copy
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.pipeline import make_pipeline
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from ..decide import ThresholdClassifier
from ..extractors import Pixels
from ..extractors.base import image_tags
from ..learned import Autoencoder, PatchSwapError
from ..reference import ReferenceSimilarity
from .blocks import cached, refuse_changed_reference
from .kinds import Cache, Images, Network, Threshold
from .papers import OVERVIEW_2023
from .registry import recipe


@recipe(
    "vcmi-2023-replacing-patches",
    method="M12",
    team="VCMI",
    year=2023,
    subtask=1,
    runs=(10,),
    score=0.594,
    metric="f1",
    paper=OVERVIEW_2023,
    exact=False,
    why=(
        "Which auto-encoder gave the images back is not stated: the team's simple one, learnt from the generated "
        "images. Batch norm has the constants of PyTorch, the code those of Keras."
    ),
    trained_on="generated images; real images without labels",
    needs_labels=False,
    transductive=True,
    fast={"image_size": 32, "epochs": 30, "lr": 1e-3},
)
def replacing_patches(
    reference: Images,
    cache: Cache,
    *,
    backbone: Network = "conv5",
    threshold: Threshold = 2.0,
    image_size: int | None = None,
    epochs: int = 200,
    lr: float = 1e-4,
    batch_size: int = 32,
    device: str = "auto",
    random_state: int = 0,
) -> BaseEstimator:
    """Used when some generated image's patch in it troubles an auto-encoder less than patches of real images do.

    Less means by `threshold` standard deviations of the errors with patches of other real images. Every pair of a real
    and a generated image goes through the network.
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
    return make_pipeline(PatchSwaps(reference, network, cache), ThresholdClassifier(threshold))


class PatchSwaps(TransformerMixin, BaseEstimator):
    """Fit an auto-encoder on the reference, then compare by `PatchSwapError`, in deviations of real images.

    Parameters
    ----------
    reference : ImageSet, or anything an ImageSet is made of
        The generated images.
    autoencoder : Autoencoder
        A clone is fitted.
    cache : path-like or FeatureCache, default=None
        Keeps pixels.

    Attributes
    ----------
    similarity_ : ReferenceSimilarity
    """

    def __init__(self, reference: Images, autoencoder: Autoencoder, cache: Cache = None) -> None:
        self.reference = reference
        self.autoencoder = autoencoder
        self.cache = cache

    def fit(self, X: Images, y: Any = None) -> Self:
        """Fit the auto-encoder on the reference, and measure the real images X with patches of each other."""
        metric = PatchSwapError(clone(self.autoencoder).fit(self.reference))
        self.similarity_ = ReferenceSimilarity(
            self.reference, cached(self.cache, Pixels()), metric, standardize="zscore", diag="row_mean"
        ).fit(X)
        self.reference_ = self.reference
        return self

    def transform(self, X: Images) -> NDArray[np.float64]:
        """Return the similarity to the nearest generated image, of shape (n_images, 1)."""
        check_is_fitted(self)
        refuse_changed_reference(self)
        return self.similarity_.transform(X)

    def with_reference(self, reference: Images | ArrayLike) -> Self:
        """Return a fitted copy that pastes patches of another generator's images; the auto-encoder stays."""
        check_is_fitted(self)
        other = copy(self)
        other.reference = other.reference_ = reference
        other.similarity_ = self.similarity_.with_reference(reference)
        return other

    def __sklearn_tags__(self) -> Tags:
        return image_tags(super().__sklearn_tags__(), requires_fit=True)
