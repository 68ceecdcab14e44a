"""
Which subset does a generated image come from?
==============================================

Three generators were trained on the images of three hospitals. `attribute` says for each generated image which
hospital's images its generator has seen.

Run it with ``python examples/03_attribution.py``; the picture is saved as ``attribution.png`` where you stand.
"""

from fingerprint_features import attribute, attribution_scores, make_attribution_task
from fingerprint_features.report import draw_confusion

# %%
# Images with known truth
# -----------------------
# Each subset has its own patients and its own scanner, and a generator that was trained on it. In a task to
# attribute, ``task.X`` are the generated images and ``task.reference`` the real ones.

task = make_attribution_task(3, 24, 24, memorization=0.5, image_size=64, random_state=0)
print(f"{len(task.X)} generated images, {len(task.reference)} real ones in 3 subsets")

# %%
# Learn from the real images alone
# --------------------------------
# The default is a support vector machine on textures. It learns to tell the subsets apart by their real images, and
# is cross-validated on them by patient.

found = attribute(task.X, real=task.reference, real_y=task.reference_y, n_permutations=19)
trial = found.assessment.trials[0]
print(f"\n{found.recipe}\n{trial.how}: {trial.headline}")
print(f"verdict: {found.verdict}\n")

# %%
# How good on generated images?
# -----------------------------
# The accuracy on real images is not the one that counts: generated ones look different. Where some generated images
# of known subset are at hand, the answers are judged on these. Here the first third is asked about, and the rest is
# known.

asked, known = task.X[:24], task.X[24:]
found = attribute(
    asked,
    real=task.reference,
    real_y=task.reference_y,
    labelled_generated=known,
    labelled_y=task.y[24:],
    n_permutations=19,
)
for trial in found.assessment.trials:
    print(f"{trial.how}: {trial.headline}")
print(f"verdict: {found.verdict}")

# %%
# The truth is known here, so the answers can be counted too.

answers = found.subsets.astype(int)
scores = attribution_scores(task.y[:24], answers)
print(f"\non the {len(asked)} images that were asked about: accuracy {scores['accuracy']} (chance 0.333)")
draw_confusion(task.y[:24], answers).savefig("attribution.png")
print("\npicture: attribution.png")
