"""Small sets that recipes are tried on."""

import numpy as np

from fingerprint_features import make_membership_task, recipes


def classical():
    """Return the names of the recipes that detect without a network, frozen or trained."""
    found = map(recipes.info, recipes.names())
    return [about.name for about in found if about.subtask == 1 and not (about.needs_weights or about.trains)]


def small_task(**params):
    """Return a task of 40 reals and 30 images of either generator, half of these remembered."""
    return make_membership_task(20, 20, 30, n_pool=30, image_size=48, **params)


def make_on(name, task, **overrides):
    """Make a recipe with the sets of a task that it needs."""
    about = recipes.info(name)
    sets = {"reference": task.reference} if about.needs_reference else {}
    sets |= {"pool": task.pool} if about.needs_pool else {}
    return recipes.make(name, **sets, **overrides)


def fit_on(name, task, rows=slice(None), **overrides):
    """Make and fit a recipe, on labels only if it needs them."""
    y = np.asarray(task.y)[rows] if recipes.info(name).needs_labels else None
    return make_on(name, task, **overrides).fit(task.X[rows], y)
