"""Parts on joblib's workers: what they share is sent once, and an item that ends its process is named."""

import os
import signal

import joblib
import pytest

from fingerprint_features import FeatureCache, FeaturePipeline, ImageReadError
from fingerprint_features.alone import Death, one_by_one
from fingerprint_features.workers import spread
from tests.helpers import Fatal, Opened, images_of_which_one_is_fatal, random_images, write_images


def test_items_that_end_their_process_leave_a_death_and_the_others_are_done():
    def double(item):
        print("noise that is no result")
        if item == 2:
            os._exit(4)
        if item == 4:
            os.kill(os.getpid(), signal.SIGKILL)
        return 2 * item

    results = one_by_one(double, list(range(6)))
    assert results == [0, 2, Death(4), 6, Death(-signal.SIGKILL), 10]
    assert [str(results[2]), str(results[4])] == ["exit status 4", "signal 9, Killed"]


def test_an_error_of_the_work_is_raised_as_it_is():
    with pytest.raises(ZeroDivisionError):
        one_by_one(lambda item: 1 // item, [1, 0, 2])


def test_a_process_that_cannot_begin_is_an_error_and_not_the_fault_of_an_item(monkeypatch):
    monkeypatch.setattr("fingerprint_features.alone._CHILD", "raise SystemExit(1)")
    with pytest.raises(RuntimeError, match="cannot be started"):
        one_by_one(len, [[0]])


@pytest.mark.parametrize("backend", ["threading", "loky", "multiprocessing"])
def test_every_part_is_done_once_on_every_backend(backend):
    items = list(range(10))
    with joblib.parallel_config(backend, n_jobs=2):
        results = sorted(spread(sum, items, 3))
    assert results == [(0, 3), (3, 12), (6, 21), (9, 9)]


def test_an_image_that_ends_its_worker_is_named_and_the_others_keep_their_rows(tmp_path):
    paths = write_images(tmp_path / "png", images_of_which_one_is_fatal())
    features = FeaturePipeline([Fatal()], cache=tmp_path / "c", batch_size=4)
    named = r"image13\.png: it ended the process that worked on it \(exit status 3\)"
    with joblib.parallel_config("loky", n_jobs=2), pytest.raises(ImageReadError, match=named) as caught:
        features.fit_transform(paths)
    assert [failure.kind for failure in caught.value.failures] == ["fatal"]
    assert len(FeatureCache(tmp_path / "c")) == 23


def test_a_worker_opens_what_it_needs_once(tmp_path):
    with joblib.parallel_config("loky", n_jobs=2):
        FeaturePipeline([Opened(log=tmp_path / "log")], batch_size=2).fit_transform(random_images(24))
    processes = (tmp_path / "log").read_text().split()
    assert len(processes) == len(set(processes)) <= 2


def test_threads_are_under_what_the_threads_of_joblib_are_under():
    def level(items):
        backend, n_jobs = joblib.parallel.get_active_backend()
        return type(backend), backend.nesting_level, n_jobs

    theirs = joblib.Parallel(n_jobs=2, prefer="threads")(joblib.delayed(level)(None) for _ in range(3))
    ours = [result for _, result in spread(level, range(3), 1, n_jobs=2)]
    assert ours == theirs
    assert ours[0][1] == 1


def test_an_error_in_a_thread_is_raised_and_later_parts_do_not_begin():
    begun = []

    def fail(items):
        begun.append(items)
        raise KeyError("the work's own")

    with pytest.raises(KeyError, match="the work's own"):
        list(spread(fail, range(100), 1, n_jobs=2))
    assert len(begun) < 10


def test_threads_stop_when_nobody_wants_more_results():
    done = []
    results = spread(done.append, range(100), 1, n_jobs=2)
    next(results)
    results.close()
    assert len(done) < 10
