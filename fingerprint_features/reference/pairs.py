"""PairClassifier: a classifier of pairs of an image and a reference image, whose answers are aggregated."""

from collections.abc import Callable
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone, is_classifier
from sklearn.utils import Tags, assert_all_finite, check_random_state, get_tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, column_or_1d

from ..checks import check_int, check_option, fail
from ..images import ImageSet
from .base import ReferenceEstimator
from .opening import extract
from .samples import Samples, by_content, patients_known, same_content_or_patient, same_patient

_CELLS = 2**22  # numbers held at a time: 32 MB

_PAIRS = {
    "absdiff": lambda a, b: np.abs(a - b),
    "product": lambda a, b: a * b,
    "concat": lambda a, b: np.hstack([a, b]),
    "absdiff+product": lambda a, b: np.hstack([np.abs(a - b), a * b]),
    "groupdist": lambda a, b: np.abs(a - b),  # and then the mean of each group of columns
}


class PairClassifier(ClassifierMixin, ReferenceEstimator):
    """Classify images by classifying their pairs with reference images, usually generated ones.

    `fit` pairs every image with images of the reference, gives each pair the label of its image, and fits the
    estimator on the pairs. `predict` pairs images in the same way and aggregates the answers for their pairs.

    Parameters
    ----------
    estimator : classifier
        Learns the pairs; a clone is fitted.
    reference : ImageSet or array-like of shape (n_reference, d), default=None
        What to pair with. None takes the X seen in `fit`; no image is then paired with one of the same content.
    features : transformer, default=None
        Turns X and reference into tables; a clone of it is fitted. None pairs tables as they are.
    pair : {"absdiff", "product", "concat", "absdiff+product", "groupdist"} or callable, default="absdiff"
        What the estimator is given for the row a of an image and the row b of a reference image: ``|a - b|``;
        ``a * b``; both rows; ``|a - b|`` and ``a * b``; or, with ``"groupdist"``, the mean of ``|a - b|`` over each
        group of columns, where a group has equal names up to the last underscore (for TextureCDF this is the
        Wasserstein distance of each texture map). A callable ``pair(A, B)`` takes the rows of n pairs, both of shape
        (n, d), and returns one row per pair.
    n_pairs : int or None, default=20
        Number of reference images that each image is paired with. None takes all.
    aggregate : {"mean", "majority", "max"}, default="mean"
        How the pairs of an image give its probabilities: the mean over the pairs; the share of pairs predicted for
        each class, which works with any classifier; or the maximum, so that one pair is enough. With two classes,
        ``"max"`` is taken for the second class (used, of 0 and 1), and the first gets the rest; with more classes,
        the maxima are divided by their sum.
    fit_features : {"x", "reference", "both"}, default="x"
        What `features` learns from.
    random_state : int, RandomState instance or None, default=0
        Decides, together with the content of an image, which reference images it is paired with.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes, sorted.
    estimator_ : classifier
        The fitted clone.
    features_ : transformer or None
        The fitted features.
    reference_ : Samples
        The reference, sorted by content, for internal use.
    column_groups_ : ndarray of int of shape (n_features,) or None
        The group of each column, for ``pair="groupdist"``.
    seed_ : int
        The seed of the pairs.
    patients_known_ : bool
        Whether the patients of all sets that need them are known.

    See Also
    --------
    ReferenceSimilarity : Reduce an image's similarities to columns, without learning pairs.
    ReferenceModel : Fit a model on the reference alone.

    Notes
    -----
    No image is paired with its own patient if both sets have groups. Without a reference, unknown patients give a
    warning. The pairs of an image depend on its content and on the reference only, not on the order of either or on
    other images. A tie goes to the first class.

    The estimator learns ``n * n_pairs`` rows, all in memory: 400 images with 20 pairs are 8,000 rows, which is fast
    for linear models and trees; the time of a kernel SVC grows with the square. Prediction holds about 4 million
    numbers at a time. Pairs of one image are not independent: cross-validation around this estimator keeps them
    together, but cross-validation inside of it (early stopping, calibration, a grid search) does not.

    A linear estimator cannot separate near from far pairs with ``"concat"``: take a kernel, trees or a network.

    `with_reference` keeps the features and the estimator, and pairs images with the other reference.

    References
    ----------
    Bharathi, Bhaskar, Venkataramani, Desingu, Kalinathan, "CLEF-Correlating biomedical image fingerprints between real
    and GAN-generated images using a ResNet backbone with ML-based downstream comparators", CLEF Working Notes 2023:
    an SVC, with ``pair="concat"`` and ``aggregate="majority"``.

    Mehdipour-Ghazi, Mehdipour-Ghazi, "GAN-ISI: Generative adversarial networks image source identification using
    texture analysis", CLEF Working Notes 2023: distances between distributions of texture maps, ``pair="groupdist"``.

    Examples
    --------
    One near pair is enough to call an image used, and the error for a classifier without probabilities:

    >>> import numpy as np
    >>> from sklearn.svm import SVC
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> generated = np.array([[0.0], [10.0], [20.0]])
    >>> pairs = PairClassifier(DecisionTreeClassifier(max_depth=1), generated, n_pairs=None, aggregate="max")
    >>> pairs.fit([[0.5], [9.0], [4.0], [15.0]], [1, 1, 0, 0]).predict([[20.6], [16.0]])
    array([1, 0])
    >>> PairClassifier(SVC(), generated).fit([[0.5], [4.0]], [1, 0])
    Traceback (most recent call last):
    ValueError: aggregate='mean' needs predict_proba, which SVC does not have: choose aggregate='majority'
    """

    reference_: Samples
    classes_: NDArray[Any]
    estimator_: Any
    column_groups_: NDArray[np.intp] | None
    seed_: int
    patients_known_: bool

    def __init__(
        self,
        estimator: BaseEstimator,
        reference: ImageSet | ArrayLike | None = None,
        features: BaseEstimator | None = None,
        pair: Literal["absdiff", "product", "concat", "absdiff+product", "groupdist"]
        | Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]] = "absdiff",
        n_pairs: int | None = 20,
        aggregate: Literal["mean", "majority", "max"] = "mean",
        *,
        fit_features: Literal["x", "reference", "both"] = "x",
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.estimator = estimator
        self.reference = reference
        self.features = features
        self.pair = pair
        self.n_pairs = n_pairs
        self.aggregate = aggregate
        self.fit_features = fit_features
        self.random_state = random_state

    def fit(self, X: ImageSet | ArrayLike, y: ArrayLike) -> Self:
        """Fit the features, pair X with the reference, and fit the estimator on the pairs.

        Parameters
        ----------
        X : ImageSet or array-like of shape (n, d)
        y : array-like of shape (n,)
            The class of each image.

        Returns
        -------
        self
        """
        self._check_params()
        self._check_y_given(y)
        x, reference = self._open_sets(X, None if self.features is not None else False).values()
        y = self._check_labels(x, y)
        self._fit_features(x, reference, y)
        x.values = extract(self.features_, x.data)
        self.column_groups_ = self._column_groups() if self._has_groups() else None
        self.seed_ = int(check_random_state(self.random_state).randint(2**31 - 1))
        # by content, so that neither the order of X nor that of the reference reaches the estimator
        self._exchange(reference)
        self.patients_known_ = self._check_patients(self._knows_patients(x))
        self.classes_, codes = np.unique(y, return_inverse=True)
        order = sorted(range(len(x)), key=lambda i: (x.digests[i], codes[i]))
        x, y = x.take(order), y[order]
        rows, members, _ = self._draw(x)
        self.estimator_ = clone(self.estimator).fit(self._paired(x, rows, members), y[rows])
        self._changed_sets = ()
        return self

    def predict(self, X: ImageSet | ArrayLike) -> NDArray[Any]:
        """Return the class with the highest aggregated probability.

        Parameters
        ----------
        X : ImageSet or array-like of shape (n, d)

        Returns
        -------
        ndarray of shape (n,)
        """
        answers = self.predict_proba(X)
        return self.classes_[answers.argmax(axis=1)]

    def predict_proba(self, X: ImageSet | ArrayLike) -> NDArray[np.float64]:
        """Return the aggregated probability of each class; rows sum to 1.

        Parameters
        ----------
        X : ImageSet or array-like of shape (n, d)

        Returns
        -------
        ndarray of shape (n, n_classes) and dtype float64
        """
        x = self._open(X)
        if self.patients_known_:
            self._check_patients(self._knows_patients(x))
        x.values = extract(self.features_, x.data)  # all at once: features have workers and batches of their own
        step = max(1, _CELLS // (len(self.reference_) * len(self.classes_)))
        return np.vstack([self._sum_up(x.take(slice(i, i + step))) for i in range(0, len(x), step)])

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = tags.input_tags.string = self.features is not None
        own_tags = get_tags(self.estimator).classifier_tags
        tags.classifier_tags.multi_class = own_tags is None or own_tags.multi_class
        # how far an image is from others need not say what it is; both rows together do
        holds_the_image = isinstance(self.pair, str) and self.pair == "concat"
        tags.classifier_tags.poor_score = not holds_the_image or (own_tags is not None and own_tags.poor_score)
        return tags

    # ---- checks -----------------------------------------------------------------------------------------

    def _check_params(self):
        if not hasattr(self.estimator, "__sklearn_tags__") or not is_classifier(self.estimator):
            fail(self, "estimator", "a classifier")
        if not callable(self.pair):
            check_option(self, "pair", tuple(_PAIRS))
        if self.n_pairs is not None:
            check_int(self, "n_pairs", 1)
        check_option(self, "aggregate", ("mean", "majority", "max"))
        check_option(self, "fit_features", ("x", "reference", "both"))
        if self.aggregate != "majority" and not hasattr(self.estimator, "predict_proba"):
            raise ValueError(
                f"aggregate={self.aggregate!r} needs predict_proba, which {type(self.estimator).__name__} does not "
                "have: choose aggregate='majority'"
            )

    def _exchange(self, reference):
        if reference.values is None:
            reference.values = extract(self.features_, reference.data)
        self.reference_ = by_content(reference)

    def _check_y_given(self, y):
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None: pairs have the labels of "
                "their images"
            )

    def _check_labels(self, x, y):
        y = column_or_1d(y, warn=True)
        check_consistent_length(x, y)
        assert_all_finite(y, input_name="y")
        check_classification_targets(y)
        return y

    def _knows_patients(self, x):
        return self.reference is not None or patients_known(x, self.reference_)

    def _has_groups(self):
        return isinstance(self.pair, str) and self.pair == "groupdist"

    def _column_groups(self):
        """Return for each column the number of its group: what its name has before the last underscore."""
        names = seen = getattr(self, "feature_names_in_", None)
        if self.features_ is not None:
            if not hasattr(self.features_, "get_feature_names_out"):
                raise ValueError(
                    f"pair='groupdist' needs names for the columns, and {type(self.features_).__name__} has no "
                    "get_feature_names_out: choose features that have, as FeaturePipeline([TextureCDF()])"
                )
            names = self.features_.get_feature_names_out(seen)
        if names is None:
            raise ValueError(
                "pair='groupdist' needs names for the columns, which say which ones belong to one map: put the "
                "extractor into features=, as in features=FeaturePipeline([TextureCDF()]), or pass X as a DataFrame"
            )
        numbers = {}
        return np.array([numbers.setdefault(name.rpartition("_")[0] or name, len(numbers)) for name in names])

    # ---- pairs ------------------------------------------------------------------------------------------

    def _draw(self, x):
        """Return the pairs, as positions in x and in the reference, and how many each image has."""
        not_paired = same_content_or_patient if self.reference is None else same_patient
        barred = not_paired(x, self.reference_)
        everybody, drawn = np.arange(len(self.reference_)), []
        for i, digest in enumerate(x.digests):
            members = everybody if barred is None else np.flatnonzero(~barred[i])
            if not len(members):
                raise ValueError(
                    f"{type(self).__name__} found none to pair {x.ids[i]} with among n_samples = {len(everybody)}, "
                    "without its own content and patient: give more images of other patients"
                )
            if self.n_pairs is not None and self.n_pairs < len(members):
                rng = np.random.default_rng([self.seed_, int.from_bytes(digest, "big")])
                members = members[np.sort(rng.choice(len(members), self.n_pairs, replace=False))]
            drawn.append(members)
        counts = np.array([len(members) for members in drawn])
        return np.repeat(np.arange(len(x)), counts), np.concatenate(drawn), counts

    def _paired(self, x, rows, members):
        """Return what the estimator sees of pairs."""
        a, b = x.values[rows], self.reference_.values[members]
        if callable(self.pair):
            pairs = np.asarray(self.pair(a, b))
            if pairs.ndim != 2 or len(pairs) != len(a):
                raise ValueError(
                    f"the 'pair' function must return one row per pair, ({len(a)}, n_columns), and returned the shape "
                    f"{pairs.shape}"
                )
            return pairs
        pairs = _PAIRS[self.pair](a, b)
        if self.column_groups_ is None:
            return pairs
        order = np.argsort(self.column_groups_, kind="stable")
        sizes = np.bincount(self.column_groups_)
        return np.add.reduceat(pairs[:, order], np.cumsum(sizes) - sizes, axis=1) / sizes

    # ---- answers ----------------------------------------------------------------------------------------

    def _sum_up(self, x):
        """Return one row of answers per image, a block of pairs at a time."""
        rows, members, counts = self._draw(x)
        step = max(1, _CELLS // (2 * x.values.shape[1]))
        blocks = [slice(start, start + step) for start in range(0, len(rows), step)]
        opinions = np.vstack([self._ask(self._paired(x, rows[block], members[block])) for block in blocks])
        starts = np.cumsum(counts) - counts
        if self.aggregate != "max":
            return np.add.reduceat(opinions, starts) / counts[:, None]
        most = np.maximum.reduceat(opinions, starts)
        if len(self.classes_) == 2:
            return np.column_stack([1 - most[:, 1], most[:, 1]])
        return most / most.sum(axis=1, keepdims=True)

    def _ask(self, pairs):
        """Return the probabilities of pairs, or their votes: 1 for the class predicted."""
        if self.aggregate != "majority":
            return self.estimator_.predict_proba(pairs)
        return (np.asarray(self.estimator_.predict(pairs)).reshape(-1, 1) == self.classes_).astype(np.float64)
