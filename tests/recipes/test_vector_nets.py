"""Vector-Net: which images each network learns from, and a quick system that answers."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin, clone

from fingerprint_features import ImageSet, make_membership_task, recipes
from fingerprint_features.recipes.vector_nets import LearntBetween

IMAGES = ImageSet(np.array([np.full((4, 4), value, dtype=np.uint8) for value in range(6)]))
USED = [1, 0, 1, 0, 1, 0]
GENERATED = np.full((3, 4, 4), 9, dtype=np.uint8)


class Seen(TransformerMixin, BaseEstimator):
    """Keeps what it was fitted on."""

    def fit(self, X, y):
        self.seen_ = [(int(image[0, 0]), int(label)) for image, label in zip(X, y, strict=True)]
        return self

    def transform(self, X):
        return np.array([[image.mean()] for image in X])


@pytest.mark.parametrize(
    ("sides", "expected"),
    [
        (("unused", "used"), [(1, 0), (3, 0), (5, 0), (0, 1), (2, 1), (4, 1)]),
        (("used", "generated"), [(0, 0), (2, 0), (4, 0), (9, 1), (9, 1), (9, 1)]),
        (("unused", "generated"), [(1, 0), (3, 0), (5, 0), (9, 1), (9, 1), (9, 1)]),
    ],
)
def test_each_network_parts_two_kinds_of_images(sides, expected):
    learnt = clone(LearntBetween(Seen(), GENERATED, sides)).fit(IMAGES, USED)
    assert learnt.features_.seen_ == expected
    assert learnt.transform(IMAGES)[:, 0].tolist() == list(range(6))


def test_labels_of_both_kinds_are_needed():
    with pytest.raises(ValueError, match="requires y"):
        LearntBetween(Seen(), GENERATED).fit(IMAGES)
    with pytest.raises(ValueError, match="used and unused images"):
        LearntBetween(Seen(), GENERATED).fit(IMAGES, [1] * 6)
    with pytest.raises(ValueError, match="nets must be 1, 2 or 3"):
        recipes.make("picuslab-2023-vector-net-svm", reference=GENERATED, nets=4)


def test_the_fast_preset_answers(tmp_path):
    pytest.importorskip("torch", reason="this recipe needs the extra learned")
    task = make_membership_task(8, 8, 10, image_size=32, random_state=0)
    tiny = {"preset": "fast", "image_size": 32, "epochs": 1, "dim": 8, "device": "cpu"}
    for nets in (1, 3):
        model = recipes.make(
            "picuslab-2023-vector-net-svm", reference=task.reference, nets=nets, cache=tmp_path / "rows", **tiny
        )
        model.fit(task.X, task.y)
        assert model[0].transform(task.X).shape == (16, 8 * nets)
        assert set(model.predict(task.X)) <= {0, 1}
    assert (model[-1].kernel, model[-1].degree) == ("poly", 2)
