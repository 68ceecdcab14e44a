"""A fitted model, asked about the images of another generator."""

from copy import deepcopy
from typing import TypeVar

from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from ..extractors import BaseExtractor
from .kinds import Images
from .parts import parts_of

Model = TypeVar("Model", bound=BaseEstimator)


def with_reference(model: Model, reference: Images | ArrayLike) -> Model:
    """Return a fitted copy of a model that compares with the images of another generator.

    What the model has learnt stays: thresholds, weights, features. So a system that has learnt from development
    images can be asked about test images, which belong to another set of generated images.

    Parameters
    ----------
    model : estimator
        Fitted: what `make` returns, or any Pipeline, VotingClassifier, FeatureUnion, ColumnTransformer, search and
        so on, nested as you like, that holds a `ReferenceSimilarity`, `ReferenceModel` or `PairClassifier`.
    reference : ImageSet, or anything an ImageSet is made of, or array-like of shape (n_reference, d)
        The other generator's images, or their rows where the model compares rows.

    Returns
    -------
    estimator
        The copy. The original stays as it is. Features and other parts without a reference are copied, ImageSets are
        shared.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the model is not fitted.
    TypeError
        If nothing in the model compares with a reference, or a part of it cannot be given another one: what it has
        learnt is about the old images, as with clusters of real and generated images together.

    See Also
    --------
    make : Make a model by name.

    Examples
    --------
    >>> from fingerprint_features import make_membership_task
    >>> from fingerprint_features.recipes import make
    >>> known, asked = (make_membership_task(6, 6, 12, image_size=32, random_state=seed) for seed in (0, 1))
    >>> model = make("calibrated-log-ratio", reference=known.reference).fit(known.X, known.y)
    >>> with_reference(model, asked.reference).predict(asked.X).shape
    (12,)
    """
    check_is_fitted(model)
    holders = _holders(model)
    if not holders:
        raise TypeError(f"nothing in this {type(model).__name__} compares with a reference: there is none to replace")
    # deepcopy takes what it is given for these objects, wherever it meets them
    return deepcopy(model, {id(holder): _replaced(holder, reference) for holder in holders})


def _holders(model):
    """Return the outermost parts of a model that have a reference, each once, wherever they are kept."""
    return [part for part in parts_of(model, _holds) if _holds(part)]


def _holds(part):
    return isinstance(part, BaseEstimator) and _has_reference(part)


def _has_reference(part):
    if hasattr(part, "with_reference"):
        return True
    return part.get_params(deep=False).get("reference") is not None


def _replaced(part, reference):
    if hasattr(part, "with_reference"):
        try:
            return part.with_reference(reference)
        except NotFittedError:  # the unfitted one that a meta-estimator keeps as well
            return clone(part).set_params(reference=reference)
    learns_nothing = isinstance(part, BaseExtractor) and not part.__sklearn_tags__().requires_fit  # SSIM
    if learns_nothing and getattr(part, "reduce", "") is not None:
        return clone(part).set_params(reference=reference)
    why = "its columns are the images of its reference" if learns_nothing else "it was fitted on its reference"
    raise TypeError(
        f"{type(part).__name__} cannot be given another reference, since {why}: make the model with the other "
        "reference, and fit it"
    )
