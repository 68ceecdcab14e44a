"""Full disks, locks, files that cannot be read or written, network disks: one warning, and the run goes on."""

import os
import sqlite3
import tempfile
import textwrap

import numpy as np
import pytest

from fingerprint_features import FeatureCache, FeaturePipeline
from fingerprint_features.cache import CacheWarning, connection, faults, mounts, store
from tests.cache.rows import fill, hits, make_digests, run_python, uses
from tests.helpers import Mean, random_images


@pytest.fixture
def path(tmp_path):
    return tmp_path / "features.cache"


# ---- no room --------------------------------------------------------------------------------------------


@pytest.fixture
def full_disk(monkeypatch):
    """Let no file grow beyond 30 pages."""
    connect = connection._connect

    def limited(*arguments):
        db = connect(*arguments)
        db.execute("PRAGMA max_page_count=30")
        return db

    monkeypatch.setattr(connection, "_connect", limited)
    yield
    monkeypatch.setattr(connection, "_connect", connect)


def test_a_full_disk_costs_one_warning_and_keeps_what_it_has(path, full_disk):
    (message,) = uses(FeatureCache(path))
    assert f"{path} cannot be written (database or disk is full): features are computed instead" in message
    assert 50 < len(FeatureCache(path)) < 400
    assert any(hits(FeatureCache(path), make_digests(200, "a")))


def test_rows_are_kept_again_when_there_is_room_again(path, request):
    request.getfixturevalue("full_disk")
    cache, digests = FeatureCache(path), make_digests(1000)
    with pytest.warns(CacheWarning, match="disk is full"):
        fill(cache, digests)
    request.getfixturevalue("monkeypatch").undo()
    fill(FeatureCache(path), digests)
    assert all(hits(FeatureCache(path), digests))


def test_a_pipeline_on_a_full_disk_gives_its_rows(path, full_disk):
    images = random_images(800, size=4)
    expected = FeaturePipeline([Mean()]).fit_transform(images)
    pipeline = FeaturePipeline([Mean(f) for f in range(1, 3)], cache=path)
    with pytest.warns(CacheWarning, match="disk is full") as caught:
        rows = pipeline.fit_transform(images)
    assert len(caught) == 1
    np.testing.assert_array_equal(rows[:, :1], expected)
    np.testing.assert_array_equal(pipeline.transform(images), rows)


def test_a_limit_on_the_size_of_files_costs_one_warning(path):
    pytest.importorskip("resource")
    printed = run_python(
        """
        import resource, sys
        from fingerprint_features import FeatureCache
        from tests.cache.rows import uses
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        (message,) = uses(FeatureCache(sys.argv[1]))
        print(message)
        """,
        path,
    )
    assert "cannot be written" in printed


# ---- no permission --------------------------------------------------------------------------------------


@pytest.fixture
def shared():
    """A cache of 300 rows in a folder that other users may enter; tmp_path may be closed to them."""
    if not hasattr(os, "setuid"):
        pytest.skip("needs POSIX permissions")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "features.cache")
        fill(FeatureCache(path), make_digests(300))
        os.chmod(path, 0o666)
        os.chmod(folder, 0o777)
        yield path
        os.chmod(folder, 0o700)


def as_nobody(path, code):
    start = """
        import sys
        from fingerprint_features import FeatureCache
        from tests.cache.rows import become, hits, make_digests, uses
        become(65534)
        cache = FeatureCache(sys.argv[1])
    """
    return run_python(textwrap.dedent(start) + textwrap.dedent(code), path).splitlines()


@pytest.mark.parametrize("what", ["folder", "file", "both"])
def test_what_cannot_be_written_serves_its_rows_and_warns_once(shared, what):
    if what != "folder":
        os.chmod(shared, 0o444)
    if what != "file":
        os.chmod(os.path.dirname(shared), 0o555)
    code = """
        print(sum(hits(cache, make_digests(300))), len(cache), cache.info()["rows"])
        print(*uses(cache), sep="\\n")
        print(sum(hits(FeatureCache(cache.path), make_digests(300))))
    """
    first, warning, last = as_nobody(shared, code)
    assert (first, last) == ("300 300 300", "300")
    assert f"{shared} cannot be written" in warning
    assert os.listdir(os.path.dirname(shared)) == ["features.cache"]
    assert len(FeatureCache(shared)) == 300


def test_a_cache_that_only_has_to_serve_hits_does_not_warn(shared):
    os.chmod(shared, 0o444)
    assert as_nobody(shared, "print(sum(hits(cache, make_digests(300))))") == ["300"]


def test_what_cannot_be_read_costs_one_warning(shared):
    os.chmod(shared, 0)
    (warning,) = as_nobody(shared, "print(*uses(cache), sep='\\n')")
    assert f"{shared} cannot be read" in warning
    os.chmod(shared, 0o600)
    assert all(hits(FeatureCache(shared), make_digests(300)))


