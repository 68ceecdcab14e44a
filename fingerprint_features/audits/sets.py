"""Tests of the generated set as a whole, all on the same shuffles of who was used."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..evaluate import (
    SetTest,
    authenticity_gap,
    copying_test,
    correct_set_tests,
    dataset_inference,
    dcr_share,
    privacy_loss,
)
from .distances import Distances

_CELLS = 3


def set_level(
    distances: Distances,
    details: Mapping[str, NDArray[np.float64]],
    y: NDArray[np.int64],
    groups: NDArray[np.intp],
    n_permutations: int,
    random_state: int,
) -> tuple[tuple[SetTest, ...], tuple[float, ...], dict[str, str]]:
    """Test whether the generated set lies closer to the used than to the unused images.

    Perceptual hashes find copies of a whole picture; details find collections of which no image was copied. `details`
    is what `measure_details` returns.

    Returns
    -------
    tests : tuple of SetTest
    p_values : tuple of float
        Corrected for all of them.
    left_out : dict of str to str
        The tests that these images do not allow, and why.
    """
    settings = {"groups": groups, "n_permutations": n_permutations, "random_state": random_state}
    tests, left_out = [], {}
    for name, run in (_of_hashes(distances, y, groups, settings) | _of_details(details, y, settings)).items():
        try:
            tests.append(replace(run(), name=name))
        except ValueError as error:  # too few patients, or too few generated images
            left_out[name] = str(error)
    corrected = correct_set_tests(tests) if tests else ()
    return tuple(tests), tuple(float(p) for p in corrected), left_out


def _of_hashes(distances, y, groups, settings) -> dict[str, Callable[[], Any]]:
    to_real, among = distances.generated_real, distances.real_real
    return {
        "copying test": lambda: copying_test(to_real, among, y, **settings),
        f"copying test in {_CELLS} cells": lambda: copying_test(to_real, among, y, cells=_CELLS, **settings),
        "authenticity gap": lambda: authenticity_gap(to_real, among, y, **settings),
        "DCR share": lambda: dcr_share(to_real, y, **settings),
        "privacy loss": lambda: privacy_loss(to_real, among, distances.generated_nearest, y, **settings),
        "dataset inference": lambda: dataset_inference(distances.log_ratio(groups), y, **settings),
    }


def _of_details(details, y, settings) -> dict[str, Callable[[], Any]]:
    tests = {}
    for name, to_real in details.items():
        tests[f"dataset inference by {name}"] = partial(dataset_inference, -to_real.min(axis=0), y, **settings)
    tests["DCR share by details"] = partial(dcr_share, details["details"], y, **settings)
    return tests
