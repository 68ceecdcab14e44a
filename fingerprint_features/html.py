"""HTML for notebooks: tables and rows of thumbnails, self-contained, with every text escaped."""

import base64
from collections.abc import Iterable, Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

_SIDE = 96  # pixels, the longer side of a thumbnail


def table(header: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "") -> str:
    """Return a table; the first cell of each row is its name."""
    head = "".join(f'<th style="text-align: right">{escape(cell)}</th>' for cell in header)
    body = ""
    for name, *cells in rows:
        body += f"<tr><th>{escape(name)}</th>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
    above = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f"<table>{above}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def said(sentence: str, more: str) -> str:
    """Return a paragraph that begins with a sentence in bold.

    >>> said("Not detected.", "p < 1")
    '<p><strong>Not detected.</strong> p &lt; 1</p>'
    """
    return f"<p><strong>{escape(sentence)}</strong> {escape(more)}</p>"


def gallery(title: str, pictures: Iterable[tuple[str, NDArray[np.uint8] | str]]) -> str:
    """Return a title and a row of thumbnails.

    Parameters
    ----------
    title : str
    pictures : iterable of (str, ndarray or str)
        The name of each picture, and its 8-bit pixels ``(height, width[, 3])`` or what to say in its place.

    Returns
    -------
    str
    """
    cells = "".join(_cell(name, picture) for name, picture in pictures)
    return f'<div>{escape(title)}<div style="display: flex; flex-wrap: wrap; gap: 4px">{cells}</div></div>'


def png_uri(pixels: NDArray[np.uint8], side: int) -> str:
    """Return a picture as the address of a PNG file within the page.

    Parameters
    ----------
    pixels : ndarray of shape (height, width[, 3]), uint8
    side : int
        Pixels of the longer side, at most; a larger picture is made smaller.

    Returns
    -------
    str
        ``data:image/png;base64,...``.
    """
    import cv2

    height, width = pixels.shape[:2]
    share = min(1.0, side / max(height, width))
    size = max(1, round(width * share)), max(1, round(height * share))
    if share < 1:
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    if pixels.ndim == 3:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    return "data:image/png;base64," + base64.b64encode(cv2.imencode(".png", pixels)[1].tobytes()).decode("ascii")


def _cell(name, picture):
    name = escape(name)
    if isinstance(picture, str):
        inside = f'<div style="width: {_SIDE}px; height: {_SIDE}px; overflow: hidden">{escape(picture)}</div>'
    else:
        inside = f'<img src="{png_uri(picture, _SIDE)}" alt="{name}">'
    below = f'<div style="width: {_SIDE}px; overflow: hidden; font-size: 70%; white-space: nowrap">{name}</div>'
    return f'<div title="{name}">{inside}{below}</div>'
