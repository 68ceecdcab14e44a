"""Trying all recipes that detect beside each other, on one task, with nothing to download."""

from importlib.util import find_spec

from .registry import info, make, names

NETWORK = "efficientnet_lite0"  # in place of every recipe's own: its weights are a package
_QUICK = {"clef-cse-2023-svm": {"n_pairs": 5}}  # in place of 20: its time grows with the square


def detectors():
    """Return the names of the recipes that detect; those with a network only where PyTorch is installed."""
    about, deep = map(info, names()), find_spec("torchvision") is not None
    return [one.name for one in about if one.subtask == 1 and (deep or not one.needs_weights)]


def make_for_trial(name, reference, pool, cache):
    """Return a recipe, made of those of the sets that it needs, its network replaced by one that is installed."""
    about = info(name)
    sets = {"reference": reference} if about.needs_reference else {}
    sets |= {"pool": pool} if about.needs_pool else {}
    overrides = _QUICK.get(name, {}) | ({"backbone": NETWORK} if about.needs_weights else {})
    return make(name, cache=cache, **sets, **overrides)
