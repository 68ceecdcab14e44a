"""What a notebook shows: tables, thumbnails and figures, with nothing from outside and nothing that runs."""

import base64
import re

import cv2
import numpy as np
import pytest

from fingerprint_features import DecodeOptions, ImageSet, Task, make_membership_task, membership_scores
from fingerprint_features.html import gallery, table
from fingerprint_features.report import draw_confusion, draw_map
from tests.helpers import random_images
from tests.html_page import Page

HOSTILE = ['<script>alert("1")</script>', '" onerror="alert(1)', "</div></table>&amp;'", "a\u202eb\x1b[31m"]


def pictures(page):
    """Return the decoded thumbnails of a page; nothing is loaded from elsewhere."""
    sources = [value for tag, name, value in page.attributes if name == "src"]
    data = [re.fullmatch(r"data:image/png;base64,([\w+/=]+)", source)[1] for source in sources]
    return [cv2.imdecode(np.frombuffer(base64.b64decode(text), np.uint8), cv2.IMREAD_UNCHANGED) for text in data]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_stay_text(name):
    images = ImageSet(random_images(2), ids=[name, "b"], groups=[name, name])
    task = Task(images, np.array([0, 1]), images)
    for text in (
        images._repr_html_(),
        task._repr_html_(),
        table(["", name], [[name, name]], name),
        gallery(name, [(name, name)]),
    ):
        page = Page(text)
        assert set(page.tags) <= {"div", "p", "img", "table", "caption", "thead", "tbody", "tr", "th", "td"}
        assert {attribute for _, attribute, _ in page.attributes} <= {"style", "title", "src", "alt"}
    shown = name if name.isprintable() else name.encode("unicode_escape").decode()
    assert shown in Page(images._repr_html_()).texts


def test_an_image_set_shows_its_first_images():
    grey = random_images(20, size=200)
    page = Page(ImageSet(grey)._repr_html_())
    assert page.texts[0] == "ImageSet(20 arrays), the first of them:"
    assert [picture.shape for picture in pictures(page)] == [(96, 96)] * 8
    colour = np.random.default_rng(0).integers(0, 256, (1, 5, 9, 3), dtype=np.uint8)
    np.testing.assert_array_equal(pictures(Page(ImageSet(colour)._repr_html_()))[0][..., ::-1], colour[0])
    deep = ImageSet(grey[:2] / 255, options=DecodeOptions(value_range=(0, 1)), size=(10, 300))
    assert pictures(Page(deep._repr_html_()))[0].shape == (3, 96)


def test_an_image_that_cannot_be_read_says_so():
    page = Page(ImageSet(["gone.png"])._repr_html_())
    assert "missing" in page.texts
    assert not pictures(page)


def test_a_task_shows_its_sets_and_its_truth():
    page = Page(make_membership_task(4, 5, 10, 0.5, image_size=64, random_state=0)._repr_html_())
    assert {"X", "reference"} <= set(page.texts)
    assert "y: 5 of 0, 4 of 1" in page.texts
    assert len(pictures(page)) == 16


def test_scores_show_the_cells_of_their_text():
    scores = membership_scores([0, 1, 1, 0, 1, 0], [0, 1, 0, 0, 1, 1], random_state=0)
    page, text = Page(scores._repr_html_()), str(scores)
    assert all(cell in text for cell in page.texts)
    assert page.tags.count("tr") == len(text.splitlines()) - 1


@pytest.mark.parametrize(
    "draw",
    [lambda: draw_confusion([0, 1], [0, 1]), lambda: draw_map([[0, 1], [1, 0], [2, 2]], list("aab"), list("xxy"))],
)
def test_figures_show_themselves(draw):
    picture = cv2.imdecode(np.frombuffer(draw()._repr_png_(), np.uint8), cv2.IMREAD_COLOR)
    assert picture.std() > 1
