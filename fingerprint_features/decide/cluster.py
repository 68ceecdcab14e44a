"""Clusters as classes: by labels, by their share of generated rows, or because they are noise."""

from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.cluster import KMeans
from sklearn.utils import Tags
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from ..checks import check_option, fail
from .labels import encode

_WITH_LABELS = ("majority", "hungarian")
_CELLS = 10**7  # distances in memory at a time
_WITHOUT_LABELS = ("noise", "reference_share")


class ClusterClassifier(ClassifierMixin, BaseEstimator):
    """Cluster the rows, then give each cluster a class.

    Parameters
    ----------
    clusterer : clusterer or None, default=None
        Any scikit-learn clusterer or mixture, or a Pipeline that ends in one; cloned. None is
        ``KMeans(2, random_state=0)``.
    mapping : {"majority", "hungarian", "noise", "reference_share"}, default="majority"
        How clusters get their classes:

        - "majority": the class of most labelled rows of the cluster (the first class on a tie).
        - "hungarian": each class to one cluster, so that as many labelled rows as possible agree; the other clusters
          get their class by majority.
        - "noise": every cluster is used, noise (-1, as in DBSCAN) is not. Needs no labels.
        - "reference_share": a cluster is used if its share of reference rows is above the overall share. Needs no
          labels.
    reference : array-like of shape (n_reference, n_features), default=None
        Generated rows, clustered together with those of X. "reference_share" needs them; with other mappings they
        only shape the clusters. Cross-validation does not split them.

    Attributes
    ----------
    clusterer_ : clusterer
        The fitted clusterer.
    clusters_ : ndarray of shape (n_clusters,)
        The cluster labels found in `fit`, sorted.
    cluster_classes_ : ndarray of shape (n_clusters,)
        The class of each.
    labels_ : ndarray of shape (n_samples,)
        The cluster of each row of X given to `fit`.
    classes_ : ndarray
        The classes, the used one last: [0, 1] without labels.
    n_features_in_ : int
        Number of columns seen in `fit`.

    Notes
    -----
    With a clusterer that cannot predict (AgglomerativeClustering, DBSCAN, SpectralClustering), a new row gets the
    cluster of the nearest row of `fit`, by Euclidean distance. With DBSCAN, a row far from all others is therefore not
    noise, but what its nearest neighbour is.

    The reference has the columns of X. Transformations that should be fitted on both belong into the clusterer:
    ``ClusterClassifier(make_pipeline(StandardScaler(), KMeans(2)), reference=generated_features)``.

    With "majority" and "hungarian", a cluster without labelled rows gets the most frequent class. "noise" and
    "reference_share" take only the names of their two classes from labels. A cluster that no row of `fit` belonged to,
    such as an empty component of a mixture, is not used.

    See Also
    --------
    ThresholdClassifier : A cut on a score.

    Examples
    --------
    Two clusters, called by their labels, and without labels by where the generated row is:

    >>> import numpy as np
    >>> X = np.array([[0.0], [0.1], [5.0], [5.1]])
    >>> ClusterClassifier().fit(X, ["unused", "unused", "used", "used"]).predict([[4.0]])
    array(['used'], dtype='<U6')
    >>> ClusterClassifier(mapping="reference_share", reference=[[4.9]]).fit(X).predict(X)
    array([0, 0, 1, 1])
    """

    classes_: NDArray[Any]
    clusterer_: Any
    clusters_: NDArray[Any]
    cluster_classes_: NDArray[Any]
    labels_: NDArray[Any]

    def __init__(
        self,
        clusterer: BaseEstimator | None = None,
        *,
        mapping: Literal["majority", "hungarian", "noise", "reference_share"] = "majority",
        reference: ArrayLike | None = None,
    ) -> None:
        self.clusterer = clusterer
        self.mapping = mapping
        self.reference = reference

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Cluster X together with the reference, and give each cluster a class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,), default=None
            Classes. Needed by "majority" and "hungarian".

        Returns
        -------
        self
        """
        check_option(self, "mapping", _WITH_LABELS + _WITHOUT_LABELS)
        if y is None and self.mapping in _WITH_LABELS:
            raise ValueError(
                f"{type(self).__name__}(mapping={self.mapping!r}) names clusters by labels: it requires y to be "
                "passed, but the target y is None. Give labels, or choose one of the mappings 'noise' and "
                "'reference_share'."
            )
        if y is None:
            X, codes, self.classes_ = validate_data(self, X, dtype=np.float64), None, np.array([0, 1])
        else:
            X, y = validate_data(self, X, y, dtype=np.float64)
            self.classes_, codes = encode(y, binary=self.mapping in _WITHOUT_LABELS)
        reference = self._reference_rows(X)
        self._cluster(np.concatenate([X, reference]))
        clusters, codes_of_rows = np.unique(self._fitted_labels, return_inverse=True)
        self.labels_ = self._fitted_labels[: len(X)]
        self.clusters_ = clusters
        mine, theirs = np.split(codes_of_rows.ravel(), [len(X)])
        self.cluster_classes_ = self.classes_[self._name(mine, theirs, codes)]
        self._rest = self.classes_[np.bincount(codes).argmax() if self.mapping in _WITH_LABELS else 0]
        return self

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the class of each row's cluster.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=np.float64)
        if hasattr(self.clusterer_, "predict"):
            labels = self.clusterer_.predict(X)
        else:
            labels = self._fitted_labels[_nearest(X, self._fitted_rows)]
        position = np.searchsorted(self.clusters_, labels).clip(max=len(self.clusters_) - 1)
        # a mixture may have components that no row of fit belonged to
        known = self.clusters_[position] == labels
        return np.where(known, self.cluster_classes_[position], self._rest)

    def _cluster(self, rows):
        self.clusterer_ = KMeans(2, random_state=0) if self.clusterer is None else clone(self.clusterer)
        if hasattr(self.clusterer_, "predict"):
            self._fitted_labels = self.clusterer_.fit(rows).predict(rows)
        else:
            self._fitted_labels = self.clusterer_.fit_predict(rows)
            self._fitted_rows = rows

    def _reference_rows(self, X):
        """Return the reference as a table as wide as X, possibly without rows."""
        if self.reference is None:
            if self.mapping == "reference_share":
                fail(self, "reference", "a table of generated rows when mapping='reference_share'")
            return X[:0]
        reference = check_array(self.reference, dtype=np.float64, input_name="reference")
        if reference.shape[1] != X.shape[1]:
            raise ValueError(
                f"reference has {reference.shape[1]} columns and X has {X.shape[1]}: pass the generated images' "
                "features, made as those of X were"
            )
        return reference

    def _name(self, mine, theirs, codes):
        """Return the position in `classes_` of each cluster's class."""
        n = len(self.clusters_)
        if self.mapping in _WITH_LABELS:
            table = np.zeros((n, len(self.classes_)), dtype=int)
            np.add.at(table, (mine, codes), 1)
            named = np.where(table.any(axis=1), table.argmax(axis=1), np.bincount(codes).argmax())
            if self.mapping == "hungarian":
                rows, columns = linear_sum_assignment(table, maximize=True)
                named[rows] = columns
            return named
        if len(self.classes_) == 1:
            return np.zeros(n, dtype=int)
        if self.mapping == "noise":
            return (self.clusters_ != -1).astype(int)
        generated = np.bincount(theirs, minlength=n)
        total = generated + np.bincount(mine, minlength=n)
        return (generated * (len(mine) + len(theirs)) > len(theirs) * total).astype(
            int
        )  # in whole numbers: no rounding

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = self.mapping in _WITH_LABELS
        tags.classifier_tags.poor_score = True  # clusters need not be classes
        tags.target_tags.required = self.mapping in _WITH_LABELS
        return tags


def _nearest(X, rows):
    """Return the place of the row that is nearest to each of X; a copy is at distance 0, whatever the scale."""
    step = max(1, _CELLS // len(rows))
    parts = [cdist(X[i : i + step], rows).argmin(axis=1) for i in range(0, len(X), step)]
    return np.concatenate(parts)
