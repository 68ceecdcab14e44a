"""How often chance brings the score of a candidate: images known to be unused say, where they are like it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import false_discovery_control
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ..evaluate import conformal_p_values, independent_groups, refit_permutation_test
from ..evaluate.refits import decision_values
from ..images import ImageSet
from ..pipeline import FeaturePipeline
from ..recipes.blocks import textures
from ..recipes.kinds import Cache
from ..recipes.registry import RecipeInfo
from .assessment import Assessment
from .findings import Finding
from .known import unknown

FALSE_SHARE = 0.05  # of false alarms among the images that stand out
_FEWEST = 2  # patients on either side of a cross-validation
_SURE = {"confidence": 0.99, "n_permutations": 199}  # alike images are taken for different ones once in a hundred times


@dataclass(frozen=True, eq=False)
class Chance:
    """How rarely unused images score as high as each candidate.

    Attributes
    ----------
    p_values, q_values : ndarray of shape (n_candidates,)
        The latter corrected for the number of candidates by Benjamini and Hochberg. NaN where there is no null.
    findings : tuple of Finding
        Why there is none although unused images are known.
    """

    p_values: NDArray[np.float64]
    q_values: NDArray[np.float64]
    findings: tuple[Finding, ...] = ()


def chance(
    about: RecipeInfo,
    model: Any,
    sets: Mapping[str, ImageSet],
    scores: NDArray[np.float64],
    assessment: Assessment,
    cache: Cache,
    random_state: int,
) -> Chance:
    """Return the p-values of the candidates by unused images of the same generator, whose patients are known.

    There are none for a recipe that learns from labels, as its scores of known images are too good, and none where
    textures tell unused images from others, as p-values hold for images that are alike.
    """
    nothing = np.full(len(scores), np.nan)
    name = unused_of(sets)
    if name is None or about.needs_labels:
        return Chance(nothing, nothing)
    difference = _difference(name, sets, assessment, cache, random_state)
    if difference:
        text = (
            f"no p-values: textures tell {name}= from {difference}, without any generated image, as those of two "
            "scanners. p-values need unused images that are like the candidates"
        )
        return Chance(nothing, nothing, (Finding("no-p-values", "candidates", None, text),))
    unused = sets[name]
    p_values = conformal_p_values(scores, decision_values(model, unused), groups=unused.groups)
    return Chance(p_values, false_discovery_control(p_values))


def unused_of(sets: Mapping[str, ImageSet]) -> str | None:
    """Return which set holds images known not to have been used by the generator in question, if one does."""
    names = ("holdout",) if "known_generated" in sets else ("unused", "holdout")
    return next((name for name in names if name in sets), None)


def _difference(name, sets, assessment, cache, random_state):
    """Return from which other real images the unused ones differ by themselves, and how surely; usually nothing."""
    blind = assessment.blind
    if name == "unused" and blind is not None and blind.beats_chance:
        return f"used= ({blind.headline})"
    asked, unused = unknown(sets), sets[name]
    images, y = ImageSet.join([asked, unused]), np.repeat([1, 0], [len(asked), len(unused)])
    groups = independent_groups(images.groups, images.digests)
    apart = (y == 0) | ~np.isin(groups, groups[y == 0])  # patients of both are no sign of two scanners
    images, y, groups = images[apart], y[apart], groups[apart]
    if min(len(np.unique(groups[y == label])) for label in (0, 1)) < _FEWEST:
        return ""
    rows = FeaturePipeline(textures(), cache=cache).fit_transform(images)
    linear = make_pipeline(StandardScaler(), RidgeClassifier(10.0))  # learns in no time
    test = refit_permutation_test(linear, rows, y, groups=groups, random_state=random_state, **_SURE)
    return f"candidates= (auc {test.values[0]:.2f}, p = {test.p_values[0]:.3g})" if test.detected[0] else ""
