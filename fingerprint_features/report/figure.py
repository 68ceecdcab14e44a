"""A matplotlib figure that notebooks show without pyplot."""

import io

from matplotlib.figure import Figure


class ShownFigure(Figure):
    """A figure that shows itself as the last line of a notebook's cell."""

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        self.savefig(file, format="png")
        return file.getvalue()
