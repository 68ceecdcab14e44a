"""Patches: cells as numpy.array_split cuts them, and the inner extractor left in peace."""

import pickle

import numpy as np
import pytest
import skimage.data
from sklearn.exceptions import NotFittedError

from fingerprint_features import ImageReadError, ImageSet, ImageStats, Patches, PHash, Pixels
from fingerprint_features.cache import extractor_token

from ..helpers import Centre, Mean, random_images


def test_hand_counted_cells():
    image = np.arange(16, dtype=np.uint8).reshape(4, 4)
    # top left 0 1 4 5, top right 2 3 6 7, bottom left 8 9 12 13, bottom right 10 11 14 15
    patches = Patches(Mean())
    np.testing.assert_array_equal(patches.fit_transform([image]), [[2.5, 4.5, 10.5, 12.5]])
    names = ["patch0x0_mean_x1", "patch0x1_mean_x1", "patch1x0_mean_x1", "patch1x1_mean_x1"]
    assert list(patches.get_feature_names_out()) == names


@pytest.mark.parametrize("grid", [(1, 1), (2, 2), (3, 1), (2, 5), (7, 7)])
@pytest.mark.parametrize("shape", [(7, 7), (50, 41), (64, 64)])
def test_cells_are_those_of_array_split(shape, grid):
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    cells = [cell for rows in np.array_split(image, grid[0]) for cell in np.array_split(rows, grid[1], axis=1)]
    want = ImageStats().fit_transform([cell.copy() for cell in cells]).ravel()
    np.testing.assert_array_equal(Patches(ImageStats(), grid).fit_transform([image])[0], want)


def test_images_of_several_sizes_and_depths_side_by_side():
    images = [skimage.data.coins(), skimage.data.camera(), skimage.data.camera().astype(np.uint16) * 257]
    rows = Patches(PHash(4), (2, 3)).fit_transform(images)
    assert rows.shape == (3, 96)
    np.testing.assert_array_equal(rows[1], rows[2])
    for image, row in zip(images, rows, strict=True):
        np.testing.assert_array_equal(Patches(PHash(4), (2, 3)).fit_transform([image])[0], row)


def test_colours_reach_an_inner_extractor_that_wants_them():
    class Blue(Mean):
        _mode = "rgb"

        def _extract_one(self, image):
            return [image[..., 2].mean()]

    image = np.zeros((4, 4, 3), dtype=np.uint8)
    image[:2, :, 2] = 200
    np.testing.assert_array_equal(Patches(Blue(), (2, 1)).fit_transform([image]), [[200, 0]])


def test_the_inner_extractor_gets_all_cells_of_a_batch_at_once():
    batches = []

    class Counting(Mean):
        def _extract_batch(self, images):
            batches.append([image.shape for image in images])
            assert not any(image.flags.writeable for image in images)
            assert all(image.flags.c_contiguous for image in images)
            return super()._extract_batch(images)

    Patches(Counting(), (1, 2)).fit_transform(random_images(3, size=5))
    assert batches == [[(5, 3), (5, 2)] * 3]


def test_an_image_smaller_than_the_grid_is_named():
    images = ImageSet([*random_images(1, size=4), np.zeros((2, 9), dtype=np.uint8)], ids=["good", "thin"])
    with pytest.raises(ImageReadError, match="thin: Patches: the image is 2 x 9 pixels, too small for 3 x 3") as error:
        Patches(Mean(), (3, 3)).fit_transform(images)
    assert [(failure.id, failure.kind) for failure in error.value.failures] == [("thin", "unsuitable")]


