"""Pools: images or rows of a table, with what tells one from another - digest, id and patient."""

import hashlib
import warnings
from functools import cached_property

import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import check_array, check_consistent_length, column_or_1d, validate_data

from ..images import ImageSet, as_image_set
from ..images.errors import printable
from ..images.labels import is_missing
from ..images.sources import is_one_image

_NAMED = 5  # how many pairs an error lists


class Pool:
    """Images or rows, and the values by which they are compared.

    Parameters
    ----------
    data : ImageSet or ndarray of shape (n, d)
    values : ndarray or sequence, default=None
        What a metric sees of `data`; None before features are extracted.
    """

    def __init__(self, data, values=None):
        self.data = data
        self.values = values

    def __len__(self):
        return self.data.shape[0]

    @property
    def is_images(self):
        """Whether the pool holds images, not rows of a table."""
        return isinstance(self.data, ImageSet)

    @property
    def groups(self):
        """The patients, or None; tables carry none."""
        return self.data.groups if self.is_images else None

    @property
    def ids(self):
        """A name for each member, for messages."""
        return self.data.ids if self.is_images else [f"row {i}" for i in range(len(self))]

    @cached_property
    def digests(self):
        """The content of each member in 32 bytes: two members are one and the same when these are equal."""
        if self.is_images:
            return list(self.data.digests)
        table = np.ascontiguousarray(self.data) + 0.0  # -0.0 and 0.0 are one number
        return [hashlib.blake2b(row.tobytes(), digest_size=32).digest() for row in table]

    def take(self, key):
        """Return the pool of some members: a slice, a mask or positions."""
        part = Pool(self.data[key], None if self.values is None else self.values[key])
        if "digests" in self.__dict__:
            part.digests = [self.digests[i] for i in np.arange(len(self))[key]]
        return part

    def sample(self, n):
        """Return at most n members. Content decides which, so that their order does not matter."""
        return self if len(self) <= n else self.take(np.sort(np.argsort(self.digests)[:n]))


def by_content(pool):
    """Return the pool in the order of its digests, whatever order it came in."""
    return pool.take(np.argsort(pool.digests))


def is_images(data):
    """Whether `data` is something an ImageSet is made of, and not a table."""
    if isinstance(data, ImageSet):
        return True
    if isinstance(data, np.ndarray) and data.dtype.kind in "biufc":
        return data.ndim > 2
    if hasattr(data, "columns"):
        data = data.iloc[:, 0] if hasattr(data, "iloc") and len(data.columns) == 1 else None
    if hasattr(data, "toarray") or not hasattr(data, "__iter__") or getattr(data, "ndim", 1) == 0:
        return False
    return is_one_image(next((item for item in data if not is_missing(item)), None))


def pool_of_x(estimator, X, reset):
    """Return the pool of the X that an estimator was given; tables go through scikit-learn's validation."""
    if is_images(X):
        return Pool(as_image_set(X))
    return Pool(validate_data(estimator, X, dtype=np.float64, reset=reset))


def pool_of_parameter(data, name):
    """Return the pool of a constructor parameter."""
    if is_images(data):
        return Pool(as_image_set(data))
    return Pool(check_array(data, dtype=np.float64, input_name=name))


def check_kinds(estimator, pools, images_wanted):
    """Raise unless all pools, by name, are of one kind: images, or tables of one width.

    Parameters
    ----------
    estimator : estimator
    pools : dict of str to Pool or None
    images_wanted : bool or None
        What the metric takes; None leaves it to the features.
    """
    kind = type(estimator).__name__
    pools = {name: pool for name, pool in pools.items() if pool is not None}
    kinds = {name: "images" if pool.is_images else "a table" for name, pool in pools.items()}
    told = " and ".join(f"{name} is {what}" for name, what in kinds.items())
    cure = (
        f"put the extractor into features=, as in {kind}(..., features=FeaturePipeline([LBP()])), and pass X as images"
    )
    if len(set(kinds.values())) > 1:
        raise ValueError(f"{kind} got sets that cannot be compared: {told}. To compare images, {cure}")
    first = next(iter(kinds.values()))
    if images_wanted is False and first == "images":
        raise ValueError(f"{kind} got images without features: {cure}")
    if images_wanted is True and first == "a table":
        raise ValueError(f"{kind} with this metric compares images, but {told}: pass images, and no features=")
    if first == "a table":
        widths = {name: pool.data.shape[1] for name, pool in pools.items()}
        if len(set(widths.values())) > 1:
            told = ", ".join(f"{name} has {width}" for name, width in widths.items())
            raise ValueError(f"{kind} got tables of different widths: {told} columns. Give all the same features")


