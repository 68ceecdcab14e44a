"""Damaged, doctored and foreign files: no wrong row is served, nothing is lost, nothing runs."""

import os
import pickle
import sqlite3
import warnings

import numpy as np
import pytest

from fingerprint_features import FeatureCache, FeaturePipeline
from fingerprint_features.cache import CacheWarning
from fingerprint_features.cache.connection import Connections
from tests.cache.rows import ABOUT, TOKEN, WIDTH, fill, hits, make_digests, row_of
from tests.helpers import Mean, count_lines, random_images, write_images


@pytest.fixture
def path(tmp_path):
    return tmp_path / "features.cache"


def filled(path, n=300, **options):
    """Write a cache file that no connection uses any more; return its digests."""
    digests = make_digests(n)
    fill(FeatureCache(path), digests, **options)
    return digests


def change(path, statement, *arguments):
    db = sqlite3.connect(path)
    with db:
        db.execute(statement, arguments)
    db.close()


# ---- single rows ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("offset", [0, 117, 4 * WIDTH - 1])
def test_one_flipped_byte_is_a_miss_that_makes_room(path, offset):
    digests = filled(path)
    data = bytearray(path.read_bytes())
    assert data.count(row_of(digests[7]).tobytes()) == 1
    data[data.index(row_of(digests[7]).tobytes()) + offset] ^= 1
    path.write_bytes(data)
    cache = FeatureCache(path)
    assert hits(cache, digests) == [digest != digests[7] for digest in digests]
    assert len(cache) == 299
    fill(cache, digests)
    assert all(hits(cache, digests))


def test_a_flipped_row_is_computed_again_by_the_pipeline(path, tmp_path):
    images, log = random_images(5), tmp_path / "log"
    pipeline = FeaturePipeline([Mean(log=log)], cache=path)
    first = pipeline.fit_transform(images)
    change(path, "UPDATE features SET data = x'00000000' WHERE rowid = 3")
    np.testing.assert_array_equal(pipeline.transform(images), first)
    assert count_lines(log) == 6
    pipeline.transform(images)
    assert count_lines(log) == 6


def test_a_row_under_the_digest_of_another_is_a_miss(path):
    digests = filled(path)
    change(path, "UPDATE features SET digest = x'00' WHERE digest = ?", digests[0])
    change(path, "UPDATE features SET digest = ? WHERE digest = ?", digests[0], digests[1])
    change(path, "UPDATE features SET digest = ? WHERE digest = x'00'", digests[1])
    assert hits(FeatureCache(path), digests[:3]) == [False, False, True]


def test_a_row_under_the_token_of_another_extractor_is_a_miss(path):
    digests = filled(path)
    fill(FeatureCache(path), make_digests(1, "other"), token=b"other")
    change(path, "UPDATE features SET extractor = 2 WHERE digest = ?", digests[0])
    assert hits(FeatureCache(path), digests[:1], token=b"other") == [False]


@pytest.mark.parametrize("value", [None, 7, 1.5, "text", "\ud800", b"", b"\x00" * 4 * WIDTH])
def test_values_of_any_type_are_misses(path, value):
    digests = filled(path, 2)
    change(path, "CREATE TABLE doctored AS SELECT * FROM features")
    change(path, "DROP TABLE features")
    change(path, "ALTER TABLE doctored RENAME TO features")  # the constraints are gone
    if value == "\ud800":  # text that is not UTF-8
        change(path, "UPDATE features SET data = CAST(x'ff' AS TEXT) WHERE digest = ?", digests[0])
    else:
        change(path, "UPDATE features SET data = ? WHERE digest = ?", value, digests[0])
    change(path, "UPDATE features SET crc = 'text' WHERE digest = ?", digests[1])
    assert hits(FeatureCache(path), digests) == [False, False]


class Evil:
    def __init__(self, witness):
        self.witness = witness

    def __reduce__(self):
        return os.mkdir, (self.witness,)


def test_a_planted_pickle_is_never_run(path, tmp_path):
    witness = tmp_path / "witness"
    evil = pickle.dumps(Evil(str(witness)))
    digests = filled(path, 3)
    change(path, "UPDATE features SET data = ? WHERE digest = ?", evil, digests[0])
    change(path, "UPDATE features SET data = ? WHERE digest = ?", evil.ljust(4 * WIDTH, b"."), digests[1])
    change(path, "UPDATE extractors SET record = ?", evil)
    cache = FeatureCache(path)
    assert hits(cache, digests) == [False, False, True]
    cache.info()
    cache.export(tmp_path / "shard")
    with pytest.raises(ValueError, match="cannot be merged"):
        FeatureCache(tmp_path / "other").merge(tmp_path / "shard")
    assert not witness.exists()
    pickle.loads(evil)
    assert witness.exists()  # it would have worked


# ---- whole files ----------------------------------------------------------------------------------------


def garbage_header(path):
    filled(path)
    with open(path, "r+b") as file:
        file.write(os.urandom(100))


