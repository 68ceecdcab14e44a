"""
Which images was a generator trained on?
========================================

Real images, and a generated set that remembers some of them. `detect` says which of the real images were used for
training. First nothing is known. Then some images are known to be used or unused, and the answers can be judged.

Run it with ``python examples/02_membership.py``; pictures are saved where you stand.
"""

import numpy as np

from fingerprint_features import ImageSet, detect, make_membership_task
from fingerprint_features.report import draw_pairs, draw_roc

# %%
# Images with known truth
# -----------------------
# 30 used and 30 unused CT-like slices, each of a patient of its own. Three quarters of the 80 generated images descend
# from a used one. With your own data, an ImageSet is a folder: ``ImageSet.from_folder("real")``.

task = make_membership_task(30, 30, 80, memorization=0.75, image_size=64, random_state=0)
used, unused = task.X[task.y == 1], task.X[task.y == 0]

# The 20 images that we ask about.
candidates = ImageSet.join([used[:10], unused[:10]])
truth = np.repeat([1, 0], 10)

# %%
# Without labels
# --------------
# The default compares every real image with every generated one, in whitened details. How many were used it cannot
# know: it calls half of them used, unless `prior` states another share. How often it is right cannot be known without
# labels, and the verdict says so.

found = detect(task.X, task.reference)
print(f"{found.recipe}: {found.used.sum()} of {len(task.X)} images called used")
print(f"verdict: {found.verdict}")

# %%
# With labels
# -----------
# The other 20 used and 20 unused images are known. The same rule is now judged by their labels, which it does not see,
# and tested against chance and against a blind control, which sees no generated image. The unused images also say how
# rarely chance brings the score of a candidate.

found = detect(candidates, task.reference, used=used[10:], unused=unused[10:], n_permutations=39)
trial = found.assessment.trials[0]
print(f"\n{found.recipe}: {trial.headline}")
print(f"blind control: {found.assessment.blind.headline}")
print(f"verdict: {found.verdict}")

# %%
# The truth is known here, so the answers can be counted.

print(f"\n{np.mean(found.used == truth):.0%} of the {len(truth)} answers are right")

# %%
# One row for each candidate, the likeliest first.

table = found.frame().sort_values("score", ascending=False)
print(table[["id", "used", "score", "p", "nearest", "distance"]].head().to_string(index=False))

# %%
# The share of used images found, against the share of false alarms, and the likeliest candidates with their nearest
# generated images.

judgement = trial.judgement
draw_roc(trial.y, judgement.decisions, groups=trial.groups).savefig("membership_roc.png")
top = table.head(3)
pairs = draw_pairs(candidates[list(top["id"])], task.reference[list(top["nearest"])])
pairs.savefig("membership_pairs.png")
print("\npictures: membership_roc.png, membership_pairs.png")
