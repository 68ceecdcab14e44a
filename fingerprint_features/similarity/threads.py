"""Ordered work in threads, with only a few items under way at a time."""

import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor


def in_threads(function, items, n_jobs=None):
    """Return ``[function(item) for item in items]``; items are drawn as threads come free.

    Parameters
    ----------
    function : callable
        Should let go of Python's lock, as the compiled kernels do.
    items : iterable
        May be lazy and long.
    n_jobs : int or None
        Threads; None is 1, -1 one per core. Never changes the values.
    """
    n_threads = count_threads(n_jobs)
    if n_threads == 1:
        return [function(item) for item in items]
    results, under_way = [], deque()
    with ThreadPoolExecutor(n_threads) as pool:
        for item in items:
            under_way.append(pool.submit(function, item))
            if len(under_way) > n_threads:  # one waits, so that no thread does
                results.append(under_way.popleft().result())
        results.extend(future.result() for future in under_way)
    return results


def count_threads(n_jobs):
    """Return how many threads joblib would make of `n_jobs`."""
    if n_jobs is None:
        return 1
    if n_jobs == 0:
        raise ValueError(
            "n_jobs must be None, a positive int, or a negative one that counts cores from the end. Got 0."
        )
    if n_jobs > 0:
        return n_jobs
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, cores + 1 + n_jobs)
