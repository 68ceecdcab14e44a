"""ReferenceSimilarity: how close each image is to the generated set, in columns for classifiers and thresholds."""

import numpy as np
from sklearn.base import TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .base import ReferenceEstimator
from .measure import distance, image_similarity, similarity
from .null import measure_null, measure_reduced_null
from .pools import (
    check_input_names,
    extract,
    groups_known,
    own,
    refuse_overlap,
    same_content,
    unused,
    warn_unknown_groups,
)
from .reductions import COMPETING, PLAIN, REDUCTIONS, USES_K, Comparison
from .rules import check_params

_CELLS = 2**22  # similarities held at a time: 32 MB


class ReferenceSimilarity(TransformerMixin, ReferenceEstimator):
    """Compare images with a reference set, usually the generated one: one column a reduction, larger for closer.

    Every image is compared with every reference image; `reduce` says what is kept of its row of similarities.

    Parameters
    ----------
    reference : ImageSet or array-like of shape (n_reference, d), default=None
        What to compare with. None takes the X seen in `fit`, with whatever has an image's own content (and, by
        `groups`, its own patient) left out: how isolated it is, whether it has near duplicates.
    features : transformer, default=None
        Turns X, reference and holdout into the tables to compare; a clone of it is fitted. None compares tables as
        they are, and images when ``metric="ssim"``.
    metric : str or callable, default="euclidean"
        ``"euclidean"``, ``"mse"``, ``"cosine"``, ``"hamming"`` (columns that differ), ``"jaccard"`` (of 0 and
        1), ``"wasserstein"`` (of quantile features), ``"ssim"`` (of images), or ``metric(A, B)`` that returns
        similarities of shape ``(len(A), len(B))``. Distances are negated.
    reduce : str, list of str or None, default="max"
        One column each; None gives the similarities themselves, one column a reference image. ``"max"``,
        ``"mean"``, ``"topk"`` (mean of the k largest), ``"std"``, ``"min"``;
        ``"rank"`` (mean, over the reference, of the image's rank among the images seen in `fit`; 1 is the most
        similar), ``"hits"`` (reference images that have it among their k most similar), ``"hit_max"`` (largest
        similarity to one of those); ``"monte_carlo"`` (share of the reference nearer than the holdout, or else X,
        usually is). With a holdout: ``"log_ratio"`` (log distance to the k-th nearest holdout image minus that to
        the k-th nearest reference image), ``"diff"`` (the same without logarithms), ``"dpi"`` (share of the
        reference among the k nearest of both, as if both sets were equally large).
    holdout : "unused", ImageSet or array-like, default=None
        Real images that the generator did not see. ``"unused"`` takes the rows labelled 0 in ``fit(X, y)``, so each
        fold of a cross-validation has its own; an image's own content and patient are left out when it is scored
        itself. Any other holdout must share no image with X.
    against : {"reference", "self", "both"}, default="reference"
        Compare with the reference, with the X seen in `fit`, or with both as one set.
    null : {"self", "cross", "reference", "both"}, callable or array-like, default=None
        Pairs whose similarity is that of strangers: X with X, X with the reference, the reference with itself
        (at most 1,000 images), all of these, what ``null(X)`` returns, or similarities measured elsewhere. None
        means ``"self"`` when `standardize` asks for one.
    standardize : {"max", "zscore", "mean"}, default=None
        Subtract the largest of the null, its mean and divide by its standard deviation, or its mean. For ``"max"``
        to ``"min"`` and ``"hit_max"``; ``"std"`` and ``"diff"`` are divided only; the others are free of scale.
    null_of : {"pairs", "reduced"}, default="pairs"
        Whether the null is made of single pairs, as the published systems have it, or of the reductions themselves:
        each image reduced over its strangers, one null a column. For ``"max"`` to ``"min"`` only.
    k : int, default=1
        Neighbours for ``"topk"``, ``"hits"``, ``"hit_max"``, ``"log_ratio"``, ``"diff"`` and ``"dpi"``.
    diag : {"exclude", "row_mean"}, default="exclude"
        What the null makes of an image compared with itself: nothing, or the mean of its row, as one published
        system has it.
    fit_features : {"x", "reference", "both"}, default="x"
        What `features` learns from.
    cache : path-like or FeatureCache, default=None
        For ``metric="ssim"``: keeps the whole row of every image and pool, so that another rule, standardisation or
        fold costs nothing. Features have the cache of their FeaturePipeline.
    n_jobs : int, default=None
        Threads for comparing. Never changes the values.
    progress : bool, default=False
        For ``metric="ssim"``: whether to show a progress bar.

    Attributes
    ----------
    features_ : transformer or None
        The fitted features.
    null_mean_, null_std_, null_max_ : float, or ndarray of shape (n_reductions,)
        The null, when there is one; an array with ``null_of="reduced"``.

    See Also
    --------
    ReferenceModel : Fit an outlier detector, a mixture or a classifier on the reference instead.

    Notes
    -----
    "Itself" means the same content, never the same position or id, so ``fit_transform(X)`` equals
    ``fit(X).transform(X)``, and a row depends on no other row of the same call. A file and the array that it decodes
    to are not recognised as one, so keep to one of them. Patients (`groups`) are known of ImageSets alone; tables
    carry none, so for patients with several slices put the extractor into `features`.

    In ``"rank"`` and the hits all images of fit compete, those of the same patient too; of two equally similar ones
    content decides which has the hit, and each counts one half in ``"rank"``. An exact copy counts as 1e-9 away in
    ``"log_ratio"``. Rules are meant strictly: ``score > cut``.

    `with_reference` keeps the features, the null, the holdout, the X of `fit` that ``against="both"`` compares with,
    the radius of ``"monte_carlo"``, and the images that compete in ``"rank"`` and the hits; these are compared with
    the other reference once. The holdout must hold nothing that the other generator saw either. ``"hits"`` counts
    reference images and the largest similarities grow with their number, so cuts are learnt best with sets of about
    one size.

    References
    ----------
    van Breugel, Sun, Qian, van der Schaar, "Membership inference attacks against synthetic data through overfitting
    detection", AISTATS 2023 (``"log_ratio"`` is its density ratio, with densities by nearest neighbours).

    Examples
    --------
    >>> import numpy as np
    >>> generated = np.array([[0.0], [10.0]])
    >>> ReferenceSimilarity(generated, reduce=["max", "mean"]).fit_transform([[1.0], [7.0]])
    array([[-1., -5.], [-3., -5.]])
    >>> ReferenceSimilarity(generated, reduce="log_ratio", holdout="unused").fit([[1.0], [7.0]])
    Traceback (most recent call last):
    ValueError: ReferenceSimilarity(holdout='unused') takes the rows labelled 0: it requires y to be passed, but the
    target y is None. Call fit(X, y)
    """

    _sets = ("reference", "holdout")

    def __init__(
        self,
        reference=None,
        features=None,
        metric="euclidean",
        reduce="max",
        *,
        holdout=None,
        against="reference",
        null=None,
        standardize=None,
        null_of="pairs",
        k=1,
        diag="exclude",
        fit_features="x",
        cache=None,
        n_jobs=None,
        progress=False,
    ):
        self.reference = reference
        self.features = features
        self.metric = metric
        self.reduce = reduce
        self.holdout = holdout
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

    def fit(self, X, y=None):
        """Open the sets, fit the features, and measure what standardising and the hits need.

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
        x, reference, holdout = self._open_sets(X, None if self.features is not None else self._sees_images()).values()
        if self._takes_unused():
            holdout = x.take(unused(self, x, y))
        elif holdout is not None:
            refuse_overlap(x, holdout)
        self._fit_features(x, reference, y)
        self.x_, self.reference_, self.holdout_ = x, reference, holdout
        self.groups_known_ = self._check_groups(x)
        self._learn(X)
        if not self._compares_with_x():
            self.x_ = None
        self._changed_sets = ()
        return self

    def transform(self, X):
        """Return one row of columns per image.

        Parameters
        ----------
        X : ImageSet or array-like of shape (n, d)

        Returns
        -------
        ndarray of shape (n, n_reductions) and dtype float64
        """
        x = self._open(X)
        if self.holdout_ is not None and not self._takes_unused():
            refuse_overlap(x, self.holdout_)
        if self.groups_known_:
            self._check_groups(x)
        if not self._sees_images():
            self._valued(x)  # all at once: features have workers and batches of their own
        return np.vstack([self._rows(part) for part in self._parts(x)])

    def get_feature_names_out(self, input_features=None):
        """Return the names of the columns: metric and reduction.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Only held against the columns seen in `fit`.

        Returns
        -------
        ndarray of str objects
        """
        check_is_fitted(self)
        check_input_names(self, input_features)
        metric = self.metric if isinstance(self.metric, str) else getattr(self.metric, "__name__", "similarity")
        if self.reduce is None:
            members = self.reference_.ids if self.reference_.is_images else range(len(self.reference_))
            return np.array([f"{metric}_{member}" for member in members], dtype=object)
        of_k = f"_k{self.k}" if self.k > 1 else ""
        return np.array([f"{metric}_{name}{of_k if name in USES_K else ''}" for name in self._names()], dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = not self._sees_images()
        tags.input_tags.three_d_array = tags.input_tags.string = self.features is not None or self._sees_images()
        tags.target_tags.required = self._takes_unused()
        tags.transformer_tags.preserves_dtype = []
        return tags

    # ---- what the parameters mean -----------------------------------------------------------------------

    def _names(self):
        if self.reduce is None:
            return []
        return [self.reduce] if isinstance(self.reduce, str) else list(self.reduce)

    def _takes_unused(self):
        return isinstance(self.holdout, str)

    def _sees_images(self):
        return isinstance(self.metric, str) and self.metric == "ssim"

    def _compares_with_x(self):
        return self.reference is None or self.against != "reference"

    def _competes(self):
        return not COMPETING.isdisjoint(self._names())

    def _exchange(self, reference):
        if self.reduce is None:
            raise ValueError(
                "ReferenceSimilarity(reduce=None) has one column for each image of its reference, and what was learnt "
                "from them does not fit the columns of another one: choose a reduction, e.g. 'max'"
            )
        if self.against == "self":
            raise ValueError(
                "ReferenceSimilarity(against='self') compares X with the X of fit, so another reference changes "
                "nothing: take against='reference' or 'both'"
            )
        self.reference_ = reference
        if self._competes():
            self._rank_competitors()

    # ---- comparisons ------------------------------------------------------------------------------------

    def _learn(self, X):
        """Measure the null, the competitors and the radius; each only when asked for."""
        self.competitors_ = self.standings_ = self.sentinel_ = self.radius_ = self.null_mean_ = self.null_std_ = (
            self.null_max_
        ) = None
        null = "self" if self.null is None and self.standardize is not None else self.null
        if null is not None:
            if self.null_of == "reduced":
                numbers = measure_reduced_null(null, self.x_, self.reference_, self._compare, self._plainly_reduced)
            else:
                numbers = measure_null(null, X, self.x_, self.reference_, self._compare, self.diag)
            self.null_mean_, self.null_std_, self.null_max_ = numbers
        if self._competes():
            self._gather_competitors()
        if "monte_carlo" in self._names():
            near = self.x_ if self.holdout_ is None else self.holdout_
            nearest = [np.nanmax(self._compared(part), axis=1) for part in self._parts(near)]
            self.radius_ = float(np.median(distance(self.metric, np.concatenate(nearest))))

    def _gather_competitors(self):
        """Compare the images of fit with the reference; in the order of their content, which settles ties."""
        _, firsts = np.unique(self.x_.digests, return_index=True)
        self.competitors_ = self.x_.take(firsts)
        self._rank_competitors()

    def _rank_competitors(self):
        if not self._sees_images():
            self._valued(self.competitors_)  # kept, for another reference
        parts = self._parts(self.competitors_)
        self.standings_ = np.vstack([self._compare(part, self.reference_) for part in parts])
        # Below all that can have a hit: such an image is at least as similar as some competitor.
        low, high = self.standings_.min(), self.standings_.max()
        if self.sentinel_ is None or self.sentinel_ >= low:  # what was learnt from it stays where it can
            self.sentinel_ = 2 * low - high if high > low else low - 1

    def _plainly_reduced(self, x, similarities):
        """Return the columns before standardising, of reductions that need no more than similarities; 0 for others."""
        comparison = Comparison(self._enough(similarities, x), None, None, self.k, None, None, None)
        plain = [REDUCTIONS[name][0](comparison) if name in PLAIN else np.zeros(len(x)) for name in self._names()]
        return np.column_stack(plain)

    def _rivals(self, x):
        if not self._competes():
            return None
        return {
            "competitors": self.standings_,
            "exclude": same_content(x, self.competitors_),
            "position": np.searchsorted(self.competitors_.digests, x.digests),
        }

    def _parts(self, pool):
        step = max(1, _CELLS // (len(self.reference_) + len(self.holdout_ or ()) + len(self.x_ or ())))
        return [pool.take(slice(start, start + step)) for start in range(0, len(pool), step)]

    def _rows(self, x):
        pool = self._compared(x)
        if self.reduce is None:
            return self._standardized(pool, "shift")
        holdout = None if self.holdout_ is None else self._without_own(x, self.holdout_)
        comparison = Comparison(
            pool=pool,
            holdout=holdout,
            rivals=self._rivals(x),
            k=self.k,
            distance=lambda similarities: distance(self.metric, similarities),
            sentinel=self.sentinel_,
            radius=self.radius_,
        )
        columns = []
        for i, (reduction, effect) in enumerate(REDUCTIONS[name] for name in self._names()):
            column = np.asarray(reduction(comparison), dtype=np.float64)
            columns.append(self._standardized(column, effect, i if self.null_of == "reduced" else ...))
        return np.column_stack(columns)

    def _standardized(self, values, effect, which=...):
        """Apply the null, or that of one column, to raw values."""
        if effect is None or self.standardize is None:
            return values
        if effect == "shift":
            values = values - np.asarray(self.null_max_ if self.standardize == "max" else self.null_mean_)[which]
        std = np.asarray(self.null_std_)[which]
        return values / std if self.standardize == "zscore" and std > 0 else values

    def _compared(self, x):
        """Return the similarities to what `against` names, NaN where a member does not count."""
        parts = []
        if self.reference is not None and self.against != "self":
            parts.append(self._to_reference(x))
        if self._compares_with_x():
            parts.append(self._without_own(x, self.x_))
        return self._enough(np.hstack(parts), x)

    def _to_reference(self, x):
        """Compare with the reference; what fit compared with it is not compared again."""
        if self.standings_ is None:
            return self._compare(x, self.reference_)
        last = len(self.competitors_) - 1
        place = np.minimum(np.searchsorted(self.competitors_.digests, x.digests), last)
        known = np.array([self.competitors_.digests[p] == d for p, d in zip(place, x.digests, strict=True)])
        similarities = self.standings_[place]
        if not known.all():
            similarities[~known] = self._compare(x.take(~known), self.reference_)
        return similarities

    def _without_own(self, x, pool):
        similarities = self._compare(x, pool)
        similarities[own(x, pool)] = np.nan
        return self._enough(similarities, x)

    def _enough(self, similarities, x):
        wanted = 1 if USES_K.isdisjoint(self._names()) else self.k
        counts = np.isfinite(similarities).sum(axis=1)
        if (counts < wanted).any():
            where = int(counts.argmin())
            raise ValueError(
                f"{type(self).__name__} found {counts[where]} to compare {x.ids[where]} with among n_samples = "
                f"{similarities.shape[1]}, without its own content and patient, where k={self.k} asks for {wanted}: "
                "give more images of other patients"
            )
        return similarities

    def _compare(self, a, b):
        if self._sees_images():
            return image_similarity(a.data, b.data, self.cache, self.n_jobs, self.progress)
        return similarity(self.metric, self._valued(a).values, self._valued(b).values, self.n_jobs)

    def _valued(self, pool):
        """Return the pool with its features."""
        if pool.values is None:
            pool.values = extract(self.features_, pool.data)
        return pool

    def _check_groups(self, x):
        """Return whether patients are known wherever they matter; warn if not."""
        others = [self.x_] if self._compares_with_x() else []
        others += [] if self.holdout_ is None else [self.holdout_]
        known = all(groups_known(x, other) for other in others)
        if not known:
            warn_unknown_groups(self)
        return known
