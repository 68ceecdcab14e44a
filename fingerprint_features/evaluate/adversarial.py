"""How much better a nearest neighbour tells generated images from unused images than from used ones."""

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from ..checks import check_count
from .checks import as_scores
from .nearest import Nearest, as_distances, as_own_distances
from .set_tests import LabelShuffle, SetTest, resampled_share


def privacy_loss(
    generated_real: ArrayLike,
    real_real: ArrayLike,
    generated_nearest: ArrayLike,
    y_true: ArrayLike,
    *,
    groups: Sequence[Hashable] | ArrayLike | None = None,
    n_permutations: int = 999,
    n_bootstrap: int = 2000,
    confidence: float = 0.95,
    random_state: int | np.random.Generator | None = 0,
) -> SetTest:
    """Compare how well a nearest neighbour tells generated images from unused and from used images.

    Parameters
    ----------
    generated_real, real_real
        As in `copying_test`.
    generated_nearest : array-like of shape (n_generated,)
        Distance of each generated image to the nearest other generated image.
    y_true, groups, n_permutations
        As in `copying_test`.
    n_bootstrap, confidence, random_state
        As in `authenticity_gap`.

    Returns
    -------
    SetTest
        Its value is the adversarial accuracy against the unused images minus that against the used ones, in [-1, 1]:
        above 0 for copying. Both are its parts, "unused" and "used".

    Raises
    ------
    ValueError
        When there are fewer than two used or two unused patients, or a patient has images of both labels.

    Notes
    -----
    The adversarial accuracy against a set is the mean of two shares: of its images that are farther from every
    generated image than from the other patients of the set, and of generated images that are farther from every
    image of the set than from the other generated ones. It is 0.5 for sets that cannot be told apart, 1 for sets
    far from each other, and 0 for copies.

    Neighbours of the same patient are left out. The null is computed by shuffling who was used, by patient, as the
    accuracy depends on how many used and unused images there are. The p-value is exact where chance decided which
    patients were used. The interval resamples patients: real images' own, and those that generated images are
    nearest to.

    On flat images all distances are equal and the value is 0.

    References
    ----------
    Yale et al., Generation and evaluation of privacy preserving synthetic health data, Neurocomputing 416, 2020.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> reals = rng.normal(size=(60, 8))
    >>> y = np.repeat([1, 0], 30)
    >>> copies = reals[:30] + 0.1 * rng.normal(size=(30, 8))
    >>> from scipy.spatial.distance import cdist
    >>> among = cdist(copies, copies) + np.diag(np.full(30, np.inf))
    >>> result = privacy_loss(cdist(copies, reals), cdist(reals, reals), among.min(axis=1), y)
    >>> result.parts["used"], result.detected
    (0.0, True)
    """
    check_count("privacy_loss", 1, n_bootstrap=n_bootstrap)
    shuffle = LabelShuffle("privacy_loss", y_true, groups, n_permutations, confidence, random_state)
    to_reals = as_distances(generated_real, "generated_real", (None, len(shuffle)))
    among_generated = as_scores(generated_nearest, "generated_nearest")
    if len(among_generated) != len(to_reals):
        raise ValueError(
            f"generated_nearest has {len(among_generated)} distances, but generated_real has {len(to_reals)} rows: "
            "pass one distance for each generated image, to the nearest other one"
        )
    to_generated = to_reals.min(axis=0)
    generated = Nearest(to_reals)
    reals = Nearest(as_own_distances(real_real, "real_real", len(shuffle)), apart=shuffle.own())

    def told_apart(chosen):
        """Return for the real and for the generated images whether they are told apart, and the latter's nearest."""
        nearest, distance = generated.among(chosen)
        return (to_generated > reals.among(chosen)[1])[chosen], distance > among_generated, nearest

    def accuracy(chosen):
        of_reals, of_generated, _ = told_apart(chosen)
        return (of_reals.mean() + of_generated.mean()) / 2

    accuracies, samples, n_groups = {}, {}, []
    for name, chosen in (("unused", ~shuffle.used), ("used", shuffle.used)):
        of_reals, of_generated, nearest = told_apart(chosen)
        reals_side, n_patients = resampled_share(of_reals, shuffle.codes[chosen], n_bootstrap, shuffle.rng)
        generated_side, n_near = resampled_share(of_generated, shuffle.codes[nearest], n_bootstrap, shuffle.rng)
        accuracies[name], samples[name] = accuracy(chosen), (reals_side + generated_side) / 2
        n_groups += [n_patients, n_near]
    losses = samples["unused"] - samples["used"]

    def loss(used):
        return accuracy(~used) - accuracy(used)

    return shuffle.test("privacy loss", loss, "above", accuracies, losses, min(n_groups), (-1, 1))
