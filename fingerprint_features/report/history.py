"""Picture of how training went."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_history(history: Mapping[str, Sequence[float]] | Any, *, title: str | None = None) -> "Figure":
    """Draw the learning curves of a trained network: one line for each loss, epoch by epoch.

    Parameters
    ----------
    history : mapping of str to sequence of float, or fitted network
        The losses of each epoch by name, or a network with `history_`.
    title : str, default=None

    Returns
    -------
    matplotlib.figure.Figure
        A dotted line marks the epoch with the lowest validation loss, if there is a validation loss.

    Examples
    --------
    >>> axes = draw_history({"loss": [2.0, 1.0, 0.5], "validation_loss": [2.0, 1.2, 1.4]}).axes[0]
    >>> [text.get_text() for text in axes.get_legend().get_texts()]
    ['loss', 'validation loss', 'lowest validation loss: epoch 2']
    """
    from matplotlib.ticker import MaxNLocator

    from .figure import ShownFigure, literal

    curves = history if isinstance(history, Mapping) else getattr(history, "history_", None)
    if not curves:
        raise ValueError(
            "draw_history draws the losses of each epoch: give a fitted network, or a dict from the name of a loss to "
            f"its values. Got {type(history).__name__} without any"
        )
    figure = ShownFigure(figsize=(6, 3.5), layout="constrained")
    axes = figure.add_subplot()
    for name, losses in curves.items():
        axes.plot(np.arange(1, len(losses) + 1), losses, marker=".", label=name.replace("_", " "))
    validation = np.asarray(curves.get("validation_loss", ()), dtype=np.float64)
    if np.isfinite(validation).any():
        best = int(np.nanargmin(validation)) + 1
        axes.axvline(best, color="0.5", linestyle=":", label=f"lowest validation loss: epoch {best}")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel="epoch", ylabel="mean of the epoch", title=title or "")
    literal([*axes.legend(frameon=False).get_texts(), axes.title])
    return figure
