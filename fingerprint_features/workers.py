"""Parts of a sequence on joblib's workers, be they threads, processes or a cluster.

What the work needs is sent to a worker once. A part that ends its worker's process is done again, item by item in a
process of its own, so that one bad item stops nothing and is known.
"""

import pickle
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, ThreadPoolExecutor, as_completed, wait
from functools import partial
from typing import Any
from uuid import uuid4

import cloudpickle
import numpy as np
from joblib import Parallel, delayed, parallel_config
from joblib.parallel import ThreadingBackend, get_active_backend

from .alone import Death, one_by_one
from .threads import count_threads

__all__ = ["Death", "are_elsewhere", "spread"]

_DEATHS = {"KilledWorker", "RayActorError", "WorkerCrashedError"}  # of dask and of ray, which may not be installed
_BEGUN = "fingerprint_features: parts begun"  # where the scheduler of a Dask cluster notes them
_SMALL = 16e3  # bytes of a function that are sent with each part


def spread(
    function: Callable[[Any], Any], items: Any, size: int, n_jobs: int | None = None, in_processes: bool = True
) -> Iterator[tuple[int, Any]]:
    """Yield (start, result of the items from there on), as workers finish them.

    Parameters
    ----------
    function : callable
        Takes a slice of `items`. On process backends it is pickled once, and what it keeps stays with the worker for
        all its parts.
    items : sequence
        Sliced as parts are sent; a part holds up to `size` items.
    size : int
    n_jobs : int or None, default=None
        Workers, never more than there are parts; one inside a joblib worker.
    in_processes : bool, default=True
        Whether the workers may be processes, where joblib is configured so.

    Yields
    ------
    start : int
    result
        ``function(items[start : start + size])``; for an item that was done alone,
        ``function(items[start : start + 1])``; or a Death, if item `start` ends its process.
    """
    backend = _backend(in_processes)
    starts = range(0, len(items), size)
    n_workers = 1 if backend.nesting_level else min(count_threads(n_jobs), max(1, len(starts)))
    if n_workers == 1 and not hasattr(backend, "client"):  # Dask's, which decides by itself
        for start in starts:
            yield start, function(items[start : start + size])
        return
    if isinstance(backend, ThreadingBackend):
        yield from _in_threads(function, items, starts, size, n_workers, backend)
        return
    workers = partial(  # a new one for each call: it may still hold results of one that failed
        Parallel,
        n_jobs=n_workers,
        prefer="threads" if in_processes else None,
        require=None if in_processes else "sharedmem",
        return_as="generator_unordered" if backend.supports_return_generator else "list",
        pre_dispatch="2*n_jobs",
        batch_size=1,  # a part is a batch already; several at once would leave the last workers idle
    )
    if getattr(backend, "supports_sharedmem", False):
        yield from workers()(delayed(_part)(function, start, items[start : start + size]) for start in starts)
    else:
        with _Sent(function, backend) as sent:
            yield from _through_deaths(workers, sent, items, list(starts), size)


def _in_threads(function, items, starts, size, n_threads, backend):
    """Yield what `spread` yields; joblib's own threads look for results every 10 ms, which is long for a few images."""
    nested, n_jobs = backend.get_nested_backend()  # what joblib's threads are under

    def part(start, own):
        with parallel_config(nested, n_jobs=n_jobs):
            return start, function(own)

    with ThreadPoolExecutor(n_threads) as pool:
        under_way = set()
        try:
            for start in starts:
                under_way.add(pool.submit(part, start, items[start : start + size]))
                if len(under_way) == 2 * n_threads:
                    done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in done)
            yield from (future.result() for future in as_completed(under_way))
        finally:
            pool.shutdown(cancel_futures=True)


def are_elsewhere() -> bool:
    """Return whether joblib is configured to workers that may be on other machines."""
    backend = _backend(in_processes=True)
    return hasattr(backend, "client") or not type(backend).__module__.startswith("joblib.")


def _backend(in_processes):
    hint = {"prefer": "threads"} if in_processes else {"require": "sharedmem"}
    backend = get_active_backend(**hint)[0]
    if hasattr(backend, "client"):
        _report_deaths(backend)
    return backend


def _part(function, start, items):
    return start, function(items)


# ---- processes ------------------------------------------------------------------------------------------


