"""Fitted recipes in files: what they have learnt, no image, and nothing that could run."""

import importlib
import inspect
import os
import re
import zipfile
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.cluster import SpectralClustering
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import BaseDecisionTree

from ..extractors import Pixels
from ..extras import imported
from ..files import replacing
from ..images import DecodeOptions, ImageReadError, ImageSet, as_image_set
from ..images.sources import PathSource
from ..learned.augmentation import Augmentation
from ..learned.base import TrainedNetwork
from ..learned.pair_network import PairNetwork
from ..reference.competition import Competition
from ..reference.null import Null
from ..reference.samples import Samples
from ..reference.sets import ComparedSets
from ..similarity.competitors import FirstCompetitors
from .another_generator import with_reference
from .kinds import Images
from .parts import forget_places, parts_of
from .registry import info

_LAYOUT = 1
_ROOMS = r"fingerprint_features\.(decide|extractors|learned|neighbors|pipeline|recipes|reference|similarity)\b.*"
# What files may name as well: a tree, which is checked, and the dictionary in which a vote keeps its members.
_PLAIN = ("sklearn.tree._tree.Tree", "sklearn.utils._bunch.Bunch")
_FUNCTIONS = "fingerprint_features.recipes.blocks"  # whose functions are from arrays to arrays, or build a model


@dataclass(frozen=True, eq=False)
class FittedRecipe:
    """A recipe that has learnt.

    Attributes
    ----------
    recipe : str
        Its name, one of `names`.
    model : estimator
        What `make` returned, fitted.
    learnt_from : tuple of str
        The digests of the images that it has learnt from, in hex; on these it must not be judged.
    reference : tuple of str
        The digests of the generated images that it compares with.
    """

    recipe: str
    model: Any
    learnt_from: tuple[str, ...] = ()
    reference: tuple[str, ...] = ()


@dataclass(frozen=True)
class KeptImages:
    """What a file keeps of an ImageSet: where its images are and what they are, without a pixel."""

    paths: list[str]
    ids: list[str]
    groups: list[str] | None
    size: tuple[int, int] | None
    options: dict[str, Any]
    digests: list[str]

    @classmethod
    def of(cls, images: ImageSet) -> Self:
        """Return what is kept of a set; raise for images that are in no file."""
        if not all(isinstance(images.find(i)[0], PathSource) for i in range(len(images))):
            raise ValueError(
                "a saved model holds no images, and some that this one compares with are in no file: fit it on an "
                "ImageSet of paths (Task.to_folder writes the images of a task). A model that compares with filtered "
                "images cannot be saved"
            )
        paths = [images.place(i) for i in range(len(images))]
        groups = None if images.groups is None else [str(group) for group in images.groups]
        digests = [digest.hex() for digest in images.digests]
        return cls(paths, images.ids.tolist(), groups, images.size, asdict(images.options), digests)

    def open(self) -> ImageSet:
        """Return the set; raise if a file is there and holds another image now."""
        options = {name: tuple(value) if isinstance(value, list) else value for name, value in self.options.items()}
        images = ImageSet(self.paths, self.ids, self.groups, size=self.size, options=DecodeOptions(**options))
        there = [i for i, path in enumerate(self.paths) if os.path.isfile(path)]
        for i, digest in zip(there, images[there].digests, strict=True):
            if digest.hex() != self.digests[i]:
                raise ValueError(f"{self.paths[i]} is not the image that the model was fitted with: put that one back")
        return images


def save(fitted: FittedRecipe, path: str | os.PathLike[str]) -> None:
    """Write a fitted recipe into one file: parameters, weights and rows, without pickle.

    Parameters
    ----------
    fitted : FittedRecipe
        The name of the recipe and the fitted model, such as ``detect(...).fitted``.
    path : path-like
        An existing file is replaced.

    Raises
    ------
    ValueError
        For a model that holds images: an ImageSet of arrays, or the features `Pixels`. For one with a class that is not
        from this library or scikit-learn.

    Notes
    -----
    The file holds no image. Of the sets that the model compares with it keeps paths, ids, patients and digests, and the
    rows that were extracted from them. Keep it as safe as the images: it shows which were learnt from. It holds no
    cache and no path to write to either.

    The layout is that of skops (a zip of JSON and arrays).

    Examples
    --------
    >>> import tempfile
    >>> from fingerprint_features import load_imageclef_gans, make_membership_task, recipes
    >>> folder = tempfile.mkdtemp()
    >>> make_membership_task(6, 6, 12, image_size=32, random_state=0).to_folder(folder)
    >>> task = load_imageclef_gans(folder, 2025, 1, "train")
    >>> model = recipes.make("dmk-2023-phash", reference=task.reference).fit(task.X)
    >>> recipes.save(recipes.FittedRecipe("dmk-2023-phash", model), f"{folder}/hashes.skops")
    >>> (recipes.load(f"{folder}/hashes.skops").model.predict(task.X) == model.predict(task.X)).all()
    np.True_
    """
    info(fitted.recipe)
    content = {"layout": _LAYOUT, "recipe": fitted.recipe, "learnt_from": list(fitted.learnt_from)}
    content["reference"] = list(fitted.reference)
    skops = _skops()
    try:
        data = skops.dumps(content | {"model": _without_images(fitted.model)}, compression=zipfile.ZIP_DEFLATED)
    except skops.exceptions.UnsupportedTypeException as error:
        raise ValueError(f"{fitted.recipe} cannot be saved: {error}") from error
    strange = [name for name in skops.get_untrusted_types(data=data) if not _is_ours(name)]
    if strange:
        raise ValueError(f"{fitted.recipe} cannot be saved: it holds {', '.join(strange)}, which no file may name")
    with replacing(Path(path), private=True) as unfinished:
        unfinished.write_bytes(data)


