"""The section on where an answer comes from, and the tables in it."""

from collections.abc import Mapping
from typing import Any

from .. import recipes
from ..answers import Attribution, Detection, Inputs
from .provenance import about_set, versions
from .section import Section, Table
from .words import cell, listed

_SETTINGS = {
    **{
        "n_permutations": "shuffles of the labels",
        "random_state": "random seed",
        "cv": "folds",
        "preset": "settings of networks",
    },
    **{"on_error": "images that cannot be used", "randomized_split": "chance chose the used patients"},
    **{"groups": "patients from"},
}
_VALUES = {("on_error", "raise"): "refused", ("on_error", "nan"): "left out", ("groups", None): "the sets of images"}


def inputs(found: Detection | Attribution) -> Section:
    """Return the section on where the answer comes from: images, recipe, settings, versions."""
    about, given = recipes.info(found.recipe), found.inputs
    table, sets = table_of_sets(given)
    published = about.paper or "a recipe of this library"
    settings = {"recipe": f"{about.name} ({published})", "what is ours in it": about.why or "nothing"}
    settings |= {"changed in the recipe": listed(given.overrides) or "nothing"} | settings_of(given) | versions()
    values = {"sets": table, "settings": table_of_settings(settings, "Recipe, settings and versions")}
    numbers = {"sets": sets, "unit": given.unit, "settings": dict(given.settings), "overrides": dict(given.overrides)}
    return Section("inputs", "Inputs", values, numbers | {"versions": versions()})


def table_of_sets(given: Inputs) -> tuple[Table, dict[str, Any]]:
    """Return the sets of images as a table, and what it says as numbers."""
    sets = {name: about_set(images, given.unit) for name, images in given.sets.items()}
    header = ["set", "images", "patients", "files", "sizes in pixels", "fingerprint"]
    rows = [[name.replace("_", " "), *map(cell, one.values())] for name, one in sets.items()]
    return Table(header, rows, "Images"), sets


def settings_of(given: Inputs) -> dict[str, str]:
    """Return the settings of a call in words."""
    settings = {
        _SETTINGS.get(name, name.replace("_", " ")): _VALUES.get((name, value)) or cell(value) or "not said"
        for name, value in given.settings.items()
    }
    kept = {"patient": "each patient", "image": "each image"}.get(given.unit or "", "unknown")
    return {"kept whole": kept} | settings


def table_of_settings(settings: Mapping[str, str], caption: str) -> Table:
    """Return settings as a table."""
    return Table(["what", "value"], list(settings.items()), caption)
