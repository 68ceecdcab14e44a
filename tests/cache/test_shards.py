"""Shards: what is exported can be merged, and nothing damaged can."""

import json
import os
import sqlite3
import stat

import pytest

from fingerprint_features import FeatureCache
from fingerprint_features.cache import shards
from tests.cache.rows import ABOUT, fill, hits, make_digests


@pytest.fixture
def shard(tmp_path):
    """A shard of 300 rows under one token and 5 under another."""
    cache = FeatureCache(tmp_path / "source" / "features.cache")
    fill(cache, make_digests(300))
    fill(cache, make_digests(5), token=b"other", width=1280)
    cache.export(tmp_path / "shard")
    return tmp_path / "shard"


@pytest.fixture
def cache(tmp_path):
    return FeatureCache(tmp_path / "merged.cache")


def test_what_is_exported_comes_back_with_its_records(shard, cache):
    assert cache.merge(shard) == 305
    assert all(hits(cache, make_digests(300)))
    assert all(hits(cache, make_digests(5), token=b"other", width=1280))
    first, second = cache.info()["extractors"]
    assert (first["rows"], second["rows"]) == (300, 5)
    assert {key: first[key] for key in ABOUT} == ABOUT
    assert first["created"]


def test_shards_of_several_workers_become_one_cache(tmp_path, cache):
    for worker in "ab":
        own = FeatureCache(tmp_path / f"{worker}.cache")
        fill(own, make_digests(50, worker) + make_digests(20, "both"))
        own.export(tmp_path / f"{worker}.shard")
    assert cache.merge([tmp_path / "a.shard", str(tmp_path / "b.shard")]) == 120
    assert all(hits(cache, make_digests(50, "a") + make_digests(50, "b") + make_digests(20, "both")))
    assert len(cache.info()["extractors"]) == 1


def test_rows_that_are_there_already_are_passed_over(shard, cache):
    fill(cache, make_digests(100))
    assert cache.merge(shard) == 205
    assert cache.merge([shard, shard]) == 0
    assert len(cache) == 305


def test_a_shard_is_one_complete_private_file(shard):
    assert stat.S_IMODE(shard.stat().st_mode) == 0o600
    assert sorted(os.listdir(shard.parent)) == ["shard", "source"]
    assert shard.read_bytes()[18] == 1  # no write-ahead log, hence nothing beside it


def test_reading_a_shard_changes_nothing(shard, cache):
    before = shard.read_bytes()
    os.chmod(shard, 0o444)
    cache.merge(shard)
    assert shard.read_bytes() == before
    assert [name for name in os.listdir(shard.parent) if name.startswith("shard")] == ["shard"]


def test_a_shard_holds_what_other_processes_have_committed(tmp_path, cache):
    source = FeatureCache(tmp_path / "source.cache")
    fill(source, make_digests(10))  # still in the write-ahead log
    FeatureCache(source.path).export(tmp_path / "shard")
    assert cache.merge(tmp_path / "shard") == 10


def test_a_cache_somebody_is_writing_can_be_merged_too(tmp_path, cache):
    source = FeatureCache(tmp_path / "source.cache")
    fill(source, make_digests(10))
    assert cache.merge(source.path) == 10
    fill(source, make_digests(20))
    assert all(hits(source, make_digests(20)))


