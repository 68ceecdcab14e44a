"""Tasks with known membership: which images the generator was trained on."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..checks import check_count, check_number
from ..images import ImageSet
from .chest import Scanner
from .cohort import Cohort
from .generator import generate
from .seeds import rng_at, root_seed, seed_at
from .task import Task


def make_membership_task(
    n_used: int = 100,
    n_unused: int = 100,
    n_generated: int = 500,
    memorization: float = 0.5,
    n_holdout: int = 0,
    slices_per_patient: int = 1,
    shift: float = 0.0,
    image_size: int = 256,
    random_state: int | np.random.Generator | np.random.RandomState | None = None,
    *,
    n_pool: int = 0,
) -> Task:
    """Make CT-like chest slices, and generated images that remember some of them to a known extent.

    Every patient has a new anatomy. The slices of one patient lie a few millimetres apart, resemble each other and
    share a group. A share `memorization` of the generated images descends from used images, drawn at random with
    replacement. A generated image bends the anatomy of its parent, blends it with another patient's, cuts it at a
    slightly different level, scans it again with new noise and changes the contrast; the result ranges from a near
    copy to an image beyond recognition. All other generated images descend in the same way from new patients, who
    are in no other set.

    Parameters
    ----------
    n_used, n_unused : int, default=100
        Real images that the generator was trained on, and that it was not.
    n_generated : int, default=500
        Generated images.
    memorization : float, default=0.5
        Share of the generated images that descend from a used image; 0 means that nothing is remembered.
    n_holdout : int, default=0
        Further real images known not to have been used; 0 gives no holdout.
    slices_per_patient : int, default=1
        Images of each patient; the last patient of each kind may have fewer.
    shift : float, default=0
        How much the scanners of used and unused images differ in kernel, noise and window. A shift of 0.5 is hard to
        see, 2 is obvious.
    image_size : int, default=256
        Height and width of the images in pixels, at least 16.
    random_state : int, Generator, RandomState or None, default=None
        An int makes the same task every time, to the last bit.
    n_pool : int, default=0
        Images of a second generator, of the same memory; 0 gives no pool. It was trained on `n_used` real images from
        the unused images' scanner, whose patients are in no other set: nobody judges them.

    Returns
    -------
    Task
        The patients in `X` are in random order. Neither order nor ids (``p0012_s1``) depend on the labels.

    See Also
    --------
    make_attribution_task : Which of several subsets does a generated image stem from?

    Notes
    -----
    *The null is exact.* With ``memorization=0`` and ``shift=0`` used, unused and holdout images and the parents of
    generated ones are exchangeable, so no method can do better than chance on average.

    *What shift is for.* The generator has learnt from the used images, so its fresh images come from the used
    images' scanner. Under a shift and without any memory a classifier that never sees the generated images finds
    the used ones, and so do distances to the generated images, because both find the scanner. The holdout also comes
    from the scanner of the used images, as when part of the data is kept back before training. Generated images that
    remember nothing are then one more sample of the same site, so a score calibrated by the holdout stays at chance.
    A score calibrated by the *unused* images is not safe here, because it compares two scanners. With
    texture features, ``shift=0.5`` and nothing remembered, the area under the ROC curve is about 0.83 for a blind
    classifier, 0.58 for the distance to the nearest generated image and 0.5 for its ratio to the distance to the
    nearest holdout image.

    *How like CT.* Over patients, the structural similarity (SSIM) to the nearest of 47 others at 256 x 256 is
    between 0.25 and 0.65, and the power spectrum falls with radius to a power between -3.4 and -2.4 (4 to 64
    cycles an image, Hann window). Chest CT in a lung window measures about -2.6, printed CT slices about -3.0
    with a nearest-neighbour SSIM of 0.3 to 0.6, and photographs of scenes between -2.4 and -3.3. Two slices of one
    patient have an SSIM of about 0.7.

    An image of 256 x 256 takes about 15 ms, and ``joblib.parallel_config(n_jobs=2)`` nearly halves the time. Images
    keep their anatomy when `image_size` changes. The first patients stay the same when their number grows.

    Examples
    --------
    >>> task = make_membership_task(n_used=4, n_unused=4, n_generated=6, slices_per_patient=2, image_size=32,
    ...                             random_state=0)
    >>> task.X
    ImageSet(8 arrays, 4 groups)
    >>> sum(parent is not None for parent in task.origin)
    3
    >>> make_membership_task(memorization=50)
    Traceback (most recent call last):
    ValueError: the 'memorization' parameter of make_membership_task must be a number in [0, 1]. Got 50 instead.
    """
    name = "make_membership_task"
    check_count(name, n_unused=n_unused, n_holdout=n_holdout, n_pool=n_pool)
    check_count(name, 1, n_used=n_used, n_generated=n_generated, slices_per_patient=slices_per_patient)
    check_count(name, 16, image_size=image_size)
    check_number(name, 0, 1, memorization=memorization)
    check_number(name, 0, shift=shift)
    root = root_seed(random_state)
    here, there = Scanner().moved(shift, shift, shift), Scanner().moved(-shift, -shift, -shift)
    used = Cohort(seed_at(root, 0), n_used, slices_per_patient, here, image_size)
    unused = Cohort(seed_at(root, 1), n_unused, slices_per_patient, there, image_size)
    spare = Cohort(seed_at(root, 2), n_holdout, slices_per_patient, here, image_size)

    X, order = mixed([used, unused], rng_at(root, 4))
    generated, parents = generate(seed_at(root, 3), used, n_generated, memorization)
    pool = None
    if n_pool:
        development = Cohort(seed_at(root, 7), n_used, slices_per_patient, there, image_size)
        pool = ImageSet(generate(seed_at(root, 6), development, n_pool, memorization)[0], numbered("q", n_pool))
    return Task(
        X=X,
        y=(order < n_used).astype(int),
        reference=ImageSet(generated, numbered("g", n_generated)),
        holdout=mixed([spare], rng_at(root, 5), "h")[0] if n_holdout else None,
        groups=X.groups,
        origin=parent_ids(X.ids, order, parents),
        pool=pool,
    )


def mixed(cohorts: Sequence[Cohort], rng: np.random.Generator, letter: str = "p") -> tuple[ImageSet, NDArray[np.intp]]:
    """Return the images of cohorts as one ImageSet, the patients in random order, and where each comes from.

    Returns
    -------
    images : ImageSet
        Ids number patients and slices in the new order.
    order : ndarray of shape (n_images,)
        The position of each in the cohorts put end to end.
    """
    sizes = [len(np.unique(cohort.patients)) for cohort in cohorts]
    patients = np.concatenate(
        [cohort.patients + start for cohort, start in zip(cohorts, np.cumsum([0, *sizes]), strict=False)]
    )
    rank = rng.permutation(sum(sizes))
    order = np.argsort(rank[patients], kind="stable")
    groups = np.array(numbered(letter, sum(sizes)))[rank[patients[order]]]
    first = np.r_[True, groups[1:] != groups[:-1]]
    slices = np.arange(len(order)) - np.maximum.accumulate(np.where(first, np.arange(len(order)), 0))
    ids = [f"{group}_s{k + 1}" for group, k in zip(groups, slices, strict=True)]
    images = np.concatenate([cohort.images() for cohort in cohorts])
    return ImageSet(images[order], ids, groups), order


def parent_ids(ids: NDArray[np.str_], order: NDArray[np.intp], parents: NDArray[np.intp]) -> NDArray[np.object_]:
    """Return the id of each parent, given by its position before `order` mixed the images; None for -1."""
    place = np.argsort(order)
    return np.array([None if parent < 0 else str(ids[place[parent]]) for parent in parents], dtype=object)


def numbered(letter: str, n: int) -> list[str]:
    """Return n names that sort in their order."""
    return [f"{letter}{i:0{max(4, len(str(n)))}d}" for i in range(1, n + 1)]
