"""Losses of distances: few lines each over torch, on rows of length 1 whose pairs were drawn beforehand.

pytorch-metric-learning has the same losses, and is what the tests compare them with. It forms all pairs of a batch
itself, and knows the contrastive loss with distances, not with their squares as the published system has it.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def contrastive(anchors: "Tensor", partners: "Tensor", same: "Tensor", margin: float) -> "Tensor":
    """Return the mean of d^2 over pairs of one class, and of max(margin - d, 0)^2 over the others [1]_.

    Parameters
    ----------
    anchors, partners : Tensor of shape (n, dim)
        The two rows of each pair.
    same : Tensor of bool of shape (n,)
    margin : float

    References
    ----------
    .. [1] Hadsell, Chopra, LeCun, Dimensionality Reduction by Learning an Invariant Mapping, CVPR 2006.
    """
    distances = distance(anchors, partners)
    return distances.where(same, (margin - distances).clamp(min=0)).square().mean()


def triplet(anchors: "Tensor", positives: "Tensor", negatives: "Tensor", margin: float) -> "Tensor":
    """Return the mean of max(d - e + margin, 0), with d to the positive and e to the negative row [1]_.

    Parameters
    ----------
    anchors, positives, negatives : Tensor of shape (n, dim)
    margin : float

    References
    ----------
    .. [1] Schroff, Kalenichenko, Philbin, FaceNet: A Unified Embedding for Face Recognition and Clustering, CVPR 2015.
    """
    return (distance(anchors, positives) - distance(anchors, negatives) + margin).clamp(min=0).mean()


def infonce(cosines: "Tensor", same: "Tensor", temperature: "float | Tensor") -> "Tensor":
    """Return the mean of -log of the share that each anchor's positive has among it and the other classes [1]_.

    Parameters
    ----------
    cosines : Tensor of shape (n, n_keys)
        Of anchors with keys; key i is the positive of anchor i.
    same : Tensor of bool of shape (n, n_keys)
        Whether the two are of one class.
    temperature : float or scalar Tensor

    References
    ----------
    .. [1] van den Oord, Li, Vinyals, Representation Learning with Contrastive Predictive Coding, 2018.
    """
    import torch
    from torch.nn.functional import cross_entropy

    own = torch.arange(len(cosines), device=cosines.device)
    left_out = same.clone()
    left_out[own, own] = False
    return cross_entropy((cosines / temperature).masked_fill(left_out, float("-inf")), own)


def supcon(cosines: "Tensor", same: "Tensor", temperature: float) -> "Tensor":
    """Return the mean of -log of the shares that the keys of each anchor's class have among all keys [1]_.

    Parameters
    ----------
    cosines : Tensor of shape (n, n_keys)
        Of anchors with keys.
    same : Tensor of bool of shape (n, n_keys)
        Whether the two are of one class; each anchor has such a key.
    temperature : float

    References
    ----------
    .. [1] Khosla et al., Supervised Contrastive Learning, NeurIPS 2020 (the form with the sum outside).
    """
    shares = (cosines / temperature).log_softmax(dim=1)
    return -((shares * same).sum(dim=1) / same.sum(dim=1)).mean()


def distance(rows: "Tensor", others: "Tensor") -> "Tensor":
    """Return the Euclidean distance of each row to the other; the root of zero has no gradient, so 1e-6 at least."""
    return (rows - others).square().sum(dim=1).clamp(min=1e-12).sqrt()
