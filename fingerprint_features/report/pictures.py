"""Pictures inside a page: matplotlib's SVG and small PNG files, as data URIs."""

import base64
import io
import warnings
from typing import TYPE_CHECKING

from .section import Picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot(figure: "Figure", alt: str) -> Picture:
    """Return a figure as a picture: the same figure gives the same bytes."""
    import matplotlib

    file = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "page"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)  # a name in a script without a font
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    return Picture("data:image/svg+xml;base64," + base64.b64encode(file.getvalue()).decode("ascii"), alt)
