"""
Your own features
=================

An extractor of your own is a class with two methods or three. It works wherever those of the library do: in a pipeline
with others, with the cache, in a grid search, and in a rule that looks for training images.

Run it with ``python examples/05_own_extractor.py``. To share an extractor, make a package of it as in
``examples/plugin``.
"""

import tempfile
from pathlib import Path

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline

from fingerprint_features import LBP, BaseExtractor, FeaturePipeline, ReferenceSimilarity, make_membership_task
from fingerprint_features.checks import check_int
from fingerprint_features.images import to_levels
from fingerprint_features.testing import check_extractor

# %%
# The class
# ---------
# ``__init__`` only stores, and ``_check_params`` refuses senseless values. ``_column_names`` says what the columns are,
# and ``_extract_one`` computes the row of one image, here a grayscale array.


class Roughness(BaseExtractor):
    """Mean difference between pixels a few steps apart, down and across.

    Parameters
    ----------
    step : int, default=1
        The distance in pixels. An image that is not larger than that has the row 0, 0.
    """

    def __init__(self, step=1):
        self.step = step

    def _check_params(self):
        check_int(self, "step", 1)

    def _column_names(self):
        return [f"roughness{self.step}_{axis}" for axis in ("down", "across")]

    def _extract_one(self, image):
        levels = to_levels(image)  # float32 from 0 to 255, whatever the depth of the image
        down = levels[self.step :] - levels[: -self.step]
        across = levels[:, self.step :] - levels[:, : -self.step]
        return [np.abs(difference).mean() if difference.size else 0.0 for difference in (down, across)]


# %%
# Is it a good extractor?
# -----------------------
# The conformance suite asks what the library asks of its own: the same row alone and in a batch, for a file and its
# array, after clone and pickle, in every thread, and more. It raises an error that names what fails.

check_extractor(Roughness())
print("Roughness passes the conformance suite")

# %%
# In a pipeline with others
# -------------------------
# Used and unused images of this task come from two scanners, so roughness can tell them apart. A grid searches the
# extractor's parameter; each image is extracted once per setting. No patient is on both sides of a split.

task = make_membership_task(30, 30, 30, slices_per_patient=2, shift=1, image_size=64, random_state=0)
with tempfile.TemporaryDirectory() as folder:
    features = FeaturePipeline([Roughness(), LBP()], cache=Path(folder) / "features.cache")
    model = make_pipeline(features, RandomForestClassifier(50, random_state=0))
    grid = {"featurepipeline__roughness__step": [1, 2, 4]}
    search = GridSearchCV(model, grid, cv=GroupKFold(3)).fit(task.X, task.y, groups=task.X.groups)
print(f"accuracy by patient: {search.best_score_:.2f} with {search.best_params_}")

# %%
# In a rule
# ---------
# How near is each real image to the generated set, by these features, compared with how near it is to the unused
# images? The generated images come from the scanner of the used ones too, so this rule finds the scanner as well. It
# proves nothing about memory: that is what the blind control of `detect` is for.

rule = ReferenceSimilarity(task.reference, FeaturePipeline([Roughness()]), reduce="log_ratio", holdout="unused")
ratios = rule.fit(task.X, task.y).transform(task.X)[:, 0]
print(
    f"mean log ratio of used images {ratios[task.y == 1].mean():.2f}, of unused ones {ratios[task.y == 0].mean():.2f}"
)
