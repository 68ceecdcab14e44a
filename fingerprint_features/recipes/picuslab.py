"""The systems of PicusLab with a deforming auto-encoder, and the vote."""

from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import VotingClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, column_or_1d

from ..extractors.base import image_tags
from ..images import as_image_set
from ..learned import Autoencoder
from .blocks import ByContent, cached
from .kinds import Cache, Images, Network
from .papers import OVERVIEW_2023
from .registry import recipe
from .vector_nets import vector_nets

Learnt = Literal["used", "unused", "both"]

_PICUSLAB = {
    "team": "PicusLabMed",
    "year": 2023,
    "subtask": 1,
    "metric": "f1",
    "paper": OVERVIEW_2023,
    "exact": False,
    "trained_on": "generated images and labelled real images",
    "needs_labels": True,
}
_FAST = {"image_size": 32, "epochs": 30, "lr": 1e-3}


@recipe(
    "picuslab-2023-deforming-svm",
    method="M22",
    runs=(7, 8, 9),
    score=0.666,
    why=(
        "Whether the sets that the paper lists are what the auto-encoder learns, or what the SVM separates, is not "
        "clear: here the auto-encoder learns them, and the SVM separates used from unused real images. Networks and "
        "training are not described: VCMI's encoder and decoder, 64 numbers for the template and 64 for the "
        "deformation, 200 epochs, C=1 on standardised columns. A deformation stretches by a factor e at most, and 0.01 "
        "times its roughness is added to the loss. Calling every image used scores as much as the best run."
    ),
    fast=_FAST,
    **_PICUSLAB,
)
def deforming_svm(
    reference: Images,
    cache: Cache,
    *,
    learnt: Learnt = "unused",
    backbone: Network = "conv5",
    latent: int = 128,
    C: float = 1.0,
    image_size: int | None = None,
    epochs: int = 200,
    lr: float = 1e-4,
    batch_size: int = 32,
    device: str = "auto",
    random_state: int = 0,
) -> BaseEstimator:
    """Used when a linear SVM says so, from the codes of an auto-encoder that deforms a template.

    The auto-encoder learns the generated images and the real images that `learnt` names: "unused" as in the best run
    (8), "used" as in run 7, "both" as in run 9.
    """
    network = Autoencoder(
        backbone,
        decoder="deforming",
        latent=latent,
        fit_on="both",
        reference=reference,
        image_size=image_size,
        epochs=epochs,
        lr=lr,
        batch_size=batch_size,
        device=device,
        random_state=random_state,
    )
    svm = _LinearSVC(C=C, max_iter=100_000, random_state=random_state)
    return make_pipeline(LearntFrom(cached(cache, network), learnt), StandardScaler(), svm)


@recipe(
    "picuslab-2023-vote",
    method="M23",
    runs=(10,),
    score=0.487,
    why=(
        "How the results were joined is not described: the label of most of the nine other systems. What is ours in "
        "these is ours here."
    ),
    fast={**_FAST, "vector_epochs": 8},
    **_PICUSLAB,
)
def vote(
    reference: Images,
    cache: Cache,
    *,
    backbone: Network = "conv5",
    latent: int = 128,
    dim: int = 64,
    image_size: int | None = None,
    epochs: int = 200,
    vector_epochs: int = 20,
    lr: float = 1e-4,
    batch_size: int = 32,
    device: str = "auto",
    random_state: int = 0,
) -> BaseEstimator:
    """Used when most of the team's nine other systems say so.

    Six are SVMs on the vectors of one, two and three networks, three are SVMs on the codes of a deforming auto-encoder.
    Each network is trained once; `epochs`, `lr` and `latent` are those of the auto-encoders, `vector_epochs` and `dim`
    those of the vectors.
    """
    shared = {"backbone": backbone, "image_size": image_size, "batch_size": batch_size, "device": device}
    shared["random_state"] = random_state
    coded = {
        learnt: deforming_svm(reference, cache, learnt=learnt, latent=latent, epochs=epochs, lr=lr, **shared)
        for learnt in ("used", "unused", "both")
    }
    vectors = {
        kernel: vector_nets(reference, cache, kernel=kernel, dim=dim, epochs=vector_epochs, **shared)
        for kernel in ("linear", "poly")
    }
    features = FeatureUnion(
        [*((learnt, system[0]) for learnt, system in coded.items()), *vectors["poly"][0].transformer_list]
    )
    members = [
        (f"codes-{learnt}", _on_columns(slice(i * latent, (i + 1) * latent), system[1:]))
        for i, (learnt, system) in enumerate(coded.items())
    ]
    members += [
        (f"vectors-{nets}-{kernel}", _on_columns(slice(3 * latent, 3 * latent + nets * dim), system[1:]))
        for kernel, system in vectors.items()
        for nets in (1, 2, 3)
    ]
    return make_pipeline(features, Vote(members))


class Vote(VotingClassifier):
    """A vote in which each member has one voice; the score is the share of voices."""

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the share of the members that chose each class, (n_rows, n_classes)."""
        chosen = self.transform(X)
        return np.column_stack([(chosen == code).mean(axis=1) for code in range(len(self.classes_))])


def _on_columns(which, classifier):
    return make_pipeline(ColumnTransformer([("own", "passthrough", which)]), classifier)


class LearntFrom(TransformerMixin, BaseEstimator):
    """Fit features on the real images of one class only, and apply them to all.

    Parameters
    ----------
    features : transformer
        A clone is fitted.
    learnt : {"used", "unused", "both"}
        Which real images; used is the last class.

    Attributes
    ----------
    features_ : transformer
    """

    def __init__(self, features: BaseEstimator, learnt: Learnt = "both") -> None:
        self.features = features
        self.learnt = learnt

    def fit(self, X: Images, y: ArrayLike | None = None) -> Self:
        """Fit the features on the images of the class."""
        if self.learnt not in ("used", "unused", "both"):
            raise ValueError(f"learnt= must be one of 'used', 'unused', 'both'. Got {self.learnt!r}")
        if y is None:
            raise ValueError("LearntFrom: requires y to be passed, but the target y is None: give labels")
        images, y = as_image_set(X), column_or_1d(y)
        kept = {"used": y == y.max(), "unused": y == y.min(), "both": slice(None)}[self.learnt]
        self.features_ = clone(self.features).fit(images[kept])
        return self

    def transform(self, X: Images) -> NDArray[np.float32]:
        """Return the rows of the features."""
        check_is_fitted(self)
        return self.features_.transform(X)

    def __sklearn_tags__(self) -> Tags:
        tags = image_tags(super().__sklearn_tags__(), requires_fit=True)
        tags.target_tags.required = True
        return tags


class _LinearSVC(ByContent, LinearSVC):
    """An SVM that does not depend on the order of the rows."""
