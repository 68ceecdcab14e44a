"""Work that may end its process, item by item in a process of its own: an item that does so is known.

Results and errors come back through a pipe, as the pickles that joblib's workers send too.
"""

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import cloudpickle

_CHILD = "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); from {} import _serve; _serve()"
_READY = "ready"


class Death(NamedTuple):
    """What is left of an item that ended its process.

    Attributes
    ----------
    status : int
        The exit status of the process; minus the number of the signal that ended it.
    """

    status: int

    def __str__(self) -> str:
        if self.status >= 0:
            return f"exit status {self.status}"
        return f"signal {-self.status}, {signal.strsignal(-self.status) or 'unknown'}"


def one_by_one(function: Callable[[Any], Any], items: list[Any]) -> list[Any]:
    """Return ``function(item)`` for every item, or the Death of an item that ends its process.

    Parameters
    ----------
    function : callable
        May be anything that cloudpickle takes.
    items : list

    Returns
    -------
    list
        One entry an item. A process is started at first and after each death, so the work ends.

    Raises
    ------
    RuntimeError
        When a process cannot even begin.
    """
    results = []
    while len(results) < len(items):
        results.extend(_until_death(function, items[len(results) :]))
    return results


def _until_death(function, items) -> Iterator[Any]:
    """Yield the results of a new process; a Death is the last of them."""
    n_done = 0
    command = [sys.executable, "-c", _CHILD.format(__name__)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        try:
            _send(child.stdin, function, items)
            for succeeded, result in _received(child.stdout):
                if not succeeded:
                    raise result
                yield result
                n_done += 1
        finally:
            if n_done == len(items):
                child.wait()  # it ends by itself
            else:
                child.kill()  # nobody waits for what is left; a dead one keeps its status
    if n_done < len(items):
        yield Death(child.returncode)


def _send(pipe, function, items):
    with suppress(BrokenPipeError):  # of a process that has ended: there will be no word from it
        pickle.dump(sys.path, pipe)
        cloudpickle.dump((function, items), pipe)
    with suppress(BrokenPipeError):
        pipe.close()


def _received(pipe):
    """Yield what the process sends until it ends."""
    try:
        first = pickle.load(pipe)
    except (EOFError, pickle.UnpicklingError):
        first = None
    if first != _READY:
        raise RuntimeError("a process for single images cannot be started: see its error output above")
    while True:
        try:
            yield pickle.load(pipe)
        except (EOFError, pickle.UnpicklingError):  # at its end, or in the middle of a result
            return


def _serve():
    """Do the work of a child process: read function and items, and write one result an item."""
    with os.fdopen(os.dup(1), "wb") as results:
        os.dup2(2, 1)  # what the work prints is not mixed with its results
        function, items = pickle.load(sys.stdin.buffer)
        pickle.dump(_READY, results)
        results.flush()
        for item in items:
            try:
                answer = True, function(item)
            except Exception as error:
                answer = False, error
            cloudpickle.dump(answer, results)
            results.flush()
