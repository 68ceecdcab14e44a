"""What one audit is about: its images, its methods and its settings."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..answers import Inputs
from ..evaluate import independent_groups
from ..images import ImageSet
from ..recipes.kinds import Cache
from .lint_findings import LintFinding
from .methods import Method
from .settings import Settings

UNKNOWN_PATIENTS = "the patients are unknown (give groups=, or groups='none' if each image is a patient of its own)"


@dataclass(frozen=True, eq=False)
class Case:
    """What one audit is about.

    Attributes
    ----------
    sets : mapping of str to ImageSet
        The images that can be used, by role.
    unit : "patient", "image" or None
        What is kept whole. None where patients are unknown.
    lint : tuple of LintFinding
    methods : list of Method
    left_out : dict of str to str
        The methods that are not tried, and why.
    cache : path-like, FeatureCache or None
    settings : Settings
    inputs : Inputs
    """

    sets: Mapping[str, ImageSet]
    unit: str | None
    lint: tuple[LintFinding, ...]
    methods: list[Method]
    left_out: dict[str, str]
    cache: Cache
    settings: Settings
    inputs: Inputs

    def groups(self, images: ImageSet) -> NDArray[np.intp] | None:
        """Return what belongs together, by patient and content; None where patients are unknown."""
        return None if self.unit is None else independent_groups(images.groups, images.digests)
