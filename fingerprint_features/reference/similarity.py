"""ReferenceSimilarity: how close each image is to the generated set, in columns for classifiers and thresholds."""

from collections.abc import Callable, Sequence
from dataclasses import astuple, replace
from os import PathLike
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags

from ..cache import FeatureCache
from ..images import ImageSet
from ..images.sizes import check_one_size
from ..similarity.metrics import MetricName, Similarity
from .base import ReferenceEstimator
from .columns import ColumnName, column_name, make_columns, metric_name, nearest_needed, need
from .comparer import Comparer
from .competition import Competition
from .null import Null, measure_null
from .opening import refuse_overlap, unused
from .rules import check_exchangeable, check_params, check_places
from .samples import Samples
from .sets import ComparedSets


class ReferenceSimilarity(TransformerMixin, ReferenceEstimator):
    """Compare images with a reference set, usually the generated one; larger columns mean closer.

    Every image is compared with every reference image, and `reduce` says which columns are made of the similarities.

    Parameters
    ----------
    reference : ImageSet or array-like of shape (n_reference, d), default=None
        What to compare with. None takes the X seen in `fit`, without images of the same content or patient: how
        isolated an image is, whether it has near duplicates.
    features : transformer, default=None
        Turns all sets into tables; a clone of it is fitted. None compares tables as they are, and images when
        ``metric="ssim"``.
    metric : str or callable, default="euclidean"
        ``"euclidean"``, ``"mse"``, ``"cosine"``, ``"hamming"`` (number of columns that differ), ``"jaccard"`` (of 0
        and 1), ``"wasserstein"`` (of quantile features), ``"ssim"`` (of images), or ``metric(A, B)`` that returns
        similarities of shape ``(len(A), len(B))``. Distances are negated.
    reduce : str, list of str or None, default="max"
        One column each. ``"max"``, ``"mean"``, ``"topk"`` (mean of the k largest), ``"std"``, ``"min"`` of the
        similarities; ``"rank"`` (mean rank of the image among its rivals, over the reference; 1 is the most similar),
        ``"hits"`` (how many reference images have it among their k most similar), ``"hit_max"`` (largest similarity to
        one of those), ``"margin"`` (log of the nearest rival's distance to a reference image over the image's own, the
        largest over the reference; above 0 is a hit), ``"credit"`` (sum of the margins above 0, else the largest),
        ``"monte_carlo"`` (share of the reference nearer than the median
        distance of the holdout, or else of X, to its nearest reference image). With a holdout: ``"log_ratio"`` (log
        distance to the k-th nearest holdout image minus that to the k-th nearest reference image), ``"diff"`` (the
        same without logarithms), ``"dpi"`` (share of the reference among the k nearest of both sets, as if these
        were equally large). None gives all similarities, one column a reference image.
    holdout : "unused", ImageSet or array-like, default=None
        Real images that the generator did not see. ``"unused"`` takes the rows labelled 0 in ``fit(X, y)``, without
        the content and patient of the image that is scored. Any other holdout must share no image with X.
    rivals : ImageSet or array-like of shape (n_rivals, d), default=None
        Real images that compete with each image in ``"rank"``, ``"hits"``, ``"hit_max"``, ``"margin"`` and
        ``"credit"``; nobody has to know which of them were used. None takes the X seen in `fit`. The content of the
        image itself never competes, nor does its patient in ``"margin"`` and ``"credit"``.
    against : {"reference", "self", "both"}, default="reference"
        Compare with the reference, with the X seen in `fit`, or with both as one set.
    null : {"self", "cross", "reference", "both"}, callable or array-like, default=None
        Pairs of unrelated images that form the null distribution: X with X, X with the reference, the reference with
        itself, or all of these (of more than 4,000 images of X or 1,000 of the reference, a weighted sample). Or
        similarities: ``null(X)``, or an array. None means ``"self"`` when `standardize` needs one.
    standardize : {"max", "zscore", "mean"}, default=None
        Subtract the maximum of the null; subtract its mean and divide by its standard deviation; or subtract its
        mean. ``"std"`` and ``"diff"`` are only divided; ``"rank"``, ``"hits"`` and those without units stay.
    null_of : {"pairs", "reduced"}, default="pairs"
        Whether the null holds similarities of pairs, as in the published systems, or one null per column: the
        reduction of every image over the images that it is unrelated to (for ``"max"`` to ``"min"`` only).
    k : int, default=1
        Neighbours for ``"topk"``, ``"hits"``, ``"hit_max"``, ``"log_ratio"``, ``"diff"`` and ``"dpi"``.
    diag : {"exclude", "row_mean"}, default="exclude"
        What an image compared with itself adds to the null: nothing, or the mean of its row (as one system has it).
    fit_features : {"x", "reference", "both", "rivals"}, default="x"
        What `features` learns from.
    cache : path-like or FeatureCache, default=None
        For ``metric="ssim"``: keeps the similarities of every image to the whole reference. Other features have the
        cache of their FeaturePipeline.
    n_jobs : int, default=None
        Threads for comparing. Never changes the values.
    progress : bool, default=False
        For ``metric="ssim"``: whether to show a progress bar.

    Attributes
    ----------
    features_ : transformer or None
        The fitted features.
    reference_, sets_, null_ : Samples, ComparedSets, Null
        The reference, all sets that X is compared with, and the null (or None), for internal use.
    null_mean_, null_std_, null_max_ : float, ndarray of shape (n_reductions,) or None
        The null; an array with ``null_of="reduced"``.
    radius_ : float or None
        The distance that ``"monte_carlo"`` calls near.
    patients_known_ : bool
        Whether the patients of all sets that need them are known.

    See Also
    --------
    ReferenceModel : Fit an outlier detector, a mixture or a classifier on the reference instead.

    Notes
    -----
    Two images are the same if their content is, not by their ids or positions: ``fit_transform(X)`` equals
    ``fit(X).transform(X)``, and no row depends on the others. Only ImageSets know patients (`groups`).

    In ``"rank"``, ``"hits"`` and ``"hit_max"`` all rivals compete, each content once. Of two equally similar images,
    content decides which gets the place; in ``"rank"`` each counts one half. Distances below 1e-9 count as 1e-9 in
    ``"log_ratio"`` and in margins. Where patients are unknown, another slice of the image's own patient is usually its
    nearest rival, and margins say little: ``groups`` matter here.

    `with_reference` keeps all that was learnt: features, null, holdout, radius, rivals, and the X of `fit` that
    ``against`` names. The holdout must hold no training images of the other generator. ``"hits"`` and the largest
    similarities grow with the size of the reference, so rules are best learnt with references of about one size.

    References
    ----------
    van Breugel, Sun, Qian, van der Schaar, "Membership inference attacks against synthetic data through overfitting
    detection", AISTATS 2023 (``"log_ratio"`` is its density ratio, with densities by nearest neighbours).

    Examples
    --------
    Columns of two images, compared with two generated ones:

    >>> generated = [[0.0], [10.0]]
    >>> ReferenceSimilarity(generated, reduce=["max", "mean"]).fit_transform([[1.0], [7.0]])
    array([[-1., -5.], [-3., -5.]])

    A holdout of unused images needs labels:

    >>> ReferenceSimilarity(generated, reduce="log_ratio", holdout="unused").fit([[1.0], [7.0]])
    Traceback (most recent call last):
    ValueError: ReferenceSimilarity(holdout='unused') takes the rows labelled 0: it requires y to be passed, but the
    target y is None. Call fit(X, y)
    """

    reference_: Samples
    sets_: ComparedSets
    null_: Null | None
    null_mean_: float | NDArray[np.float64] | None
    null_std_: float | NDArray[np.float64] | None
    null_max_: float | NDArray[np.float64] | None
    radius_: float | None
    patients_known_: bool

    _set_names = ("reference", "holdout", "rivals")

    def __init__(
        self,
        reference: ImageSet | ArrayLike | None = None,
        features: BaseEstimator | None = None,
        metric: MetricName | Similarity = "euclidean",
        reduce: ColumnName | Sequence[ColumnName] | None = "max",
        *,
        holdout: ImageSet | ArrayLike | Literal["unused"] | None = None,
        rivals: ImageSet | ArrayLike | None = None,
        against: Literal["reference", "self", "both"] = "reference",
        null: Literal["self", "cross", "reference", "both"] | Callable[[Any], ArrayLike] | ArrayLike | None = None,
        standardize: Literal["max", "zscore", "mean"] | None = None,
        null_of: Literal["pairs", "reduced"] = "pairs",
        k: int = 1,
        diag: Literal["exclude", "row_mean"] = "exclude",
        fit_features: Literal["x", "reference", "both", "rivals"] = "x",
        cache: str | PathLike[str] | FeatureCache | None = None,
        n_jobs: int | None = None,
        progress: bool = False,
    ) -> None:
        self.reference = reference
        self.features = features
        self.metric = metric
        self.reduce = reduce
        self.holdout = holdout
        self.rivals = rivals
        self.against = against
        self.null = null
        self.standardize = standardize
        self.null_of = null_of
        self.k = k
        self.diag = diag
        self.fit_features = fit_features
        self.cache = cache
        self.n_jobs = n_jobs
        self.progress = progress

    def fit(self, X: ImageSet | ArrayLike, y: ArrayLike | None = None) -> Self:
        """Open the sets, fit the features, and measure the null and the competition where columns need them.

        Parameters
        ----------
        X : ImageSet or array-like of shape (n, d)
        y : array-like of shape (n,), default=None
            1 for used and 0 for unused, for ``holdout="unused"``; passed on to `features`.

        Returns
        -------
        self
        """
        check_params(self, self._names())
        images_wanted = None if self.features is not None else self.metric == "ssim"
        sets = self._open_sets(X, images_wanted)
        if self._one_size:
            check_one_size({name: some.data for name, some in sets.items() if some is not None}, type(self).__name__)
        x, reference, holdout, rivals = sets.values()
        rivals = x if rivals is None else rivals
        if isinstance(self.holdout, str):
            holdout = x.take(unused(self, x, y))
        elif holdout is not None:
            refuse_overlap(x, holdout)
        self._fit_features(x, reference, y, rivals)
        self.reference_ = reference
        self.sets_ = ComparedSets.opened(self.against, x, None if self.reference is None else reference, holdout)
        self.sets_.rivals = rivals if need(self._names(), "rivals") else None
        self.patients_known_ = self._check_patients(self.sets_.patients_known(x))
        self._learn(X, x, rivals)
        self._changed_sets = ()
        return self

    def transform(self, X: ImageSet | ArrayLike) -> NDArray[np.float64]:
        """Return one row of columns per image.

        Parameters
        ----------
        X : ImageSet or array-like of shape (n, d)

        Returns
        -------
        ndarray of shape (n, n_reductions) and dtype float64
        """
        x = self._open(X)
        if self.sets_.holdout is not None and not isinstance(self.holdout, str):
            refuse_overlap(x, self.sets_.holdout)
        if self.patients_known_:
            self._check_patients(self.sets_.patients_known(x))
        comparer, competition = self._comparer(), self.sets_.competition
        ranks = None
        if "rank" in self._names() and competition.similarities is None:
            ranks = competition.ranks(x, self.sets_.reference, comparer)
        columns = np.empty((len(x), len(self._column_names())))
        start = 0
        for part in self.sets_.blocks(x, comparer):
            rows = slice(start, start := start + len(part))
            columns[rows] = self._columns(part, comparer, None if ranks is None else ranks[rows])
        return columns

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        images = self.metric == "ssim"
        tags.input_tags.two_d_array = not images
        tags.input_tags.three_d_array = tags.input_tags.string = images or self.features is not None
        tags.target_tags.required = isinstance(self.holdout, str)
        tags.transformer_tags.preserves_dtype = []
        return tags

    @property
    def _one_size(self):
        return isinstance(self.metric, str) and self.metric == "ssim"

    def _column_names(self):
        if self.reduce is None:
            members = self.reference_.ids if self.reference_.is_images else range(len(self.reference_))
            return [f"{metric_name(self.metric)}_{member}" for member in members]
        return [column_name(self.metric, name, self.k) for name in self._names()]

    def _names(self):
        return [self.reduce] if isinstance(self.reduce, str) else list(self.reduce or ())

    def _learn(self, X, x, rivals):
        """Measure the null, the competition and the radius; each only where it is needed."""
        comparer, sets = self._comparer(), self.sets_
        self.null_ = measure_null(self, X, x, comparer)
        self.null_mean_, self.null_std_, self.null_max_ = astuple(self.null_) if self.null_ else (None, None, None)
        if need(self._names(), "competition", "rivals"):
            sets.competition = Competition(rivals, sets.reference, comparer, self.k)
            check_places(self, len(sets.competition.images))
        near = x if sets.holdout is None else sets.holdout
        self.radius_ = sets.median_distance(near, comparer) if need(self._names(), "radius") else None

    def _exchange(self, reference):
        check_exchangeable(self)
        other = self.sets_.competition and self.sets_.competition.with_reference(reference, self._comparer())
        self.reference_ = reference
        self.sets_ = replace(self.sets_, reference=reference, competition=other)

    def _columns(self, x, comparer, ranks):
        comparison = self.sets_.compare(x, comparer, self.k, self.radius_, ranks)
        if self.reduce is not None:
            return make_columns(self._names(), comparison, self.null_, self.standardize, self.null_of == "reduced")
        similarities = comparison.similarities
        return similarities if self.standardize is None else self.null_.standardized(similarities, self.standardize)

    def _comparer(self):
        n = nearest_needed(self._names(), self.k)
        return Comparer(type(self).__name__, self.metric, self.features_, n, self.cache, self.n_jobs, self.progress)
