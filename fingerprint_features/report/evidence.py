"""The section of pairs: an image, its nearest one in another set, and what differs between them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..answers import Attribution, Detection
from ..html import png_uri
from .pairs import pair_pictures
from .section import Picture, Section
from .words import NAMES, cell

MOST_PAIRS = 12
_SIDE = 160  # pixels of a picture in a pair


def evidence(
    found: Detection | Attribution,
    order: Iterable[int],
    shown: Mapping[str, Sequence[Any]],
    own: str,
    others: str,
    images: bool,
) -> Section:
    """Return the section of pairs: an image, its nearest one in another set, and the difference.

    `order` lists positions of images, those to show first first; `shown` are the columns of the table.
    """
    pairs = []
    for i in list(order)[:MOST_PAIRS]:
        near = str(found.nearest[i])
        pair = {name: column[i] for name, column in shown.items()}
        rows = []
        if images:
            first, second = found.inputs.sets[own][int(i)], found.inputs.sets[others][near]
            names = f"the image {pair['id']}", f"the nearest image, {near}", "the difference of the two"
            rows = [triple(first, second, names, (own, others.replace("_", " "), "difference"))]
        facts = [(NAMES[name], cell(value)) for name, value in pair.items() if name != "id" and value is not None]
        pairs.append({"name": pair["id"], "rows": rows, "facts": facts, "numbers": pair})
    words = (
        f"The nearest image is the one among the {others.replace('_', ' ')} images that looks most alike: its "
        "perceptual hash differs in the fewest bits."
    )
    values = {"pairs": pairs, "images": images, "words": words}
    return Section("evidence", "Nearest pairs", values, [pair["numbers"] for pair in pairs])


def triple(
    image: NDArray[np.generic], other: NDArray[np.generic], names: Sequence[str], captions: Sequence[str]
) -> list[Picture]:
    """Return an image, another one and their difference as small pictures; `names` are for who cannot see them."""
    pictures = zip(pair_pictures(image, other), names, captions, strict=True)
    return [Picture(png_uri(pixels, _SIDE), name, caption) for pixels, name, caption in pictures]
