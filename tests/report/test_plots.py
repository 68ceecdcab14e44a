"""Pictures show the numbers they are given."""

import numpy as np
from matplotlib.colors import to_rgb

from fingerprint_features.report import draw_confusion, draw_map


def test_confusion_shows_shares_of_the_true_class():
    figure = draw_confusion(["t1", "t1", "t1", "t1", "t2"], ["t1", "t1", "t1", "t2", "t2"], title="a title")
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.texts] == ["0.75", "0.25", "0.00", "1.00"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["t1", "t2"]
    assert axes.get_title() == "a title"


def test_a_class_that_is_only_answered_has_a_column():
    axes = draw_confusion(["t1", "t1"], ["t1", "t3"]).axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["t1", "t3"]
    assert [text.get_text() for text in axes.texts][:2] == ["0.50", "0.50"]


def test_the_map_shows_every_image_once_by_label_and_kind():
    rng = np.random.default_rng(0)
    labels, kinds = np.repeat(["t1", "t2", "t1"], [5, 6, 7]), np.repeat(["real", "real", "generated"], [5, 6, 7])
    features = rng.standard_normal((18, 4)) * [100, 1, 1, 1] + (labels == "t1")[:, None] * [500, 5, 5, 5]
    axes = draw_map(features, labels, kinds).axes[0]
    clouds = {}
    for cloud in axes.collections:
        if len(cloud.get_offsets()):
            colour = tuple(np.round(cloud.get_facecolors()[0, :3], 3))
            clouds.setdefault(colour, []).append(len(cloud.get_offsets()))
    first, second = (tuple(np.round(to_rgb(colour), 3)) for colour in ("C0", "C1"))
    assert {first: sorted(clouds[first]), second: clouds[second]} == {first: [5, 7], second: [6]}
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["t1", "t2", "real", "generated"]


def test_columns_of_any_unit_count_alike_on_the_map():
    rng = np.random.default_rng(0)
    features = rng.standard_normal((12, 3))
    where = [
        np.concatenate([cloud.get_offsets() for cloud in draw_map(X, ["a"] * 12, ["real"] * 12).axes[0].collections])
        for X in (features, features * [1, 1000, 1])
    ]
    np.testing.assert_allclose(*where, atol=1e-9)
