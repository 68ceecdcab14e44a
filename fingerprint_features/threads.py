"""Ordered work in threads, with only a few items under way at a time."""

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from numbers import Integral
from typing import TypeVar

from joblib import effective_n_jobs, parallel_config
from joblib.parallel import get_active_backend

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_threads(function: Callable[[Item], Result], items: Iterable[Item], n_jobs: int | None = None) -> list[Result]:
    """Return ``[function(item) for item in items]``; items are drawn as threads come free.

    Parameters
    ----------
    function : callable
        Should let go of Python's lock, as the compiled kernels do.
    items : iterable
        May be lazy and long.
    n_jobs : int or None, default=None
        Threads, as `count_threads` counts them. Never changes the values.

    Returns
    -------
    list
        In the order of the items.
    """
    n_threads = count_threads(n_jobs)
    if n_threads == 1:
        return [function(item) for item in items]
    results, under_way = [], deque()
    with ThreadPoolExecutor(n_threads) as pool:  # which starts a thread only when there is an item for it
        for item in items:
            under_way.append(pool.submit(function, item))
            if len(under_way) > n_threads:  # one waits, so that no thread does
                results.append(under_way.popleft().result())
        results.extend(future.result() for future in under_way)
    return results


def count_threads(n_jobs: int | None = None) -> int:
    """Return how many threads of this machine joblib would give to `n_jobs`.

    Parameters
    ----------
    n_jobs : int or None, default=None
        -1 is one per core. None is what ``joblib.parallel_config`` says, else 1; inside a joblib worker it is 1,
        because there the workers share the cores already.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        For 0 and for anything else that is no number of threads.
    """
    if n_jobs is None and get_active_backend()[0].nesting_level:
        return 1
    if n_jobs is not None and (not isinstance(n_jobs, Integral) or isinstance(n_jobs, bool) or n_jobs == 0):
        raise ValueError(
            "n_jobs must be None, a positive int, or a negative one that counts cores from the end. "
            f"Got {n_jobs!r} instead."
        )
    with parallel_config("threading"):  # the count of the machine at hand, not that of a cluster
        return effective_n_jobs(n_jobs)
