"""The folders of the ImageCLEFmedical GANs challenges."""

import os
import re
from collections.abc import Callable, Hashable
from typing import Literal

import numpy as np

from ..checks import check_choice
from ..images import ImageSet, natural_key, scan_folder
from .task import Task

_SPLITS = {2023: ("dev", "test"), 2025: ("train", "test")}
_SUBTASKS = {2023: (1,), 2025: (1, 2)}
_USED = ("real_used", "used")
_UNUSED = ("real_not_used", "not_used", "real_unused", "unused")
# The folders of each (subtask, labelled) by their role, under the names that are in use.
_LAYOUTS = {
    (1, True): {"generated": ("generated",), "used": _USED, "unused": _UNUSED},
    (1, False): {"generated": ("generated_1", "generated"), "unknown": ("real_unknown_1", "real_unknown")},
    (2, True): {"real": ("real",), "generated": ("generated",)},
    (2, False): {"generated": ("generated_unknown",)},
}
_EXAMPLES = {
    (1, True): "generated/1.png, real_used/1.png, real_not_used/1.png",
    (1, False): "generated/1.png, real_unknown/1.png",
    (2, True): "real/t1/1.png ... real/t5/1.png, generated/gen_t1/1.png ... generated/gen_t5/1.png",
    (2, False): "generated_unknown/1.png",
}
_IMAGE = re.compile(r"\.(png|jpe?g|tiff?|bmp|dcm)$", re.IGNORECASE)
_DEPTH = 2  # how far below `root` the folders are looked for


def load_imageclef_gans(
    root: str | os.PathLike[str],
    year: Literal[2023, 2025],
    subtask: Literal[1, 2],
    split: Literal["dev", "train", "test"],
    groups: Callable[[str], Hashable] | None = None,
) -> Task:
    """Load a data set of the ImageCLEFmedical GANs challenge from its folder.

    Parameters
    ----------
    root : path-like
        The folder that holds ``generated/`` and the others, or one above it. Images in sub-folders are loaded too, in
        natural order. Folder names of both years are accepted, in any letter case.
    year : {2023, 2025}
        The challenge.
    subtask : {1, 2}
        1 detects training images, 2 (only in 2025) attributes generated images to subsets.
    split : {"dev", "train", "test"}
        The labelled images, called "dev" in 2023 and "train" in 2025, or the test images.
    groups : callable, default=None
        A function from the id of a real image to its patient. The challenge does not name patients.

    Returns
    -------
    Task
        Ids are paths relative to the folder that holds the others. Test images come with ``y=None``, and those of
        subtask 2 with ``reference=None``. A folder ``holdout/`` next to the others becomes the `holdout`.

    Raises
    ------
    ValueError
        When a folder is missing, when two folders have the same meaning (``used/`` and ``real_used/``), or when
        images lie outside the folders: no image is left out silently.

    See Also
    --------
    Task.to_folder : Write this layout.

    Examples
    --------
    >>> import tempfile
    >>> load_imageclef_gans(tempfile.mkdtemp(), 2025, 1, "test")
    Traceback (most recent call last):
    ValueError: ... is not the 2025 subtask 1 test set: there should be folders generated_1/ (or generated/) and
    real_unknown_1/ (or real_unknown/), for example generated/1.png, real_unknown/1.png; there is nothing in it
    """
    name = "load_imageclef_gans"
    check_choice(name, tuple(_SPLITS), year=year)
    check_choice(f"{name} for {year}", _SUBTASKS[year], subtask=subtask)
    check_choice(f"{name} for {year}", _SPLITS[year], split=split)
    root = os.fspath(root)
    if not os.path.isdir(root):
        kind = NotADirectoryError if os.path.exists(root) else FileNotFoundError
        raise kind(f"{root} is no folder: pass the folder of the {year} subtask {subtask} {split} set")
    labelled = split != "test"
    what = f"the {year} subtask {subtask} {split} set"
    base, folders = _find(root, subtask, labelled, what)
    if subtask == 1:
        return _detection(base, folders, groups)
    if not labelled:
        return Task(_images(base, [folders["generated"]]), None, None)
    return _attribution(base, folders, groups, what)


def _detection(base, folders, groups):
    reference = _images(base, [folders["generated"]])
    y = None
    if "unknown" in folders:
        X = _images(base, [folders["unknown"]], groups)
    else:
        X = _images(base, [folders["used"], folders["unused"]], groups)
        y = np.array([int(id.split("/")[0] == folders["used"]) for id in X.ids])
    holdout = [child for child in _children(base) if child.lower() == "holdout"]
    _refuse_doubles(base, holdout)
    return Task(X, y, reference, _images(base, holdout, groups) if holdout else None, X.groups)


