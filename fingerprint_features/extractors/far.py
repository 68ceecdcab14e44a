"""A pass on workers that may be on other machines: rows are looked up here, and come back here to be kept.

The workers use no cache of their own, so a second pass finds what the first one computed, whichever worker that was.
"""

import numpy as np

from ..images import ImageReadError
from ..workers import Death, spread
from .one_pass import Chunk


class RowsBack:
    """A cache for a worker: it has no rows, and those given to it go back with the results."""

    def __init__(self):
        self.kept = []

    def get_blocks(self, wanted, digests):
        """Return no row."""
        return [([], np.empty((0, width), dtype=np.float32)) for _, width in wanted]

    def put_blocks(self, blocks):
        """Hold rows until the end of the chunk."""
        self.kept += [(token, digests, rows) for token, digests, rows, _ in blocks]


class FarChunk:
    """The work on one chunk of images whose rows are missing; returns also what the cache shall keep."""

    def __init__(self, steps):
        self.steps = steps

    def __call__(self, images):
        """Return the result of `Chunk`, and the tokens, digests and rows to keep."""
        back = RowsBack()
        return Chunk(self.steps, back)(images), back.kept


def far_results(images, steps, cache, chunk_size, n_jobs):
    """Yield the rows that the cache has, then those that workers compute; the cache keeps them.

    Parameters
    ----------
    images : ImageSet
    steps : list of Step
    cache : Batch
    chunk_size : int
    n_jobs : int or None

    Yields
    ------
    places : ndarray of int
        Positions of images; the first of them are those of the result.
    kinds : sequence of int
        Numbers of the steps that the result has blocks of.
    result
        As of `Chunk`, or a Death.
    n_finished : int
        How many images have all their rows now that had not before.
    """
    lacking = {}
    for start in range(0, len(images), chunk_size):
        has, blocks = _look_up(images[start : start + chunk_size], steps, cache)
        for kind, block in blocks.items():
            yield start + np.flatnonzero(has[kind]), [kind], ([block], {}), 0
        for i, found in enumerate(has.T):
            lacking.setdefault(tuple(np.flatnonzero(~found).tolist()), []).append(start + i)
    yield np.array([], dtype=int), [], ([], {}), len(lacking.pop((), []))
    by_token = {step.token: step for step in steps}
    for kinds, places in lacking.items():
        places = np.array(places)
        for start, result in spread(FarChunk([steps[kind] for kind in kinds]), images[places], chunk_size, n_jobs):
            n_finished = 1
            if not isinstance(result, Death):
                result, kept = result
                cache.put_blocks([(*block, by_token[block[0]].about) for block in kept])
                n_finished = len(result[0][0])
            yield places[start:], kinds, result, n_finished


def _look_up(images, steps, cache):
    """Return which (step, image) the cache has, and by step a block of the rows that it has, in their order."""
    names = {}
    for i in range(len(images)):
        try:
            names[i] = images.identify(i)[0]
        except ImageReadError:
            continue  # the workers say so too, or can read it
    has, blocks, places = np.zeros((len(steps), len(images)), dtype=bool), {}, np.array(list(names), dtype=int)
    found = cache.get_blocks([(step.token, step.width) for step in steps], list(names.values()))
    for kind, (step, (there, rows)) in enumerate(zip(steps, found, strict=True)):
        if there:
            has[kind, places[there]] = True
            blocks[kind] = step.finish(rows)
    return has, blocks
