"""For each check of the suite, one extractor that breaks it."""

import numpy as np

from fingerprint_features import ImageReadError, ImageSet
from fingerprint_features.images.intensity import to_levels
from tests.testing.good import Bands, Colour, Learner, grey

BROKEN = {}


def breaks(kind):
    """Enter an extractor under the check that its docstring's first word names."""
    name = kind.__doc__.split(":")[0]
    BROKEN[name] = kind()
    return kind


@breaks
class ExtraColumn(Bands):
    """width_equals_names: one column has no name."""

    def transform(self, X):
        rows = super().transform(X)
        return np.hstack([rows, rows[:, :1]])


@breaks
class Spaced(Bands):
    """names_are_unique_words: names with spaces."""

    def _column_names(self):
        return [f"band {i}" for i in range(self.n)]


@breaks
class CountingNames(Bands):
    """names_stay_the_same: names that tell how often they were asked for."""

    asked = 0

    def _column_names(self):
        type(self).asked += 1
        return [f"band{i}_{self.asked}" for i in range(self.n)]


@breaks
class Transposed(Bands):
    """rows_are_contiguous_float32: columns lie together in memory."""

    def transform(self, X):
        return np.asfortranarray(super().transform(X))


@breaks
class BatchNorm(Bands):
    """an_image_alone_has_its_row_in_a_batch: rows minus the batch's mean."""

    def _extract_batch(self, images):
        rows = np.array(super()._extract_batch(images))
        return rows - rows.mean(axis=0)


@breaks
class Crowded(Bands):
    """a_large_batch_gives_the_same_rows: forgets the images after the twentieth."""

    def _extract_batch(self, images):
        rows = np.array(super()._extract_batch(images))
        rows[20:] = 0
        return rows


@breaks
class Positional(Bands):
    """permuted_images_give_permuted_rows: the position is added."""

    def _extract_batch(self, images):
        return np.array(super()._extract_batch(images)) + np.arange(len(images))[:, None]


@breaks
class Counting(Bands):
    """a_second_pass_gives_the_same_rows: the number of passes is added."""

    def transform(self, X):
        self._passes = getattr(self, "_passes", 0) + 1
        return super().transform(X) + np.float32(self._passes)


@breaks
class ShortCut(Bands):
    """fit_transform_equals_fit_then_transform: a short cut of its own."""

    def fit_transform(self, X, y=None):
        return self.fit(X).transform(X) + np.float32(1)


@breaks
class ListLover(Bands):
    """every_container_gives_the_same_rows: lists are something else."""

    def transform(self, X):
        return super().transform(X) + np.float32(isinstance(X, list))


@breaks
class Eraser(Bands):
    """the_input_is_left_alone: images are wiped."""

    def transform(self, X):
        rows = super().transform(X)
        if isinstance(X, np.ndarray) and X.flags.writeable:
            X[...] = 0
        return rows


@breaks
class Writer(Bands):
    """read_only_images_are_fine: wants to write."""

    def transform(self, X):
        if isinstance(X, np.ndarray):
            X[:1] = X[:1]
        return super().transform(X)


@breaks
class Memory(Bands):
    """strided_images_are_fine: reads memory in the order in which it lies there."""

    def transform(self, X):
        if isinstance(X, np.ndarray):
            X = X.ravel(order="K").reshape(X.shape)
        return super().transform(X)


@breaks
class NoWidth(Bands):
    """no_images_give_no_rows: an empty set has no width."""

    def transform(self, X):
        return super().transform(X) if len(X) else np.empty((0, 0), dtype=np.float32)


@breaks
class FirstOnly(Bands):
    """unreadable_images_are_named: gives up at the first bad image."""

    def transform(self, X):
        try:
            return super().transform(X)
        except ImageReadError as error:
            raise ImageReadError(error.failures[:1]) from error


@breaks
class TableEater(Bands):
    """a_table_is_refused_with_the_cure: takes a table for images."""

    def fit(self, X, y=None):
        return super().fit(X[:, None] if isinstance(X, np.ndarray) and X.ndim == 2 else X)


@breaks
class OwnTransform(Bands):
    """a_feature_pipeline_gives_the_same_rows: works in transform, where FeaturePipeline does not look."""

    def transform(self, X):
        return super().transform(X) + np.float32(1)


@breaks
class FirstShape(Bands):
    """images_of_several_sizes_share_a_batch: cuts all images to the first one's height."""

    def _extract_batch(self, images):
        return [self._extract_one(image[: len(images[0])]) for image in images]


@breaks
class Contrast(Bands):
    """flat_images_have_finite_rows: divides by a contrast that may be zero."""

    def _extract_one(self, image):
        levels = to_levels(image)
        return np.array(super()._extract_one(image)) / levels.std()


@breaks
class SecondRow(Bands):
    """tiny_images_have_finite_rows_or_a_reason: needs a second row."""

    def _extract_one(self, image):
        return np.array(super()._extract_one(image)) + to_levels(image)[1, 0]


@breaks
class RawLevels(Bands):
    """sixteen_bits_agree_with_eight: takes levels as they come."""

    def _extract_one(self, image):
        return np.full(self.n, image.mean())


