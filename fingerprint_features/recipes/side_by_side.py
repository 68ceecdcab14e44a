"""The recipes that detect, side by side on one task and with nothing to download: for the demo and benchmarks."""

from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone

from ..evaluate import independent_folds, independent_groups
from ..evaluate.refits import decision_values, held_out
from ..images import ImageSet
from .kinds import Cache, Images
from .registry import info, make, names

NETWORK = "efficientnet_lite0"  # replaces the network of every recipe: its weights come as a package
_QUICK = {"clef-cse-2023-svm": {"n_pairs": 5}}  # 20 by default: the time grows with the square


def detectors() -> list[str]:
    """Return the recipes that detect and train no network; those with a frozen one only where PyTorch is installed."""
    about, deep = map(info, names()), find_spec("torchvision") is not None
    return [one.name for one in about if one.subtask == 1 and not one.trains and (deep or not one.needs_weights)]


def make_for_trial(name: str, reference: Images, pool: Images | None, cache: Cache) -> Any:
    """Return a recipe with the sets that it needs, and with the installed network where it has one."""
    about = info(name)
    sets = {"reference": reference} if about.needs_reference else {}
    sets |= {"pool": pool} if about.needs_pool else {}
    overrides = _QUICK.get(name, {}) | ({"backbone": NETWORK} if about.needs_weights else {})
    return make(name, cache=cache, **sets, **overrides)


def try_recipe(name: str, model: Any, images: ImageSet, y: ArrayLike) -> tuple[NDArray, NDArray[np.float64]]:
    """Return the answers of a recipe to labelled images, none of them learnt from the label of that image.

    Parameters
    ----------
    name : str
        The recipe. One that needs labels is cross-validated: patients and copies stay on one side of every split. Any
        other is fitted on all images without their labels, and judges them.
    model : classifier
        What `make_for_trial` returns; clones of it are fitted.
    images : ImageSet of shape (n_images,)
    y : array-like of shape (n_images,)
        1 for used, 0 for unused.

    Returns
    -------
    answers : ndarray of shape (n_images,)
        Classes.
    scores : ndarray of shape (n_images,)
        Larger for used; each fold has its own scale.
    """
    if not info(name).needs_labels:
        model = clone(model).fit(images)
        return model.predict(images), decision_values(model, images)
    y = np.asarray(y)
    found = held_out(model, images, y, independent_folds(y, independent_groups(images.groups, images.digests)))
    return found.answers, found.decisions
