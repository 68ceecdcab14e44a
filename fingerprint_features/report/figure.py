"""A matplotlib figure that notebooks show without pyplot, and texts that are drawn as they are."""

import io
from collections.abc import Iterable

from matplotlib.figure import Figure
from matplotlib.text import Text

from ..images.errors import printable


class ShownFigure(Figure):
    """A figure that shows itself as the last line of a notebook's cell."""

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        self.savefig(file, format="png")
        return file.getvalue()


def literal(texts: Iterable[Text]) -> None:
    """Have texts drawn as they are: a name with dollar signs is no formula, and control characters are escaped."""
    for text in texts:
        text.set_parse_math(False)
        text.set_text("\n".join(map(printable, text.get_text().split("\n"))))
