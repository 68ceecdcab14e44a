"""One pass over images: each is read once, looked up, decoded if a row is missing, and shown to every extractor.

`BaseExtractor.transform` and FeaturePipeline both are one pass. The methods of an extractor that a pass calls are
listed in `BaseExtractor` under "what a pass calls". Chunks, failures, threads and OpenCV's threads are here.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property

import numpy as np
from joblib import parallel_config

from ..cache.identity import describe
from ..images import ImageFailure, ImageReadError
from ..images.errors import fatal
from ..images.forms import Forms
from ..workers import Death, are_elsewhere, spread
from .facts import facts_of

_MOST_DECODED = 64e6  # bytes of pixels that a worker holds before it extracts them
_PATIENCE = 1.0  # seconds before a progress bar appears: short passes, as for each fold of a grid, show none


def extract_all(
    images, extractors, *, cache=None, n_jobs=None, chunk_size=32, in_processes=True, progress=False, out=None
) -> tuple[np.ndarray, dict[int, ImageFailure]]:
    """Extract the columns of all extractors, side by side.

    Parameters
    ----------
    images : ImageSet
    extractors : list of BaseExtractor
        Ready to extract, see `BaseExtractor.check_ready`.
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
    ends = np.cumsum([0] + [step.n_columns for step in steps])
    rows = np.empty((len(images), ends[-1]), dtype=np.float32) if out is None else out
    failures = {}
    if cache is not None and in_processes and are_elsewhere():
        from .far import far_results

        results = far_results(images, steps, cache, chunk_size, n_jobs)
    else:
        results = _near_results(images, steps, cache, chunk_size, n_jobs, in_processes)
    with _bar(len(images), progress) as bar, single_threaded_opencv():
        for places, kinds, result, n_finished in results:
            if isinstance(result, Death):
                failures[int(places[0])] = fatal(images.ids[places[0]], result)
            else:
                blocks, bad = result
                for kind, block in zip(kinds, blocks, strict=True):
                    rows[places[: len(block)], ends[kind] : ends[kind + 1]] = block
                failures.update((int(places[i]), failure) for i, failure in bad.items())
            bar.update(n_finished)
    return rows, {i: failures[i] for i in sorted(failures)}


def _near_results(images, steps, cache, chunk_size, n_jobs, in_processes):
    """Yield positions, numbers of steps, the result for them, and how many images that finishes."""
    places, kinds = np.arange(len(images)), range(len(steps))
    if not steps:  # every extractor was dropped
        return
    for start, result in spread(Chunk(steps, cache), images, chunk_size, n_jobs, in_processes):
        blocks = [] if isinstance(result, Death) else result[0]
        yield places[start:], kinds, result, len(blocks[0]) if blocks else 1


def _bar(n_images, wanted):
    if wanted:
        from tqdm.auto import tqdm
    else:  # the plain one asks no notebook
        from tqdm import tqdm

    return tqdm(total=n_images, unit="image", delay=_PATIENCE, disable=not wanted)


class Step:
    """One extractor of a pass: which extractor's rows are stored for it, under which token."""

    def __init__(self, extractor, keyed):
        self.finish = extractor.finish
        self.extractor = extractor.stored()
        self.width, self.token = facts_of(self.extractor, keyed)
        self.n_columns = self.width if self.extractor is extractor else extractor.n_columns()

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
        steps, cache = self.steps, self.cache
        with at_work(), parallel_config(n_jobs=1):
            blocks = [np.zeros((len(images), step.width), dtype=np.float32) for step in steps]  # for those that fail
            raws, digests, failures = _read(images, keyed=cache is not None)
            firsts = {digests[i]: i for i in reversed(digests)}
            wanted = sorted(firsts.values())
            missing = [_look_up(cache, step, block, wanted, digests) for step, block in zip(steps, blocks, strict=True)]
            names = dict(digests)  # of what is decoded below, which may have changed since
            for forms in _decode(images, raws, names, sorted(set().union(*missing)), failures):
                for step, block, absent in zip(steps, blocks, missing, strict=True):
                    positions = [i for i in absent if i in forms]
                    rows, bad = extract_forms(step.extractor, [forms[i] for i in positions], images.ids[positions])
                    block[positions] = rows
                    failures.update((positions[k], failure) for k, failure in bad.items())
                    good = [k for k in range(len(positions)) if k not in bad]
                    if cache is not None and good:
                        cache.put_many(step.token, [names[positions[k]] for k in good], rows[good], step.about)
            for i, digest in digests.items():
                _copy_twin(blocks, failures, firsts[digest], i, images.ids[i])
            return [step.finish(block) for step, block in zip(steps, blocks, strict=True)], failures


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


def _look_up(cache, step, block, wanted, digests):
    """Fill in the rows that the cache has and return the positions of the others."""
    if cache is None:
        return wanted
    missing = []
    for i, row in zip(wanted, cache.get_many(step.token, [digests[i] for i in wanted], step.width), strict=True):
        if row is None:
            missing.append(i)
        else:
            block[i] = row
    return missing


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


def _copy_twin(blocks, failures, first, i, id):
    """Give an image that occurs twice in a chunk what was found out for its first occurrence."""
    if i != first:
        for block in blocks:
            block[i] = block[first]
        if first in failures:
            failures[i] = replace(failures[first], id=id)


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
    with single_threaded_opencv(), np.errstate(divide="warn", over="warn", under="ignore", invalid="warn"):
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
