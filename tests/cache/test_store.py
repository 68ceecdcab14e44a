"""FeatureCache as its users see it: rows in, the same rows out, and what the file says of itself."""

import copy
import os
import pickle
import sqlite3
import stat
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.base import clone

from fingerprint_features import FeatureCache, FeaturePipeline, ImageStats
from fingerprint_features.cache import rows as table
from fingerprint_features.cache import store
from fingerprint_features.cache.store import opened
from tests.cache.rows import ABOUT, TOKEN, WIDTH, fill, hits, make_digests, row_of


@pytest.fixture
def path(tmp_path):
    return tmp_path / "features.cache"


# ---- rows -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [0, 1, 59, 1280, 5000])
def test_rows_come_back_to_the_last_bit(path, width):
    digests = make_digests(20)
    fill(FeatureCache(path), digests, width=width)
    assert all(hits(FeatureCache(path), digests, width=width))


def test_rows_come_in_the_order_asked_with_none_for_misses(path):
    digests = make_digests(1200)  # more than one query
    fill(FeatureCache(path), digests[:1000])
    asked = [digests[i] for i in np.random.default_rng(0).permutation(1200)] + [digests[3], digests[3]]
    rows = FeatureCache(path).get_many(TOKEN, asked, WIDTH)
    for digest, row in zip(asked, rows, strict=True):
        if digest in digests[:1000]:
            assert row.tobytes() == row_of(digest).tobytes()
            assert (row.dtype, row.shape) == (np.float32, (WIDTH,))
        else:
            assert row is None


def test_tokens_keep_rows_apart(path):
    cache, digests = FeatureCache(path), make_digests(3)
    fill(cache, digests, token=b"a")
    assert cache.get_many(b"b", digests, WIDTH) == [None] * 3


def test_no_digests_no_rows_no_file(path):
    cache = FeatureCache(path)
    assert cache.get_many(TOKEN, [], WIDTH) == []
    cache.put_many(TOKEN, [], np.empty((0, WIDTH), dtype=np.float32), ABOUT)
    assert not path.exists()


@pytest.mark.parametrize("change", [np.asfortranarray, lambda rows: rows.astype(">f4"), lambda rows: rows[::-1][::-1]])
def test_any_layout_of_a_matrix_is_stored_alike(path, change):
    digests = make_digests(4)
    rows = np.arange(12, dtype=np.float32).reshape(4, 3)
    FeatureCache(path).put_many(TOKEN, digests, change(rows), ABOUT)
    np.testing.assert_array_equal(FeatureCache(path).get_many(TOKEN, digests, 3), rows)


def test_a_row_that_is_there_stays(path):
    cache, digests = FeatureCache(path), make_digests(2)
    fill(cache, digests)
    cache.put_many(TOKEN, digests, np.zeros((2, WIDTH), dtype=np.float32), ABOUT)
    assert all(hits(cache, digests))
    assert len(cache) == 2


def test_a_row_of_another_width_is_a_miss_and_makes_room(path):
    cache, digests = FeatureCache(path), make_digests(5)
    fill(cache, digests, width=10)
    assert cache.get_many(TOKEN, digests[:2], WIDTH) == [None, None]
    assert len(cache) == 3
    fill(cache, digests[:2])
    assert all(hits(cache, digests[:2]))


@pytest.mark.parametrize("rows", [np.zeros(2), np.zeros((3, 4)), [[1.0]]])
def test_a_matrix_that_does_not_fit_the_digests_is_refused(path, rows):
    with pytest.raises(ValueError, match="2 digests need a matrix with one row for each"):
        FeatureCache(path).put_many(TOKEN, make_digests(2), rows, ABOUT)


def test_a_removed_file_is_made_again(path):
    cache, digests = FeatureCache(path), make_digests(4)
    fill(cache, digests)
    path.unlink()
    assert cache.get_many(TOKEN, digests, WIDTH) == [None] * 4
    fill(cache, digests)
    assert all(hits(FeatureCache(path), digests))


# ---- the file -------------------------------------------------------------------------------------------


def test_nothing_is_made_before_there_is_a_row_to_keep(path):
    cache = FeatureCache(path)
    assert cache.get_many(TOKEN, make_digests(1), WIDTH) == [None]
    assert len(cache) == 0
    assert cache.info() == {"path": str(path), "bytes": 0, "rows": 0, "extractors": []}
    assert cache.prune(max_bytes=0) == 0
    cache.clear()
    assert os.listdir(path.parent) == []


def test_a_new_file_and_its_folder_are_its_owners_only(tmp_path):
    cache = FeatureCache(tmp_path / "new" / "features.cache")
    fill(cache, make_digests(1))
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
    names = sorted(os.listdir(tmp_path / "new"))
    assert names == ["features.cache", "features.cache-shm", "features.cache-wal"]
    assert {stat.S_IMODE((tmp_path / "new" / name).stat().st_mode) for name in names} == {0o600}


