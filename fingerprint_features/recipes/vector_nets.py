"""Vector-Net of PicusLab, 2023: compact vectors of images, from networks trained on pairs, in front of an SVM."""

from collections.abc import Sequence
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, column_or_1d

from ..extractors.base import image_tags
from ..images import ImageSet, as_image_set
from ..learned import MetricEmbedder
from .blocks import cached
from .kinds import Cache, Images, Network
from .papers import OVERVIEW_2023
from .registry import recipe

_SIDES = (("unused", "used"), ("used", "generated"), ("unused", "generated"))


@recipe(
    "picuslab-2023-vector-net-svm",
    method="M21",
    team="PicusLabMed",
    year=2023,
    subtask=1,
    metric="f1",
    paper=OVERVIEW_2023,
    runs=(1, 2, 3, 4, 5, 6),
    score=0.624,
    exact=False,
    why=(
        "The network, its training and the sets that the runs call 1, 2 and 3 are not described. Here: VCMI's encoder "
        "and the contrastive loss, Adam, 20 epochs; 1 parts used from unused images, 2 generated from used ones, 3 "
        "generated from unused ones, and their vectors of 64 numbers stand side by side. SVM-2 is taken for a "
        "polynomial of degree 2, with C=1 on standardised columns."
    ),
    trained_on="pairs of used, unused and generated images",
    needs_labels=True,
    fast={"backbone": "small", "image_size": 64, "epochs": 8},
)
def vector_nets(
    reference: Images,
    cache: Cache,
    *,
    nets: int = 3,
    kernel: Literal["poly", "linear"] = "poly",
    backbone: Network = "conv5",
    dim: int = 64,
    C: float = 1.0,
    image_size: int | None = None,
    epochs: int = 20,
    lr: float = 1e-3,
    batch_size: int = 32,
    device: str = "auto",
    random_state: int = 0,
) -> BaseEstimator:
    """Used when an SVM says so, from the vectors of one to three networks, each trained to part two kinds of images.

    The runs took 1, 2 and 3 `nets`, each with both kernels; three with ``"poly"`` have the score.
    """
    if nets not in (1, 2, 3):
        raise ValueError(f"nets must be 1, 2 or 3. Got {nets!r} instead.")
    net = MetricEmbedder(
        backbone,
        dim=dim,
        image_size=image_size,
        epochs=epochs,
        lr=lr,
        batch_size=batch_size,
        device=device,
        random_state=random_state,
    )
    vectors = [("-".join(two), LearntBetween(cached(cache, net), reference, two)) for two in _SIDES[:nets]]
    svm = SVC(kernel=kernel, degree=2, coef0=1.0, C=C)
    return make_pipeline(FeatureUnion(vectors), StandardScaler(), svm)


class LearntBetween(TransformerMixin, BaseEstimator):
    """Fit features on two kinds of images, which are their labels, and apply them to all images.

    Parameters
    ----------
    features : transformer
        A clone is fitted.
    reference : ImageSet, or anything an ImageSet is made of
        The generated images.
    sides : pair of {"unused", "used", "generated"}

    Attributes
    ----------
    features_ : transformer
    """

    def __init__(self, features: BaseEstimator, reference: Images, sides: Sequence[str] = ("unused", "used")) -> None:
        self.features = features
        self.reference = reference
        self.sides = sides

    def fit(self, X: Images, y: ArrayLike | None = None) -> Self:
        """Fit the features on the two kinds; y is 1 for used and 0 for unused images."""
        if y is None:
            raise ValueError("LearntBetween: requires y to be passed, but the target y is None: give labels")
        images, y = as_image_set(X), column_or_1d(y)
        if len(np.unique(y)) != 2:
            raise ValueError(f"LearntBetween: y must hold used and unused images. Got {np.unique(y).tolist()}")
        kinds = {"unused": images[y == y.min()], "used": images[y == y.max()]}
        kinds["generated"] = as_image_set(self.reference)
        first, second = (kinds[side] for side in self.sides)
        labels = np.repeat([0, 1], [len(first), len(second)])
        self.features_ = clone(self.features).fit(ImageSet.join([first, second]), labels)
        return self

    def transform(self, X: Images) -> NDArray[np.float32]:
        """Return the rows of the features."""
        check_is_fitted(self)
        return self.features_.transform(X)

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[np.object_]:
        """Return the names of the columns."""
        check_is_fitted(self)
        return self.features_.get_feature_names_out()

    def __sklearn_tags__(self) -> Tags:
        tags = image_tags(super().__sklearn_tags__(), requires_fit=True)
        tags.target_tags.required = True
        return tags
