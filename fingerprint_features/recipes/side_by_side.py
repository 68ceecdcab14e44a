"""All recipes that detect, side by side on one task and with nothing to download: for the demo and benchmarks."""

from importlib.util import find_spec
from typing import Any

from .kinds import Cache, Images
from .registry import info, make, names

NETWORK = "efficientnet_lite0"  # replaces the network of every recipe: its weights come as a package
_QUICK = {"clef-cse-2023-svm": {"n_pairs": 5}}  # 20 by default: the time grows with the square


def detectors() -> list[str]:
    """Return the names of the recipes that detect; those with a network only where PyTorch is installed."""
    about, deep = map(info, names()), find_spec("torchvision") is not None
    return [one.name for one in about if one.subtask == 1 and (deep or not one.needs_weights)]


def make_for_trial(name: str, reference: Images, pool: Images | None, cache: Cache) -> Any:
    """Return a recipe with the sets that it needs, and with the installed network where it has one."""
    about = info(name)
    sets = {"reference": reference} if about.needs_reference else {}
    sets |= {"pool": pool} if about.needs_pool else {}
    overrides = _QUICK.get(name, {}) | ({"backbone": NETWORK} if about.needs_weights else {})
    return make(name, cache=cache, **sets, **overrides)
