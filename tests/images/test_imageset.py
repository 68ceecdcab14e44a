"""ImageSet: lazy, sliceable, free to copy, small to send; ids and groups stay with their images."""

import copy
import pickle
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from PIL import Image
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    ShuffleSplit,
    StratifiedGroupKFold,
    StratifiedKFold,
    cross_val_predict,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from fingerprint_features.images import DecodeOptions, ImageReadError, ImageSet, as_image_set
from tests.helpers import write_images

from .files import photograph, pillow

N = 12
IMAGES = np.stack([photograph("brick.png")[8 * i : 8 * i + 16, :20] for i in range(N)])
GROUPS = np.repeat(["ann", "bo", "cy", "di"], 3)
Y = np.arange(N) % 2


@pytest.fixture
def paths(tmp_path):
    """Twelve small PNG files, as strings."""
    for i, image in enumerate(IMAGES):
        (tmp_path / f"{i}.png").write_bytes(pillow(image, "PNG"))
    return [str(tmp_path / f"{i}.png") for i in range(N)]


@pytest.fixture(params=["paths", "stack", "list"])
def images(request, paths):
    """The same images from files, from one array and from a list, with groups."""
    source = {"paths": paths, "stack": IMAGES, "list": list(IMAGES)}[request.param]
    return ImageSet(source, ids=[f"image {i}" for i in range(N)], groups=GROUPS)


def positions(images):
    """Return which of IMAGES these are, and check that ids and groups have come along."""
    found = [int(np.flatnonzero((image == IMAGES).all(axis=(1, 2)))[0]) for image in images]
    assert list(images.ids) == [f"image {i}" for i in found]
    assert list(images.groups) == list(GROUPS[found])
    return found


# ---- a lazy sequence ------------------------------------------------------------------------------------


def test_no_file_is_read_before_it_is_asked_for():
    images = ImageSet(["no such.png", "nor this.png"], size=(8, 8))
    assert len(images[1:]) == 1
    assert images.shape == (2,)
    pickle.loads(pickle.dumps(clone(images, safe=False)))
    with pytest.raises(ImageReadError, match=r"nor this.png: no such file"):
        images[1]


def test_length_shape_and_integers(images):
    assert (len(images), images.shape, images.ndim) == (N, (N,), 1)
    for key in (0, 11, -1, np.int64(3), np.uint8(2)):
        np.testing.assert_array_equal(images[key], IMAGES[key])
    for key in (N, -N - 1):
        with pytest.raises(IndexError, match=f"no image {key} in a set of 12"):
            images[key]
    np.testing.assert_array_equal(np.stack(list(images)), IMAGES)


@pytest.mark.parametrize(
    "key",
    [
        slice(2, 9, 3),
        slice(None, None, -1),
        [5, 1, 1],
        [],
        np.array([-1, 0]),
        np.uint8([3, 4]),
        range(4),
        Y == 1,
        list(Y == 0),
        pd.Series(Y == 1),
        pl.Series(Y == 1),
        (np.array([2, 7]), ...),
        (Y == 1, ...),
    ],
    ids=str,
)
def test_slices_masks_and_indices_keep_ids_and_groups(images, key):
    part = images[key]
    assert isinstance(part, ImageSet)
    rows = key[0] if isinstance(key, tuple) else key
    expected = np.arange(N)[rows if isinstance(rows, slice) else np.asarray(rows, dtype=None if len(rows) else int)]
    assert positions(part) == list(expected)
    assert positions(part[::-1]) == list(expected[::-1])


@pytest.mark.parametrize("key", [[True, False], np.ones((2, 2), int), np.array(3), None])
def test_keys_that_pick_nothing_sensible(images, key):
    with pytest.raises(IndexError, match=r"cannot pick from 12 images"):
        images[key]


def test_is_not_a_table(images):
    with pytest.raises(TypeError, match=r"not a table: put a FeaturePipeline in front \(or .decode\(\)"):
        np.asarray(images)


def test_decode_on_purpose(images):
    np.testing.assert_array_equal(images.decode(), IMAGES)
    ragged = ImageSet([IMAGES[0], IMAGES[0][:5]]).decode()
    assert [image.shape for image in ragged] == [(16, 20), (5, 20)]
    assert ImageSet([]).decode() == []


