"""Public names: loaded when first used, by one thread at a time.

Two threads that enter a library such as scikit-learn by two of its modules at once can each wait for what the other
is loading; Python then gives one of them a module that is not complete.
"""

import os
import sys
import threading
from collections.abc import Callable

import lazy_loader

_gate = threading.RLock()


def attach(package: str, file: str) -> tuple[Callable[[str], object], Callable[[], list[str]], list[str]]:
    """Return ``__getattr__``, ``__dir__`` and ``__all__`` of a package whose ``__init__.pyi`` lists its names.

    Parameters
    ----------
    package : str
        Its ``__name__``.
    file : str
        Its ``__file__``.

    Returns
    -------
    tuple
    """
    load, names, everything = lazy_loader.attach_stub(package, file)

    def __getattr__(name):
        if _importing(package):
            return load(name)
        with _gate:
            return load(name)

    return __getattr__, names, everything


def _importing(package):
    """Return whether a module of the same project asks, while it is imported itself.

    Its thread must not wait: it holds the lock of that module, for which the one at the gate may be waiting.
    """
    frame = sys._getframe(2)
    while frame is not None and frame.f_globals.get("__name__", "").startswith("importlib."):
        frame = frame.f_back
    ours = package.partition(".")[0] + "."
    if frame is None or frame.f_code.co_name != "<module>":
        return False
    return frame.f_globals.get("__name__", "").startswith(ours)


def _renew_gate():
    global _gate
    _gate = threading.RLock()  # the thread that held it, if one did, is not in this process


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_gate)