def load(path: str | os.PathLike[str], reference: Images | None = None) -> FittedRecipe:
    """Return the fitted recipe of a file that `save` wrote; a file from elsewhere cannot run code.

    Parameters
    ----------
    path : path-like
    reference : ImageSet, or anything an ImageSet is made of, default=None
        Images of another generator to compare with from now on, as in `with_reference`. None keeps those that the model
        was fitted with: their files must be where they were.

    Returns
    -------
    FittedRecipe

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no saved recipe, is damaged, or names a class or function that is neither scikit-learn's nor an
        estimator of this library; and if an image that the model compares with has changed since.
    ImageReadError
        If the model needs images that are not where they were. Models that only compare rows need none.
    """
    skops, name = _skops(), os.fsdecode(path)
    if not os.path.isfile(path):
        raise FileNotFoundError(f"there is no saved recipe {name}")
    try:
        strange = skops.get_untrusted_types(file=name)
        ours = [kind for kind in strange if _is_ours(kind)]
        content = skops.load(name, trusted=ours)
        model, recipe = content["model"], content["recipe"]
        if content["layout"] != _LAYOUT or not isinstance(model, BaseEstimator):
            raise ValueError("its layout is not known")
        info(recipe)
        learnt_from, compared = (tuple(map(str, content[word])) for word in ("learnt_from", "reference"))
        model = _with_images(model, keep=reference is None)
    except skops.exceptions.UntrustedTypesFoundException as error:
        raise ValueError(f"{name} is refused, since it names what no saved recipe holds: {error}") from error
    except ImageReadError:
        raise
    except Exception as error:  # whatever a damaged or hostile file makes the reader raise
        raise ValueError(f"{name} is no saved recipe, or is damaged: {error}") from error
    if reference is None:
        return FittedRecipe(recipe, model, learnt_from, compared)
    compared = tuple(digest.hex() for digest in as_image_set(reference).digests)
    return FittedRecipe(recipe, with_reference(model, reference), learnt_from, compared)


def _without_images(model):
    """Return a copy of a model that holds no image and no place to write to."""
    sets = [part for part in parts_of(model) if isinstance(part, ImageSet)]
    copied = deepcopy(model, {id(images): KeptImages.of(images) for images in sets})
    forget_places(copied)
    for part in parts_of(copied):
        if isinstance(part, PairNetwork):
            part.reference_ = part._paired_with = None
        if isinstance(part, KNeighborsClassifier):
            part._tree = None  # built again when it is loaded
        if isinstance(part, SpectralClustering):
            part.affinity_matrix_ = None  # predicts nothing
        if isinstance(part, TrainedNetwork):
            part.init = None  # what training started from, and did not stay
            part.weights = part.weights if part.weights in (None, "default", "v1") else None
    for part in parts_of(copied):
        pictures = isinstance(part, np.ndarray) and part.ndim > 2 and part.dtype in (np.uint8, np.uint16)
        if pictures or isinstance(part, Pixels):
            raise ValueError(f"a saved model holds no images, and {type(model).__name__} does: choose another recipe")
    return copied


def _with_images(model, keep):
    """Return a loaded model with its ImageSets; `keep` says whether it will compare with these."""
    stubs = [part for part in parts_of(model) if isinstance(part, KeptImages)]
    model = deepcopy(model, {id(stub): stub.open() for stub in stubs})
    forget_places(model)
    for part in parts_of(model):
        if isinstance(part, KNeighborsClassifier) and hasattr(part, "_fit_X"):
            part.fit(part._fit_X, part.classes_[part._y])
        if isinstance(part, BaseDecisionTree) and hasattr(part, "tree_"):
            _check_tree(part.tree_)
        if isinstance(part, TrainedNetwork) and part.__sklearn_is_fitted__():
            part._identify()  # rows in a cache are found by it: a file must not choose it
        if isinstance(part, PairNetwork):
            part._paired_with = part.reference
            if keep:
                part._pair()
    return model


def _check_tree(tree):
    """Raise for a tree that would be followed out of its arrays: scikit-learn does not look."""
    places = np.arange(tree.node_count)
    left, right = tree.children_left, tree.children_right
    leaf = left == -1
    good = np.array_equal(leaf, right == -1)
    good &= all(np.all((child > places)[~leaf] & (child < tree.node_count)[~leaf]) for child in (left, right))
    if not (good and np.all((tree.feature >= 0)[~leaf] & (tree.feature < tree.n_features)[~leaf])):
        raise ValueError("a tree leads out of its nodes")


def _is_ours(name):
    """Whether a file may name this too: an estimator of ours, a plain class inside one, or a function of recipes.

    Looking it up imports modules of this package alone.
    """
    if name in _PLAIN:
        return True
    module, _, word = name.rpartition(".")
    if not re.fullmatch(_ROOMS, module):
        return False
    try:
        found = getattr(importlib.import_module(module), word, None)
    except ImportError:
        return False
    if getattr(found, "__module__", None) != module:  # what the module has imported from elsewhere
        return False
    if inspect.isfunction(found):
        return module == _FUNCTIONS
    plain = (Samples, ComparedSets, Competition, FirstCompetitors, Null, Augmentation, KeptImages)
    return inspect.isclass(found) and issubclass(found, (BaseEstimator, *plain))


def _skops():
    return imported("skops.io", "learned", "saved recipes need skops")