def test_a_damaged_file_of_somebody_else_is_left_where_it_is(shared):
    with open(shared, "r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 2000)
    os.chmod(shared, 0o444)
    (warning,) = as_nobody(shared, "print(*uses(cache), sep='\\n')")
    assert f"{shared} cannot be read (database disk image is malformed)" in warning
    assert os.listdir(os.path.dirname(shared)) == ["features.cache"]


@pytest.mark.parametrize("place", ["/proc/nope/x.cache", "/dev/null/x.cache", "/dev/null"])
def test_a_place_where_nothing_can_be_made_costs_one_warning(place, monkeypatch):
    if not os.path.exists("/proc/self"):
        pytest.skip("needs /proc")
    monkeypatch.setattr(faults, "_warned", {})
    (message,) = uses(FeatureCache(place))
    assert f"the feature cache {place} cannot be" in message


def test_a_pipe_is_not_waited_for(path):
    os.mkfifo(path)
    (message,) = uses(FeatureCache(path))
    assert "it is no regular file" in message


# ---- locks ----------------------------------------------------------------------------------------------


@pytest.fixture
def locked(path, monkeypatch):
    """A cache of 300 rows that another connection is writing to, and never ends."""
    fill(FeatureCache(path), make_digests(300))
    monkeypatch.setattr(connection, "_BUSY_SECONDS", 0.05)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield other
    other.close()


def test_a_locked_file_serves_its_rows_costs_one_warning_and_is_then_left_alone(path, locked):
    cache = FeatureCache(path)
    assert all(hits(cache, make_digests(300)))
    (message,) = uses(cache)
    assert f"{path} cannot be written (database is locked)" in message
    assert all(hits(cache, make_digests(300)))
    locked.execute("ROLLBACK")
    fill(cache, make_digests(5, "later"))
    assert not any(hits(cache, make_digests(5, "later")))


def test_a_locked_file_is_tried_again_after_a_rest(path, locked, monkeypatch):
    monkeypatch.setattr(store, "_REST_SECONDS", 0)
    (message,) = uses(FeatureCache(path))
    assert "locked" in message
    locked.execute("ROLLBACK")
    assert uses(FeatureCache(path)) == []
    assert all(hits(FeatureCache(path), make_digests(200, "a")))


def test_asking_a_locked_file_for_more_than_rows_is_an_error(path, locked):
    assert len(FeatureCache(path)) == 300
    with pytest.raises(OSError, match="cannot be used: database is locked"):
        FeatureCache(path).clear()


def test_a_fault_in_the_middle_of_a_write_leaves_no_half_of_it(path):
    cache, digests = FeatureCache(path), make_digests(10)
    fill(cache, digests[:2])
    with pytest.raises(TypeError):  # the record of a new extractor is no JSON
        cache.put_many(b"new", digests, np.zeros((10, 2)), {"class": object()})
    assert len(cache) == 2
    fill(cache, digests)
    assert len(cache) == 10


# ---- network disks --------------------------------------------------------------------------------------


@pytest.fixture
def mount(tmp_path, monkeypatch):
    """Return a function that makes the system list a mount of some type."""

    def mount(point, kind, *more):
        lines = [("/dev/sda", "/", "ext4"), ("server:/x", str(point).replace(" ", "\\040"), kind), *more]
        (tmp_path / "mounts").write_text("".join(f"{a} {b} {c} rw,relatime 0 0\n" for a, b, c in lines))
        monkeypatch.setattr(mounts, "_MOUNTS", str(tmp_path / "mounts"))
        mounts.network_disk.cache_clear()

    yield mount
    mounts.network_disk.cache_clear()


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "lustre", "beegfs", "9p"])
def test_a_network_disk_gets_no_write_ahead_log_and_one_warning(tmp_path, mount, kind):
    mount(tmp_path / "my share", kind)
    cache = FeatureCache(tmp_path / "my share" / "features.cache")
    (message,) = uses(cache)
    assert f"is on a network disk ({kind})" in message
    assert "FeatureCache.export" in message
    assert all(hits(cache, make_digests(200, "a")))
    assert os.listdir(tmp_path / "my share") == ["features.cache"]  # while the connection is open


def test_a_cache_moved_between_local_and_network_disks_changes_its_log(tmp_path, path, mount):
    fill(FeatureCache(path), make_digests(10))
    assert path.read_bytes()[18] == 2  # SQLite's mark of a write-ahead log
    mount(tmp_path, "nfs")
    with pytest.warns(CacheWarning, match="network disk"):
        assert all(hits(FeatureCache(path), make_digests(10)))
    assert path.read_bytes()[18] == 1
    mount(tmp_path, "ext4")
    assert all(hits(FeatureCache(path), make_digests(10)))
    assert path.read_bytes()[18] == 2


def test_the_nearest_and_latest_mount_decides(tmp_path, mount):
    mount("/data", "nfs", ("/dev/sdb", "/data/local", "xfs"), ("tmpfs", "/data/hidden", "tmpfs"))
    assert mounts.network_disk("/data") == "nfs"
    assert mounts.network_disk("/data/a/b") == "nfs"
    assert mounts.network_disk("/data/local/a") is None
    assert mounts.network_disk("/database") is None
    mount("/data", "nfs", ("/dev/sdb", "/data", "xfs"))
    assert mounts.network_disk("/data/a") is None


def test_a_system_that_lists_no_mounts_has_local_disks(monkeypatch):
    monkeypatch.setattr(mounts, "_MOUNTS", "/no/such/file")
    mounts.network_disk.cache_clear()
    assert mounts.network_disk("/") is None
    mounts.network_disk.cache_clear()
