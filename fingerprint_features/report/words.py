"""Values as the words of a page."""

from collections.abc import Mapping
from typing import Any

from ..evaluate import Score

MOST_ROWS = 1000  # of a table on a page; the JSON file has all
METRICS = {
    **{"auc": "AUC", "kappa": "kappa", "f1": "F1", "accuracy": "accuracy", "balanced_accuracy": "balanced accuracy"},
    **{"precision": "precision", "recall": "recall", "specificity": "specificity"},
}
NAMES = {  # of the columns of a result
    **{"id": "image", "used": "answer", "subset": "answer", "score": "score", "patient": "patient"},
    **{"p": "p", "q": "q, corrected", "nearest": "nearest image", "distance": "differing bits of 256", "note": "note"},
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


def below(score: Score) -> tuple[str, str]:
    """Return a cell with a number and its interval below it.

    >>> below(Score(0.5, 0.25, 0.75))
    ('0.500', '[0.250, 0.750]')
    """
    return f"{score.value:.3f}", f"[{score.low:.3f}, {score.high:.3f}]"


def first_upper(text: str) -> str:
    """Return a text that begins with a capital letter.

    >>> first_upper("members only, AUC")
    'Members only, AUC'
    """
    return text[:1].upper() + text[1:]