def test_errors_name_the_image_by_its_id(tmp_path):
    (tmp_path / "bad.png").write_bytes(b"not an image")
    images = ImageSet([tmp_path / "bad.png", tmp_path / "gone.png"], ids=["first", "second"])
    for key, words in [(0, "^first: a text file"), (-1, "^second: no such file")]:
        with pytest.raises(ImageReadError, match=words):
            images[key]
    with pytest.raises(ImageReadError, match=r"^1: float64 values need a range from black to white"):
        ImageSet([IMAGES[0], np.eye(4)])[1]


# ---- ids and groups -------------------------------------------------------------------------------------


def test_default_ids_are_paths_or_positions(paths):
    assert list(ImageSet(paths).ids) == paths
    assert list(ImageSet(IMAGES)[3:5].ids) == ["3", "4"]
    assert list(ImageSet(list(IMAGES))[[9, 9, -1]].ids) == ["9", "9", "11"]


@pytest.mark.parametrize("wrap", [list, np.array, pd.Series, pl.Series, tuple])
def test_ids_and_groups_from_any_sequence(wrap):
    images = ImageSet(IMAGES, ids=wrap([str(i) for i in range(N)]), groups=wrap(list(GROUPS)))
    assert list(images[2:4].ids) == ["2", "3"]
    assert list(images[2:4].groups) == ["ann", "bo"]
    assert list(ImageSet(IMAGES, ids=range(N)).ids[:2]) == ["0", "1"]


def test_wrong_ids_and_groups():
    with pytest.raises(ValueError, match=r"ids must hold one label for each of the 12 images, got .*\(11,\)"):
        ImageSet(IMAGES, ids=range(11))
    with pytest.raises(ValueError, match=r"groups must hold one label for each of the 12 images"):
        ImageSet(IMAGES, groups=[["ann"]] * N)
    with pytest.raises(ValueError, match="ids must be unique, 'b' occurs 2 times"):
        ImageSet(IMAGES[:3], ids=["a", "b", "b"])


# ---- joining --------------------------------------------------------------------------------------------


def test_joined_sets_follow_one_another(tmp_path):
    paths = write_images(tmp_path, IMAGES[:3])
    files, arrays = ImageSet(paths, ids=["p", "q", "r"], groups=["ann", "ann", "bo"]), ImageSet(IMAGES, groups=GROUPS)
    joined = ImageSet.join([files[[2, 0]], arrays[5:8], files[1:2]])
    assert list(joined.ids) == ["r", "p", "5", "6", "7", "q"]
    assert list(joined.groups) == ["bo", "ann", *GROUPS[5:8], "ann"]
    expected = IMAGES[[2, 0, 5, 6, 7, 1]]
    np.testing.assert_array_equal(joined.decode(), expected)
    part = pickle.loads(pickle.dumps(joined[[5, 0, 3]]))
    np.testing.assert_array_equal(part.decode(), expected[[5, 0, 3]])
    assert list(part.ids) == ["q", "r", "6"]
    assert len(pickle.loads(pickle.dumps(joined[:0]))) == 0
    np.testing.assert_array_equal(ImageSet.join([joined[1:], joined[:1]]).decode(), expected[[1, 2, 3, 4, 5, 0]])


def test_joined_sets_keep_ids_apart_and_drop_groups_that_some_lack():
    joined = ImageSet.join([ImageSet(IMAGES[:2], groups=["ann", "bo"]), ImageSet(IMAGES[2:4])])
    assert list(joined.ids) == ["0/0", "0/1", "1/0", "1/1"]
    assert joined.groups is None


def test_only_sets_that_decode_alike_are_joined():
    with pytest.raises(ValueError, match=r"size=None and size=\(4, 4\): open all alike"):
        ImageSet.join([ImageSet(IMAGES), ImageSet(IMAGES, size=4)])
    with pytest.raises(ValueError, match="got none"):
        ImageSet.join([])


# ---- copies and pickles ---------------------------------------------------------------------------------


def test_copies_are_the_set_itself(images):
    assert copy.copy(images) is copy.deepcopy(images) is clone(images, safe=False) is images


