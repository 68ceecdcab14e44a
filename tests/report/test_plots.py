"""Pictures show the numbers they are given."""

import io
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from fingerprint_features import ImageSet
from fingerprint_features.report import draw_confusion, draw_history, draw_map, draw_pairs, draw_scores
from tests.helpers import random_images


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
    assert [text.get_text() for text in axes.figure.legends[0].get_texts()] == ["t1", "t2", "real", "generated"]


def test_columns_of_any_unit_count_alike_on_the_map():
    rng = np.random.default_rng(0)
    features = rng.standard_normal((12, 3))
    where = [
        np.concatenate([cloud.get_offsets() for cloud in draw_map(X, ["a"] * 12, ["real"] * 12).axes[0].collections])
        for X in (features, features * [1, 1000, 1])
    ]
    np.testing.assert_allclose(*where, atol=1e-9)


def test_names_are_drawn_as_they_are():
    name, odd = "a$b_{c", "t\x01\udcff"
    figures = (
        draw_confusion([name, odd], [name, odd], title=name),
        draw_map([[0, 1], [1, 0], [2, 2]], [name, odd, name], ["real", "real", odd], title=name),
        draw_scores([0, 1], [name, "b"], title=name),
        draw_history({name: [1, 2]}, title=name),
        draw_pairs(ImageSet(random_images(2), ids=[name, odd]), random_images(2), title=name),
    )
    for figure in figures:
        file = io.BytesIO()
        figure.savefig(file, format="svg")
        ElementTree.fromstring(file.getvalue())
        assert any(name in text.get_text() for text in figure.findobj(Text))


def test_score_histograms_hold_every_image_of_their_label():
    rng = np.random.default_rng(0)
    scores = np.concatenate([rng.normal(size=40), rng.normal(size=25) + 2, [np.nan, np.inf, -np.inf]])
    labels = np.repeat(["unused", "used", "used"], [40, 25, 3])
    axes = draw_scores(scores, labels, cut=1.25).axes[0]
    areas = {patch.get_label(): patch.get_xy() for patch in axes.patches}
    assert list(areas) == ["unused (40)", "used (27)"]
    for label, outline in areas.items():
        heights = outline[1:-1:2, 1]  # up and along, bin by bin, then back on the ground
        assert heights.sum() == int(label.split("(")[1][:-1])
    (line,) = axes.get_lines()
    assert line.get_xdata()[0] == 1.25


def test_scores_without_labels_or_without_any_number():
    assert [patch.get_label() for patch in draw_scores([1, 2, 2]).axes[0].patches] == ["images (3)"]
    assert not draw_scores([np.nan, np.nan]).axes[0].patches
    with pytest.raises(ValueError, match=r"shapes \(2,\) and \(3,\)"):
        draw_scores([1, 2], ["a", "b", "c"])


def test_pairs_show_both_images_and_their_difference():
    images = np.array([np.full((8, 8), 10), np.full((8, 8), 200)], dtype=np.uint8)
    others = np.array([np.full((16, 16, 3), 30), np.full((16, 16, 3), 200)], dtype=np.uint8)
    figure = draw_pairs(ImageSet(images, ids=["a", "b" * 60]), ImageSet(others, ids=["c", "d"]), title="pairs")
    shown = [np.unique(axes.images[0].get_array()).tolist() for axes in figure.axes]
    assert shown == [[10], [30], [20], [200], [200], [0]]
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["a", "c", "difference", "..." + "b" * 25, "d", "difference"]
    with pytest.raises(ValueError, match="Got 2 images and 1 others"):
        draw_pairs(images, others[:1])


def test_learning_curves_show_every_loss_and_the_best_epoch():
    history = {"loss": [3.0, 2.0, 1.0], "validation_loss": [3.0, 1.5, 2.5]}
    axes = draw_history(history).axes[0]
    loss, validation, best = axes.get_lines()
    np.testing.assert_array_equal(loss.get_xydata(), [[1, 3], [2, 2], [3, 1]])
    np.testing.assert_array_equal(validation.get_ydata(), history["validation_loss"])
    assert best.get_xdata()[0] == 2
    network = SimpleNamespace(history_={"loss": [1.0, 0.5]})
    assert len(draw_history(network).axes[0].get_lines()) == 1
    with pytest.raises(ValueError, match="Got dict without any"):
        draw_history({})


def test_one_score_far_out_does_not_flatten_the_others():
    near = np.linspace(0, 1, 50)
    axes = draw_scores([*near, 1000.0]).axes[0]
    outline = axes.patches[0].get_xy()
    assert outline[:, 0].max() == 1
    assert outline[1:-1:2, 1].sum() == 51
