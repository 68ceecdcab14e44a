"""Pictures for files: confusion matrices, and maps of feature space. No window, no global state of matplotlib."""

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MARKERS = "o^sDv"
_SHORT = 16  # letters of a name of which three fit side by side


def draw_confusion(y_true: ArrayLike, y_pred: ArrayLike, *, title: str | None = None) -> "Figure":
    """Draw a confusion matrix: the share of each true class that was given each answer.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_images,)
    title : str, default=None

    Returns
    -------
    matplotlib.figure.Figure
        A notebook shows it; save it with ``figure.savefig(path)``.

    Examples
    --------
    >>> draw_confusion(["t1", "t2"], ["t1", "t1"]).axes[0].get_xlabel()
    'Predicted label'
    """
    from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix
    from sklearn.utils.multiclass import unique_labels

    from ..images.errors import printable
    from .figure import ShownFigure, literal

    classes = unique_labels(y_true, y_pred)
    side = max(4.0, 1.5 + 0.7 * len(classes))
    figure = ShownFigure(figsize=(side + 1, side), layout="constrained")
    axes = figure.add_subplot()
    shares = confusion_matrix(y_true, y_pred, labels=classes, normalize="true")
    display = ConfusionMatrixDisplay(shares, display_labels=list(map(printable, classes)))
    display.plot(ax=axes, values_format=".2f", cmap="Blues", im_kw={"vmin": 0, "vmax": 1})
    axes.set_title(title or "")
    literal([axes.title, *axes.get_xticklabels(), *axes.get_yticklabels()])
    return figure


def draw_map(features: ArrayLike, labels: ArrayLike, kinds: ArrayLike, *, title: str | None = None) -> "Figure":
    """Draw images on the first two principal components of their features.

    Parameters
    ----------
    features : array-like of shape (n_images, n_features)
        Standardised before the components are found.
    labels : array-like of str of shape (n_images,)
        One colour each, in sorted order; after ten labels colours repeat.
    kinds : array-like of str of shape (n_images,)
        One marker each, in the order of their first image.
    title : str, default=None

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> draw_map([[0, 1], [1, 0], [2, 2]], ["t1", "t2", "t1"], ["real", "real", "generated"]).axes[0].get_title()
    'first two principal components, 100 % of the variance'
    """
    from matplotlib.lines import Line2D
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import StandardScaler

    from .figure import ShownFigure, literal

    labels, kinds = np.asarray(labels), np.asarray(kinds)
    components = PCA(2, random_state=0)
    points = components.fit_transform(StandardScaler().fit_transform(features))
    colours = {label: f"C{number % 10}" for number, label in enumerate(np.unique(labels))}
    markers = {kind: _MARKERS[number % len(_MARKERS)] for number, kind in enumerate(dict.fromkeys(kinds.tolist()))}
    figure = ShownFigure(figsize=(6.4, 5.8), layout="constrained")
    axes = figure.add_subplot()
    for (label, colour), (kind, marker) in product(colours.items(), markers.items()):
        here = points[(labels == label) & (kinds == kind)]
        axes.scatter(*here.T, s=18, alpha=0.6, color=colour, marker=marker, linewidths=0)
    share = components.explained_variance_ratio_.sum()
    axes.set(xlabel="component 1", ylabel="component 2", xticks=[], yticks=[])
    axes.set_title(
        f"{title + ': ' if title else ''}first two principal components, {100 * share:.0f} % of the variance"
    )
    dot = {"linestyle": "", "alpha": 0.8, "markeredgewidth": 0}
    handles = [Line2D([], [], marker="o", color=colour, label=label, **dot) for label, colour in colours.items()]
    handles += [Line2D([], [], marker=marker, color="0.4", label=kind, **dot) for kind, marker in markers.items()]
    n_columns = 3 if max(map(len, [*colours, *markers])) <= _SHORT else 1
    legend = figure.legend(handles=handles, loc="outside lower center", ncols=n_columns, frameon=False)
    literal([axes.title, *legend.get_texts()])
    return figure
