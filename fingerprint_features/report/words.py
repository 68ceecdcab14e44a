"""Values as the words of a page."""

from collections.abc import Mapping
from typing import Any

from ..evaluate import Score

MOST_ROWS = 1000  # of a table on a page; the JSON file has all
NAMES = {  # of the columns of a result
    **{"id": "image", "used": "answer", "subset": "answer", "score": "score", "patient": "patient"},
    **{"nearest": "nearest image", "distance": "differing bits of 256", "note": "note"},
}


def cell(value: Any) -> str:
    """Return a value as the text of a cell.

    >>> cell(None), cell(0.12345), cell(12345), cell(True), cell("a")
    ('', '0.123', '12,345', 'yes', 'a')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def listed(values: Mapping[str, Any]) -> str:
    """Return names with their values in one line.

    >>> listed({"k": 3, "metric": "cosine"})
    "k=3, metric='cosine'"
    """
    return ", ".join(f"{name}={value!r}" for name, value in values.items())


def percent(share: float) -> str:
    """Return a share in percent.

    >>> percent(0.001)
    '0.1 %'
    """
    return f"{100 * share:.3g} %"


def below(score: Score) -> str:
    """Return a number with its interval below it.

    >>> below(Score(0.5, 0.25, 0.75)).split(chr(10))
    ['0.500', '[0.250, 0.750]']
    """
    return str(score).replace(" [", "\n[")
