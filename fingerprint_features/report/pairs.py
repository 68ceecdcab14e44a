"""Pairs of images next to each other, and what differs between them."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..images import as_image_set, to_gray, to_uint8
from ..images.errors import printable
from ..images.imageset import ImagesLike

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_pairs(images: ImagesLike, others: ImagesLike, *, title: str | None = None) -> "Figure":
    """Draw pairs of images in rows: the image, the other one, and the difference of the two.

    Parameters
    ----------
    images, others : ImageSet, or anything an ImageSet is made of
        The first of the one belongs to the first of the other, and so on.
    title : str, default=None

    Returns
    -------
    matplotlib.figure.Figure
        The difference is that of the grey values: black where they are equal, white where they differ by the whole
        range. The other image is resized to the size of the image.

    Examples
    --------
    >>> import numpy as np
    >>> images = np.zeros((2, 8, 8), np.uint8)
    >>> len(draw_pairs(images, images + 9).axes)
    6
    """
    from .figure import ShownFigure, literal

    images, others = as_image_set(images), as_image_set(others)
    if len(images) != len(others) or not len(images):
        raise ValueError(
            f"draw_pairs draws one other image for each image. Got {len(images)} images and {len(others)} others: give "
            "equal numbers, one or more"
        )
    figure = ShownFigure(figsize=(6.6, 2.4 * len(images) + 0.3), layout="constrained")
    grid = figure.subplots(len(images), 3, squeeze=False)
    for row, (image, other) in enumerate(zip(images, others, strict=True)):
        names = printable(images.ids[row]), printable(others.ids[row]), "difference"
        for axes, picture, name in zip(grid[row], pair_pictures(image, other), names, strict=True):
            axes.imshow(picture, cmap="gray", vmin=0, vmax=255)
            axes.set(xticks=[], yticks=[])
            axes.set_title(name if len(name) <= 28 else f"...{name[-25:]}", fontsize=8)
            literal([axes.title])
    if title:
        literal([figure.suptitle(title)])
    return figure


def pair_pictures(
    image: NDArray[np.generic], other: NDArray[np.generic]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    """Return an image, another one at its size, and the difference of their grey values, all with 8 bits."""
    import cv2

    first, second = to_uint8(image), to_uint8(other)
    if first.shape[:2] != second.shape[:2]:
        second = cv2.resize(second, first.shape[1::-1], interpolation=cv2.INTER_AREA)
    return first, second, cv2.absdiff(to_gray(first), to_gray(second))