def test_a_pickle_keeps_everything(images):
    part = images[[7, 2, 2, -1]]
    _ = part.ids
    again = pickle.loads(pickle.dumps(part))
    assert positions(again) == positions(part) == [7, 2, 2, 11]
    options = DecodeOptions(alpha="drop")
    again = pickle.loads(pickle.dumps(ImageSet(IMAGES, size=(4, 5), options=options)))
    assert (again.size, again.options) == ((4, 5), options)
    assert list(pickle.loads(pickle.dumps(ImageSet(IMAGES)[4:6])).ids) == ["4", "5"]


def test_a_pickle_of_paths_is_small():
    paths = [f"patient{i // 10}/slice{i}.png" for i in range(5000)]
    whole = ImageSet(paths)
    assert len(pickle.dumps(whole)) < 1.6 * len(pickle.dumps(paths))
    assert whole.ids[4999] == paths[4999]
    assert len(pickle.dumps(whole)) < 1.6 * len(pickle.dumps(paths))  # the ids are not sent along
    assert len(pickle.dumps(whole[:10])) < 2000


def test_a_list_of_arrays_travels_as_one_buffer():
    ragged = [IMAGES[0], IMAGES[1][:5], IMAGES[2][:, :7]]
    buffers = []
    data = pickle.dumps(ImageSet(ragged), protocol=5, buffer_callback=buffers.append)
    big = [buffer for buffer in buffers if buffer.raw().nbytes == sum(a.size for a in ragged)]
    assert len(big) == 1
    again = pickle.loads(data, buffers=buffers)
    for image, array in zip(again, ragged, strict=True):
        np.testing.assert_array_equal(image, array)
    mixed = [IMAGES[0], IMAGES[1].astype(np.uint16), np.eye(3, dtype=bool)]
    again = pickle.loads(pickle.dumps(ImageSet(mixed)))
    assert [image.dtype for image in again] == [np.uint8, np.uint16, np.uint8]


@pytest.mark.parametrize("as_list", [False, True])
@pytest.mark.parametrize("key", [slice(10, 20), [3, 1, 7], np.arange(0, 500, 50)], ids=["slice", "list", "stride"])
def test_a_pickled_slice_holds_its_own_images_only(key, as_list):
    stack = np.random.default_rng(0).integers(0, 256, (500, 16, 16), dtype=np.uint8)
    part = ImageSet(list(stack) if as_list else stack)[key]
    digests = part.digests
    data = pickle.dumps(part)
    assert len(data) < len(part) * 256 + 6000
    again = pickle.loads(data)
    np.testing.assert_array_equal(again.decode(), stack[key])
    assert again.ids.tolist() == part.ids.tolist()  # not counted from the start of the slice
    assert [again.record(i).digest for i in range(len(again))] == digests.tolist()  # and not computed again


def test_ids_of_images_without_a_path_survive_the_pickle_of_a_slice():
    part = ImageSet(["a.png", None, {"bytes": b"x"}, "b.png"])[1:]
    assert pickle.loads(pickle.dumps(part)).ids.tolist() == ["row 1", "2", "b.png"]


@pytest.mark.parametrize("as_list", [False, True])
def test_joblib_maps_the_images_into_its_workers(as_list):
    def look(images):
        array = images[1]
        total, base = int(array.sum()), array
        while base is not None and not isinstance(base, np.memmap):
            base = base.base
        return total, base is not None

    rng = np.random.default_rng(0)
    stack = rng.integers(0, 256, (40, 256, 256), dtype=np.uint8)  # 2.6 MB; joblib maps from 1 MB
    images = ImageSet(list(stack) if as_list else stack)
    results = joblib.Parallel(n_jobs=2, backend="loky")(joblib.delayed(look)(part) for part in (images, images[20:]))
    assert results == [(int(stack[1].sum()), True), (int(stack[21].sum()), True)]


# ---- scikit-learn ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "splitter",
    [
        KFold(3),
        KFold(4, shuffle=True, random_state=0),
        StratifiedKFold(3),
        GroupKFold(3),
        LeaveOneGroupOut(),
        StratifiedGroupKFold(2),
        ShuffleSplit(3, random_state=0),
    ],
    ids=str,
)
def test_splitters_keep_ids_and_groups(images, splitter):
    groups = images.groups if "Group" in type(splitter).__name__ else None
    folds = list(splitter.split(images, Y, groups))
    assert len(folds) >= 2
    for train, test in folds:
        assert positions(images[train]) == list(train)
        assert positions(images[test]) == list(test)
        if groups is not None:
            assert not set(images[train].groups) & set(images[test].groups)


