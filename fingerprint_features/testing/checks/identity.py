"""Identity: the token, under which rows are kept, changes when values can, and only then."""

import atexit
import os
import pickle
import subprocess
import sys
from functools import cache
from numbers import Integral
from pathlib import Path
from unittest import SkipTest

import numpy as np

from ...cache.identity import extractor_token

_OTHER_PROCESS = """
import pickle, sys, traceback
answers, sys.stdout = sys.stdout.buffer, sys.stderr
while True:
    try:
        home, pickled = pickle.load(sys.stdin.buffer)
    except EOFError:
        break
    try:
        sys.path.append(home)
        from fingerprint_features.cache.identity import extractor_token
        answer = extractor_token(pickle.loads(pickled)), ""
    except Exception:
        answer = None, traceback.format_exc()
    pickle.dump(answer, answers)
    answers.flush()
"""


@cache
def _other_process():
    """Start a Python with another hash seed, once, because it takes a second; it ends with this one."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONHASHSEED": "12345"}
    command = [sys.executable, "-c", _OTHER_PROCESS]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
    atexit.register(child.communicate)
    return child


def the_token_outlives_the_process(case):
    """Another process, with another hash seed, gives the same token: it holds no address and no order of a set."""
    if type(case.extractor).__module__ == "__main__":
        raise SkipTest("another process cannot import a class of a script or notebook")
    extractor, child = case.fitted(), _other_process()
    pickle.dump((_home(type(extractor).__module__), pickle.dumps(extractor)), child.stdin)
    child.stdin.flush()
    token, complaint = pickle.load(child.stdout)
    case.expect(token, f"no token in another process (is the class importable there?): {complaint}")
    case.expect(token == extractor_token(extractor), "the token differs in another process")


def the_token_reads_numbers_by_value(case):
    """1 and 1.0, a tuple and a list are the same parameter, and make the same token."""
    extractor = case.fitted()
    token = extractor_token(extractor)
    for name, value in case.extractor.get_params(deep=True).items():
        for twin in _twins(value):
            same = extractor_token(case.fitted().set_params(**{name: twin})) == token
            case.expect(same, f"{name}={twin!r} makes another token than {name}={value!r}")


def other_values_make_another_token(case):
    """A parameter that changes names or values changes the token; a runtime one never the token alone."""
    base = case.fitted()
    rows, names, token = base.transform(case.pictures), list(base.get_feature_names_out()), extractor_token(base)
    for params in case.variants():
        (name,) = params
        other = case.fitted(**params)
        moved = list(other.get_feature_names_out()) != names
        moved = moved or not np.array_equal(other.transform(case.pictures), rows)
        renamed = extractor_token(other) != token
        if name in case.extractor._runtime_params and not renamed:
            case.expect_same(other.transform(case.pictures), rows, f"{name!r} is in _runtime_params and changes values")
        elif name in case.extractor._runtime_params:  # `_value_state` may hold it in another form
            case.expect(moved, f"{name!r} is in _runtime_params and changes the token")
        else:
            case.expect(renamed or not moved, f"{params} changes the row but not the token")


def what_was_learnt_is_in_the_token(case):
    """Fitted on other images, an extractor that gives other rows or names has another token."""
    here, there = case.fitted(), case.fitted(case.others.swapaxes(1, 2))
    try:
        equal = np.array_equal(here.transform(case.pictures), there.transform(case.pictures))
    except ValueError:  # it now refuses these images
        equal = False
    equal = equal and list(here.get_feature_names_out()) == list(there.get_feature_names_out())
    renamed = extractor_token(here) != extractor_token(there)
    case.expect(renamed or equal, "fit changes what the extractor gives but not its token: write _value_state")


def _home(module):
    """Return the folder from which a module is imported; that of a test file need not be on the path."""
    file = getattr(sys.modules[module], "__file__", None)  # None in a notebook
    return str(Path(file).resolve().parents[module.count(".")]) if file else ""


def _twins(value):
    if isinstance(value, Integral) and not isinstance(value, (bool, np.bool_)):
        yield from (float(value), np.int64(value))
    elif isinstance(value, float):
        yield np.float64(value)
    elif isinstance(value, (tuple, list)):
        yield list(value) if isinstance(value, tuple) else tuple(value)


CHECKS = [the_token_outlives_the_process, the_token_reads_numbers_by_value, other_values_make_another_token]
STATEFUL = [what_was_learnt_is_in_the_token]
