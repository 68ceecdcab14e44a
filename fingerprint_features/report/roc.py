"""Picture of a ROC curve, with a logarithmic axis for false alarms."""

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from ..evaluate import roc_band

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_RATES = (0.0001, 0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)  # marked on the axis of false alarms


def draw_roc(
    y_true: ArrayLike,
    scores: ArrayLike,
    *,
    groups: Sequence[Hashable] | ArrayLike | None = None,
    confidence: float = 0.95,
    title: str | None = None,
) -> "Figure":
    """Draw the share of used images found against the share of false alarms, with a band.

    Parameters
    ----------
    y_true, scores, groups, confidence : as in `evaluate.roc_band`
    title : str, default=None

    Returns
    -------
    matplotlib.figure.Figure
        The axis of false alarms is logarithmic. Left of the dotted line it is finer than one unused image, or one
        unused patient: nothing can be read there.

    Examples
    --------
    >>> draw_roc([1, 1, 0, 0], [0.9, 0.3, 0.4, 0.1]).axes[0].get_xscale()
    'log'
    """
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    from .figure import ShownFigure, literal

    roc = roc_band(y_true, scores, groups=groups, confidence=confidence)
    left = min(0.5 / roc.n_unused, 0.05)
    figure = ShownFigure(figsize=(6, 4.5), layout="constrained")
    axes = figure.add_subplot(xscale="log", xlim=(left, 1), ylim=(0, 1.02))
    upper = _steps(np.maximum(roc.fpr_low, left), roc.tpr_high, early=True)
    lower = _steps(np.maximum(roc.fpr_high, left), roc.tpr_low, early=False)
    band = np.concatenate([[(left, upper[0, 1])], upper, [(1, upper[-1, 1])], lower[::-1], [(left, 0)]])
    axes.fill(*band.T, color="C0", alpha=0.2, linewidth=0, label=f"{100 * confidence:g} % of samples, at each cut")
    axes.plot(*_steps(np.maximum(roc.fpr, left), roc.tpr, early=False).T, color="C0", label="found")
    chance = np.geomspace(left, 1, 100)
    axes.plot(chance, chance, color="0.5", linestyle="--", label="chance")
    unit = "image" if groups is None else "group"
    axes.axvline(1 / roc.n_unused, color="0.5", linestyle=":", label=f"one unused {unit} of {roc.n_unused:,}")
    axes.xaxis.set(major_locator=FixedLocator(_RATES), minor_locator=NullLocator())
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g} %"))
    axes.set(xlabel="false alarms among unused images", ylabel="used images found", title=title or "")
    literal([axes.title])
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def _steps(x, y, early):
    """Return the corners of a staircase; `early` rises before it goes right."""
    corners = np.column_stack([x, y])
    between = np.column_stack([x[:-1], y[1:]] if early else [x[1:], y[:-1]])
    path = np.empty((2 * len(x) - 1, 2))
    path[::2], path[1::2] = corners, between
    return path
