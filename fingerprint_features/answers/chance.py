"""How often chance brings the score of a candidate: images known to be unused say."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

from ..evaluate import conformal_p_values
from ..evaluate.refits import decision_values
from ..images import ImageSet
from ..recipes.registry import RecipeInfo

FALSE_SHARE = 0.05  # of false alarms among the images that stand out


def chance(
    about: RecipeInfo, model: Any, sets: Mapping[str, ImageSet], scores: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return p-values of the candidates, and the same corrected for their number by Benjamini and Hochberg.

    They are NaN where there is no null: no unused images by the same generator, or a recipe that learns from labels.
    Patients of unused images must be known.
    """
    unused = unused_of(sets)
    if unused is None or about.needs_labels:
        return np.full(len(scores), np.nan), np.full(len(scores), np.nan)
    p_values = conformal_p_values(scores, decision_values(model, unused), groups=unused.groups)
    return p_values, false_discovery_control(p_values)


def unused_of(sets: Mapping[str, ImageSet]) -> ImageSet | None:
    """Return the images known not to have been used by the generator in question, if there are some."""
    if "known_generated" in sets:
        return sets.get("holdout")
    return sets.get("unused", sets.get("holdout"))
