"""Identity: a file's digest changes when its pixels can, and an image's content is known whatever holds it."""

import os
import pickle
import shutil
from collections import Counter

import joblib
import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from fingerprint_features import (
    LBP,
    DecodeOptions,
    FeaturePipeline,
    Filtered,
    ImageSet,
    ReferenceSimilarity,
    check_images,
)
from fingerprint_features.evaluate import independent_folds, independent_groups
from fingerprint_features.evaluate.refits import held_out
from fingerprint_features.extractors.wrapper import Views
from fingerprint_features.images import digest as module
from fingerprint_features.images import image_digest, imageset
from tests.helpers import Mean, random_images, write_images

from .files import pillow, tifffile_bytes

RAW = b"the bytes of a file"
OPTIONS = DecodeOptions()


def test_everything_that_decides_how_bytes_become_pixels_matters(monkeypatch):
    digests = [
        image_digest(RAW, OPTIONS, None),
        image_digest(RAW + b".", OPTIONS, None),
        image_digest(RAW[:-1], OPTIONS, None),
        image_digest(RAW, OPTIONS, (8, 16)),
        image_digest(RAW, OPTIONS, (16, 8)),
        image_digest(RAW, DecodeOptions(orientation="ignore"), None),
        image_digest(RAW, DecodeOptions(alpha="drop"), None),
        image_digest(RAW, DecodeOptions(palette="error"), None),
        image_digest(RAW, DecodeOptions(max_pixels=100), None),
        image_digest(RAW, DecodeOptions(page=0), None),
        image_digest(RAW, DecodeOptions(page=1), None),
        image_digest(RAW, DecodeOptions(value_range=(0, 1)), None),
        image_digest(RAW, DecodeOptions(value_range=(0, 2)), None),
    ]
    monkeypatch.setattr(module, "DECODER_VERSION", module.DECODER_VERSION + 1)
    monkeypatch.setattr(module, "_latest", None)
    module._decoding.cache_clear()
    digests.append(image_digest(RAW, OPTIONS, None))
    module._decoding.cache_clear()
    assert len(set(digests)) == len(digests)
    assert {len(digest) for digest in digests} == {32}


def test_options_that_mean_the_same_have_one_digest():
    one = image_digest(RAW, DecodeOptions(max_pixels=64_000_000, value_range=[0, 1.0]), (8, 8.0))
    assert one == image_digest(RAW, DecodeOptions(max_pixels=64e6, value_range=(0.0, 1)), (8, 8))


def test_the_name_and_time_of_a_file_play_no_part(tmp_path):
    paths = write_images(tmp_path / "a", random_images(2))
    others = write_images(tmp_path / "b", random_images(2), ["z.png", "it is no tiff.tiff"])

    def digests(paths):
        images = ImageSet(paths)
        return [image_digest(images.raw(i), images.options, images.size) for i in range(len(images))]

    assert digests(paths) == digests(others)
    assert len(set(digests(paths))) == 2


def test_arrays_are_known_by_dtype_shape_and_bytes():
    array = np.arange(12, dtype=np.uint8).reshape(3, 4)
    other = array.copy()
    other[2, 3] += 1
    digests = [
        image_digest(raw, OPTIONS, None)
        for raw in (
            array,
            other,
            array.reshape(4, 3),
            array.T,
            array.reshape(1, 12),
            array.view(np.int8),
            array.astype(np.uint16),
            array.astype(np.float32),
            array.tobytes(),
        )
    ]
    assert len(set(digests)) == len(digests)


@pytest.mark.parametrize(
    "change",
    [
        np.asfortranarray,
        lambda array: np.repeat(array, 2, axis=0)[::2],
        lambda array: array[::-1, ::-1].copy()[::-1, ::-1],
        lambda array: np.dstack([array, array])[..., 1],
    ],
)
def test_the_layout_in_memory_plays_no_part(change):
    array = np.arange(12, dtype=np.uint16).reshape(3, 4)
    assert not change(array).flags.c_contiguous
    assert image_digest(change(array), OPTIONS, None) == image_digest(array, OPTIONS, None)


def test_bytes_in_the_other_order_are_never_taken_for_these():
    array = np.arange(12, dtype="<u2").reshape(3, 4)
    assert image_digest(array.view(">u2"), OPTIONS, None) != image_digest(array, OPTIONS, None)


def test_reading_a_digest_leaves_a_read_only_array_alone():
    array = random_images(1)[0]
    array.flags.writeable = False
    assert image_digest(array, OPTIONS, None) == image_digest(array.copy(), OPTIONS, None)


def test_arrays_in_either_byte_order_are_one():
    array = np.arange(12, dtype=np.uint16).reshape(3, 4)
    assert image_digest(array.astype(">u2"), OPTIONS, None) == image_digest(array.astype("<u2"), OPTIONS, None)


