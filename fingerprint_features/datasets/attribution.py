"""Tasks with known attribution: which subset of real images each generated image comes from."""

import numpy as np

from ..checks import check_count, check_number
from ..images import ImageSet
from .chest import Scanner
from .cohort import Cohort
from .generator import generate
from .membership import mixed, numbered, parent_ids
from .seeds import rng_at, root_seed, seed_at
from .task import Task


def make_attribution_task(
    n_subsets: int = 5,
    n_real_per_subset: int = 40,
    n_generated_per_subset: int = 40,
    memorization: float = 0.5,
    slices_per_patient: int = 1,
    shift: float = 1.0,
    image_size: int = 256,
    random_state: int | np.random.Generator | np.random.RandomState | None = None,
) -> Task:
    """Make several subsets of CT-like slices, and the images of one generator trained on each subset.

    Every subset has its own patients and its own scanner. All images of a generator have the look of its subset's
    scanner, and a share of them has anatomies of its subset. The question is which subset a generated image comes
    from.

    Parameters
    ----------
    n_subsets : int, default=5
        Subsets, labelled 1, 2, ...
    n_real_per_subset, n_generated_per_subset : int, default=40
        Images of each subset.
    memorization : float, default=0.5
        Share of the generated images that descend from a real image of their subset.
    slices_per_patient : int, default=1
        Real images of each patient.
    shift : float, default=1
        How much the scanners differ in kernel, noise and window. At 0 the subsets differ only by what is remembered.
    image_size : int, default=256
        Height and width of the images in pixels, at least 16.
    random_state : int, Generator, RandomState or None, default=None
        An int makes the same task every time, to the last bit.

    Returns
    -------
    Task
        `X` are the generated images and `y` their subsets. `reference` are the real images, with patients as
        groups, and `reference_y` their subsets. Both sides are labelled, as in the challenge. Train on the real
        images and predict the generated ones, ``model.fit(task.reference, task.reference_y).score(task.X, task.y)``,
        or train on generated images, ``cross_val_score(model, task.X, task.y)``. `groups` is None because generated
        images have no patient. `origin` holds the ids of their parents.

    See Also
    --------
    make_membership_task : Which real images were used?

    Examples
    --------
    >>> task = make_attribution_task(n_subsets=3, n_real_per_subset=2, n_generated_per_subset=4, image_size=32,
    ...                              random_state=0)
    >>> np.bincount(task.y), np.bincount(task.reference_y)
    (array([0, 4, 4, 4]), array([0, 2, 2, 2]))
    """
    name = "make_attribution_task"
    check_count(name, 2, n_subsets=n_subsets)
    check_count(name, 1, n_real_per_subset=n_real_per_subset, n_generated_per_subset=n_generated_per_subset)
    check_count(name, 1, slices_per_patient=slices_per_patient)
    check_count(name, 16, image_size=image_size)
    check_number(name, 0, 1, memorization=memorization)
    check_number(name, 0, shift=shift)
    root = root_seed(random_state)
    subsets, pools, parents = [], [], []
    for k, scanner in enumerate(_scanners(n_subsets, shift)):
        subset = Cohort(seed_at(root, k, 0), n_real_per_subset, slices_per_patient, scanner, image_size)
        images, own = generate(seed_at(root, k, 1), subset, n_generated_per_subset, memorization)
        subsets.append(subset)
        pools.append(images)
        parents.append(np.where(own < 0, -1, own + k * n_real_per_subset))

    reference, order = mixed(subsets, rng_at(root, n_subsets))
    shuffle = rng_at(root, n_subsets + 1).permutation(n_subsets * n_generated_per_subset)
    return Task(
        X=ImageSet(np.concatenate(pools)[shuffle], numbered("g", len(shuffle))),
        y=shuffle // n_generated_per_subset + 1,
        reference=reference,
        reference_y=order // n_real_per_subset + 1,
        origin=parent_ids(reference.ids, order, np.concatenate(parents)[shuffle]),
    )


def _scanners(n, shift):
    """Return scanners around a middle one, each away from it in another direction."""
    turns = 2 * np.pi * np.arange(n) / n
    steps = 1.5 * shift * np.stack([np.cos(turns), np.sin(turns), np.cos(2 * turns)], axis=1)
    return [Scanner().moved(*step) for step in steps.tolist()]
