"""Rows: an image has one row, whatever other images there are and however it is held."""

import tempfile
from pathlib import Path

import numpy as np

from ...images import ImageReadError, ImageSet
from ...pipeline import FeaturePipeline
from ..pictures import make_pictures, write_png


def an_image_alone_has_its_row_in_a_batch(case):
    """Rows are independent."""
    extractor = case.fitted()
    alone = np.vstack([extractor.transform(picture[None]) for picture in case.pictures])
    case.expect_same(alone, extractor.transform(case.pictures), "an image alone has another row than in a batch")


def permuted_images_give_permuted_rows(case):
    """Order plays no part."""
    extractor, order = case.fitted(), np.random.default_rng(0).permutation(len(case.pictures))
    permuted = extractor.transform(case.pictures[order])
    case.expect_same(permuted, extractor.transform(case.pictures)[order], "the order of the images changes a row")


def a_second_pass_gives_the_same_rows(case):
    """Using an extractor leaves nothing behind."""
    extractor = case.fitted()
    first = extractor.transform(case.pictures)
    extractor.transform(case.others)
    case.expect_same(extractor.transform(case.pictures), first, "the second pass gives other rows")


def fit_transform_equals_fit_then_transform(case):
    """The short cut is only a short cut."""
    case.expect_same(case.fresh().fit_transform(case.pictures), case.rows(), "fit_transform gives other rows")


def every_container_gives_the_same_rows(case):
    """Array, lists, files and ImageSet hold the same images."""
    extractor = case.fitted()
    expected = extractor.transform(case.pictures)
    with tempfile.TemporaryDirectory() as folder:
        paths = write_png(Path(folder), case.pictures)
        containers = {
            "a list of arrays": list(case.pictures),
            "a tuple of arrays": tuple(case.pictures),
            "an ImageSet": ImageSet(case.pictures),
            "a list of paths": paths,
            "a list of Path objects": [Path(path) for path in paths],
            "an array of paths": np.array(paths),
            "an ImageSet of paths": ImageSet(paths),
        }
        for name, images in containers.items():
            case.expect_same(extractor.transform(images), expected, f"{name} gives other rows than an array")
            case.expect_same(case.fitted(images).transform(images), expected, f"fit on {name} gives other rows")


def the_input_is_left_alone(case):
    """Images are not written to, in fit or in transform."""
    pictures = case.pictures.copy()
    case.fitted(pictures).transform(pictures)
    case.expect(np.array_equal(pictures, case.pictures), "the images were changed")
    case.expect(pictures.flags.writeable, "the images were made read-only")


def read_only_images_are_fine(case):
    """As joblib hands them to its workers."""
    pictures = case.pictures.copy()
    pictures.flags.writeable = False
    case.expect_same(case.fitted(pictures).transform(pictures), case.rows(), "read-only images have other rows")


def strided_images_are_fine(case):
    """Flipped, sliced and Fortran-ordered arrays are images like any other."""
    extractor, wide = case.fitted(), np.repeat(case.pictures, 2, axis=2)
    strided = {
        "every second column of an array": wide[:, :, ::2],
        "a twice flipped array": np.ascontiguousarray(case.pictures[:, ::-1, ::-1])[:, ::-1, ::-1],
        "a Fortran-ordered array": np.asfortranarray(case.pictures),
    }
    for name, pictures in strided.items():
        case.expect_same(extractor.transform(pictures), extractor.transform(case.pictures), f"{name} has other rows")


def no_images_give_no_rows(case):
    """An empty set has a width all the same."""
    extractor = case.fitted()
    rows = extractor.transform([])
    shape = (0, len(extractor.get_feature_names_out()))
    case.expect(rows.shape == shape and rows.dtype == np.float32, f"no images must give float32 of shape {shape}")


def unreadable_images_are_named(case):
    """The error lists every bad file by its name."""
    extractor = case.fitted()
    with tempfile.TemporaryDirectory() as folder:
        paths = write_png(Path(folder), case.pictures)
        Path(paths[1]).write_bytes(b"not an image")
        Path(paths[4]).unlink()
        try:
            extractor.transform(paths)
        except ImageReadError as error:
            named = [str(failure.id) for failure in error.failures]
            expected = [Path(paths[i]).as_posix() for i in (1, 4)]
            case.expect(named == expected, f"the bad files are {expected}, the error names {named}")
        else:
            case.expect(False, "unreadable files were accepted")


def a_table_is_refused_with_the_cure(case):
    """A plain 2-D array of numbers may be one image or a table: neither is guessed."""
    table, words = np.zeros((8, 8)), "pass a list of images"
    case.expect_error(ValueError, words, lambda: case.fresh().fit(table), "fit on a 2-D array")
    case.expect_error(ValueError, words, lambda: case.fitted().transform(table), "transform of a 2-D array")


def a_feature_pipeline_gives_the_same_rows(case):
    """In chunks, in threads, into a cache and out of it again."""
    with tempfile.TemporaryDirectory() as folder:
        pipeline = FeaturePipeline([case.fresh()], cache=Path(folder) / "rows", n_jobs=2, batch_size=4)
        pipeline.fit(case.pictures)
        case.expect_same(pipeline.transform(case.pictures), case.rows(), "FeaturePipeline gives other rows")
        case.expect_same(pipeline.transform(case.pictures), case.rows(), "the cache gives other rows")
        names = list(case.fitted().get_feature_names_out())
        case.expect(list(pipeline.get_feature_names_out()) == names, "FeaturePipeline gives other names")


def a_large_batch_gives_the_same_rows(case):
    """As FeaturePipeline with a large `batch_size` hands them on."""
    pictures = make_pictures(case.extractor._mode, 40, seed=2)
    extractor = case.fitted()
    few = np.vstack([extractor.transform(pictures[i : i + 5]) for i in range(0, 40, 5)])
    pipeline = FeaturePipeline([case.fresh()], batch_size=40).fit(case.pictures)
    case.expect_same(pipeline.transform(pictures), few, "40 images in one batch have other rows than in batches of 5")


def images_of_several_sizes_share_a_batch(case):
    """Nothing is carried from one size of image to the next."""
    sizes = [(32, 40), (40, 32), (47, 33), (32, 40)]
    images = [make_pictures(case.extractor._mode, 1, *size)[0] for size in sizes]
    extractor = case.fitted()
    alone = np.vstack([case.fresh().transform([image]) for image in images])
    case.expect_same(extractor.transform(images), alone, "images of other sizes in a batch change a row")


CHECKS = [
    an_image_alone_has_its_row_in_a_batch,
    permuted_images_give_permuted_rows,
    a_second_pass_gives_the_same_rows,
    fit_transform_equals_fit_then_transform,
    every_container_gives_the_same_rows,
    the_input_is_left_alone,
    read_only_images_are_fine,
    strided_images_are_fine,
    no_images_give_no_rows,
    unreadable_images_are_named,
    a_table_is_refused_with_the_cure,
    a_feature_pipeline_gives_the_same_rows,
    a_large_batch_gives_the_same_rows,
]
STATELESS = [images_of_several_sizes_share_a_batch]
