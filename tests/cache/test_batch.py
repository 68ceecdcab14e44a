"""The rows of a pass wait for one commit: what others see of them, when, and what a killed process loses."""

import pickle
import random
import subprocess
import sys
import textwrap
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

from fingerprint_features import FeatureCache, FeaturePipeline
from fingerprint_features.cache import batch
from fingerprint_features.cache.batch import Batch
from tests.cache.rows import ABOUT, ROOT, TOKEN, WIDTH, hits, make_digests, rows_of
from tests.helpers import Mean, random_images


@pytest.fixture
def path(tmp_path):
    return tmp_path / "features.cache"


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until the test sets it."""
    now = [100.0]
    monkeypatch.setattr(batch, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def put(rows, digests, token=TOKEN, width=WIDTH):
    rows.put_blocks([(token, digests, rows_of(digests, width), ABOUT)])


def stored(path, n, seed="0"):
    """Return how many rows another process would find."""
    return sum(hits(FeatureCache(path), make_digests(n, seed)))


def test_rows_wait_for_a_second_and_for_the_end(path, clock):
    digests = make_digests(40)
    with Batch(FeatureCache(path)) as rows:
        put(rows, digests[:10])
        clock[0] += 0.9
        put(rows, digests[10:20])
        assert not path.exists()  # and so nothing is locked
        clock[0] += 0.2
        put(rows, digests[20:30])
        assert stored(path, 40) == 30
        put(rows, digests[30:])
        assert stored(path, 40) == 30
    assert stored(path, 40) == 40


def test_a_first_chunk_that_takes_long_does_not_wait(path, clock):
    with Batch(FeatureCache(path)) as rows:
        clock[0] += 60
        put(rows, make_digests(3))
        assert stored(path, 3) == 3


@pytest.mark.parametrize(("n", "width"), [(10, 25_000), (10_000, 1)])
def test_many_bytes_do_not_wait(path, clock, monkeypatch, n, width):
    monkeypatch.setattr(batch, "_MOST_BYTES", 1e6)  # a row of one number takes a hundred bytes too
    digests = make_digests(n)
    with Batch(FeatureCache(path)) as rows:
        rows.put_blocks([(TOKEN, digests, np.zeros((n, width), np.float32), ABOUT)])
        assert len(FeatureCache(path)) == n


@pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt, SystemExit])
def test_rows_are_kept_after_an_error(path, error):
    def fails():
        with Batch(FeatureCache(path)) as rows:
            put(rows, make_digests(5))
            raise error

    with pytest.raises(error):
        fails()
    assert stored(path, 5) == 5


def test_an_interrupted_commit_is_tried_again(path, clock, monkeypatch):
    keep, interrupts = FeatureCache.put_blocks, [KeyboardInterrupt]

    def interrupted(self, blocks):
        if interrupts:
            raise interrupts.pop()
        keep(self, blocks)

    def fails():
        with Batch(FeatureCache(path)) as rows:
            put(rows, make_digests(5))
            clock[0] += 2
            put(rows, make_digests(3, "more"))

    monkeypatch.setattr(FeatureCache, "put_blocks", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fails()
    assert (stored(path, 5), stored(path, 3, "more")) == (5, 3)


def test_rows_that_wait_are_found(path, clock):
    digests = make_digests(10)
    with Batch(FeatureCache(path)) as rows:
        put(rows, digests[:5])
        ((places, block),) = rows.get_blocks([(TOKEN, WIDTH)], digests[3:])
        assert places == [0, 1]
        assert block.tobytes() == rows_of(digests[3:5]).tobytes()


def test_after_the_end_rows_are_committed_at_once(path):
    with Batch(FeatureCache(path)) as rows:
        pass
    put(rows, make_digests(5))  # of a thread that an error in another has not stopped yet
    assert stored(path, 5) == 5


def test_in_another_process_it_is_the_cache(path):
    with Batch(FeatureCache(path)) as rows:
        put(rows, make_digests(5))
        assert pickle.loads(pickle.dumps(rows)) == FeatureCache(path)


def test_threads_share_a_batch(path, monkeypatch):
    monkeypatch.setattr(batch, "_MOST_BYTES", 3000)
    with Batch(FeatureCache(path)) as rows:

        def work(k):
            for i in range(20):
                digests = make_digests(3, f"{k}, {i}")
                rows.get_blocks([(TOKEN, WIDTH)], digests)
                put(rows, digests)

        threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(FeatureCache(path)) == 240
    assert all(stored(path, 3, f"{k}, {i}") == 3 for k in range(4) for i in range(20))


# ---- passes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "commits"), [(1e9, 1), (0, 5)])
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_pass_commits_its_chunks_together(path, monkeypatch, seconds, commits, n_jobs):
    keep, calls = FeatureCache.put_blocks, []
    monkeypatch.setattr(batch, "_MOST_SECONDS", seconds)
    monkeypatch.setattr(FeatureCache, "put_blocks", lambda *args: (calls.append(1) if args[1] else None, keep(*args)))
    features = FeaturePipeline([Mean(), Mean(2)], cache=path, batch_size=4, n_jobs=n_jobs)
    expected = FeaturePipeline([Mean(), Mean(2)]).fit_transform(random_images(20, 16))
    np.testing.assert_array_equal(features.fit_transform(random_images(20, 16)), expected)
    assert len(calls) == commits
    assert len(FeatureCache(path)) == 40


class Stops(Mean):
    """An extractor that is stopped at an image of ones."""

    def _extract_one(self, image):
        if (image == 1).all():
            raise KeyboardInterrupt
        return super()._extract_one(image)


def test_what_was_computed_before_an_interrupt_is_kept(path):
    images = random_images(20, 16)
    images[13] = 1
    with pytest.raises(KeyboardInterrupt):
        FeaturePipeline([Mean(), Stops(2)], cache=path, batch_size=4).fit_transform(images)
    assert len(FeatureCache(path)) == 2 * 12 + 4  # three chunks, and one extractor of the fourth


def test_killed_passes_tear_nothing_and_lose_nothing_they_have_committed(path):
    code = """
        import sys
        from fingerprint_features.cache import FeatureCache, batch
        from tests.cache.rows import ABOUT, make_digests, rows_of
        path, seed = sys.argv[1:]
        batch._MOST_SECONDS = 0.02

        with batch.Batch(FeatureCache(path)) as rows:
            digests = make_digests(30_000, seed)
            print("ready", flush=True)
            for start in range(0, len(digests), 16):
                part = digests[start : start + 16]
                rows.put_blocks([(token, part, rows_of(part), ABOUT) for token in (b"a" * 32, b"b" * 32)])
                if not rows._waiting:
                    print(start + len(part), flush=True)  # these rows are safe now
    """
    pick, written = random.Random(0), {}
    for turn in range(3):
        command = [sys.executable, "-W", "error", "-c", textwrap.dedent(code), path]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": ROOT}
        writers = {f"{turn}-{k}": subprocess.Popen([*command, f"{turn}-{k}"], **pipes) for k in range(2)}
        for writer in writers.values():
            assert writer.stdout.readline() == "ready\n"
        time.sleep(pick.uniform(0.2, 0.6))
        for seed, writer in writers.items():
            writer.kill()
            printed, errors = writer.communicate(timeout=60)
            assert errors == ""
            written[seed] = int(["0", *printed.split("\n")[:-1]][-1])
    assert sum(written.values()) > 100
    cache = FeatureCache(path)
    for seed, n in written.items():
        digests = make_digests(30_000, seed)
        first, second = (hits(cache, digests, token) for token in (b"a" * 32, b"b" * 32))
        assert all(first[:n])
        assert first == second  # both extractors of a chunk or none
        assert sum(first) % 16 == 0
        assert first == sorted(first, reverse=True)  # commits come in their order