@pytest.mark.parametrize("dtype", [">u2", "<u2", "u1", ">f4"])
@pytest.mark.parametrize("as_list", [True, False])
def test_names_of_cached_rows_and_contents_survive_a_pickle(dtype, as_list):
    arrays = random_images(3).astype(dtype)
    images = ImageSet(list(arrays) if as_list else arrays, options=DecodeOptions(value_range=(0, 255)))
    keys = [images.identify(i)[0] for i in range(3)]
    there = pickle.loads(pickle.dumps(images))
    assert [there.identify(i)[0] for i in range(3)] == keys
    again = ImageSet([there.raw(i) for i in range(3)], options=images.options)  # nothing remembered
    assert list(again.digests) == list(there.digests) == list(images.digests)


# ---- content --------------------------------------------------------------------------------------------


def content(source, **how):
    """Return the digests of a fresh set."""
    digests = ImageSet(source, **how).digests
    assert digests.dtype == object
    assert all(isinstance(digest, bytes) and len(digest) == 32 for digest in digests)
    return list(digests)


def write(path, data):
    path.write_bytes(data)
    return path


def test_a_file_its_copies_in_lossless_formats_and_its_array_are_one_image(tmp_path):
    grey = random_images(1)[0]
    files = [
        write(tmp_path / "fast.png", pillow(grey, "PNG", compress_level=0)),
        write(tmp_path / "small.png", pillow(grey, "PNG", compress_level=9)),
        write(tmp_path / "a.bmp", pillow(grey, "BMP")),
        write(tmp_path / "a.tiff", tifffile_bytes(grey)),
        write(tmp_path / "colour.png", pillow(np.dstack([grey] * 3), "PNG")),
    ]
    assert len(set(content(files) + content(grey[None]) + content([np.dstack([grey] * 3)]))) == 1
    assert len(set(content(files, size=(8, 8)) + content(grey[None], size=8))) == 1


@pytest.mark.parametrize(
    ("dtype", "value_range", "scale"), [("u2", None, 257), (">u2", None, 257), ("f4", (0, 1), 1 / 255), ("?", None, 1)]
)
def test_a_deep_image_and_what_it_decodes_to_are_one(dtype, value_range, scale):
    images = ImageSet((random_images(2) * float(scale)).astype(dtype), options=DecodeOptions(value_range=value_range))
    assert content(images.decode(), options=images.options) == list(images.digests)


def test_other_pixels_depth_shape_and_options_are_other_images():
    array = random_images(1)[0]
    other = array.copy()
    other[3, 4] ^= 1
    colour = np.dstack([array, array, other])
    images = [array, other, array.T, array.reshape(8, 32), array.astype(np.uint16) * 257, colour, colour[..., ::-1]]
    digests = content(images) + content(array[None], size=(8, 8))
    assert len(set(digests)) == len(digests)


def test_what_cannot_be_decoded_is_known_by_its_bytes_and_what_cannot_be_read_by_its_path(tmp_path):
    (tmp_path / "copy").mkdir()
    for name in ("text.png", "copy/text.png"):
        write(tmp_path / name, b"not an image")
    names = ["text.png", "copy/text.png", "gone.png", "lost.png", "copy/../gone.png"]
    text, copy, gone, lost, gone_too = content([tmp_path / name for name in names])
    assert text == copy
    assert gone == gone_too
    assert len({text, gone, lost}) == 3
    floats = content([np.eye(4), np.eye(4), np.eye(5)])  # without a range
    assert floats[0] == floats[1] != floats[2]


def test_failures_are_found_with_the_contents_and_named_by_the_ids_of_the_slice(tmp_path):
    paths = write_images(tmp_path, random_images(2))
    images = ImageSet([paths[0], write(tmp_path / "b.png", b"text"), "gone.png", paths[1]], ids=list("abcd"))
    assert [(failure.id, failure.kind) for failure in images.failures] == [("b", "not-an-image"), ("c", "missing")]
    assert [failure.id for failure in images[[3, 2]].failures] == ["c"]
    assert check_images(images) == images.failures
    shutil.copy(paths[0], tmp_path / "b.png")  # mended
    assert [failure.id for failure in images.failures] == ["c"]


def test_equal_digests_are_equal_in_every_process(tmp_path):
    images = ImageSet(write_images(tmp_path, random_images(70)))
    with joblib.parallel_config("loky", n_jobs=2):
        there = list(images.digests)
    assert there == content(images.decode())
    with joblib.parallel_config("threading", n_jobs=2):
        assert content(images.decode()) == there


# ---- read once ------------------------------------------------------------------------------------------


@pytest.fixture
def reads(monkeypatch):
    """Counts how often each file is read."""
    counter = Counter()

    def read_file(path):
        counter[os.fspath(path)] += 1
        return read(path)

    read = imageset.read_file
    monkeypatch.setattr(imageset, "read_file", read_file)
    return counter


