"""What users hold images, ids and patients in: Pillow, Hugging Face, frames with empty cells, dicts."""

import io
import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from fingerprint_features import DecodeOptions, FeaturePipeline, ImageReadError, ImageSet, Pixels, check_images
from fingerprint_features.images import ImageFailure
from fingerprint_features.reference import ReferenceSimilarity
from tests.helpers import Mean, random_images, write_images

from .files import pillow

GREY = random_images(4)
COLOUR = np.random.default_rng(1).integers(0, 256, (8, 6, 3), dtype=np.uint8)


# ---- images in memory -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "image",
    [
        Image.fromarray(GREY[0]),
        Image.fromarray(COLOUR),
        Image.fromarray(GREY[0] > 99),
        Image.fromarray(COLOUR).quantize(7),
        Image.fromarray(np.dstack([COLOUR, COLOUR[..., 0]])),
        Image.fromarray(GREY[0].astype(np.uint16) * 257),
        Image.fromarray(COLOUR).convert("CMYK"),
        Image.fromarray(GREY[0]).convert("LA"),
    ],
    ids=lambda image: image.mode,
)
def test_a_pillow_image_is_what_its_lossless_file_is(image):
    file = io.BytesIO()
    image.save(file, "TIFF")
    there = ImageSet([image, {"bytes": file.getvalue(), "path": "a.tiff"}])
    assert_array_equal(there[0], there[1])
    assert there.digests[0] == there.digests[1]
    assert there.ids.tolist() == ["0", "1"]


def test_pillow_images_obey_the_options():
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = Image.open(io.BytesIO(pillow(COLOUR, "PNG", exif=exif)))
    assert_array_equal(ImageSet([turned])[0], COLOUR.swapaxes(0, 1)[:, ::-1])
    assert_array_equal(ImageSet([turned], options=DecodeOptions(orientation="ignore"))[0], COLOUR)
    floats = ImageSet([Image.fromarray(np.float32(GREY[0]))])
    assert floats.failures[0].kind == "needs-range"


def test_hugging_face_records_and_mixtures(tmp_path):
    path = write_images(tmp_path, GREY[:1])[0]
    data = pillow(GREY[1], "PNG")
    images = ImageSet([{"bytes": None, "path": path}, {"bytes": data, "path": "x.png"}, path, Image.fromarray(GREY[2])])
    for there in (images, pickle.loads(pickle.dumps(images)), images[::-1][::-1]):
        assert_array_equal(there.decode(), GREY[[0, 1, 0, 2]])
    assert images.ids.tolist() == [path, "1", path, "3"]


@pytest.mark.parametrize("wrap", [Image.fromarray, lambda image: {"bytes": pillow(image, "PNG"), "path": None}])
def test_they_are_images_wherever_images_are_expected(wrap, tmp_path):
    pictures = [wrap(image) for image in GREY]
    rows = FeaturePipeline([Mean()], cache=tmp_path / "rows.cache").fit_transform(pictures)
    assert_array_equal(rows, FeaturePipeline([Mean()]).fit_transform(GREY))
    model = ReferenceSimilarity(GREY[2:], features=FeaturePipeline([Pixels()]))
    assert_array_equal(model.fit_transform(pictures[:2]), model.fit_transform(GREY[:2]))


# ---- empty cells and paths that cannot be -----------------------------------------------------------------


@pytest.mark.parametrize("empty", [None, np.nan, pd.NA, {"bytes": None, "path": None}])
def test_an_empty_cell_is_one_failure_named_by_its_row(tmp_path, empty):
    paths = write_images(tmp_path, GREY[:3])
    cells = pd.Series([paths[0], empty, paths[1], empty], dtype=object)
    assert [str(failure) for failure in check_images(cells)] == [
        f"row {i}: row {i} has no path: fill it in, or leave the row out [missing]" for i in (1, 3)
    ]
    with pytest.warns(UserWarning, match="row 1 has no path"):
        rows = FeaturePipeline([Mean()], on_error="nan").fit_transform(cells)
    assert_array_equal(np.isnan(rows[:, 0]), [False, True, False, True])
    with pytest.raises(ImageReadError, match="row 3 has no path"):
        FeaturePipeline([Mean()]).fit_transform(cells)
    assert len(set(ImageSet(cells).digests)) == 4


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("None", "stands for an empty cell"),
        ("nan", "stands for an empty cell"),
        ("~/scans/a.png", "os.path.expanduser"),
        (r"scans\a.png", "use '/'"),
        ("a.png", "check the path"),
    ],
)
def test_paths_that_cannot_be_are_explained(path, words):
    assert words in ImageSet([path]).failures[0].reason


