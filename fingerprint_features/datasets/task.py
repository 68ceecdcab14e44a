"""The images and labels of one task, and its folder on disk."""

import os
import re
from dataclasses import dataclass, field
from html import escape
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..images import ImageSet, natural_key


@dataclass(frozen=True, eq=False)
class Task:
    """Images to judge, images to compare them with, and the known labels.

    *Detect*: `X` are real images, `y` says which of them the generator was trained on, and `reference` are the images
    it generated. *Attribute*: `X` are generated images, `y` says which subset each comes from, and `reference` are
    real images with their subsets in `reference_y`. Either way, ``cross_val_score(model, task.X, task.y)`` measures a
    model.

    Attributes
    ----------
    X : ImageSet
        The images to judge, with their ids and, if known, their patients.
    y : ndarray of int of shape (len(X),) or None
        1 for used and 0 for unused, or the number of the subset, from 1. None if the labels are not published.
    reference : ImageSet or None
        The images to compare with. None in the test split of the attribution challenge, which has none.
    holdout : ImageSet or None
        Real images known not to have been used, of patients who are not in `X`.
    groups : ndarray of shape (len(X),) or None
        The patient of each image of `X`.
    origin : ndarray of object of shape (number of generated images,) or None
        For each generated image (in `reference`, or in `X` when attributing) the id of the real image it descends
        from, or None. None instead of an array if the parents are unknown.
    reference_y : ndarray of int of shape (len(reference),) or None
        The subsets of the reference images, when attributing.
    pool : ImageSet or None
        What a second generator made, when detecting. It was trained on real images that are known not to be used,
        and that are not in `X`: otherwise their nearness to `pool` would give the answers away.

    See Also
    --------
    make_membership_task, make_attribution_task : Tasks with planted truth.
    load_imageclef_gans : Tasks from the challenge's folders.
    """

    X: ImageSet
    # what only few tasks lack is "| Any" to type checkers: nobody has to rule None out first
    y: NDArray[np.int_] | Any = field(repr=False)
    reference: ImageSet | Any
    holdout: ImageSet | None = None
    groups: NDArray[Any] | Any = field(default=None, repr=False)
    origin: NDArray[np.object_] | None = field(default=None, repr=False)
    reference_y: NDArray[np.int_] | None = field(default=None, repr=False)
    pool: ImageSet | None = None

    def to_folder(self, path: str | os.PathLike[str]) -> None:
        """Write the images as PNG files in the layout of the ImageCLEF GANs challenge of 2025.

        Parameters
        ----------
        path : path-like
            The folder; it is created if it is missing. ``load_imageclef_gans`` reads it with year 2025, subtask 1
            (detect) or 2 (attribute), and split "train", or "test" if `y` is None.

        Notes
        -----
        Detect: ``generated/``, ``real_used/`` and ``real_not_used/`` (``real_unknown/`` without `y`), and
        ``holdout/`` and ``pool/`` if the task has them. Attribute: ``real/t1/`` ... and ``generated/gen_t1/`` ...
        (without `y` only ``generated_unknown/``). A file is named after its image's id if all ids are distinct plain
        names that sort into the order of the set; otherwise files are numbered. So images keep their order within
        each folder.

        Raises
        ------
        FileExistsError
            When one of these folders already holds something.
        """
        folders = {name: images for name, images in self._folders() if images is not None and len(images)}
        for name in folders:
            target = os.path.join(path, name)
            if os.path.isdir(target) and os.listdir(target):
                raise FileExistsError(f"{target} is not empty: write the task to a new folder")
        for name, images in folders.items():
            target = Path(path, name)
            target.mkdir(parents=True, exist_ok=True)
            for file, image in zip(_file_names(images.ids), images, strict=True):
                (target / file).write_bytes(_png(image, file))

    def _repr_html_(self):
        sets = {"X": self.X, "reference": self.reference, "holdout": self.holdout, "pool": self.pool}
        truth = ""
        if self.y is not None:
            counts = zip(*np.unique(self.y, return_counts=True), strict=True)
            truth = f"<p>y: {escape(', '.join(f'{count} of {label}' for label, count in counts))}</p>"
        shown = (f"<p>{name}</p>{images._repr_html_()}" for name, images in sets.items() if images is not None)
        return f"<div>{truth}{''.join(shown)}</div>"

    def _folders(self):
        """Yield the name of every folder and its images."""
        attributes = self.reference is None or self.reference_y is not None
        if attributes and self.y is None:
            yield "generated_unknown", self.X
        elif attributes:
            for subset in np.unique(self.y):
                yield f"real/t{subset}", self.reference[self.reference_y == subset]
                yield f"generated/gen_t{subset}", self.X[self.y == subset]
        else:
            yield "generated", self.reference
            yield "holdout", self.holdout
            yield "pool", self.pool
            if self.y is None:
                yield "real_unknown", self.X
            else:
                yield "real_used", self.X[self.y == 1]
                yield "real_not_used", self.X[self.y == 0]


def _file_names(ids):
    names = [re.sub(r"\.(png|jpe?g)$", "", PurePosixPath(id).name, flags=re.IGNORECASE) + ".png" for id in ids]
    plain = all(re.fullmatch(r"\w[\w.-]*", name) for name in names)
    if plain and len({name.casefold() for name in names}) == len(names) and names == sorted(names, key=natural_key):
        return names
    return [f"{i:05d}.png" for i in range(1, len(names) + 1)]


def _png(image, name):
    import cv2

    if image.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"{name}: PNG holds 8 or 16 bits a channel, not {image.dtype}")
    return cv2.imencode(".png", image if image.ndim == 2 else image[..., ::-1])[1].tobytes()
