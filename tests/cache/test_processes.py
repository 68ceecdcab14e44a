"""Many processes and threads at one file, killed and forked at any moment: every row is whole, none is lost."""

import os
import random
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from fingerprint_features import FeatureCache
from tests.cache.rows import ROOT, TOKEN, WIDTH, fill, hits, make_digests, run_python


@pytest.fixture
def path(tmp_path):
    return tmp_path / "features.cache"


def start_writer(path, seed, n, batch, *go):
    command = [sys.executable, "-W", "error", "-m", "tests.cache.writer", *map(str, (path, seed, n, batch, *go))]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(writer):
    """Return the number of rows a writer has acknowledged."""
    printed, errors = writer.communicate(timeout=120)
    assert errors == ""
    return int(["0", *printed.split("\n")[1:-1]][-1])  # a line cut short by a kill does not count


@pytest.mark.parametrize(("writers", "n", "batch"), [(4, 1000, 64), (8, 30, 1)])
def test_processes_that_begin_and_write_at_once_lose_nothing(path, tmp_path, writers, n, batch):
    processes = [start_writer(path, seed, n, batch, tmp_path / "go") for seed in range(writers)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    (tmp_path / "go").touch()
    for process in processes:
        assert finish(process) == n
        assert process.returncode == 0
    assert sorted(os.listdir(tmp_path)) == ["features.cache", "go"]
    cache = FeatureCache(path)
    assert len(cache) == writers * n
    for seed in range(writers):
        assert all(hits(cache, make_digests(n, seed)))


def test_processes_that_write_the_same_rows_agree(path):
    code = """
        import sys
        from tests.cache.rows import fill, hits, make_digests
        from fingerprint_features import FeatureCache
        cache = FeatureCache(sys.argv[1])
        fill(cache, make_digests(500), batch=16)
        assert all(hits(cache, make_digests(500)))
        print(len(cache))
    """
    threads = [threading.Thread(target=run_python, args=(code, path)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(FeatureCache(path)) == 500
    assert all(hits(FeatureCache(path), make_digests(500)))


def test_killed_writers_tear_nothing_and_lose_nothing_they_have_acknowledged(path):
    pick = random.Random(0)
    written = {}
    for turn in range(5):
        writers = {f"{turn}-{k}": start_writer(path, f"{turn}-{k}", 50_000, 16) for k in range(3)}
        for writer in writers.values():
            assert writer.stdout.readline() == "ready\n"
        time.sleep(pick.uniform(0.05, 0.4))
        for seed, writer in writers.items():
            writer.kill()
            written[seed] = finish(writer)
    assert sum(written.values()) > 100
    cache = FeatureCache(path)
    for seed, n in written.items():
        digests = make_digests(n + 16, seed)  # the last batch may have arrived without a word
        found = hits(cache, digests)
        assert all(found[:n])
        assert len(set(found[n:])) == 1  # all of it or nothing
    fill(cache, make_digests(10, "afterwards"))
    assert all(hits(cache, make_digests(10, "afterwards")))


# ---- threads --------------------------------------------------------------------------------------------


def in_threads(n, action):
    """Run action(0), ... action(n - 1) in threads that start at once; raise what they raise."""
    barrier, errors = threading.Barrier(n), []

    def run(i):
        try:
            barrier.wait(30)
            action(i)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("turn", range(3))
def test_threads_begin_and_write_one_file_at_once(path, shared, turn):
    cache = FeatureCache(path)

    def write(i):
        mine = cache if shared else FeatureCache(path)
        fill(mine, make_digests(40, i), batch=5)
        assert all(hits(mine, make_digests(40, i)))

    in_threads(8, write)
    assert len(cache) == 320


def test_connections_of_threads_that_have_ended_are_closed(path):
    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("needs /proc")
    cache = FeatureCache(path)
    fill(cache, make_digests(1))
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):  # joblib makes a pool of threads for every call
        in_threads(4, lambda i: hits(cache, make_digests(5)))
    # SQLite keeps the files of closed connections for the next ones while any other of the process is open.
    assert len(os.listdir("/proc/self/fd")) <= before + 4


def test_threads_read_while_one_writes_and_one_drops(path):
    cache, digests = FeatureCache(path), make_digests(400)

    def work(i):
        for _ in range(5):
            if i == 0:
                fill(cache, digests, batch=20)
            elif i == 1:
                cache.clear()
            else:
                hits(cache, digests)

    in_threads(4, work)
    fill(cache, digests)
    assert all(hits(cache, digests))


# ---- forks ----------------------------------------------------------------------------------------------

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@needs_fork
def test_a_forked_child_reads_and_writes_and_so_does_its_parent(path):
    printed = run_python(
        """
        import os, sys
        from tests.cache.rows import fill, hits, make_digests
        from fingerprint_features import FeatureCache
        cache = FeatureCache(sys.argv[1])
        fill(cache, make_digests(10, "parent"))
        for child in range(5):
            if (pid := os.fork()) == 0:
                assert all(hits(cache, make_digests(10, "parent")))
                fill(cache, make_digests(10, child))
                assert all(hits(cache, make_digests(10, child)))
                os._exit(0)
            fill(cache, make_digests(10, f"parent, {child}"))
            assert os.waitpid(pid, 0)[1] == 0
            assert all(hits(cache, make_digests(10, child)))
        print(len(cache))
        """,
        path,
    )
    assert printed == "110\n"
    assert os.listdir(path.parent) == ["features.cache"]


@needs_fork
def test_a_child_outlives_its_parents_connection(path):
    # SQLite in the child would take an inherited connection's locks for its own: the parent, closing, would then
    # remove the log that the child is about to write to.
    printed = run_python(
        """
        import os, sys
        from tests.cache.rows import fill, hits, make_digests
        from fingerprint_features import FeatureCache
        cache = FeatureCache(sys.argv[1])
        fill(cache, make_digests(10, "parent"))
        (here, child_ready), (waiting, parent_done) = os.pipe(), os.pipe()
        if (pid := os.fork()) == 0:
            hits(cache, make_digests(1))
            os.write(child_ready, b".")
            os.read(waiting, 1)
            fill(cache, make_digests(10, "child"))
            os._exit(0)
        os.read(here, 1)
        hits(cache, make_digests(1))
        del cache
        os.write(parent_done, b".")
        assert os.waitpid(pid, 0)[1] == 0
        cache = FeatureCache(sys.argv[1])
        print(all(hits(cache, make_digests(10, "parent") + make_digests(10, "child"))))
        """,
        path,
    )
    assert printed == "True\n"


@needs_fork
def test_forks_while_other_threads_are_writing(path):
    printed = run_python(
        """
        import os, sys, threading, warnings
        from tests.cache.rows import fill, hits, make_digests
        from fingerprint_features import FeatureCache
        warnings.filterwarnings("ignore", category=DeprecationWarning)  # what Python says of threads and forks
        cache = FeatureCache(sys.argv[1])
        stop = threading.Event()
        written = [0, 0]

        def write(k):
            while not stop.is_set():
                fill(cache, make_digests(20, f"{k}, {written[k]}"), batch=4)
                written[k] += 1

        threads = [threading.Thread(target=write, args=(k,)) for k in (0, 1)]
        for thread in threads:
            thread.start()
        for child in range(15):
            if (pid := os.fork()) == 0:
                fill(cache, make_digests(5, child))
                os._exit(0)
            assert os.waitpid(pid, 0)[1] == 0
        stop.set()
        for thread in threads:
            thread.join()
        assert min(written) > 0
        for child in range(15):
            assert all(hits(cache, make_digests(5, child)))
        for k in (0, 1):
            for turn in range(written[k]):
                assert all(hits(cache, make_digests(20, f"{k}, {turn}")))
        print("all")
        """,
        path,
    )
    assert printed == "all\n"


@needs_fork
def test_a_fork_waits_while_the_connection_of_a_thread_that_ends_is_closed(path):
    # SQLite holds mutexes while it closes; a child forked then would wait for them for ever.
    printed = run_python(
        """
        import os, sys, threading, time, warnings
        from tests.cache.rows import fill, finish_or_kill, make_digests
        from fingerprint_features import FeatureCache
        warnings.filterwarnings("ignore", category=DeprecationWarning)  # what Python says of threads and forks
        cache = FeatureCache(sys.argv[1])
        mutex, closing = threading.Lock(), threading.Event()

        class Slow:
            def __init__(self, db):
                self.db = db

            def close(self):
                db, self.db = self.db, None
                if db is not None:  # as sqlite3: the second of two that close has nothing to do
                    with mutex:
                        closing.set()
                        time.sleep(0.5)
                        db.close()

        def use():
            fill(cache, make_digests(3))
            handle = cache._connections._handle()
            handle.db = Slow(handle.db)

        thread = threading.Thread(target=use)
        thread.start()
        assert closing.wait(20)
        if (pid := os.fork()) == 0:
            os._exit(0 if mutex.acquire(timeout=2) else 1)
        print(finish_or_kill(pid, seconds=20))
        thread.join()
        """,
        path,
    )
    assert printed == "0\n"


# ---- the end of a process -------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["main", "thread", "cycle", "daemon"])
def test_a_process_ends_quietly_with_a_cache_in_use(path, where):
    printed = run_python(
        """
        import sys, threading, time
        from tests.cache.rows import fill, hits, make_digests
        from fingerprint_features import FeatureCache
        cache = FeatureCache(sys.argv[1])
        where = sys.argv[2]
        done = threading.Event()

        def use():
            fill(cache, make_digests(5))
            done.set()
            time.sleep(100 if where == "daemon" else 0.1)

        if where in ("thread", "daemon"):
            threading.Thread(target=use, daemon=where == "daemon").start()
            done.wait()
        else:
            fill(cache, make_digests(5))
        if where == "cycle":
            keep = [cache]
            keep.append(keep)
            sys.modules["extra"] = keep
        print("end")
        """,
        path,
        where,
    )
    assert printed == "end\n"
    assert all(hits(FeatureCache(path), make_digests(5)))
    if where in ("main", "thread"):
        assert os.listdir(path.parent) == ["features.cache"]


def test_rows_survive_in_any_order_of_use(path):
    rng = np.random.default_rng(0)
    digests, there, cache = make_digests(300), set(), FeatureCache(path)
    for _ in range(60):
        part = [digests[i] for i in rng.choice(300, 20, replace=False)]
        assert hits(cache, part) == [digest in there for digest in part]
        fill(cache, part[:10])
        there.update(part[:10])
        if rng.random() < 0.2:
            cache = FeatureCache(path)
    assert len(cache) == len(there)
    assert cache.get_many(TOKEN, [b"never"], WIDTH) == [None]
