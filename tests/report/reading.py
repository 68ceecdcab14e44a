"""Reading a page in tests: that it is safe, and the pictures in it."""

import base64
import hashlib
import re
from xml.etree import ElementTree

import cv2
import numpy as np

from tests.html_page import Page


def parsed(text):
    """Return a page whose tags are all closed."""
    return Page(text.removeprefix("<!doctype html>\n"), {"meta", "img", "br"})


def assert_safe(text):
    """Nothing runs, nothing is loaded, and the policy says so."""
    page = parsed(text)
    assert not {"script", "link", "iframe", "object", "embed", "base", "form", "svg"} & set(page.tags)
    assert not [name for _, name, _ in page.attributes if name.startswith("on") or name == "style"]
    for tag, name, value in page.attributes:
        if name == "src":
            assert re.match(r"data:image/(png|svg\+xml);base64,[\w+/=]+$", value)
        if name == "href":
            assert (tag, value[0]) == ("a", "#")
    (policy,) = (value for _, name, value in page.attributes if name == "content" and "default-src" in value)
    style = re.search(r"<style>(.*?)</style>", text, re.S)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    rules = f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert policy == rules


def assert_pictures_whole(text):
    """Every picture can be read, is small, and says what it shows."""
    page = parsed(text)
    sources = [value for tag, name, value in page.attributes if (tag, name) == ("img", "src")]
    alts = [value for tag, name, value in page.attributes if (tag, name) == ("img", "alt")]
    assert len(sources) == len(alts) == page.tags.count("img")
    assert all(alts)
    for source in sources:
        kind, _, data = source.partition(";base64,")
        if kind == "data:image/png":
            assert decoded(data).shape[0] <= 160
        else:
            assert ElementTree.fromstring(base64.b64decode(data)).tag.endswith("svg")


def small_pictures(text):
    """Return the PNG files in a text, as base64."""
    return re.findall(r'src="data:image/png;base64,([^"]+)"', text)


def decoded(data):
    """Return the pixels of a PNG file in base64."""
    return cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_UNCHANGED)