@breaks
class PerCent(Bands):
    """fractions_agree_with_sixteen_bits: takes fractions for per cent."""

    def _extract_one(self, image):
        return np.array(super()._extract_one(image)) * (100 / 255 if image.dtype == np.float32 else 1)


@breaks
class Caster(Bands):
    """window_of_values_is_declared: casts what has no declared range."""

    def _images(self, X):
        return X.astype(np.uint8) if isinstance(X, np.ndarray) and X.dtype == np.int16 else X

    def fit(self, X, y=None):
        return super().fit(self._images(X))

    def transform(self, X):
        return super().transform(self._images(X))


@breaks
class RedOnly(Bands):
    """colour_is_read_as_its_grey_form: looks at the first channel."""

    _mode = "image"

    def _extract_one(self, image):
        return super()._extract_one(grey(image))


@breaks
class GreyIsBlack(Colour):
    """grey_is_read_as_colour_by_repetition: greys have no colour."""

    def transform(self, X):
        is_grey = isinstance(X, np.ndarray) and X.ndim == 3
        return super().transform(X) * np.float32(not is_grey)


@breaks
class ColourBlind(Colour):
    """channels_are_told_apart: the mean over all channels."""

    def _extract_one(self, image):
        return np.full(3, np.sort(image.reshape(-1)).mean())


@breaks
class Converter(Bands):
    """init_stores_its_parameters_and_nothing_else: converts a parameter."""

    def __init__(self, n=2, factor=1.0):
        super().__init__(n, float(factor))


@breaks
class Misspelt(Bands):
    """get_params_lists_the_constructor: a runtime parameter that does not exist."""

    _runtime_params = ("n_job",)


@breaks
class Trusting(Bands):
    """bad_parameters_raise_when_fitted: checks nothing."""

    def _check_params(self):
        pass

    def fit(self, X, y=None):
        return self


@breaks
class FitChecks(Bands):
    """bad_parameters_raise_when_used: checks in fit alone."""

    def check_ready(self):
        pass

    def transform(self, X):
        try:
            return super().transform(X)
        except (TypeError, ValueError):
            return None


@breaks
class StoredNames(Bands):
    """set_params_equals_a_fresh_object: names are kept from the first use."""

    def _column_names(self):
        if not hasattr(self, "_names"):
            self._names = super()._column_names()
        return self._names


@breaks
class Copied(Bands):
    """a_clone_of_a_used_extractor_is_new: a clone is a copy of everything."""

    def __sklearn_clone__(self):
        copy = type(self)(self.n, self.factor)
        copy.__dict__.update(self.__dict__)
        return copy

    def _extract_one(self, image):
        self._used = True
        return super()._extract_one(image)


@breaks
class Rounder(Bands):
    """use_leaves_the_parameters_alone: rounds a parameter in fit."""

    def fit(self, X, y=None):
        self.factor = round(self.factor) + 0.0
        return super().fit(X)


@breaks
class Hashed(Bands):
    """the_token_outlives_the_process: Python's hash of a text differs in every process."""

    def _value_state(self):
        return hash("bands")


@breaks
class Spelled(Bands):
    """the_token_reads_numbers_by_value: 1 and 1.0 are spelled differently."""

    def _value_state(self):
        return repr(self.n)


@breaks
class Undeclared(Bands):
    """other_values_make_another_token: a parameter that changes values is declared as runtime."""

    _runtime_params = ("factor",)


@breaks
class Silent(Learner):
    """what_was_learnt_is_in_the_token: keeps what it learnt out of the token."""

    def _value_state(self):
        return None


@breaks
class Secret(Bands):
    """transform_needs_no_fit: learns something and does not say so."""

    def fit(self, X, y=None):
        self.seen_ = len(X)
        return super().fit(X)


@breaks
class AlwaysReady(Learner):
    """unfitted_use_is_refused: claims to be fitted."""

    middle_ = 0

    def __sklearn_is_fitted__(self):
        return True


@breaks
class Hoarder(Learner):
    """fit_forgets_the_fit_before: adds to what it learnt before."""

    def _fit(self, images, y):
        self.middle_ = self._middle(images) + getattr(self, "middle_", 0)


@breaks
class Forgetful(Bands):
    """a_pickle_gives_the_same_rows: loses a parameter on the way."""

    def __setstate__(self, state):
        super().__setstate__({**state, "factor": 2 * state["factor"]})


@breaks
class Heavy(Bands):
    """a_pickle_is_small: drags a table along."""

    def _extract_one(self, image):
        self._table = np.arange(100_000)
        return super()._extract_one(image)


@breaks
class TableTag(Bands):
    """tags_are_honest: claims to take tables."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        return tags


@breaks
class Unframed(Bands):
    """pandas_output: set_output does nothing."""

    def set_output(self, *, transform=None):
        return self


BROKEN["polars_output"] = Unframed()


@breaks
class Demanding(Bands):
    """grid_search_reaches_its_parameters: refuses the few images of a fold."""

    def fit(self, X, y=None):
        if len(ImageSet(X) if not isinstance(X, ImageSet) else X) == 3:
            raise ValueError("three are not enough")
        return super().fit(X)
