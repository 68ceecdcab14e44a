"""The page in a browser: it fits a phone, asks for nothing, and no rule of its policy is broken."""

import re
from itertools import pairwise

import pytest

from fingerprint_features.report import write_page
from tests.report import browser
from tests.report.results import audit, detection

pytestmark = pytest.mark.skipif(browser.find() is None, reason="there is no Chromium")


@pytest.fixture(scope="module", params=[detection, audit])
def path(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    write_page(request.param(), path)
    return path


@pytest.fixture(scope="module")
def tab():
    with browser.tab(browser.find()) as tab:
        yield tab


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1400, 390])
def test_the_page_fits_and_asks_for_nothing(tab, path, width, dark):
    tab.open(path, width, dark=dark)
    tab.ask("document.querySelectorAll('details').forEach(one => { one.open = true })")
    assert tab.ask("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    addresses = [event["request"]["url"] for event in tab.seen("Network.requestWillBeSent")]
    assert {address.partition(":")[0] for address in addresses} == {"file", "data"}
    assert [address for address in addresses if address.startswith("file")] == [path.resolve().as_uri()]
    assert tab.seen("Log.entryAdded") == tab.seen("Runtime.exceptionThrown") == []
    assert tab.ask("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    assert tab.ask("document.images.length") > 10


def test_a_script_that_slipped_in_would_not_run_and_would_be_seen(tab, path, tmp_path):
    bad = tmp_path / "bad.html"
    text = path.read_text(encoding="utf-8")
    more = '<script>window.ran = 1</script><img src="x.png" onerror="window.ran = 2"><p style="color: red">x</p></main>'
    bad.write_text(text.replace("</main>", more), encoding="utf-8")
    tab.open(bad, 1400)
    assert tab.ask("window.ran === undefined")
    assert len(tab.seen("Log.entryAdded")) >= 3


@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out_from_its_ground(tab, path, dark):
    tab.open(path, 1400, dark=dark)
    pairs = tab.ask("""
        [...document.querySelectorAll("h1, h2, h3, p, li, td, th, caption, dt, dd, a")].map(one => {
          let ground = one
          while (ground.parentElement && getComputedStyle(ground).backgroundColor === "rgba(0, 0, 0, 0)")
            ground = ground.parentElement
          return getComputedStyle(one).color + "|" + getComputedStyle(ground).backgroundColor
        })
    """)
    assert len(pairs) > 100
    worst = min(contrast(*map(rgb, pair.split("|"))) for pair in set(pairs))
    assert worst >= 4.5  # WCAG 2, level AA


def test_headings_go_down_one_level_at_a_time(tab, path):
    tab.open(path, 390)
    levels = tab.ask("[...document.querySelectorAll('h1, h2, h3, h4')].map(one => Number(one.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_nothing_is_cut_off_on_paper(tab, path):
    tab.open(path, 700, media="print")
    assert tab.ask(
        "[...document.querySelectorAll('.wide')].every(one => getComputedStyle(one).overflowX === 'visible')"
    )
    assert tab.ask("document.querySelector('nav').offsetParent === null")
    assert tab.ask("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def rgb(text):
    return [int(part) / 255 for part in re.findall(r"\d+", text)[:3]]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour):
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour]
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
