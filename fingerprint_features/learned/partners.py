"""Partners: which images an image is paired with in training, drawn by class."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


class Partners:
    """Images that others are paired with, sorted by class.

    Parameters
    ----------
    rows : Tensor of shape (n,) and dtype int64
        The numbers of the images.
    classes : Tensor of shape (n_images,) and dtype int64
        The class of every image, by its number.
    itself : bool
        Whether an image may be its own partner: in two views of one image.
    """

    def __init__(self, rows: "Tensor", classes: "Tensor", itself: bool) -> None:
        import torch

        self.rows = rows
        self.classes = classes
        self.itself = itself
        self._kinds, kind, self._counts = torch.unique(classes[rows], return_inverse=True, return_counts=True)
        self._starts = self._counts.cumsum(0) - self._counts
        order = kind.argsort(stable=True)
        self._sorted = rows[order]
        self._places = torch.full((len(classes),), -1)  # of an image in its class; -1: it is no partner
        self._places[self._sorted] = torch.arange(len(rows)) - self._starts[kind[order]]

    def usable(self, anchors: "Tensor") -> "Tensor":
        """Return the anchors that have a partner of their class, and one of another class."""
        if not len(self._kinds):
            return anchors[:0]
        own, known = self._class_of(anchors)
        of_own = self._counts[own] * known - self._is_excluded(anchors).long()
        return anchors[(of_own > 0) & (len(self._kinds) > known.long())]

    def draw(self, anchors: "Tensor", same: "Tensor | bool") -> "Tensor":
        """Return a partner of each usable anchor, with torch's random numbers.

        Parameters
        ----------
        anchors : Tensor of shape (n,) and dtype int64
            Numbers of images.
        same : bool, or Tensor of bool of shape (n,)
            Whether the partner is of the anchor's class. Else any other class is equally likely, and in a class any
            image.

        Returns
        -------
        Tensor of shape (n,) and dtype int64
        """
        import torch

        own, known = self._class_of(anchors)
        other = _one_of(len(self._kinds) - known.long())
        other += known & (other >= own)  # step over the own class
        same = torch.as_tensor(same).expand(len(anchors))
        kind = torch.where(same, own, other)
        excluded = self._is_excluded(anchors) & same
        place = _one_of(self._counts[kind] - excluded.long())
        place += excluded & (place >= self._places[anchors])  # step over the image itself
        return self._sorted[self._starts[kind] + place]

    def _class_of(self, anchors):
        """Return the place of each anchor's class among those of the partners, and whether it is there."""
        import torch

        classes = self.classes[anchors]
        place = torch.searchsorted(self._kinds, classes).clamp(max=len(self._kinds) - 1)
        return place, self._kinds[place] == classes

    def _is_excluded(self, anchors):
        """Return which anchors are among the partners, and no partners of themselves."""
        return (self._places[anchors] >= 0) & (not self.itself)


def _one_of(counts):
    """Return for each count one of the whole numbers below it."""
    import torch

    return (torch.rand(len(counts), dtype=torch.float64) * counts).long()
