"""
Does a generated set give its training images away?
===================================================

Before a generated set is published: an audit. It looks for faults in the sets themselves, tries several methods, runs
controls whose answer should be "nothing", tests the generated set as a whole, says who is at risk, and sums up in one
sentence.

Run it with ``python examples/06_audit.py``; the page is saved as ``audit.html`` where you stand.
"""

import tempfile
from pathlib import Path

from fingerprint_features import audit, make_membership_task

# %%
# Images with known truth
# -----------------------
# 24 patients whose images a generator was trained on, 24 others, and two generated sets: one by a generator that
# remembers a part of what it has seen, and one by a generator that remembers nothing.

sizes = {"n_used": 24, "n_unused": 24, "n_generated": 60, "image_size": 64, "random_state": 1}
leaking = make_membership_task(memorization=0.6, **sizes)
harmless = make_membership_task(memorization=0, **sizes)

# %%
# The audit
# ---------
# Methods are recipes by their names. They are all judged in the same shuffles of the labels, so the p-value is correct
# for the best of them. That chance chose which patients were used is known here; without that, the answer is
# "exploratory" at most. Patients are those of the ImageSets: ``ImageSet.from_folder`` reads them from folders or names.

METHODS = ["calibrated-log-ratio", "dmk-2023-phash"]


def run(task, cache):
    """Audit the generated set of a task."""
    return audit(
        METHODS,
        used=task.X[task.y == 1],
        unused=task.X[task.y == 0],
        generated=task.reference,
        randomized_split=True,
        n_permutations=199,
        cache=cache,
    )


with tempfile.TemporaryDirectory() as folder:
    found = run(leaking, Path(folder, "features.cache"))
    nothing = run(harmless, Path(folder, "features.cache"))

# %%
# The answer is one of five sentences, with what it rests on.

print(found.verdict)
print(f"\nThe harmless set: {nothing.verdict}")

# %%
# What was tried
# --------------

print(f"\n{found.frame[['method', 'auc', 'auc_low', 'auc_high', 'p', 'p_corrected']].round(3).to_string(index=False)}")
for control in found.controls:
    print(f"control {control.name}: AUC {control.score}, {'alarm' if control.alarm else 'no alarm'}")

# %%
# Who is at risk
# --------------
# One row a patient, the closest to a generated image first. A q-value of 0.05 says that of all patients with no larger
# one, 5 in 100 are false alarms. The truth is known here: how many of the first ten have descendants?

table = found.risk_table(by="patient")
print(f"\n{table[['patient', 'p', 'q', 'nearest', 'distance']].head().round(3).to_string(index=False)}")
remembered = {id.split("_")[0] for id in leaking.origin if id is not None}
print(f"{sum(patient in remembered for patient in table['patient'].head(10))} of the first 10 were remembered")

# %%
# The page
# --------
# One file that any browser opens, with pairs of images, curves and all numbers; ``audit.json`` has the numbers alone.
# For patient data, ``images=False`` leaves the images out.

found.to_html("audit.html")
print("\npage: audit.html, numbers: audit.json")
