"""Which images belong together, and folds that never part them."""

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.model_selection import StratifiedGroupKFold

from ..checks import check_count
from .checks import check_lengths, group_codes


def independent_groups(
    groups: Sequence[Hashable] | ArrayLike | None, digests: Sequence[Hashable] | ArrayLike | None
) -> NDArray[np.intp]:
    """Number the sets of images that share no patient and no content with any other image.

    Two images are in one group when they have the same patient or the same content, or when a chain of such images
    links them: if Ann and Bo share one image, all images of Ann and Bo are one group.

    Parameters
    ----------
    groups : sequence of shape (n_images,) or None
        The patient of each image. None means that patients are unknown.
    digests : sequence of shape (n_images,) or None
        The content of each image, such as ``ImageSet.digests``. None means that all contents differ.

    Returns
    -------
    ndarray of shape (n_images,), int
        The group of each image, numbered from 0 in order of appearance.

    Raises
    ------
    ValueError
        When both are None, when the lengths differ, or when a patient is missing.

    See Also
    --------
    independent_folds : Cross-validation folds that keep these groups whole.

    Examples
    --------
    Ann and Bo share an image, and so do cy and dee:

    >>> independent_groups(["ann", "ann", "bo", "cy", "dee"], [b"1", b"2", b"2", b"3", b"3"])
    array([0, 0, 0, 1, 1])
    >>> independent_groups(None, [b"1", b"2", b"1"])
    array([0, 1, 0])
    """
    given = {name: column for name, column in (("groups", groups), ("digests", digests)) if column is not None}
    if not given:
        raise ValueError("groups and digests are both None: give one of them, or number the images by np.arange")
    check_lengths(**given)
    columns = [group_codes(column, len(column), name) for name, column in given.items()]
    n_images, n_patients = len(columns[0]), columns[0].max(initial=-1) + 1
    # a graph whose nodes are patients and contents; every image is an edge between its two
    nodes = n_patients + columns[-1].max(initial=-1) + 1
    edges = coo_array((np.ones(n_images), (columns[0], n_patients + columns[-1])), shape=(nodes, nodes))
    labels = connected_components(edges, directed=False)[1][columns[0]]
    return group_codes(labels, n_images)


def independent_folds(
    y: ArrayLike,
    groups: Sequence[Hashable] | ArrayLike | None = None,
    *,
    n_splits: int = 5,
    random_state: int | None = 0,
) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Split images into stratified folds that keep every group whole.

    Parameters
    ----------
    y : array-like of shape (n_images,)
        The labels, of two or more classes.
    groups : sequence of shape (n_images,), default=None
        The groups, such as the patients or what `independent_groups` returns. None makes every image its own group.
    n_splits : int, default=5
        The number of folds, at least 2. There are fewer where a class has fewer groups.
    random_state : int or None, default=0
        Seed of the assignment of groups to folds.

    Returns
    -------
    list of (train, test)
        Positions as int arrays, ready for the ``cv`` argument of scikit-learn's functions. Every training part holds
        every class.

    Raises
    ------
    ValueError
        When there is one class only, or a class has fewer than two groups.

    Notes
    -----
    When all images of a group have one label, each fold gets the same number of groups of each class (up to one).
    Otherwise scikit-learn's StratifiedGroupKFold balances the labels as well as the groups allow.

    Examples
    --------
    >>> for train, test in independent_folds([1, 1, 1, 0, 0, 0], ["ann", "ann", "bo", "cy", "dee", "dee"]):
    ...     print(train, test)
    [0 1 3] [2 4 5]
    [2 4 5] [0 1 3]
    >>> independent_folds([1, 1, 0, 0], ["ann", "ann", "cy", "dee"])
    Traceback (most recent call last):
    ValueError: cross-validation needs two or more groups of each class; a group is a patient, or an image where ...
    """
    classes, y = np.unique(np.asarray(y), return_inverse=True)
    check_count("independent_folds", 2, n_splits=n_splits)
    codes = group_codes(groups, len(y))
    pairs = np.unique(codes * len(classes) + y)  # of a group and a class
    n_groups = np.bincount(pairs % len(classes), minlength=len(classes)) if len(classes) else np.zeros(0, int)
    if len(classes) < 2 or n_groups.min() < 2:
        counts = ", ".join(f"{n} of class {label}" for label, n in zip(classes.tolist(), n_groups, strict=True))
        raise ValueError(
            "cross-validation needs two or more groups of each class; a group is a patient, or an image where patients "
            f"are unknown. Got {counts or 'none'}: add patients"
        )
    n_splits = min(int(n_splits), int(n_groups.min()))
    if len(pairs) == codes.max() + 1:
        # by group: StratifiedGroupKFold balances images, and may leave a fold without a class
        fold = _deal(pairs % len(classes), n_splits, np.random.default_rng(random_state))[codes]
    else:
        fold = np.empty(len(y), dtype=np.intp)
        splitter = StratifiedGroupKFold(n_splits, shuffle=True, random_state=random_state)
        for number, (_, test) in enumerate(splitter.split(y, y, codes)):
            fold[test] = number
    folds = [(np.flatnonzero(fold != number), np.flatnonzero(fold == number)) for number in np.unique(fold)]
    if len(folds) < 2 or any(np.bincount(y[train], minlength=len(classes)).min() == 0 for train, _ in folds):
        raise ValueError(
            f"no {n_splits} folds keep groups whole and hold every class in training: some groups hold most images of "
            "a class. Lower n_splits, or add patients"
        )
    return folds


def _deal(labels, n_splits, rng):
    """Return the fold of each group: groups are dealt out in turn, one class after the other, in random order."""
    order = np.lexsort([rng.random(len(labels)), labels])
    fold = np.empty(len(labels), dtype=np.intp)
    fold[order] = np.arange(len(labels)) % n_splits
    return fold
