"""Small tasks in memory, with and without patients."""

import numpy as np

from fingerprint_features import ImageSet, make_membership_task


def membership(memorization=1, **params):
    """Return a task of 20 used and 20 unused images and 60 generated ones."""
    params = {"n_used": 20, "n_unused": 20, "n_generated": 60, "image_size": 32, "random_state": 0} | params
    return make_membership_task(memorization=memorization, **params)


def halves(task):
    """Return the used, the unused images and the candidates of a task: every other patient is a candidate."""
    patients = np.unique(task.X.groups)
    asked = np.isin(task.X.groups, patients[::2])
    return task.X[~asked & (task.y == 1)], task.X[~asked & (task.y == 0)], task.X[asked], task.y[asked]


def nameless(images):
    """Return images of unknown patients."""
    return ImageSet(list(images), list(images.ids))
