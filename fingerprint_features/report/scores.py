"""Picture of how scores are distributed, and where the cut lies."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FEWEST, _MOST = 10, 60  # bins


def draw_scores(
    scores: ArrayLike,
    labels: ArrayLike | None = None,
    *,
    cut: float | Sequence[float] | None = None,
    title: str | None = None,
) -> "Figure":
    """Draw histograms of scores, one for each label, on the same bins.

    Parameters
    ----------
    scores : array-like of shape (n_images,)
        NaN is left out. Infinite scores, and those that lie more than three times the interquartile range outside the
        quartiles, are counted in the outermost bins.
    labels : array-like of shape (n_images,), default=None
        One colour each, in sorted order. None draws one histogram.
    cut : float or sequence of float, default=None
        Drawn as a line: images above it are called used. A rule that was learnt in several folds has a cut in each.
    title : str, default=None

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> figure = draw_scores([0.1, 0.2, 0.9], ["unused", "unused", "used"], cut=0.5)
    >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    ['unused (2)', 'used (1)', 'cut 0.5']
    """
    from matplotlib.ticker import MaxNLocator

    from .figure import ShownFigure, literal

    scores = np.asarray(scores, dtype=np.float64)
    labels = np.full(len(scores), "images") if labels is None else np.asarray(labels).astype(str)
    if scores.shape != labels.shape or scores.ndim != 1:
        raise ValueError(
            f"scores and labels must be one an image. Got shapes {scores.shape} and {labels.shape}: give equal lengths"
        )
    known = ~np.isnan(scores)
    scores, labels = scores[known], labels[known]
    scores = np.clip(scores, *_ends(scores[np.isfinite(scores)]))
    edges = np.histogram_bin_edges(scores, "auto") if len(scores) else np.array([0.0, 1.0])
    bins = np.linspace(edges[0], edges[-1], np.clip(len(edges) - 1, _FEWEST, _MOST) + 1)
    figure = ShownFigure(figsize=(6, 3.5), layout="constrained")
    axes = figure.add_subplot()
    for label in np.unique(labels):
        here = scores[labels == label]
        axes.hist(here, bins, histtype="stepfilled", alpha=0.5, label=f"{label} ({len(here):,})")
    cuts = [] if cut is None else np.atleast_1d(cut).tolist()
    for number, one in enumerate(cuts):
        label = f"cut {one:.3g}" if len(cuts) == 1 else "_" if number else f"cuts of {len(cuts)} folds"
        axes.axvline(one, color="0.3", linestyle="--", linewidth=1.5 if len(cuts) == 1 else 0.8, label=label)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel="score", ylabel="images", title=title or "")
    if axes.has_data():
        legend = axes.legend(loc="best", frameon=False)
        literal(legend.get_texts())
    literal([axes.title])
    return figure


def _ends(scores):
    """Return the lowest and the highest score to draw."""
    if not len(scores):
        return 0.0, 1.0
    first, third = np.quantile(scores, (0.25, 0.75))
    reach = 3 * (third - first) if third > first else np.inf
    near = scores[(scores >= first - reach) & (scores <= third + reach)]
    return near.min(), near.max()
