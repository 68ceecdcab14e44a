"""One pass over images: each is read once, looked up, decoded if a row is missing, and shown to every extractor.

`BaseExtractor.transform` and FeaturePipeline both are one pass. The methods of an extractor that a pass calls are
listed in `BaseExtractor` under "what a pass calls". Chunks, failures, threads and OpenCV's threads are here.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import cached_property
from itertools import accumulate

import numpy as np
from joblib import parallel_config

from ..cache.batch import Batch
from ..cache.identity import describe
from ..images import ImageFailure, ImageReadError
from ..images.errors import fatal
from ..images.forms import Forms
from ..workers import Death, are_elsewhere, spread
from .facts import look_at

_MOST_DECODED = 64e6  # bytes of pixels that a worker holds before it extracts them
_NUMPY = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}  # as it is before anybody sets it
_PATIENCE = 1.0  # seconds before a progress bar appears: short passes, as for each fold of a grid, show none


def extract_all(
    images, extractors, *, cache=None, n_jobs=None, chunk_size=32, in_processes=True, progress=False, out=None
) -> tuple[np.ndarray, dict[int, ImageFailure]]:
    """Extract the columns of all extractors, side by side.

    Parameters
    ----------
    images : ImageSet
    extractors : list of BaseExtractor
        Those that are not ready are refused, see `BaseExtractor.check_ready`.
    cache : FeatureCache or None, default=None
    n_jobs : int or None, default=None
        Workers, never more than there are chunks; one inside a joblib worker.
    chunk_size : int, default=32
        Images that a worker takes at a time.
    in_processes : bool, default=True
        Whether the workers may be processes, where joblib is configured so.
    progress : bool, default=False
    out : ndarray of shape (n_images, n_columns) and dtype float32, default=None
        Where to write the rows.

    Returns
    -------
    rows : ndarray of shape (n_images, n_columns) and dtype float32
        The rows of images that failed have no meaning.
    failures : dict of int to ImageFailure
        By position.
    """
    steps = [Step(extractor, keyed=cache is not None) for extractor in extractors]
    ends = list(accumulate((step.n_columns for step in steps), initial=0))
    rows = np.empty((len(images), ends[-1]), dtype=np.float32) if out is None else out
    failures = {}
    with nullcontext() if cache is None else Batch(cache) as batch, _bar(len(images), progress) as bar:
        for places, kinds, result, n_finished in _results(images, steps, batch, chunk_size, n_jobs, in_processes):
            if isinstance(result, Death):
                place = int(places[0])
                failures[place] = fatal(images.ids[place], result)
            else:
                blocks, bad = result
                for kind, block in zip(kinds, blocks, strict=True):
                    rows[places[: len(block)], ends[kind] : ends[kind + 1]] = block
                failures.update((int(places[i]), failure) for i, failure in bad.items())
            if bar is not None:
                bar.update(n_finished)
    return rows, {i: failures[i] for i in sorted(failures)}


def _results(images, steps, cache, chunk_size, n_jobs, in_processes):
    """Yield positions, numbers of steps, the result for them, and how many images that finishes."""
    if not steps:  # every extractor was dropped
        return
    elsewhere = in_processes and are_elsewhere()
    if cache is not None and elsewhere:
        from .far import far_results

        yield from far_results(images, steps, cache, chunk_size, n_jobs)
        return
    places, kinds, chunk = np.arange(len(images)), range(len(steps)), Chunk(steps, cache)
    if len(images) <= chunk_size and not elsewhere:
        yield places, kinds, chunk(images), len(images)
        return
    for start, result in spread(chunk, images, chunk_size, n_jobs, in_processes):
        blocks = [] if isinstance(result, Death) else result[0]
        yield places[start:], kinds, result, len(blocks[0]) if blocks else 1


def _bar(n_images, wanted):
    if not wanted:
        return nullcontext()
    from tqdm.auto import tqdm

    return tqdm(total=n_images, unit="image", delay=_PATIENCE)


class Step:
    """One extractor of a pass: which extractor's rows are stored for it, under which token."""

    def __init__(self, extractor, keyed):
        known = look_at(extractor)
        self.finish = extractor.finish
        self.extractor = extractor.stored()
        itself = self.extractor is extractor
        self.width, self.token = (known if itself else look_at(self.extractor)).facts(keyed)
        self.n_columns = self.width if itself else extractor.n_columns()

    @cached_property
    def about(self):
        """What the cache keeps with the rows; only asked for when there are new ones."""
        return {**describe(self.extractor), "columns": self.extractor.get_feature_names_out().tolist()}


