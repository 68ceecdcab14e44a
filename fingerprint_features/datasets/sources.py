"""Where the real images of a generator's task come from, and who of them is used, unused, kept back."""

import os
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from ..images import ImageSet, ImagesLike, as_image_set, to_gray, to_uint8
from .chest import Scanner
from .cohort import Cohort
from .photographs import NAMES, patches
from .seeds import seed_at


def real_images(
    owner: str,
    images: ImagesLike | str | os.PathLike[str],
    parts: Iterable[int],
    slices_per_patient: int | None,
    size: int,
    seed: np.random.SeedSequence,
) -> ImageSet:
    """Return grey images of (size, size) uint8 with their patients: enough for all parts where they are drawn.

    Parameters
    ----------
    owner : str
        The function to name in errors.
    images : {"chest", "photographs"}, ImageSet, folder, or anything an ImageSet is made of
    parts : iterable of int
        Images in each part.
    slices_per_patient : int or None
        Of a chest.
    size : int
        Height and width.
    seed : numpy.random.SeedSequence

    Returns
    -------
    ImageSet
        Ids sort into its order. No two images are equal.
    """
    if isinstance(images, str) and images == "chest":
        source = _chest(parts, slices_per_patient, size, seed)
    elif isinstance(images, str) and images == "photographs":
        source = _photographs(size)
    else:
        source = _shrunk(_own(owner, images), size)
    return source[np.sort(np.unique(source.digests, return_index=True)[1])]  # no copy of a used image is unused


def _own(owner, images):
    if not isinstance(images, (str, os.PathLike)):
        return as_image_set(images)
    if not os.path.isdir(images):
        raise ValueError(
            f"the 'images' parameter of {owner} must be 'chest', 'photographs', a set of images, or a folder that "
            f"exists. Got {os.fsdecode(images)!r} instead."
        )
    return ImageSet.from_folder(images)


def deal(
    owner: str,
    patients: NDArray,
    parts: Mapping[str, int],
    slices_per_patient: int | None,
    paired: bool,
    rng: np.random.Generator,
) -> dict[str, NDArray[np.intp]]:
    """Return the rows of the images in each part, drawn patient by patient.

    Parameters
    ----------
    owner : str
        The function to name in errors.
    patients : ndarray of shape (n_images,)
    parts : dict of str to int
        Images in each part; the last patient of a part may give fewer than others.
    slices_per_patient : int or None
        How many images of a patient are drawn at most; None: all.
    paired : bool
        Draw an even number of images of each patient, so leave out patients with one.
    rng : numpy.random.Generator
    """
    names, of = np.unique(patients, return_inverse=True)
    stacks = [rng.permutation(np.flatnonzero(of == k))[:slices_per_patient] for k in rng.permutation(len(names))]
    stacks = [stack[: len(stack) // 2 * 2] for stack in stacks] if paired else stacks
    rows, start = {}, 0
    for part, n in parts.items():
        sizes = np.cumsum([0, *map(len, stacks[start:])])
        n_patients = int(np.searchsorted(sizes, n))
        if n_patients == len(sizes):
            raise ValueError(
                f"{owner}: the images do not suffice: {', '.join(f'{n} {name}' for name, n in parts.items())} are "
                f"asked for, no patient in two of these, and there are {sum(map(len, stacks))} images of {len(stacks)} "
                "patients. Ask for fewer, or for more slices_per_patient where patients have more"
            )
        rows[part] = np.concatenate([stacks[0][:0], *stacks[start : start + n_patients]])[:n]
        start += n_patients
    return rows


def _chest(parts, slices_per_patient, size, seed):
    n = slices_per_patient * sum(-(-part // slices_per_patient) for part in parts)
    cohort = Cohort(seed_at(seed, 0), n, slices_per_patient, Scanner(), size)
    patients = [f"p{k + 1:0{max(4, len(str(n)))}d}" for k in cohort.patients]
    ids = [f"{patient}_s{k % slices_per_patient + 1}" for k, patient in enumerate(patients)]
    return ImageSet(cohort.images(), ids, patients)


def _photographs(size):
    pictures = {name: patches(name, size) for name in NAMES}
    ids = [f"{name}_{k + 1:02d}" for name, own in pictures.items() for k in range(len(own))]
    return ImageSet(np.concatenate(list(pictures.values())), ids, [id.rpartition("_")[0] for id in ids])


def _shrunk(images, size):
    """Return a user's images in grey, at one size, with their ids and patients."""
    import cv2

    shown = (to_uint8(to_gray(image)) for image in images)
    pixels = [cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA) for image in shown]
    return ImageSet(np.stack(pixels), images.ids, images.groups)
