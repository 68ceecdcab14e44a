"""How often do tests of a whole generated set find copies, and raise a false alarm? ``python -m benchmarks.set_tests``.

Points are drawn, not images: patients in 32 dimensions, with slices that are alike, and a generated set of 80 points of
which a share copies slices of used patients. The last columns are the smallest p-value of all tests, corrected for
their number, and the images and patients that `image_risk` flags where nobody knows which were used.
"""

import argparse

import numpy as np

from fingerprint_features.evaluate import (
    authenticity_gap,
    copying_test,
    correct_set_tests,
    dataset_inference,
    dcr_share,
    image_risk,
    privacy_loss,
)
from tests.evaluate.set_tasks import SetTask

COPIED = (0.0, 0.1, 0.25, 0.5, 1.0)
SLICES = (1, 4)
NAMES = ("C_T", "in 3 cells", "authenticity", "DCR share", "privacy loss", "inference", "any", "images", "patients")


def run_tests(task, seed, n_permutations=199):
    """Return all tests of one task."""
    options = {"groups": task.patients, "n_permutations": n_permutations, "random_state": seed}
    return [
        copying_test(*task.copying, **options),
        copying_test(*task.copying, cells=3, min_generated=10, **options),
        authenticity_gap(*task.copying, **options),
        dcr_share(*task.shares, **options),
        privacy_loss(*task.loss, **options),
        dataset_inference(*task.scores, **options),
    ]


def rates(copied, slices, trials, seed=0):
    """Return how often each test detects copies, and how often its interval holds the value of no copies."""
    rng, found, held = np.random.default_rng(seed), [], []
    for i in range(trials):
        task = SetTask(rng, 40, 40, slices=slices, copied=copied)
        tests = run_tests(task, i)
        risk = image_risk(task.generated_real, task.real_real, groups=task.patients, random_state=i)
        alarms = [*(test.detected for test in tests), correct_set_tests(tests).min() <= 0.05]
        found.append([*alarms, risk.flagged.any(), (risk.patient_q <= risk.fdr).any()])
        held.append([_holds(test) for test in tests])
    return np.mean(found, axis=0), np.mean(held, axis=0)


def _holds(test):
    """Return whether the interval holds what no copies would give: as many used as unused are drawn."""
    nothing = test.parts.get("expected", 0.0)
    return np.nan if test.interval is None else test.interval[0] <= nothing <= test.interval[1]


def main():
    """Print one line for each share of copies."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=1000, help="tasks a line; 100 take about a minute")
    parser.add_argument("--copied", nargs="+", type=float, default=COPIED, help="shares of copies")
    options = parser.parse_args()
    error = 100 * np.sqrt(0.05 * 0.95 / options.trials)
    print(f"{options.trials} tasks a line, 40 used and 40 unused patients: the standard error of 5 % is {error:.1f} %")
    print("detected at 5 %, and where nothing is copied how often 95 % intervals hold that\n")
    print(f"{'slices':>6}{'copied':>8}" + "".join(f"{name:>14}" for name in NAMES))
    for slices in SLICES:
        for copied in options.copied:
            found, held = rates(copied, slices, options.trials)
            print(f"{slices:6}{100 * copied:6.0f} %" + "".join(f"{100 * rate:12.1f} %" for rate in found), flush=True)
            if copied == 0:
                print(" " * 14 + "".join(" " * 14 if np.isnan(rate) else f"{100 * rate:12.1f} %" for rate in held))


if __name__ == "__main__":
    main()
