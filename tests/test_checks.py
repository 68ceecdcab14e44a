"""The ground floor: checks of parameters, closest names, and threads as joblib counts them."""

import threading
import time
from types import SimpleNamespace

import joblib
import numpy as np
import pytest

from fingerprint_features import checks
from fingerprint_features.threads import count_threads, in_threads


class Owner(SimpleNamespace):
    pass


@pytest.mark.parametrize("value", [1.5, True, np.bool_(True), "3", None, float("nan"), 2, 8])
def test_an_int_is_checked(value):
    with pytest.raises(ValueError, match=r"^the 'n' parameter of Owner must be an int in \[3, 7\]. Got "):
        checks.check_int(Owner(n=value), "n", 3, 7)


@pytest.mark.parametrize("value", [0, 1, True, "0.5", float("nan")])
def test_a_share_is_checked(value):
    with pytest.raises(ValueError, match=r"'fpr' parameter of f must be a number between 0 and 1, both excluded\. Got"):
        checks.check_share("f", confidence=0.5, fpr=value)


@pytest.mark.parametrize(
    ("check", "value", "wanted"),
    [
        (lambda v: checks.check_count("f", 1, n=v), 0, "an int >= 1"),
        (lambda v: checks.check_count("f", 1, n=v), True, "an int >= 1"),
        (lambda v: checks.check_number("f", 0, 1, n=v), 1.5, r"a number in \[0, 1\]"),
        (lambda v: checks.check_number("f", 0, n=v), float("inf"), "a number >= 0"),
        (lambda v: checks.check_number("f", 0, 1, n=v), True, r"a number in \[0, 1\]"),
        (lambda v: checks.check_choice("f", ("a", "b"), n=v), "c", "one of 'a', 'b'"),
    ],
)
def test_values_of_functions_are_checked(check, value, wanted):
    with pytest.raises(ValueError, match=f"'n' parameter of f must be {wanted}. Got {value!r} instead"):
        check(value)


@pytest.mark.parametrize("n_jobs", [None, 1, -1, 3, np.int64(2)])
def test_numbers_of_jobs(n_jobs):
    checks.check_n_jobs(Owner(n_jobs=n_jobs))
    assert count_threads(n_jobs) >= 1


@pytest.mark.parametrize("n_jobs", [0, 1.5, True, "2"])
def test_what_is_no_number_of_jobs(n_jobs):
    with pytest.raises(ValueError, match="'n_jobs' parameter of Owner must be None or an int that is not 0"):
        checks.check_n_jobs(Owner(n_jobs=n_jobs))
    with pytest.raises(ValueError, match="n_jobs must be None, a positive int"):
        count_threads(n_jobs)


def test_the_closest_name():
    assert checks.did_you_mean("euclidian", ["cosine", "euclidean"]) == "did you mean 'euclidean'? "
    assert checks.did_you_mean("xyz", ["cosine", "euclidean"]) == ""
    assert checks.closest("layer5", ["stem", "layer3", "layer4"], n=2, cutoff=0)[0].startswith("layer")


def test_none_is_what_joblib_is_configured_to():
    assert count_threads() == 1
    with joblib.parallel_config(n_jobs=3):
        assert count_threads() == 3
        assert count_threads(2) == 2
    with joblib.parallel_config("threading", n_jobs=-1):
        assert count_threads() == joblib.cpu_count()
    assert count_threads(-1) == joblib.cpu_count()


def test_a_worker_of_joblib_starts_no_threads_of_its_own():
    workers = joblib.Parallel(n_jobs=2, prefer="threads")
    assert workers(joblib.delayed(count_threads)() for _ in range(3)) == [1, 1, 1]
    with joblib.parallel_config(n_jobs=2):
        assert workers(joblib.delayed(count_threads)() for _ in range(3)) == [1, 1, 1]


def most_at_once(call):
    """Return how many threads of those that `call` starts are at work together."""
    lock, state = threading.Lock(), SimpleNamespace(now=0, most=0)

    def work(item):
        with lock:
            state.now += 1
            state.most = max(state.most, state.now)
        time.sleep(0.02)
        with lock:
            state.now -= 1
        return item

    assert call(work) == list(range(12))
    return state.most


def test_as_many_threads_work_as_were_asked_for():
    assert most_at_once(lambda work: in_threads(work, range(12))) == 1
    assert most_at_once(lambda work: in_threads(work, range(12), 3)) == 3
    with joblib.parallel_config(n_jobs=2):
        assert most_at_once(lambda work: in_threads(work, range(12))) == 2
    assert most_at_once(lambda work: in_threads(work, range(12), 100_000)) <= 12


def test_items_are_drawn_as_threads_come_free():
    drawn, done = [], []

    def items():
        for i in range(30):
            drawn.append(i)
            assert len(drawn) - len(done) <= 4
            yield i

    def work(i):
        done.append(i)
        return i

    assert in_threads(work, items(), 2) == list(range(30))