def cut_in_half(path):
    filled(path)
    os.truncate(path, path.stat().st_size // 2)


def short_text(path):
    path.write_text("a")


def longer_text(path):
    path.write_text("a" * 511)


def text_file(path):
    path.write_text("patient,label\n" * 1000)


def foreign_database(path):
    change(path, "CREATE TABLE letters (text)")
    change(path, "INSERT INTO letters VALUES ('dear')")


def newer_format(path):
    filled(path)
    change(path, "PRAGMA user_version=2")


def photograph(path):
    (photo,) = write_images(path.parent, random_images(1, size=64), ["photo.png"])
    os.rename(photo, path)


def spoilt_schema(path):
    filled(path)
    with open(path, "r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 2000)


@pytest.mark.parametrize(("damage", "reason"), [(cut_in_half, "malformed"), (spoilt_schema, "malformed")])
@pytest.mark.parametrize("first_use", [hits, fill])
def test_a_damaged_cache_is_set_aside_with_one_warning(path, damage, reason, first_use):
    damage(path)
    before = path.read_bytes()
    cache, digests = FeatureCache(path), make_digests(300)
    with pytest.warns(CacheWarning) as caught:
        first_use(cache, digests)
    (aside,) = (name for name in os.listdir(path.parent) if ".corrupt-" in name)
    assert aside.startswith("features.cache.corrupt-2")
    assert (path.parent / aside).read_bytes() == before
    (warning,) = caught
    assert reason in str(warning.message)
    assert f"{path} " in str(warning.message)
    assert str(path.parent / aside) in str(warning.message)
    fill(cache, digests)
    assert all(hits(FeatureCache(path), digests))


NOT_OURS = [
    (photograph, "file is not a database"),
    (garbage_header, "file is not a database"),
    (short_text, "file is not a database"),
    (longer_text, "file is not a database"),
    (text_file, "file is not a database"),
    (foreign_database, "a database of another kind"),
    (newer_format, "it has format 2, this version of fingerprint_features reads format 1"),
]


@pytest.mark.parametrize(("make", "reason"), NOT_OURS)
@pytest.mark.parametrize(
    "use",
    [
        lambda path: hits(FeatureCache(path), make_digests(3)),
        lambda path: fill(FeatureCache(path), make_digests(3)),
        lambda path: FeaturePipeline([Mean()], cache=path).fit_transform(random_images(3)),
    ],
)
def test_what_is_no_cache_of_ours_is_refused_and_stays(path, make, reason, use):
    make(path)
    before = path.read_bytes()
    with pytest.raises(FileExistsError, match="is no feature cache that this version can use") as caught:
        use(path)
    assert reason in str(caught.value)
    assert str(path) in str(caught.value)
    assert "pass another path" in str(caught.value)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["features.cache"]


def test_a_file_put_over_a_cache_that_was_in_use_stays_and_costs_one_warning(path):
    cache = FeatureCache(path)
    fill(cache, make_digests(3))
    cache._connections._handle().close()  # as before a fork
    text_file(path)
    before = path.read_bytes()
    with pytest.warns(CacheWarning, match="computed instead") as caught:
        fill(cache, make_digests(30, "b"))
    assert not any(hits(cache, make_digests(30, "c")))  # in silence
    assert len(caught) == 1
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["features.cache"]


def test_a_file_of_no_bytes_is_a_new_cache(path):
    path.touch()
    assert not any(hits(FeatureCache(path), make_digests(3)))
    fill(FeatureCache(path), make_digests(3))
    assert all(hits(FeatureCache(path), make_digests(3)))
    assert os.listdir(path.parent) == ["features.cache"]


@pytest.mark.parametrize("use", [len, FeatureCache.info, FeatureCache.clear, lambda c: c.prune(max_bytes=0)])
def test_looking_into_a_foreign_file_leaves_it_alone(path, use):
    foreign_database(path)
    before = path.read_bytes()
    with pytest.raises(OSError, match=r"features\.cache cannot be used: it is a database of another kind"):
        use(FeatureCache(path))
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["features.cache"]


@pytest.mark.parametrize("seed", range(6))
def test_noise_in_a_file_in_use_never_gives_a_wrong_row(path, seed):
    digests = filled(path)
    cache = FeatureCache(path)
    hits(cache, digests[:1])
    rng = np.random.default_rng(seed)
    with open(path, "r+b") as file:
        file.seek(4096 * int(rng.integers(0, 10)))
        file.write(rng.bytes(16_384))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CacheWarning)
        for _ in range(2):  # `hits` verifies what is served
            hits(cache, digests)
            fill(cache, digests)


def test_two_that_meet_the_same_damage_set_it_aside_once(path, monkeypatch):
    cut_in_half(path)
    quick = FeatureCache(path)
    set_aside = Connections.set_aside

    def overtaken(self):
        monkeypatch.setattr(Connections, "set_aside", set_aside)
        fill(quick, make_digests(10, "quick"))
        return set_aside(self)

    monkeypatch.setattr(Connections, "set_aside", overtaken)
    with pytest.warns(CacheWarning, match="is damaged") as caught:
        fill(FeatureCache(path), make_digests(10, "slow"))
    assert len(caught) == 1
    assert len([name for name in os.listdir(path.parent) if ".corrupt-" in name]) == 1
    assert all(hits(FeatureCache(path), make_digests(10, "quick") + make_digests(10, "slow")))


def test_a_warning_names_the_file_without_what_terminals_obey(tmp_path):
    path = tmp_path / "\x1b[2J.cache"
    cut_in_half(path)
    with pytest.warns(CacheWarning) as caught:
        FeatureCache(path).put_many(TOKEN, make_digests(1), np.zeros((1, 2)), ABOUT)
    assert str(caught[0].message).isprintable()
