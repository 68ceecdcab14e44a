"""The page of a result: one HTML file that needs nothing from elsewhere, and its numbers as JSON."""

import base64
import hashlib
import json
from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from ..answers import Attribution, Detection
from ..audits import AuditResult
from ..files import replacing
from ..images.errors import printable
from ..plain import plain
from ..recipes.kinds import Cache
from .attribution import attribution_sections
from .audit import audit_sections
from .detection import detection_sections
from .section import Section

_TITLES = {
    Detection: "Which images were used to train the generator?",
    Attribution: "Which subset does each generated image stem from?",
    AuditResult: "Does the generated set give away its training images?",
}


def write_page(
    result: Detection | Attribution | AuditResult,
    path: str | PathLike[str],
    *,
    images: bool = True,
    cache: Cache = None,
) -> None:
    """Write what `detect`, `attribute` or `audit` found as a page to look at, and every number of it as JSON.

    Parameters
    ----------
    result : Detection, Attribution or AuditResult
    path : path-like
        The page, ``NAME.html``. ``NAME.json`` is written beside it. Files of these names are replaced.
    images : bool, default=True
        Whether the page shows images: up to twelve pairs, at most 160 pixels wide, and in an audit up to twelve
        near-duplicates. False is for patient data. Names of files and patients are on the page in either case.
    cache : path-like or FeatureCache, default=None
        The cache of the call that gave the result, so that the map need not extract its features again.

    Raises
    ------
    ValueError
        If `path` does not end in ``.html``.
    ImageReadError
        If the images cannot be read any more.

    Notes
    -----
    The page is one file. It holds no script, loads nothing, and forbids both by a content security policy. It can be
    read on a phone, on paper, in light and in dark. The same result gives the same file, byte by byte.

    The verdict and its limits come first. Then: inputs and settings, what was noticed, what a sample of this size can
    show, the blind control, scores with intervals, pairs of images, pictures of the scores, a map, and the answers.

    The page of an audit has, after its verdict: images and settings, checks of the images, what this sample can show,
    controls, tests of the generated set as a whole, every method tried, pictures of the scores, a map by set and by
    cluster, who is at risk, pairs, and where the numbers come from. Without labels there are no scores and no tests.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from fingerprint_features import detect, make_membership_task
    >>> task = make_membership_task(8, 8, 12, image_size=32, random_state=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_page(detect(task.X, task.reference), Path(folder) / "report.html")
    ...     sorted(file.name for file in Path(folder).iterdir())
    ['report.html', 'report.json']
    """
    path = Path(path)
    if path.suffix.lower() != ".html":
        raise ValueError(f"write_page writes a page and needs a name that ends in .html. Got {printable(path.name)!r}")
    sections = _sections(result, images, cache)
    title = _TITLES[type(result)]
    page, numbers = render(title, sections), _as_json(title, sections)
    for file, text in ((path.with_suffix(".json"), numbers), (path, page)):
        with replacing(file) as temporary:
            temporary.write_text(text, encoding="utf-8", newline="\n")


def render(title: str, sections: Sequence[Section]) -> str:
    """Return the page that sections make.

    Parameters
    ----------
    title : str
    sections : sequence of Section

    Returns
    -------
    str
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: value if isinstance(value, Markup) else printable(value),
    )
    style = Path(__file__).with_name("templates").joinpath("page.css").read_text(encoding="utf-8")
    return environment.get_template("page.html").render(
        title=title,
        sections=sections,
        style=Markup(style),
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii"),
    )


def _sections(result, images, cache):
    if isinstance(result, Detection):
        return detection_sections(result, images, cache)
    if isinstance(result, Attribution):
        return attribution_sections(result, images, cache)
    if isinstance(result, AuditResult):
        return audit_sections(result, images, cache)
    raise TypeError(f"write_page shows what detect, attribute and audit return. Got {type(result).__name__} instead.")


def _as_json(title, sections):
    numbers = {section.name: section.numbers for section in sections if section.numbers is not None}
    return json.dumps(plain({"title": title, **numbers}), indent=1, allow_nan=False) + "\n"
