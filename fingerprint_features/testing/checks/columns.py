"""Columns: as many as the row is wide, each with a name one can use in a frame."""

import numpy as np


def width_equals_names(case):
    """A row has one number for each name."""
    extractor = case.fitted()
    rows, names = extractor.transform(case.pictures), extractor.get_feature_names_out()
    shape = (len(case.pictures), len(names))
    case.expect(rows.shape == shape, f"{len(names)} names for rows of shape {rows.shape}: the shape must be {shape}")
    case.expect(len(names) > 0, "there are no columns")


def names_are_unique_words(case):
    """Names are str without white space, and none occurs twice."""
    names = case.fitted().get_feature_names_out()
    case.expect(isinstance(names, np.ndarray) and names.dtype == object, "names must be an object array of str")
    for name in names:
        good = isinstance(name, str) and name and not any(letter.isspace() for letter in name)
        case.expect(good, f"a column name must be a str without white space, got {name!r}")
    values, counts = np.unique(names.astype(str), return_counts=True)
    case.expect(len(values) == len(names), f"the column name {values[counts > 1][:1]} occurs more than once")


def names_stay_the_same(case):
    """Asking twice, before and after use, gives the same names; the argument is ignored."""
    extractor = case.fitted()
    first = list(extractor.get_feature_names_out())
    extractor.transform(case.pictures)
    case.expect(list(extractor.get_feature_names_out()) == first, "the names changed by asking twice")
    case.expect(list(extractor.get_feature_names_out(["image"])) == first, "input_features must be ignored")


def rows_are_contiguous_float32(case):
    """The matrix is what every learner takes without a copy: float32, C-contiguous, finite."""
    rows = case.rows()
    case.expect(type(rows) is np.ndarray, f"rows must be an ndarray, got {type(rows).__name__}")
    case.expect(rows.dtype == np.float32, f"rows must be float32, got {rows.dtype}")
    case.expect(rows.flags.c_contiguous, "rows must be C-contiguous")
    case.expect(np.isfinite(rows).all(), "rows must be finite")


CHECKS = [width_equals_names, names_are_unique_words, names_stay_the_same, rows_are_contiguous_float32]