def test_folders_that_cannot_be_are_explained():
    with pytest.raises(FileNotFoundError, match=r"os.path.expanduser"):
        ImageSet.from_folder("~/no such folder")


def test_equal_failures_are_one_line_with_their_number():
    many = [ImageFailure(f"{i}.png", "missing", "no such file") for i in range(500)]
    error = ImageReadError([*many, ImageFailure("z.png", "empty", "no bytes")])
    lines = str(error).splitlines()
    assert lines == [
        "501 images cannot be used:",
        "  500 images (0.png, 1.png, 2.png, ...): no such file [missing]",
        "  z.png: no bytes [empty]",
    ]


# ---- by id ------------------------------------------------------------------------------------------------


def test_images_by_id():
    images = ImageSet(GREY, ids=["ann", "bo", "cy", "di"], groups=[1, 1, 2, 2])
    assert_array_equal(images["cy"], GREY[2])
    for key in (["di", "ann"], np.array(["di", "ann"]), pd.Series(["di", "ann"]), pd.Index(["di", "ann"])):
        part = images[key]
        assert part.ids.tolist() == ["di", "ann"]
        assert part.groups.tolist() == [2, 1]
    for key in ("anne", ["bo", "anne"]):
        with pytest.raises(KeyError, match="no image has the id 'anne': did you mean 'ann'"):
            images[key]


# ---- patients ---------------------------------------------------------------------------------------------


def test_a_dict_gives_the_patient_of_each_id():
    patients = {"c": "bo", "a": "ann", "b": "ann", "d": "bo", "another": "cy"}
    assert ImageSet(GREY, ids=list("abcd"), groups=patients).groups.tolist() == ["ann", "ann", "bo", "bo"]
    assert ImageSet(GREY, groups={i: i // 2 for i in range(4)}).groups.tolist() == [0, 0, 1, 1]
    with pytest.raises(ValueError, match=r"groups has no patient for 2 of 4 images \(c, d\): leave them out"):
        ImageSet(GREY, ids=list("abcd"), groups={"a": 1, "b": 1})


@pytest.mark.parametrize("empty", [None, np.nan, pd.NA, pd.NaT])
def test_a_missing_patient_is_an_error(empty):
    for groups in (["a", empty, "b", "b"], pd.Series(["a", empty, "b", "b"]), np.array(["a", empty, 1, 2], object)):
        with pytest.raises(ValueError, match=r"groups has no patient for 1 of 4 images \(1\).*a label of its own"):
            ImageSet(GREY, groups=groups)
    with pytest.raises(ValueError, match=r"no patient for 1 of 4"):
        ImageSet(GREY, groups=np.array([1.0, 2.0, np.nan, 4.0]))
    with pytest.raises(ValueError, match="ids has no id at position 1"):
        ImageSet(GREY, ids=["a", empty, "b", "c"])


@pytest.mark.parametrize("labels", [set("abcd"), frozenset("abcd"), "abcd"])
@pytest.mark.parametrize("what", ["ids", "groups"])
def test_labels_without_order_are_refused(labels, what):
    with pytest.raises(TypeError, match=f"{what} (is a|must hold)"):
        ImageSet(GREY, **{what: labels})


def test_ids_are_no_dict():
    with pytest.raises(TypeError, match="ids is a dict, in which images have no position"):
        ImageSet(GREY, ids=dict.fromkeys("abcd"))


def test_patients_of_several_types_have_a_repr():
    assert repr(ImageSet(GREY, groups=np.array(["a", 1, (2,), "a"], object))) == "ImageSet(4 arrays, 3 groups)"