def test_train_test_split(images):
    train, test, y_train, y_test = train_test_split(images, Y, test_size=4, stratify=Y, random_state=0)
    assert isinstance(train, ImageSet)
    assert sorted(positions(train) + positions(test)) == list(range(N))
    np.testing.assert_array_equal(Y[positions(train)], y_train)
    np.testing.assert_array_equal(Y[positions(test)], y_test)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_grid_search_and_cross_validation(images, n_jobs):
    def means(images):
        wanted = [f"image {i}" for i in range(len(IMAGES))]
        assert set(images.ids) <= set(wanted)
        assert len(images.groups) == len(images)
        return np.array([[image.mean(), image.std()] for image in images])

    model = make_pipeline(FunctionTransformer(means), LogisticRegression())
    grid = GridSearchCV(model, {"logisticregression__C": [0.1, 1.0]}, cv=3, n_jobs=n_jobs).fit(images, Y)
    assert 0 <= grid.best_score_ <= 1
    predicted = cross_val_predict(model, images, Y, cv=GroupKFold(2), groups=images.groups, n_jobs=n_jobs)
    table = np.array([[image.mean(), image.std()] for image in IMAGES])
    expected = cross_val_predict(LogisticRegression(), table, Y, cv=GroupKFold(2), groups=GROUPS)
    np.testing.assert_array_equal(predicted, expected)


# ---- what an ImageSet is made of ------------------------------------------------------------------------


def object_array(items):
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


@pytest.mark.parametrize(
    "wrap",
    [
        list,
        tuple,
        lambda paths: [Path(path) for path in paths],
        np.array,
        object_array,
        lambda paths: np.array(paths, dtype=np.dtypes.StringDType()),
        lambda paths: np.array(paths)[:, None],
        lambda paths: object_array(paths)[:, None],
        lambda paths: pd.Series(paths, index=range(50, 50 + len(paths))),
        lambda paths: pd.DataFrame({"path": paths}),
        pl.Series,
        lambda paths: pl.DataFrame({"path": paths}),
    ],
)
def test_paths_from_any_container(paths, wrap):
    images = as_image_set(wrap(paths))
    assert list(images.ids) == paths
    np.testing.assert_array_equal(images.decode(), IMAGES)


@pytest.mark.parametrize(
    "wrap",
    [
        np.asarray,
        list,
        tuple,
        lambda images: images[..., None],
        lambda images: np.repeat(images[..., None], 3, axis=3)[..., :1],
        lambda images: object_array(list(images)),
        lambda images: pd.Series(list(images)),
        lambda images: images.astype(">u2").astype(np.uint8),
    ],
)
def test_arrays_from_any_container(wrap):
    np.testing.assert_array_equal(as_image_set(wrap(IMAGES)).decode(), IMAGES)


def test_ragged_arrays():
    ragged = [IMAGES[0], np.repeat(IMAGES[1][:5, :, None], 3, axis=2), IMAGES[2][:, :7]]
    for source in (ragged, object_array(ragged)):
        for image, array in zip(as_image_set(source), ragged, strict=True):
            np.testing.assert_array_equal(image, array)


def test_an_image_set_is_taken_as_it_is(images):
    assert as_image_set(images) is images
    with pytest.raises(TypeError, match="an ImageSet already: slice it"):
        ImageSet(images)