class Chunk:
    """The work on one chunk of images, in any joblib worker.

    Parameters
    ----------
    steps : list of Step
    cache : FeatureCache or None
    """

    def __init__(self, steps, cache):
        self.steps = steps
        self.cache = cache

    def __call__(self, images) -> tuple[list[np.ndarray], dict[int, ImageFailure]]:
        """Return one block of rows per step, and the failures by position."""
        blocks = [np.zeros((len(images), step.width), dtype=np.float32) for step in self.steps]  # for those that fail
        raws, digests, failures = _read(images, keyed=self.cache is not None)
        firsts = {digests[i]: i for i in reversed(digests)}
        missing = self._look_up(blocks, sorted(firsts.values()), digests)
        if any(missing):
            with at_work(), parallel_config(n_jobs=1):
                self._extract(images, raws, dict(digests), missing, blocks, failures)
        for i, digest in digests.items():
            _copy_twin(blocks, failures, firsts[digest], i, images)
        with np.errstate(**_NUMPY):
            return [step.finish(block) for step, block in zip(self.steps, blocks, strict=True)], failures

    def _look_up(self, blocks, wanted, digests):
        """Fill in the rows that the cache has, and return for each step the positions of the others."""
        if self.cache is None:
            return [wanted] * len(blocks)
        missing = []
        kinds = [(step.token, step.width) for step in self.steps]
        found = self.cache.get_blocks(kinds, [digests[i] for i in wanted])
        for block, (places, rows) in zip(blocks, found, strict=True):
            if len(places) == len(block):  # all, in their order
                block[:] = rows
                missing.append([])
                continue
            block[[wanted[place] for place in places]] = rows
            there = set(places)
            missing.append([i for place, i in enumerate(wanted) if place not in there])
        return missing

    def _extract(self, images, raws, names, missing, blocks, failures):
        """Decode what lacks a row, extract it, and give new rows to the cache."""
        for forms in _decode(images, raws, names, sorted(set().union(*missing)), failures):
            new = []
            try:
                for step, block, absent in zip(self.steps, blocks, missing, strict=True):
                    positions = [i for i in absent if i in forms]
                    rows, bad = extract_forms(step.extractor, [forms[i] for i in positions], images.ids[positions])
                    block[positions] = rows
                    failures.update((positions[k], failure) for k, failure in bad.items())
                    good = [k for k in range(len(positions)) if k not in bad]
                    if self.cache is not None and good:
                        new.append((step.token, [names[positions[k]] for k in good], rows[good], step.about))
            finally:
                if new:
                    self.cache.put_blocks(new)


def _read(images, keyed):
    """Return what had to be read, what names the rows of each image (its position without a cache), and failures."""
    raws, names, failures = {}, {}, {}
    for i in range(len(images)):
        try:
            names[i], raw = images.identify(i) if keyed else (i, images.raw(i))
        except ImageReadError as error:
            failures[i] = error.failures[0]
        else:
            if raw is not None:
                raws[i] = raw
    return raws, names, failures


def _decode(images, raws, names, positions, failures) -> Iterator[dict[int, Forms]]:
    """Yield {position: forms} of all that can be decoded, large pictures a few at a time."""
    forms, n_bytes = {}, 0
    for i in positions:
        try:
            if i in raws:
                raw = raws[i]
            else:  # its name was known
                raw, names[i], _ = images.read(i)
            form = forms[i] = Forms(images.decode_one(raw, i))
        except ImageReadError as error:
            failures[i] = error.failures[0]
            continue
        n_bytes += form.image.nbytes
        if n_bytes > _MOST_DECODED:
            yield forms
            form, forms, n_bytes = None, {}, 0
    if forms:
        yield forms


def _copy_twin(blocks, failures, first, i, images):
    """Give an image that occurs twice in a chunk what was found out for its first occurrence."""
    if i != first:
        for block in blocks:
            block[i] = block[first]
        if first in failures:
            failures[i] = replace(failures[first], id=str(images.ids[i]))


def extract_forms(extractor, forms, ids) -> tuple[np.ndarray, dict[int, ImageFailure]]:
    """Extract decoded images, and find those that cannot be used by showing them one by one.

    Parameters
    ----------
    extractor : BaseExtractor
    forms : list of Forms
    ids : sequence of str

    Returns
    -------
    rows : ndarray of shape (n_images, n_columns) and dtype float32
        NaN for the images in `failures`.
    failures : dict of int to ImageFailure
    """
    if not len(forms):
        return np.empty((0, extractor.n_columns()), dtype=np.float32), {}
    try:
        return extractor.extract([getattr(form, extractor._mode) for form in forms]), {}
    except ImageReadError as error:
        if len(forms) == 1:
            reason = error.failures[0]
            failure = ImageFailure(str(ids[0]), reason.kind, f"{type(extractor).__name__}: {reason.reason}")
            return np.full((1, extractor.n_columns()), np.nan, dtype=np.float32), {0: failure}
    except Exception as error:
        if len(forms) > 1:  # let the one that is to blame raise, under its own name
            for form, id in zip(forms, ids, strict=True):
                extract_forms(extractor, [form], [id])
        named = f"{', '.join(ids[:3])}{', ...' if len(ids) > 3 else ''}"
        error.add_note(f"while {type(extractor).__name__} read {named}")
        raise
    rows, failures = np.empty((len(forms), extractor.n_columns()), dtype=np.float32), {}
    for i, (form, id) in enumerate(zip(forms, ids, strict=True)):
        row, bad = extract_forms(extractor, [form], [id])
        rows[i] = row[0]
        failures.update((i, failure) for failure in bad.values())
    return rows, failures


@contextmanager
def at_work():
    """Surround the work of an extractor: OpenCV on one thread, and NumPy as it is before anybody sets it.

    With ``np.seterr(all="raise")`` a number too small for float32 would otherwise stop a pass, in this thread only.
    """
    with single_threaded_opencv(), np.errstate(**_NUMPY):
        yield


_opencv_lock = threading.Lock()
_opencv_users = 0
_opencv_threads = None


@contextmanager
def single_threaded_opencv():
    """Keep OpenCV, which no thread limiter reaches, to one thread while any extractor is at work in this process.

    Workers share the cores already, and with several threads the last bits of some of its filters depend on how many
    there are.
    """
    global _opencv_users, _opencv_threads
    import cv2

    with _opencv_lock:
        if _opencv_users == 0:
            _opencv_threads = cv2.getNumThreads()
            cv2.setNumThreads(1)
        _opencv_users += 1
    try:
        yield
    finally:
        with _opencv_lock:
            _opencv_users -= 1
            if _opencv_users == 0:
                cv2.setNumThreads(_opencv_threads)