def test_an_inner_extractor_that_learns_sees_every_cell_with_its_label_and_patient():
    seen = {}

    class Learner(Centre):
        def _fit(self, images, y):
            super()._fit(images, y)
            seen.update(ids=list(images.ids), groups=list(images.groups), y=list(y), tail=images[[1, 3]].ids.tolist())
            seen["cells"] = [image.tolist() for image in images[2:]]

    first, second = np.arange(4, dtype=np.uint8).reshape(1, 2, 2) + np.array([[[0]], [[10]]], dtype=np.uint8)
    images = ImageSet([first, second], ids=["a", "b"], groups=["ann", "bo"])
    inner = Learner()
    patches = Patches(inner, (1, 2)).fit(images, [0, 1])
    assert seen["ids"] == ["a#patch0x0", "a#patch0x1", "b#patch0x0", "b#patch0x1"]
    assert seen["groups"] == ["ann", "ann", "bo", "bo"]
    assert seen["y"] == [0, 0, 1, 1]
    assert seen["tail"] == ["a#patch0x1", "b#patch0x1"]
    assert seen["cells"] == [[[10], [12]], [[11], [13]]]
    assert patches.extractor_.level_ == 6.5  # the mean of 0 1 2 3 10 11 12 13
    assert not hasattr(inner, "level_")
    np.testing.assert_array_equal(patches.transform(images), [[1 - 6.5, 2 - 6.5], [11 - 6.5, 12 - 6.5]])


def test_each_image_is_decoded_once_while_the_inner_extractor_learns_in_order():
    class Counted(ImageSet):
        decoded = 0

        def decode_one(self, raw, i):
            type(self).decoded += 1
            return super().decode_one(raw, i)

    Patches(Centre(), (3, 3)).fit(Counted(random_images(4)))
    assert Counted.decoded == 4


class Travelling(Centre):
    """Learns from images that have been to another process and back."""

    def _fit(self, images, y):
        super()._fit(pickle.loads(pickle.dumps(images)), y)


def test_the_cells_an_inner_extractor_learns_from_can_be_sent_to_workers():
    images = random_images(3)
    level = Patches(Travelling()).fit(images).extractor_.level_
    assert level == Patches(Centre()).fit(images).extractor_.level_


def test_fitting_on_an_image_that_is_too_small_names_it():
    images = ImageSet([np.zeros((1, 1), dtype=np.uint8)], ids=["dot"])
    with pytest.raises(ImageReadError, match="dot: the image is 1 x 1 pixels, too small for 2 x 2"):
        Patches(Centre()).fit(images)


def test_an_inner_extractor_that_learns_must_be_fitted():
    with pytest.raises(NotFittedError, match="Patches learns from images: call fit"):
        Patches(Centre()).transform(random_images(1))
    assert Patches(Mean()).transform(random_images(1)).shape == (1, 4)


def test_the_token_holds_grid_parameters_and_fitted_state():
    token = extractor_token(Patches(Mean()))
    assert token == extractor_token(Patches(Mean(1.0), [2, 2]))
    assert token != extractor_token(Patches(Mean(), (2, 3)))
    assert token != extractor_token(Patches(Mean(2)))
    images = random_images(4)
    fitted = [extractor_token(Patches(Centre()).fit(images[part])) for part in (slice(2), slice(2), slice(2, 4))]
    assert fitted[0] == fitted[1] != fitted[2]


def test_parameters_reach_the_inner_extractor():
    patches = Patches(Mean()).set_params(extractor__factor=2, grid=(1, 1))
    assert list(patches.get_feature_names_out()) == ["patch0x0_mean_x2"]
    assert patches.get_params()["extractor__factor"] == 2


def test_an_extractor_whose_rows_do_not_fit_its_names_is_told_so():
    class Liar(Mean):
        def _extract_one(self, image):
            return [0, 1]

    with pytest.raises(RuntimeError, match="Liar made rows of shape"):
        Patches(Liar()).fit_transform(random_images(1))


@pytest.mark.parametrize("grid", [3, (2,), (0, 2), (2, 2.0), "22"])
def test_bad_grid_is_named(grid):
    with pytest.raises(ValueError, match="'grid' parameter of Patches must be a pair of ints >= 1"):
        Patches(Pixels(), grid).fit(random_images(1))


def test_bad_inner_extractor_is_named():
    with pytest.raises(ValueError, match=r"'extractor' parameter of Patches must be an extractor such as LBP\(\)"):
        Patches(None).fit(random_images(1))