def test_slices_joins_and_pickles_share_what_is_known(tmp_path, reads):
    images = ImageSet(write_images(tmp_path, random_images(6)), ids=list("abcdef"))
    part = images[[4, 1, 1]]
    digests = part.digests
    assert digests[1] == digests[2] != digests[0]
    joined = ImageSet.join([images[:3], images[3:]])
    assert list(joined.digests) == list(images.digests) == list(joined[::-1].digests[::-1])
    for there in (images, images[2:5], joined, ImageSet.join([joined, part])):
        assert list(pickle.loads(pickle.dumps(there)).digests) == list(there.digests)
    assert set(reads.values()) == {1}


def test_options_and_sizes_of_one_source_are_kept_apart(tmp_path):
    paths = write_images(tmp_path, random_images(2))
    images = ImageSet(paths)
    whole = list(images.digests)
    images.size = (8, 8)
    assert list(images.digests) == content(paths, size=8) != whole


@pytest.mark.parametrize("keep_mtime", [True, False])
def test_a_file_replaced_under_its_name_is_noticed(tmp_path, keep_mtime):
    pixels = random_images(2)
    path = write(tmp_path / "a.bmp", pillow(pixels[0], "BMP"))
    images = ImageSet([path])
    was, key, status = images[:].digests[0], images.identify(0)[0], path.stat()
    other = write(tmp_path / "b.bmp", pillow(pixels[1], "BMP"))  # of the same length
    if keep_mtime:
        os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(path)
    assert images.digests[0] == content(pixels[1:])[0] != was
    assert images.identify(0)[0] != key


def test_a_pipeline_with_a_cache_reads_once_more_only_to_decode(tmp_path, reads):
    images = ImageSet(write_images(tmp_path / "files", random_images(5)))
    features = FeaturePipeline([LBP(), Mean()], cache=tmp_path / "features.cache", batch_size=2)
    there = features.fit_transform(images)
    assert set(reads.values()) == {1}
    np.testing.assert_array_equal(features.transform(images[::-1]), there[::-1])
    features.set_params(mean=Mean(2)).transform(images)
    assert set(reads.values()) == {2}  # for the new column
    known = ImageSet(images.ids)
    known.digests  # noqa: B018 (found here and kept)
    features.transform(known)
    assert set(reads.values()) == {3}  # by the new set, once


def test_a_changed_file_gets_its_own_row_from_a_warm_cache(tmp_path):
    pixels = random_images(3)
    images = ImageSet(write_images(tmp_path / "files", pixels[:2]))
    features = FeaturePipeline([Mean()], cache=tmp_path / "features.cache")
    features.fit_transform(images)
    write_images(tmp_path / "files", pixels[2:])
    np.testing.assert_allclose(features.transform(images)[:, 0], pixels[[2, 1]].mean(axis=(1, 2)), rtol=1e-6)


@pytest.mark.filterwarnings("ignore:ReferenceSimilarity does not know which images show the same patient")
def test_a_cross_validated_recipe_reads_each_file_for_identity_and_for_decoding(tmp_path, reads):
    real = ImageSet(write_images(tmp_path / "real", random_images(24, seed=1)))
    made = ImageSet(write_images(tmp_path / "made", random_images(10, seed=2)))
    y = np.arange(24) % 2
    features = FeaturePipeline([LBP()], cache=tmp_path / "features.cache")
    calibrated = ReferenceSimilarity(made, features, reduce=["log_ratio", "max"], holdout="unused", null="both")
    model = make_pipeline(calibrated, SVC())
    held_out(model, real, y, independent_folds(y, independent_groups(None, real.digests)))
    assert len(reads) == 34
    assert max(reads.values()) <= 2
    reads.clear()
    patients, groups = ImageSet(real.ids), np.arange(24) // 4
    grid = GridSearchCV(model, {"svc__C": [1, 10]}, cv=3)
    cross_val_predict(grid, patients, y, groups=groups, cv=StratifiedGroupKFold(3))
    assert set(reads) == set(real.ids)
    assert max(reads.values()) <= 2


def test_views_of_images_have_contents_of_their_own(tmp_path):
    paths = write_images(tmp_path, random_images(3))
    files = [*paths, paths[0], "gone.png"]
    views = Views(ImageSet(files, ids=list("abcde")), Filtered(Mean()))
    digests = list(views[:4].digests)
    assert digests[0] == digests[3]
    assert len(set(digests)) == 3
    assert [failure.kind for failure in views.failures] == ["missing"]
    write_images(tmp_path, random_images(1, seed=5))
    assert views.digests[0] not in digests


def test_a_file_that_ends_its_worker_is_named_and_the_others_have_digests(tmp_path, monkeypatch):
    class Fatal(ImageSet):
        def decode_one(self, raw, i):
            if str(self.ids[i]) == "3":
                os._exit(3)
            return super().decode_one(raw, i)

    stack = random_images(6)
    with joblib.parallel_config("loky", n_jobs=2):
        monkeypatch.setattr("fingerprint_features.images.digest._CHUNK", 2)
        images = Fatal(stack)
        [failure] = images.failures
    assert (failure.id, failure.kind) == ("3", "fatal")
    others = [0, 1, 2, 4, 5]
    assert images[others].digests.tolist() == ImageSet(stack[others]).digests.tolist()