@pytest.mark.parametrize(
    ("source", "error", "words"),
    [
        (np.zeros((256, 256)), ValueError, r"2-D array of shape \(256, 256\): pass a list of images.*use X\[None\]"),
        (np.zeros((5, 1)), ValueError, r"2-D array of shape \(5, 1\)"),
        (np.zeros(5), ValueError, r"shape \(5,\): pass \(n, height, width\)"),
        (np.zeros((2, 8, 8, 5)), ValueError, r"shape \(2, 8, 8, 5\).*channels last"),
        ("scan.png", TypeError, r"one path is not a set of images: pass \['scan.png'\], or ImageSet.from_folder"),
        (b"scan.png", TypeError, r"pass \['scan.png'\]"),
        (Path("scan.png"), TypeError, r"pass \['scan.png'\]"),
        ([None, np.nan], TypeError, "a sequence of NoneType and float: pass a list of paths"),
        (None, TypeError, "got None where a set of images is wanted: pass a list of paths"),
        (Image.fromarray(IMAGES[0]), TypeError, "got one Image where a set of images is wanted"),
        ({"a": "a.png"}, TypeError, "got one dict where a set"),
        (np.zeros((256, 256, 3), np.uint8), ValueError, r"one colour image of 256 x 256: pass X\[None\]"),
        (np.zeros((64, 256, 4), np.float32), ValueError, r"or list\(X\) for 64 grey images of 256 x 4"),
        (["scan.png", np.zeros((4, 4))], TypeError, "a sequence of 2-D arrays and str"),
        ([np.zeros(4), np.zeros((4, 4))], TypeError, "a sequence of 1-D arrays and 2-D arrays"),
        ([[1, 2], [3, 4]], TypeError, "a sequence of list"),
        ([1.5, 2.5], TypeError, "a sequence of float"),
        (np.array([["a.png", "b.png"]]), TypeError, "a sequence of 1-D arrays"),
        (pd.DataFrame({"path": ["a.png"], "label": [1]}), ValueError, r"columns path, label: .* e.g. df\['path'\]"),
        (pl.DataFrame({"path": ["a.png"], "label": [1]}), ValueError, r"columns path, label"),
        (pd.DataFrame(), ValueError, "a frame with columns"),
        (3, TypeError, "not iterable"),
    ],
)
def test_what_is_no_set_of_images(source, error, words):
    for make in (ImageSet, as_image_set):
        with pytest.raises(error, match=words):
            make(source)


def test_an_empty_set():
    for source in ([], np.empty((0, 8, 8)), np.array([], dtype=str)):
        images = ImageSet(source)
        assert (len(images), list(images), list(images.ids)) == (0, [], [])


@pytest.mark.parametrize("size", [0, (8, 0), (8, 8, 3), (8.5, 8), "big"])
def test_sizes_that_are_none(size):
    with pytest.raises(ValueError, match="size must be None or"):
        ImageSet(IMAGES, size=size)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"orientation": "upright"}, "'orientation' option must be one of 'apply', 'ignore'. Got 'upright'"),
        ({"alpha": "composite:red"}, "'alpha' option must be one of 'composite:black', .*Got 'composite:red'"),
        ({"palette": None}, "'palette' option must be one of 'expand', 'error'. Got None"),
        ({"max_pixels": 0}, "'max_pixels' option must be a number >= 1. Got 0"),
        ({"max_pixels": "64M"}, "'max_pixels' option must be a number"),
        ({"max_pixels": float("nan")}, "'max_pixels' option must be a number"),
        ({"page": -1}, "'page' option must be None or an int >= 0. Got -1"),
        ({"page": 1.5}, "'page' option must be None or an int"),
        ({"value_range": (5, 5)}, r"'value_range' option must be None, \(low, high\) .*Got \(5, 5\)"),
        ({"value_range": 400}, "'value_range' option must be .* Got 400"),
        ({"value_range": (0, 1, 2)}, "'value_range' option must be"),
        ({"value_range": (0, float("inf"))}, "'value_range' option must be"),
        ({"value_range": ("0", "1")}, "'value_range' option must be"),
    ],
)
def test_options_out_of_range(options, words):
    with pytest.raises(ValueError, match=words):
        DecodeOptions(**options)


def test_options_are_values():
    assert DecodeOptions(value_range=[0, 1]) == DecodeOptions(value_range=(0, 1))
    assert hash(DecodeOptions(value_range=[0, 1])) == hash(DecodeOptions(value_range=np.array([0, 1])))
    with pytest.raises(TypeError, match=r"options must be a DecodeOptions. Got {'page': 1} instead"):
        ImageSet(IMAGES, options={"page": 1})


def test_repr_is_short(images):
    assert repr(images[:5]).startswith("ImageSet(5 ")
    assert repr(images[:5]).endswith(", 2 groups)")
    assert repr(ImageSet(["a.png"], size=(4, 5))) == "ImageSet(1 files, size=(4, 5))"


@pytest.mark.parametrize("fleeting", [iter(["a.png"]), (name for name in ["a.png"]), {"a.png"}])
def test_what_fit_would_use_up_is_refused(fleeting):
    with pytest.raises(TypeError, match="no lasting order: pass a list"):
        as_image_set(fleeting)
