"""One pass over all images before anything is judged: every bad file is named, and every row is kept for later."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np

from ..cache.identity import extractor_token
from ..extractors import BaseExtractor
from ..images import ImageFailure, ImageReadError, ImageSet
from ..pipeline import FeaturePipeline
from ..recipes.kinds import Cache
from .errors import ArgumentError


def check_settings(on_error: str, n_permutations: int, random_state: int) -> None:
    """Raise for settings out of their range, before any work."""
    if on_error not in ("raise", "nan"):
        raise ArgumentError(f"on_error= must be 'raise' or 'nan'. Got {on_error!r} instead.")
    for name, value, low in (("n_permutations", n_permutations, 1), ("random_state", random_state, 0)):
        if isinstance(value, bool) or not isinstance(value, Integral) or value < low:
            raise ArgumentError(f"{name}= must be an int >= {low}. Got {value!r} instead.")


@contextmanager
def rows_kept(cache: Cache) -> Iterator[Cache]:
    """Give the cache, or one for this call alone: the folds of a cross-validation see the same images."""
    if cache is not None:
        yield cache
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "rows.cache"


def extractors_in(model: Any) -> list[BaseExtractor]:
    """Return the extractors of all FeaturePipelines in a model, but those that learn from images."""
    found = [part for part in model.get_params().values() if isinstance(part, FeaturePipeline)]
    every = [extractor for part in found for extractor in part.get_params().values()]
    return [extractor for extractor in every if isinstance(extractor, BaseExtractor) and not extractor._stateful]


def needs_one_size(model: Any) -> bool:
    """Return whether a part of a model compares images that must have one size."""
    return any(getattr(part, "_one_size", False) for part in model.get_params().values())


def read_all(
    sets: Mapping[str, ImageSet], extractors: Sequence[BaseExtractor], cache: Cache, progress: bool
) -> dict[str, list[ImageFailure]]:
    """Extract rows of every set into the cache; return the images that cannot be used, by the name of their set."""
    features = FeaturePipeline(_each_once(extractors), cache=cache, progress=progress)
    found = {}
    for name, images in sets.items():
        failures = images.failures
        readable = images[good(images, failures)]
        try:
            if len(readable):
                features.fit_transform(readable)
        except ImageReadError as error:  # decoded, but of no use to an extractor
            failures += error.failures
        if failures:
            found[name] = failures
        if len(failures) == len(images):
            raise ImageReadError(_named(name, failures))
    return found


def refuse_bad(failures: Mapping[str, Sequence[ImageFailure]]) -> None:
    """Raise one ImageReadError that names every image that cannot be used, and its set."""
    named = [one for name, some in failures.items() for one in _named(name, some)]
    if named:
        raise ImageReadError(named)


def good(images: ImageSet, failures: Sequence[ImageFailure]) -> np.ndarray:
    """Return the mask of the images that can be used."""
    bad = {failure.id for failure in failures}
    return np.array([id not in bad for id in images.ids], dtype=bool)


def show_progress(model: Any, wanted: bool) -> None:
    """Have every part of a model that can show a progress bar do so."""
    if wanted:
        shown = (name for name in model.get_params() if name.split("__")[-1] == "progress")
        model.set_params(**dict.fromkeys(shown, True))


def _named(name, failures):
    return [replace(failure, id=f"{name}= {failure.id}") for failure in failures]


def _each_once(extractors):
    return list({extractor_token(extractor): extractor for extractor in extractors}.values())