def test_an_interrupted_export_leaves_nothing(cache, tmp_path, monkeypatch):
    fill(cache, make_digests(300))

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(shards.os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        cache.export(tmp_path / "shard")
    monkeypatch.undo()
    assert not [name for name in os.listdir(tmp_path) if "shard" in name]
    cache.export(tmp_path / "shard")  # and the cache still works
    assert FeatureCache(tmp_path / "again").merge(tmp_path / "shard") == 300


@pytest.mark.parametrize("name", ["shard", "merged.cache", "photo.png", "link"])
def test_export_over_any_file_is_refused(shard, cache, tmp_path, name):
    fill(cache, make_digests(3))
    (tmp_path / "photo.png").write_bytes(b"\x89PNG")
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(FileExistsError, match=f"{name} exists, and shards never change: choose another name"):
        cache.export(tmp_path / name)
    assert not [file for file in os.listdir(tmp_path) if file.startswith(".")]
    assert not os.path.exists(tmp_path / "link")
    assert FeatureCache(tmp_path / "again").merge(shard) == 305


def test_export_of_no_cache_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no cache .*typo"):
        FeatureCache(tmp_path / "typo").export(tmp_path / "shard")
    assert os.listdir(tmp_path) == []


def test_export_into_no_folder_is_an_error(tmp_path, cache):
    fill(cache, make_digests(3))
    with pytest.raises(FileNotFoundError, match="nowhere"):
        cache.export(tmp_path / "nowhere" / "shard")


# ---- damage ---------------------------------------------------------------------------------------------


def flip(shard):
    from tests.cache.rows import row_of

    data = bytearray(shard.read_bytes())
    data[data.index(row_of(make_digests(300)[42]).tobytes()) + 5] ^= 4
    shard.write_bytes(data)


def cut(shard):
    os.truncate(shard, shard.stat().st_size - 8192)


def replace_by_text(shard):
    shard.write_text("no shard")


def make_empty(shard):
    shard.write_bytes(b"")


def change(statement):
    def damage(shard):
        db = sqlite3.connect(shard)
        with db:
            db.execute(statement)
        db.close()

    return damage


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (flip, "a checksum is wrong"),
        (cut, "malformed"),
        (replace_by_text, "not a database"),
        (make_empty, "a database of another kind"),
        (change("PRAGMA application_id=1"), "a database of another kind"),
        (change("PRAGMA user_version=9"), "it has format 9"),
        (change("UPDATE features SET data = 'text' WHERE rowid = 9"), "a checksum is wrong"),
        (change("DROP TABLE features"), "no such table"),
        (change("UPDATE extractors SET record = 'no JSON'"), "the record of an extractor is damaged"),
    ],
)
def test_a_damaged_shard_is_named(shard, cache, damage, words):
    damage(shard)
    with pytest.raises(ValueError, match=rf"the shard {shard} cannot be merged \(.*{words}.*\): export it again"):
        cache.merge(shard)
    hits(cache, make_digests(300))  # verifies what has been merged before the damage was met
    fill(cache, make_digests(300))
    assert all(hits(cache, make_digests(300)))


def test_a_row_that_has_dropped_out_of_the_index_is_seen(tmp_path, cache):
    source, shard = FeatureCache(tmp_path / "source.cache"), tmp_path / "shard"
    fill(source, make_digests(20))
    source.export(shard)
    db = sqlite3.connect(shard)
    (page,) = db.execute("SELECT rootpage FROM sqlite_master WHERE type = 'index' AND tbl_name = 'features'").fetchone()
    db.close()
    with open(shard, "r+b") as file:
        file.seek(4096 * (page - 1) + 3)  # where the page says how many entries it has
        assert file.read(2) == b"\x00\x14"
        file.seek(-1, os.SEEK_CUR)
        file.write(b"\x13")
    with pytest.raises(ValueError, match="cannot be merged"):
        cache.merge(shard)


def test_shards_before_the_damaged_one_are_merged(shard, cache, tmp_path):
    (tmp_path / "bad").write_text("no shard")
    with pytest.raises(ValueError, match="bad cannot be merged"):
        cache.merge([shard, tmp_path / "bad"])
    assert len(cache) == 305


def test_a_missing_shard_is_named(cache, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no shard .*nowhere"):
        cache.merge(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="there is no shard"):
        cache.merge(tmp_path)


def test_merging_into_a_damaged_cache_is_an_error_that_names_it(shard, tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(OSError, match=r"letter\.txt cannot be used: file is not a database"):
        FeatureCache(tmp_path / "letter.txt").merge(shard)
    assert (tmp_path / "letter.txt").read_text() == "dear"


def test_records_in_a_shard_are_plain_json(shard):
    db = sqlite3.connect(shard)
    records = [json.loads(record) for (record,) in db.execute("SELECT record FROM extractors")]
    db.close()
    assert [record["class"] for record in records] == ["tests.Example"] * 2
