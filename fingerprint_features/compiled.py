"""Compiled functions: numba's njit, kept on disk where there is a folder for it, and safe in a process that forks."""

import os
from collections.abc import Callable
from typing import Any

import numba
from numba.core.compiler_lock import global_compiler_lock

_kernels: list[Any] = []
_NO_FOLDER = "no locator available"  # numba's words when neither the package nor the user's cache can be written


def njit(**options: Any) -> Callable[[Callable], Callable]:
    """Compile a function with `numba.njit`.

    Parameters
    ----------
    **options
        Those of `numba.njit`. With ``cache=True`` the machine code is kept for the next process; where nothing can
        be written, it is compiled in every process.

    Returns
    -------
    callable
        The decorator.
    """

    def decorate(function):
        try:
            kernel = numba.njit(**options)(function)
        except RuntimeError as error:
            if _NO_FOLDER not in str(error):
                raise
            kernel = numba.njit(**options | {"cache": False})(function)
        _kernels.append(kernel)
        return kernel

    return decorate


def kernels() -> list[Any]:
    """Return the functions that have been decorated in this process: numba's dispatchers, if it compiles at all."""
    return [kernel for kernel in _kernels if hasattr(kernel, "stats")]


def _before_fork():
    """Wait until no thread compiles: a child would wait for ever for the lock that it inherits."""
    global_compiler_lock.acquire()


def _after_fork():
    global_compiler_lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)