def fit_features(features, which, x, reference, y):
    """Return a fitted copy of `features`, or None; `which` says what it learns from."""
    if features is None:
        return None
    features = clone(features)
    if which == "x":
        return features.fit(x.data, y)
    return features.fit(reference.data if which == "reference" else joined(x, reference).data)


def joined(a, b):
    """Return the pool of two pools' data, one after the other."""
    if not a.is_images:
        return Pool(np.vstack([a.data, b.data]))
    return Pool(ImageSet.join([a.data, b.data]))


def extract(features, data):
    """Return the float64 table by which `data` is compared."""
    return data if features is None else check_array(features.transform(data), dtype=np.float64, input_name="features")


def same_content(a, b):
    """Return a boolean (len(a), len(b)) matrix: which members are one and the same."""
    return _equal(a.digests, b.digests)


def same_group(a, b):
    """Return a boolean (len(a), len(b)) matrix: which members share a patient; None where patients are unknown."""
    if a.groups is None or b.groups is None:
        return None
    return _equal(list(a.groups), list(b.groups))


def own(a, b):
    """Return which members of `b` do not count for those of `a`: themselves, and images of their own patient."""
    same, kin = same_content(a, b), same_group(a, b)
    return same if kin is None else same | kin


def _equal(a, b):
    codes = {}
    a = np.array([codes.setdefault(item, len(codes)) for item in a])
    b = np.array([codes.setdefault(item, len(codes)) for item in b])
    return a[:, None] == b[None, :]


def unused(estimator, x, y):
    """Return the mask of the rows labelled 0."""
    if y is None:
        raise ValueError(
            f"{type(estimator).__name__}(holdout='unused') takes the rows labelled 0: it requires y to be passed, but "
            "the target y is None. Call fit(X, y)"
        )
    y = column_or_1d(y)
    check_consistent_length(x, y)
    if not (y == 0).any():
        raise ValueError(
            f"holdout='unused' takes the rows labelled 0, and y holds only {np.unique(y)[:5].tolist()} "
            f"(n_samples = {len(y)})"
        )
    return y == 0


def shared(a, b):
    """Return (id in a, id in b) of each member of a that is in b too."""
    where = dict(zip(b.digests, b.ids, strict=True))
    return [(id, where[digest]) for id, digest in zip(a.ids, a.digests, strict=True) if digest in where]


def told(pairs, form):
    """Return the first few pairs of ids in words, and how many more there are."""
    named = ", ".join(form.format(*map(printable, pair)) for pair in pairs[:_NAMED])
    return named + (f" and {len(pairs) - _NAMED} more" if len(pairs) > _NAMED else "")


def refuse_overlap(x, holdout):
    """Raise if a member of `x` is in the holdout too, naming both."""
    pairs = shared(x, holdout)
    if pairs:
        raise ValueError(
            f"X and holdout share {len(pairs)} of {len(x)}: {told(pairs, 'X {} = holdout {}')}. A holdout that "
            "contains what is scored tells used from unused without any memorisation: take other patients, or "
            "holdout='unused'"
        )


def groups_known(a, b):
    """Whether images of one patient can be told by their groups; tables are not asked."""
    return not a.is_images or (a.groups is not None and b.groups is not None)


def warn_unknown_groups(estimator):
    """Warn that images of one patient are taken for strangers."""
    warnings.warn(
        f"{type(estimator).__name__} does not know which images show the same patient, so a patient's other slices "
        "count as strangers: give ImageSet(..., groups=patients), or groups=ids if no patient occurs twice",
        UserWarning,
        stacklevel=4,
    )


def check_input_names(estimator, input_features):
    """Raise unless `input_features` are the columns seen in fit."""
    if input_features is None or not hasattr(estimator, "n_features_in_"):
        return
    seen = getattr(estimator, "feature_names_in_", None)
    if seen is not None and not np.array_equal(seen, input_features):
        raise ValueError("input_features is not equal to feature_names_in_")
    if len(input_features) != estimator.n_features_in_:
        raise ValueError(f"input_features should have length equal to {estimator.n_features_in_}")