def _through_deaths(workers, sent, items, starts, size):
    """Yield the results of all parts; after the death of a worker, do the parts that were under way one by one."""
    while starts:
        drawn, done = [], set()
        try:
            for start, results in workers()(_drawn(sent, items, starts, size, drawn)):
                done.add(start)
                yield from results
        except Exception as error:
            if not _is_death(error):
                raise
            suspects = [start for start in drawn if start not in done]
            singles = [i for start in suspects for i in range(start, min(start + size, len(items)))]
            for results in workers()(_shared_out(sent, items, singles, workers.keywords["n_jobs"])):
                yield from results
            done.update(suspects)
        starts = [start for start in starts if start not in done]


def _drawn(sent, items, starts, size, drawn):
    for start in starts:
        drawn.append(start)
        yield delayed(_together)(sent, start, items[start : start + size])


def _together(sent, start, items):
    """Return the results of a part: one; or one an item, if a worker has died of it."""
    if sent.is_second_try(start):
        return start, _alone(sent, range(start, start + len(items)), [items[i : i + 1] for i in range(len(items))])
    return start, [(start, sent.function()(items))]


def _shared_out(sent, items, singles, n_processes):
    """Yield tasks of about equal size: a process of its own takes seconds to start, so there are few."""
    for k in range(min(n_processes, len(singles))):
        own = singles[k::n_processes]
        yield delayed(_alone)(sent, own, [items[i : i + 1] for i in own])


def _alone(sent, starts, items):
    return list(zip(starts, one_by_one(sent.function(), items), strict=True))


def _is_death(error):
    return isinstance(error, BrokenExecutor) or any(kind.__name__ in _DEATHS for kind in type(error).__mro__)


def _report_deaths(backend):
    """Let joblib's Dask backend report a part that Dask gives up: it forgets to, and the call would wait for ever."""
    if "submit" in vars(backend):
        return
    submit, retrieve = backend.submit, backend.retrieve_result_callback

    def reporting(func, callback=None):
        future = submit(func, callback)
        future.add_done_callback(lambda done: callback(done.exception()) if done.exception() is not None else None)
        return future

    def raising(out):
        if isinstance(out, BaseException):
            raise out
        return retrieve(out)

    backend.submit, backend.retrieve_result_callback = reporting, raising


# ---- what each worker gets once -------------------------------------------------------------------------

_lock = threading.Lock()
_received: dict[str, Any] = {}  # in a worker: the latest function, under its key
_parcels: dict[str, Any] = {}  # in a worker of Dask: large functions, still pickled


class _Sent:
    """A function on its way to workers: pickled once by the sender, opened once by each worker.

    Large arrays are kept out of the pickle, so that joblib maps them into the processes of this machine. A Dask
    cluster gives a large function to each of its workers, those that start later too.
    """

    def __init__(self, function, backend):
        buffers = []
        pickled = cloudpickle.dumps(function, protocol=5, buffer_callback=buffers.append)
        parcel = [np.frombuffer(part, dtype=np.uint8) for part in (pickled, *(b.raw() for b in buffers))]
        self._client = getattr(backend, "client", None)
        self._on_dask = self._client is not None
        by_plugin = self._on_dask and sum(part.nbytes for part in parcel) > _SMALL
        self._key = uuid4().hex
        self._parcel = None if by_plugin else parcel
        self._delivery = parcel if by_plugin else None

    def __enter__(self):
        if self._delivery is not None:
            self._client.register_plugin(_plugin(self._key, self._delivery), name=self._key)
        return self

    def __exit__(self, *error):
        if self._delivery is not None:
            self._client.unregister_worker_plugin(self._key)
        if self._client is not None:
            self._client.set_metadata([_BEGUN, self._key], {})

    def __getstate__(self):
        return {"_key": self._key, "_parcel": self._parcel, "_on_dask": self._on_dask}

    def is_second_try(self, start):
        """Return, in a worker, whether another has begun this part: Dask gives it away again if that one dies."""
        if not self._on_dask:
            return False
        from distributed import get_client

        client, place = get_client(), [_BEGUN, self._key, str(start)]
        begun = client.get_metadata(place, default=False)
        if not begun:
            client.set_metadata(place, True)
        return begun

    def function(self):
        """Return the function, in a worker."""
        with _lock:
            if self._key not in _received:
                parcel = self._parcel if self._parcel is not None else _parcels[self._key]
                _received.clear()  # of an earlier call
                _received[self._key] = pickle.loads(parcel[0], buffers=parcel[1:])
            return _received[self._key]


def _plugin(key, parcel):
    from distributed import WorkerPlugin

    class Delivery(WorkerPlugin):
        def setup(self, worker):
            _keep(key, parcel)

        def teardown(self, worker):
            _forget(key)

    return Delivery()


def _keep(key, parcel):
    _parcels[key] = parcel


def _forget(key):
    _parcels.pop(key, None)
    _received.pop(key, None)
