"""The conformance suite itself: good extractors pass it, and each check can fail."""

import importlib.util

import numpy as np
import pytest

from fingerprint_features.extractors.base import BaseExtractor
from fingerprint_features.testing import check_extractor, extractor_checks, parametrize_with_extractor_checks
from tests.testing.broken import BROKEN, Heavy, OwnTransform, RawLevels, Spaced
from tests.testing.good import Bands, Colour, Learner

# Exact, so that the suite can neither shrink nor go empty unnoticed.
COUNTS = {"stateless grey": (Bands(), 41), "stateful grey": (Learner(), 41), "stateless colour": (Colour(), 42)}


def names(extractor):
    return [name for name, _ in extractor_checks(extractor)]


@pytest.mark.parametrize(("extractor", "count"), COUNTS.values(), ids=COUNTS)
def test_an_extractor_gets_exactly_this_many_checks(extractor, count):
    assert len(names(extractor)) == count
    assert len(set(names(extractor))) == count


@parametrize_with_extractor_checks([Bands(), Bands(n=5, factor=2), Learner(n=3), Colour()])
def test_good_extractors_pass(extractor, check):
    check(extractor)


def test_each_check_has_an_extractor_that_breaks_it():
    assert set(BROKEN) == set(names(Bands()) + names(Learner()) + names(Colour()))


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # Contrast divides by zero
@pytest.mark.parametrize("name", BROKEN)
def test_each_check_can_fail(name):
    extractor = BROKEN[name]
    check = dict(extractor_checks(extractor))[name]
    with pytest.raises((AssertionError, ValueError, IndexError)):  # the check's own, or what the extractor raises
        check(extractor)


def test_the_message_names_class_image_and_column():
    with pytest.raises(AssertionError, match=r"OwnTransform: FeaturePipeline gives other rows: image 0, column 0 is"):
        dict(extractor_checks(OwnTransform()))["a_feature_pipeline_gives_the_same_rows"](OwnTransform())


# ---- tolerance ------------------------------------------------------------------------------------------


class Net(Bands):
    """Values that depend on the batch as those of a network do: in the last digits."""

    def _extract_batch(self, images):
        return np.array(super()._extract_batch(images)) * (1 + 1e-6 * len(images))


def test_rows_are_compared_bitwise_unless_a_tolerance_is_given():
    name = "an_image_alone_has_its_row_in_a_batch"
    with pytest.raises(AssertionError, match="an image alone has another row"):
        dict(extractor_checks(Net()))[name](Net())
    dict(extractor_checks(Net(), tolerance=1e-4))[name](Net())
    with pytest.raises(AssertionError, match="an image alone has another row"):
        dict(extractor_checks(BROKEN[name], tolerance=1e-4))[name](BROKEN[name])


def test_nan_is_never_within_the_tolerance():
    class NotANumber(Bands):
        def transform(self, X):
            return super().transform(X) * np.float32("nan")

    check = dict(extractor_checks(NotANumber(), tolerance=1e-4))["a_second_pass_gives_the_same_rows"]
    with pytest.raises(AssertionError, match="the second pass"):
        check(NotANumber())


# ---- ways to run it -------------------------------------------------------------------------------------


class TwiceBad(Spaced, Heavy):
    """Breaks two checks."""


def test_check_extractor_collects_every_failure():
    with pytest.raises(ExceptionGroup, match=r"TwiceBad\(\) fails 2 of 41 checks") as caught:
        check_extractor(TwiceBad())
    notes = [error.__notes__ for error in caught.value.exceptions]
    assert notes == [["in the check names_are_unique_words"], ["in the check a_pickle_is_small"]]


def test_check_extractor_names_what_passed_and_leaves_out_what_was_skipped(monkeypatch):
    assert check_extractor(Bands()) == names(Bands())
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "polars" else find(name))
    assert set(names(Bands())) - set(check_extractor(Bands())) == {"polars_output"}


@pytest.mark.parametrize("wrong", [Bands, "lbp", None])
def test_only_instances_are_checked(wrong):
    with pytest.raises(TypeError, match=r"the suite checks instances of BaseExtractor, e.g. LBP\(\). Got"):
        check_extractor(wrong)


def test_expected_failures_become_strict_xfails_with_their_sentence():
    reason = "levels are not scaled on purpose"
    mark = parametrize_with_extractor_checks(
        [Bands(), RawLevels()], {"RawLevels": {"sixteen_bits_agree_with_eight": reason}}
    )
    arguments, cases = mark.args
    assert arguments == ("extractor", "check")
    assert len(cases) == 2 * 41
    (marked,) = [case for case in cases if case.marks]
    assert marked.id == "RawLevels()-sixteen_bits_agree_with_eight"
    assert marked.marks[0].kwargs == {"reason": reason, "strict": True}


@pytest.mark.parametrize("wrong", [{"Band": {"width_equals_names": "x"}}, {"Bands": {"width_equals_name": "x"}}])
def test_expected_failures_that_name_no_check_raise(wrong):
    with pytest.raises(ValueError, match="expected_failures names what is not checked: Band"):
        parametrize_with_extractor_checks([Bands()], wrong)


def test_checks_never_touch_the_instance():
    extractor = Learner(n=3)
    before = dict(vars(extractor))
    check_extractor(extractor)
    assert vars(extractor) == before


def test_the_base_class_alone_fails():
    with pytest.raises(ExceptionGroup, match=r"BaseExtractor\(\) fails"):
        check_extractor(BaseExtractor())


def test_an_extractor_that_no_other_process_can_import_is_told_so():
    class Local(Bands):
        pass

    Local.__qualname__ = "Local"
    Local.__module__ = "tests.testing.broken"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.testing.broken.Local", Local, raising=False)
        with pytest.raises(
            AssertionError, match=r"importable there\?(.|\n)*has no attribute 'Local'|Can't get attribute"
        ):
            dict(extractor_checks(Local()))["the_token_outlives_the_process"](Local())
    check_extractor(Bands())  # the other process is still there
