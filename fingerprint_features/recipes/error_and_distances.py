"""The system that shows a forest an auto-encoder's error, and distances in its codes and in handcrafted features."""

from copy import copy
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.covariance import EmpiricalCovariance
from sklearn.feature_selection import SelectFromModel
from sklearn.pipeline import make_pipeline
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from ..extractors.base import image_tags
from ..learned import Autoencoder
from ..similarity import pairwise_similarity
from .blocks import cached, refuse_changed_reference
from .kinds import Cache, Images, Network
from .papers import OVERVIEW_2025
from .registry import recipe
from .textures import Forest, handcrafted_extractors


@recipe(
    "neural-nexus-2025-forest",
    method="M33",
    team="Neural Nexus",
    year=2025,
    subtask=1,
    runs=(1881,),
    score=0.032,
    metric="kappa",
    paper=OVERVIEW_2025,
    exact=False,
    why=(
        "The team resized images to 128 x 128 for the handcrafted features too: give the ImageSets that size. Kernels "
        "of the transposed convolutions are ours, and batch norm has the constants of PyTorch, the code those of Keras."
    ),
    trained_on="generated images and labelled real images",
    needs_labels=True,
    fast={"image_size": 32, "epochs": 30},
)
def forest(
    reference: Images,
    cache: Cache,
    *,
    backbone: Network = "residual4",
    latent: int = 512,
    max_features: int = 20,
    image_size: int | None = None,
    epochs: int = 50,
    lr: float = 1e-3,
    batch_size: int = 32,
    device: str = "auto",
    random_state: int = 42,
) -> BaseEstimator:
    """Used when a forest says so, from an auto-encoder's error and two distances to the generated images.

    The auto-encoder learns the generated images. One distance is the cosine distance to the nearest of their codes; the
    other is Mahalanobis's, in those `max_features` of codes and of 48 handcrafted features that another forest finds
    most important for separating used from unused.
    """
    network = Autoencoder(
        backbone,
        latent=latent,
        loss="mae",
        fit_on="reference",
        reference=reference,
        output="both",
        image_size=image_size,
        epochs=epochs,
        lr=lr,
        batch_size=batch_size,
        device=device,
        random_state=random_state,
    )
    important = SelectFromModel(Forest(200, random_state=random_state), max_features=max_features, threshold=-np.inf)
    features = cached(cache, network, *handcrafted_extractors())
    return make_pipeline(
        ErrorAndDistances(reference, features, latent, important), Forest(100, random_state=random_state)
    )


class ErrorAndDistances(TransformerMixin, BaseEstimator):
    """Three columns: an error, and the distances to the nearest generated code and to all generated images.

    Parameters
    ----------
    reference : ImageSet, or anything an ImageSet is made of
        The generated images.
    features : transformer
        Its columns are the codes, the error, and others; a clone is fitted.
    latent : int
        How many are codes.
    important : selector
        Of the columns in which Mahalanobis's distance is measured, all but the error; a clone is fitted on labels.

    Attributes
    ----------
    features_, important_ : transformers
    codes_ : ndarray of shape (n_reference, latent)
    covariance_ : EmpiricalCovariance
    """

    def __init__(self, reference: Images, features: BaseEstimator, latent: int, important: BaseEstimator) -> None:
        self.reference = reference
        self.features = features
        self.latent = latent
        self.important = important

    def fit(self, X: Images, y: ArrayLike | None = None) -> Self:
        """Learn features, which of them are important for y, and what the generated images are like in these."""
        if y is None:
            raise ValueError("ErrorAndDistances: requires y to be passed, but the target y is None: give labels")
        self.features_ = clone(self.features).fit(X, y)
        _, _, described = self._parts(X)
        self.important_ = clone(self.important).fit(described, y)
        return self._compare_with(self.reference)

    def transform(self, X: Images) -> NDArray[np.float64]:
        """Return the three columns, of shape (n_images, 3)."""
        check_is_fitted(self)
        refuse_changed_reference(self)
        codes, error, described = self._parts(X)
        nearest = 1 - pairwise_similarity(codes, self.codes_, "cosine").max(axis=1)
        return np.column_stack([error, nearest, self.covariance_.mahalanobis(self.important_.transform(described))])

    def with_reference(self, reference: Images | ArrayLike) -> Self:
        """Return a fitted copy that compares with another generator's images; what was learnt stays."""
        check_is_fitted(self)
        other = copy(self)
        other.reference = reference
        return other._compare_with(reference)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the names of the columns."""
        return np.array(["error", "nearest_code", "mahalanobis"], dtype=object)

    def __sklearn_tags__(self) -> Tags:
        tags = image_tags(super().__sklearn_tags__(), requires_fit=True)
        tags.target_tags.required = True
        return tags

    def _compare_with(self, reference):
        self.codes_, _, described = self._parts(reference)
        self.covariance_ = EmpiricalCovariance().fit(self.important_.transform(described))
        self.reference_ = reference
        return self

    def _parts(self, images):
        """Return codes, errors, and all columns but the errors."""
        table = np.asarray(self.features_.transform(images), dtype=np.float64)
        return table[:, : self.latent], table[:, self.latent], np.delete(table, self.latent, axis=1)