def test_one_file_is_left_when_nobody_uses_the_cache(path):
    cache = FeatureCache(path)
    fill(cache, make_digests(10))
    del cache
    assert os.listdir(path.parent) == ["features.cache"]


@pytest.mark.parametrize("name", ["with space", "per%41cent", "what?immutable=1", "#hash", "ünï", "a'b", ":memory:"])
def test_odd_names_are_only_names(tmp_path, name):
    fill(FeatureCache(tmp_path / name), make_digests(3))
    assert os.listdir(tmp_path) == [name]
    assert all(hits(FeatureCache(tmp_path / name), make_digests(3)))


@pytest.mark.parametrize("use", [lambda c: fill(c, make_digests(1)), lambda c: hits(c, make_digests(1)), len])
def test_a_folder_is_refused_with_what_to_pass(tmp_path, use):
    with pytest.raises(IsADirectoryError, match=r"is a folder: pass a file in it, like .*features\.cache"):
        use(FeatureCache(tmp_path))


def test_a_link_to_a_cache_is_the_cache(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "target")
    fill(FeatureCache(tmp_path / "link"), make_digests(2))
    assert all(hits(FeatureCache(tmp_path / "target"), make_digests(2)))


def test_info_tells_what_the_rows_are(path):
    cache = FeatureCache(path)
    fill(cache, make_digests(3))
    fill(cache, make_digests(5), token=b"other")
    info = cache.info()
    assert (info["path"], info["rows"]) == (str(path), 8)
    assert info["bytes"] >= path.stat().st_size > 0
    first, second = info["extractors"]
    assert (first["rows"], second["rows"]) == (3, 5)
    assert {key: first[key] for key in ABOUT} == ABOUT
    assert first["versions"]["numpy"] == np.__version__
    assert {"fingerprint_features", "python"} <= first["versions"].keys()
    assert first["created"].endswith("+00:00")


def test_info_of_a_pipeline_names_class_params_and_columns(path):
    images = np.random.default_rng(0).integers(0, 256, (3, 8, 8), dtype=np.uint8)
    FeaturePipeline([ImageStats()], cache=path).fit_transform(images)
    (kind,) = FeatureCache(path).info()["extractors"]
    assert kind["class"].endswith(".ImageStats")
    assert kind["columns"] == ImageStats().get_feature_names_out().tolist()
    assert kind["rows"] == 3


def test_a_damaged_record_costs_no_row(path):
    fill(FeatureCache(path), make_digests(2))
    with sqlite3.connect(path) as db:
        db.execute("UPDATE extractors SET record = '{\"class'")
    db.close()
    assert FeatureCache(path).info()["extractors"][0]["class"] == "unknown"
    assert all(hits(FeatureCache(path), make_digests(2)))


@pytest.mark.parametrize(
    "about", [{}, {"class": 3, "params": [1], "columns": None}, {"class": "\x1b[2J", "params": {"\x1b[2J": "\x07"}}]
)
def test_any_record_can_be_listed(path, about):
    from typer.testing import CliRunner

    from fingerprint_features.cli.commands import app

    cache = FeatureCache(path)
    cache.put_many(TOKEN, make_digests(1), np.zeros((1, 2)), about)
    (entry,) = cache.info()["extractors"]
    assert {name: type(entry[name]) for name in ("class", "params", "columns", "rows")} == {
        "class": str,
        "params": dict,
        "columns": list,
        "rows": int,
    }
    done = CliRunner().invoke(app, ["cache", "info", str(path)])
    assert done.exit_code == 0
    assert "1 rows x 0 columns" in done.output
    assert done.output.replace("\n", "").isprintable()


def test_clear_takes_next_to_no_room(path, monkeypatch):
    cache = FeatureCache(path)
    fill(cache, make_digests(1000))
    cache._ask(lambda db: db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone())
    monkeypatch.setattr(table, "_give_back", lambda db: None)  # what clear writes stays in the log
    cache.clear()
    assert 0 < os.path.getsize(f"{path}-wal") < os.path.getsize(path) / 5
    assert len(cache) == 0


def test_clear_drops_every_row_and_gives_the_space_back(path):
    cache = FeatureCache(path)
    fill(cache, make_digests(500))
    cache.clear()
    assert (len(cache), cache.info()["extractors"]) == (0, [])
    assert cache.info()["bytes"] < 50_000
    fill(cache, make_digests(2))
    assert all(hits(cache, make_digests(2)))


