"""image_risk: single images, without labels."""

import json

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import cdist

from fingerprint_features.evaluate import image_risk
from tests.evaluate.set_tasks import SetTask


def risk_of(task, **options):
    return image_risk(task.generated_real, task.real_real, groups=task.patients, **options)


def test_a_hand_counted_case():
    # four images, three generated: the nearest others are at 2, 2, 4, 8
    reals, generated = np.array([[0.0], [2], [6], [14]]), np.array([[0.5], [9], [17]])
    risk = image_risk(cdist(generated, reals), cdist(reals, reals))
    np.testing.assert_array_equal(risk.nearest, [0, 0, 1, 2])
    np.testing.assert_array_equal(risk.distances, [0.5, 1.5, 3, 3])
    np.testing.assert_array_equal(risk.null, [2, 2, 4, 8])
    np.testing.assert_allclose(risk.p_values, [1 / 5, 1 / 5, 3 / 5, 3 / 5])
    np.testing.assert_allclose(risk.q_values, [2 / 5, 2 / 5, 3 / 5, 3 / 5])
    assert risk.smallest_p == 1 / 5


def test_patients_weigh_the_same_whatever_their_number_of_slices():
    # Ann has three slices, Bo and Cy one each; nearest others: 10, 9, 8, 8, 20
    reals, generated = np.array([[0.0], [1], [2], [10], [30]]), np.array([[2.5], [19], [39], [50]])
    risk = image_risk(cdist(generated, reals), cdist(reals, reals), groups=["ann", "ann", "ann", "bo", "cy"])
    np.testing.assert_array_equal(risk.null, [10, 9, 8, 8, 20])
    np.testing.assert_array_equal(risk.distances, [2.5, 1.5, 0.5, 7.5, 9])
    ratio = 4 / 2  # four generated images, but only two real ones that are not Ann's
    at_nine = (1 + 2 / 3 + 1) / 4  # one of itself, two of three slices of Ann, and Bo
    np.testing.assert_allclose(risk.p_values, np.minimum(1, ratio * np.array([1 / 4, 1 / 4, 1 / 4, 1 / 4, at_nine])))
    np.testing.assert_allclose(risk.patient_p, np.minimum(1, ratio * np.array([1 / 4, 1 / 4, 3 / 4])))


@pytest.mark.parametrize("n_generated", [20, 57, 171])
def test_p_values_of_nothing_are_rarely_small(n_generated):
    rng, n_seeds, first, patient = np.random.default_rng(0), 60, [], []
    for seed in range(n_seeds):
        risk = risk_of(SetTask(rng, 10, 10, slices=3, n_generated=n_generated, width=6), random_state=seed)
        first.append(risk.p_values[0])
        patient.append(risk.patient_p[-1])
    for values in (first, patient):
        for level in (0.1, 0.5):
            assert np.sum(np.array(values) <= level) <= stats.binom.ppf(0.9995, n_seeds, level)


def test_many_generated_images_would_look_near_without_the_correction():
    task = SetTask(np.random.default_rng(1), 30, 30, slices=1, n_generated=590, width=6)
    risk = risk_of(task)
    uncorrected = risk.p_values / 10
    assert np.mean(uncorrected <= 0.1) > 0.3
    assert np.mean(risk.p_values <= 0.1) == 0
    assert risk.smallest_p == pytest.approx(10 / 61)


def test_copied_patients_are_found_and_others_are_not():
    task = SetTask(np.random.default_rng(2), 30, 30, slices=2, n_generated=80, copied=0.75, noise=0.1)
    risk = risk_of(task)
    assert risk.flagged[task.y == 1].all()
    assert risk.flagged[task.y == 0].mean() < 0.1
    assert (risk.patient_q[:30] <= 0.05).all()
    copied = risk.nearest[:60]
    np.testing.assert_array_equal(task.generated_real.argmin(axis=0)[:60], copied)
    n_patients = len(np.unique(task.patients[risk.flagged]))
    assert risk.conclusion.startswith(f"{risk.flagged.sum()} of 120 images ({n_patients} patients) are closer")
    assert "(5 % of them by chance)" in risk.conclusion


def test_what_cannot_be_found_is_said():
    rng = np.random.default_rng(3)
    few = risk_of(SetTask(rng, 20, 20, slices=1, n_generated=30))
    assert not few.flagged.any()
    assert few.fewest == 20  # 40 images, p at least 1 / 41: 1 / 41 * 40 / 0.05 = 19.5
    assert few.conclusion == (
        "No image stands out. That does not mean safe: with 40 real images, fewer than 20 copied ones cannot be found."
    )
    one = risk_of(SetTask(rng, 20, 20, slices=1, n_generated=30), fdr=0.99)
    assert one.fewest == 1
    none = risk_of(SetTask(rng, 5, 5, slices=1, n_generated=200))
    assert none.fewest is None
    assert none.conclusion.startswith(
        "No image can be flagged: the set of real images (10) is too small beside that of generated ones (200) to say "
        "how close chance brings them. That does not mean safe."
    )


def test_smooth_generated_images_are_near_everything_and_that_is_said():
    rng = np.random.default_rng(4)
    task = SetTask(rng, 20, 20, slices=1, n_generated=40)
    assert not risk_of(task).all_near
    task.generated_real = cdist(0.2 * task.generated, task.reals)
    risk = risk_of(task)
    assert risk.all_near
    assert risk.conclusion.endswith("smoother than real ones, and the p-values cannot tell which.")


def test_the_result_prints_the_nearest_first_and_becomes_json():
    task = SetTask(np.random.default_rng(2), 30, 30, slices=2, n_generated=80, copied=0.75, noise=0.1)
    risk = risk_of(task)
    lines = str(risk).splitlines()
    assert len(lines) == 12
    assert int(lines[1].split()[0]) == np.lexsort([risk.distances, risk.p_values])[0]
    assert lines[-1] == risk.conclusion
    page = risk._repr_html_()
    assert page.count("<tr>") == 11
    assert risk.conclusion in page
    kept = json.loads(json.dumps(risk.to_dict(), allow_nan=False))
    assert kept["p_values"] == risk.p_values.tolist()
    assert kept["flagged"] == risk.flagged.tolist()


def test_flat_images_say_nothing():
    risk = image_risk(np.zeros((9, 5)), np.zeros((5, 5)))
    np.testing.assert_array_equal(risk.p_values, np.ones(5))
    assert not risk.flagged.any()


def test_the_seed_draws_the_null():
    task = SetTask(np.random.default_rng(5), 20, 20, n_generated=10)
    first, again, other = (risk_of(task, random_state=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.null, again.null)
    assert (first.null != other.null).any()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"generated_real": np.ones(4)}, r"generated_real must be distances of shape \(n_generated, 0\)"),
        ({"real_real": np.ones((3, 3))}, r"real_real must be distances of shape \(4, 4\)"),
        ({"real_real": np.eye(4)}, "real_real looks like similarities"),
        ({"groups": ["ann"] * 4}, "compares with other patients, but all real images are of one: add patients"),
        ({"groups": ["ann"]}, "there are 4 labels but 1 groups"),
        ({"fdr": 0}, "'fdr' parameter of image_risk must be a number between 0 and 1"),
    ],
)
def test_wrong_arguments_say_what_to_do(changed, message):
    with pytest.raises(ValueError, match=message):
        image_risk(**{"generated_real": np.ones((3, 4)), "real_real": 1 - np.eye(4), **changed})
