"""What a page is made of: sections, and the tables and pictures in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Cell = str | tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Texts in rows; the first cell of each row is its name.

    Attributes
    ----------
    header : sequence of str
    rows : sequence of sequence of str or tuple of str
        A tuple is a cell of several lines; those after the first are smaller.
    caption : str
    """

    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    caption: str


@dataclass(frozen=True)
class Picture:
    """An image inside the page.

    Attributes
    ----------
    uri : str
        ``data:`` and nothing else.
    alt : str
        What it shows, for who cannot see it.
    caption : str
        What is written below it.
    """

    uri: str
    alt: str
    caption: str = ""


@dataclass(frozen=True)
class Section:
    """One part of a page.

    Attributes
    ----------
    name : str
        Its anchor, its key in the JSON file, and the name of its template: ``templates/sections/NAME.html``.
    title : str
    values : mapping of str to value
        What the template shows.
    numbers : value
        What the JSON file holds: dicts, lists, texts, numbers and None.
    """

    name: str
    title: str
    values: Mapping[str, Any] = field(default_factory=dict)
    numbers: Any = None