@pytest.mark.parametrize("width", [59, 1280])
@pytest.mark.parametrize("share", [0.9, 0.5, 0.1])
def test_prune_to_a_size_drops_the_oldest_and_no_more_than_needed(path, width, share):
    cache, digests = FeatureCache(path), make_digests(1000)
    fill(cache, digests, width=width)
    del cache
    limit = int(path.stat().st_size * share)
    dropped = FeatureCache(path).prune(max_bytes=limit)
    assert 0.9 * limit - 2 * 4096 <= path.stat().st_size <= limit
    kept = hits(FeatureCache(path), digests, width=width)
    assert kept == [False] * dropped + [True] * (1000 - dropped)


def test_prune_to_nothing_drops_all(path):
    cache = FeatureCache(path)
    fill(cache, make_digests(100))
    assert cache.prune(max_bytes=0) == 100
    assert (len(cache), cache.info()["extractors"]) == (0, [])


def test_prune_of_a_file_that_is_small_enough_drops_nothing(path):
    cache = FeatureCache(path)
    fill(cache, make_digests(100))
    assert cache.prune(max_bytes=10_000_000, older_than_days=1) == 0
    assert all(hits(cache, make_digests(100)))


def test_prune_by_age_drops_what_was_written_before(path, monkeypatch):
    cache, digests = FeatureCache(path), make_digests(30)
    now = table.time.time()
    for age, part in ((3, digests[:10]), (1, digests[10:20]), (0, digests[20:])):
        monkeypatch.setattr(table.time, "time", lambda age=age: now - 86400 * age)
        fill(cache, part)
    assert cache.prune(older_than_days=2) == 10
    assert hits(cache, digests) == [False] * 10 + [True] * 20
    assert cache.prune(older_than_days=0.5) == 10


def test_prune_without_a_rule_is_refused(path):
    with pytest.raises(ValueError, match="max_bytes or older_than_days"):
        FeatureCache(path).prune()


# ---- a parameter like any other -------------------------------------------------------------------------


def test_copies_clones_and_pickles_carry_the_path_only(path):
    cache = FeatureCache(path)
    fill(cache, make_digests(200), width=1280)
    text = pickle.dumps(cache)
    assert len(text) < 300 + len(str(path))
    for twin in (copy.copy(cache), copy.deepcopy(cache), pickle.loads(text), clone(cache, safe=False)):
        assert twin == cache
        assert all(hits(twin, make_digests(200), width=1280))
    assert joblib.hash(cache) == joblib.hash(FeatureCache(path))


def test_clone_of_a_pipeline_shares_the_connection(path):
    cache = FeatureCache(path)
    assert clone(FeaturePipeline([ImageStats()], cache=cache)).cache is cache


def test_equality_and_hash_are_by_path(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    assert FeatureCache(path) == FeatureCache("features.cache") == FeatureCache(os.fsencode(path))
    assert len({FeatureCache(path), FeatureCache(str(path)), FeatureCache("other")}) == 2
    assert FeatureCache(path) != str(path)


def test_an_empty_cache_is_true(path):
    assert FeatureCache(path)


def test_repr_shows_the_path_and_escapes_what_terminals_obey(tmp_path):
    assert repr(FeatureCache(tmp_path / "c")) == f"FeatureCache('{tmp_path / 'c'}')"
    assert "\x1b" not in repr(FeatureCache("\x1b[2Jc"))


def test_the_path_is_kept_when_the_folder_changes(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    cache = FeatureCache(Path("features.cache"))
    monkeypatch.chdir("/")
    fill(cache, make_digests(1))
    assert path.exists()


def test_a_row_cannot_be_written_to(path):
    fill(FeatureCache(path), make_digests(1))
    (row,) = FeatureCache(path).get_many(TOKEN, make_digests(1), WIDTH)
    with pytest.raises(ValueError, match="read-only"):
        row[0] = 1


def test_rows_of_any_float_dtype_become_float32(path):
    cache = FeatureCache(path)
    cache.put_many(TOKEN, make_digests(1), np.array([[0.1, 2]]), ABOUT)
    np.testing.assert_array_equal(cache.get_many(TOKEN, make_digests(1), 2)[0], np.float32([0.1, 2]))


def test_what_has_only_been_read_stays_open_and_what_was_written_is_closed(tmp_path):
    path = str(tmp_path / "features.cache")
    digests = make_digests(3)
    with opened(path) as cache:
        fill(cache, digests)
    del cache
    assert os.listdir(tmp_path) == ["features.cache"]  # no log: all rows are in the file itself
    with opened(path) as reader:
        assert all(hits(reader, digests))
    with opened(path) as same, opened(path) as other:
        assert same is reader
        assert other is not reader  # in use
    os.replace(path, tmp_path / "moved.cache")
    with opened(path) as cache:
        assert not any(hits(cache, digests))
    store._read_only.clear()


def test_few_caches_stay_open(tmp_path):
    for i in range(9):
        with opened(tmp_path / f"{i}.cache") as cache:
            hits(cache, make_digests(1))
    assert [os.path.basename(path) for path in store._read_only] == [f"{i}.cache" for i in range(5, 9)]
    store._read_only.clear()