def _attribution(base, folders, groups, what):
    sides = {role: _subsets(base, folder, what) for role, folder in folders.items()}
    if sides["real"].keys() != sides["generated"].keys():
        found = ", ".join(f"{role} {sorted(subsets)}" for role, subsets in sides.items())
        raise ValueError(f"{base} is not {what}: both sides should have the same subsets; there are {found}")
    sets = []
    for role, function in (("generated", None), ("real", groups)):
        parts = {subset: _images(base, [sides[role][subset]]).ids for subset in sorted(sides[role])}
        labels = np.repeat(list(parts), [len(ids) for ids in parts.values()])
        sets += [_images(base, [sides[role][subset] for subset in parts], function), labels]
    X, y, reference, reference_y = sets
    return Task(X, y, reference, reference_y=reference_y)


def _subsets(base, folder, what):
    """Return the folder of every subset by its number; no image may lie outside them."""
    place = os.path.join(base, folder)
    subsets = {}
    for name in _children(place):
        if match := re.fullmatch(r"(?:gen_)?t(\d+)", name.lower()):
            _refuse_doubles(place, [name, *(subsets[k] for k in subsets if k == int(match[1]))])
            subsets[int(match[1])] = name
    if not subsets:
        raise ValueError(
            f"{place} should hold a folder for every subset of {what}, for example t1/ or gen_t1/; "
            f"there {_inventory(place)}"
        )
    strays = [id for id in scan_folder(place) if id.split("/")[0] not in subsets.values()]
    if strays:
        raise ValueError(
            f"{place} holds {len(strays)} images that belong to no subset, for example {strays[0]}: move them into "
            "the folder of their subset, or away"
        )
    return {number: f"{folder}/{name}" for number, name in subsets.items()}


def _images(base, folders, groups=None):
    """Return the images of some folders, one folder after the other."""
    ids = [f"{folder}/{id}" for folder in folders for id in scan_folder(os.path.join(base, folder))]
    return ImageSet([os.path.join(base, id) for id in ids], ids, None if groups is None else [groups(id) for id in ids])


def _find(root, subtask, labelled, what):
    """Return the folder that holds all the folders of a layout, and their names by role."""
    layout = _LAYOUTS[subtask, labelled]
    level = [root]
    for _ in range(_DEPTH + 1):
        matches = [(folder, roles) for folder in level if (roles := _roles(folder, layout)) is not None]
        if len(matches) > 1:
            found = ", ".join(folder for folder, _ in matches)
            raise ValueError(f"{root} holds {what} {len(matches)} times: pass one of {found}")
        if matches:
            _refuse_strays(*matches[0], layout, _LAYOUTS[subtask, not labelled])
            return matches[0]
        level = [os.path.join(folder, child) for folder in level for child in _children(folder)]
    expected = " and ".join(
        f"{first}/" + (f" (or {', '.join(f'{name}/' for name in others)})" if others else "")
        for first, *others in layout.values()
    )
    raise ValueError(
        f"{root} is not {what}: there should be folders {expected}, for example {_EXAMPLES[subtask, labelled]}; "
        f"there {_inventory(root)}"
    )


def _roles(folder, layout):
    """Return which sub-folder plays each role, by the order of its names, or None if one is missing."""
    children = _children(folder)
    roles = {
        role: [child for name in names for child in children if child.lower() == name] for role, names in layout.items()
    }
    return {role: found[0] for role, found in roles.items()} if all(roles.values()) else None


def _refuse_strays(folder, roles, layout, other):
    """Refuse a second folder for one role, also a numbered one, and images next to the folders.

    The folders of the `other` split may be there too: in 2023 ``generated/`` next to ``generated_1/``.
    """
    known = set((_roles(folder, other) or {}).values()) - set(roles.values())
    children = [child for child in _children(folder) if child not in known]
    for names in layout.values():
        stems = {_stem(name) for name in names}
        _refuse_doubles(folder, [child for child in children if _stem(child) in stems])
    loose = sorted(entry.name for entry in os.scandir(folder) if entry.is_file() and _IMAGE.search(entry.name))
    if loose:
        raise ValueError(
            f"{folder} holds {len(loose)} images outside of its folders, for example {loose[0]}: move them into one of "
            "the folders, or away"
        )


def _refuse_doubles(folder, names):
    if len(names) > 1:
        doubles = " and ".join(f"{name}/" for name in sorted(names, key=natural_key))
        raise ValueError(
            f"{folder} holds {doubles}, which mean the same: put their images into one folder, or move one away"
        )


def _stem(name):
    return re.sub(r"[\W_]*\d*\W*$", "", name.lower())  # generated_2 and "generated (1)" are generated


def _children(folder):
    names = (entry.name for entry in os.scandir(folder) if entry.is_dir() and not entry.name.startswith("."))
    return sorted(names, key=natural_key)


def _inventory(folder):
    """Say what is in a folder, beginning with a verb."""
    names = [f"{child}/" for child in _children(folder)]
    files = sum(entry.is_file() for entry in os.scandir(folder))
    names = [*names[:8], f"{len(names) - 8} more folders"] if len(names) > 9 else names
    names += [f"{files} file{'s' if files > 1 else ''}"] if files else []
    return f"{'are' if len(names) > 1 or files > 1 else 'is'} {', '.join(names)}" if names else "is nothing in it"
