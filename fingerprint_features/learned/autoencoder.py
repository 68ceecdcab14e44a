"""Autoencoder: a network that learns to give images back, through a short code of each."""

import math
from os import PathLike
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from ..checks import check_int, check_option, fail
from ..images import ImagesLike, as_image_set
from .augmentation import Augmentation
from .base import TrainedNetwork
from .kinds import Network, Schedule, Start, Weights
from .loop import batches

Decoder = Literal["auto", "upsampling", "residual", "transposed", "transposed_residual", "deforming"]

# The decoder that was published with an encoder, and where a ReLU ends the code.
_DECODERS = {"residual5": "residual", "residual4": "transposed"}
_DECODERS |= dict.fromkeys(("gray_vit_b_16", "small_vit"), "transposed_residual")
_POSITIVE = ("transposed",)


class Autoencoder(TrainedNetwork):
    """An encoder, which makes a short code of each image, and a decoder, which makes the image out of its code.

    It learns without labels. Images like those it has learnt from come back with a small error, others with a larger
    one. `transform` gives codes, `score_samples` minus the errors and `reconstruct` the images that come back.

    Parameters
    ----------
    backbone : str, torch.nn.Module or function, default="conv5"
        What makes features of an image; a linear layer makes the code of them. ``"conv5"``: five convolutions of stride
        2 on grey images of 256 x 256. ``"residual5"``: the same in residual blocks. ``"residual4"``: four stages on
        colour images of 128 x 128. ``"gray_vit_b_16"``: a vision transformer on grey images of 224 x 224, and
        ``"small_vit"``, a small one for 64 x 64. Else what NetClassifier takes.
    weights : None, "default", "v1" or path, default=None
        What the encoder starts from, as in NetClassifier.
    decoder : str, default="auto"
        ``"upsampling"`` (four times nearest neighbours and a convolution), ``"residual"`` (the same in residual
        blocks), ``"transposed"`` (three transposed convolutions; the code is not negative), ``"transposed_residual"``
        (five, in residual blocks), or ``"deforming"``: half of the code makes a template, the other half a smooth
        deformation of it that keeps the order of places [1]_. "auto" is the one published with the backbone;
        "upsampling" for those without one.
    latent : int, default=128
        Numbers in a code.
    loss : {"mse", "mae"}, default="mse"
        What training makes small: the mean squared or the mean absolute difference of intensities in [0, 1].
    decoders : {1, 2}, default=1
        2 trains one decoder on X and another on the reference, behind one encoder, in batches with as many images of
        either set. Errors and images are then those of the reference's decoder.
    fit_on : {"x", "reference", "both"}, default="x"
        Which images are learnt: the X of `fit`, the reference, or both.
    reference : ImageSet, or list, array or Series of paths or images, default=None
        A second set, usually the generated images. Only for `fit_on`.
    output : {"latent", "error", "both", "reconstruction"}, default="latent"
        The columns of `transform`: the code, the reconstruction error, the code and then the error, or the intensities
        in [0, 1] of the image that comes back.
    init, image_size, epochs, lr, body_lr, schedule, batch_size, weight_decay, augment, validation, patience, \
random_state, device, progress, checkpoint
        As in NetClassifier. `epochs` is 200 and `lr` 1e-4, as VCMI trained it. With `augment` it learns to give back
        the changed images.

    Attributes
    ----------
    history_, tensors_, digest_
        As in NetClassifier.

    See Also
    --------
    NetClassifier : A network that learns labels.
    ReferenceModel : With ``ReferenceModel(Autoencoder(), generated, standardize="zscore")`` errors are compared with
        those of generated images that it has not learnt.

    Notes
    -----
    The images are learnt in an order that their content decides, so that the order of X plays no part. The error is
    the mean squared difference of intensities in [0, 1], at the network's size, whatever the `loss`. A flat image is an
    image like any other: its code and its error are finite.

    The default is the auto-encoder of VCMI at ImageCLEFmedical GANs 2023.

    References
    ----------
    .. [1] Shu et al., Deforming Autoencoders: Unsupervised Disentangling of Shape and Appearance, ECCV 2018.

    Examples
    --------
    >>> import numpy as np
    >>> images = np.random.default_rng(0).integers(0, 99, (16, 32, 32), dtype=np.uint8)
    >>> model = Autoencoder(latent=8, image_size=32, epochs=2, lr=1e-3, batch_size=8).fit(images)
    >>> model.transform(images).shape, model.reconstruct(images).shape
    ((16, 8), (16, 32, 32))
    >>> errors = ((model.reconstruct(images) - images / 255) ** 2).mean(axis=(1, 2))
    >>> np.allclose(model.score_samples(images), -errors)
    True
    """

    _runtime_params = (*TrainedNetwork._runtime_params, "reference", "fit_on")
    _here_only = (*TrainedNetwork._here_only, "reference")

    def __init__(
        self,
        backbone: Network = "conv5",
        weights: Weights = None,
        *,
        decoder: Decoder = "auto",
        latent: int = 128,
        loss: Literal["mse", "mae"] = "mse",
        decoders: Literal[1, 2] = 1,
        fit_on: Literal["x", "reference", "both"] = "x",
        reference: ImagesLike | None = None,
        output: Literal["latent", "error", "both", "reconstruction"] = "latent",
        init: Start = None,
        image_size: int | None = None,
        epochs: int = 200,
        lr: float = 1e-4,
        body_lr: float = 1.0,
        schedule: Schedule = "constant",
        batch_size: int = 32,
        weight_decay: float = 0.0,
        augment: Augmentation | None = None,
        validation: float = 0.0,
        patience: int | None = None,
        random_state: int = 0,
        device: str = "auto",
        progress: bool = True,
        checkpoint: str | PathLike[str] | None = None,
    ) -> None:
        self.backbone = backbone
        self.weights = weights
        self.decoder = decoder
        self.latent = latent
        self.loss = loss
        self.decoders = decoders
        self.fit_on = fit_on
        self.reference = reference
        self.output = output
        self.init = init
        self.image_size = image_size
        self.epochs = epochs
        self.lr = lr
        self.body_lr = body_lr
        self.schedule = schedule
        self.batch_size = batch_size
        self.weight_decay = weight_decay
        self.augment = augment
        self.validation = validation
        self.patience = patience
        self.random_state = random_state
        self.device = device
        self.progress = progress
        self.checkpoint = checkpoint

    def score_samples(self, X: ImagesLike) -> NDArray[np.float64]:
        """Return minus the reconstruction error of each image: larger for images like those learnt.

        Parameters
        ----------
        X : ImageSet, or list, array or Series of paths or images

        Returns
        -------
        ndarray of shape (n_images,) and dtype float64
            Minus the mean squared difference of intensities in [0, 1].
        """
        return -self._with_output("error").transform(X)[:, 0].astype(np.float64)

    def reconstruct(self, X: ImagesLike) -> NDArray[np.float32]:
        """Return the images that come back.

        Parameters
        ----------
        X : ImageSet, or list, array or Series of paths or images

        Returns
        -------
        ndarray of shape (n_images, side, side), or with 3 channels behind, and dtype float32
            Intensities in [0, 1], at the network's size and in its colours.
        """
        shown = self._shown()
        images = self._with_output("reconstruction").transform(X).reshape(-1, shown.channels, shown.crop, shown.crop)
        return images[:, 0] if shown.channels == 1 else images.transpose(0, 2, 3, 1)

    def _with_output(self, output) -> Self:
        """Return this estimator, with the same network, as one with other columns."""
        other = object.__new__(type(self))
        vars(other).update(vars(self), output=output)
        return other

    # ---- what a TrainedNetwork writes -----------------------------------------------------------------------

    def _check_params(self):
        super()._check_params()
        check_option(self, "decoder", ("auto", *_decoders()))
        check_int(self, "latent", 2)
        check_option(self, "loss", ("mse", "mae"))
        check_int(self, "decoders", 1, 2)
        check_option(self, "fit_on", ("x", "reference", "both"))
        self._check_images("reference")
        if self.decoders == 2 and self.fit_on != "both":
            fail(self, "fit_on", "'both' where decoders=2: each learns one of the two sets")
        check_option(self, "output", ("latent", "error", "both", "reconstruction"))

    def _training(self, images, y):
        if self.fit_on != "x" and self.reference is None:
            fail(self, "reference", f"images where fit_on={self.fit_on!r}")
        sets = [images] if self.fit_on != "reference" else []
        sets += [as_image_set(self.reference)] if self.fit_on != "x" else []
        of_decoder = np.repeat(range(len(sets)), [len(own) for own in sets]) * (self.decoders - 1)
        return [own[np.argsort(own.digests)] for own in sets], of_decoder, {}

    def _draw(self, targets, rows, batch_size):
        import torch

        if self.decoders == 1:
            return batches(rows, batch_size)
        own, of_reference = (rows[targets[rows] == decoder] for decoder in (0, 1))
        halves = batches(own, math.ceil(batch_size / 2))
        return [torch.cat([half, of_reference[torch.randint(len(of_reference), (len(half),))]]) for half in halves]

    def _make_head(self, width, learned):
        from torch import nn

        shown, decoder = self._shown(), self._decoder()
        code = nn.Linear(width, self.latent)
        code = nn.Sequential(code, nn.ReLU()) if decoder in _POSITIVE else code
        made = [_decoders()[decoder](self.latent, shown.crop, shown.channels) for _ in range(self.decoders)]
        return nn.ModuleDict({"code": code, "decoders": nn.ModuleList(made)})

    def _loss(self, net, inputs, targets):
        wanted, code, total = self._intensities(inputs), self._code(net, inputs), 0.0
        for number, decoder in enumerate(net["head"]["decoders"]):
            own = targets == number
            if own.any():
                made, extra = decoder(code[own])
                away = made - wanted[own]
                error = away.square().mean() if self.loss == "mse" else away.abs().mean()
                total += (error + extra) * own.float().mean()
        return total

    def _embed(self, net, inputs):
        import torch

        code = self._code(net, inputs)
        if self.output == "latent":
            return code
        made, _ = net["head"]["decoders"][-1](code)
        if self.output == "reconstruction":
            return made.flatten(1)
        errors = (made - self._intensities(inputs)).square().mean(dim=(1, 2, 3))[:, None]
        return errors if self.output == "error" else torch.cat([code, errors], dim=1)

    def _column_names(self):
        if self.output == "reconstruction":
            return [f"autoencoder_pixel_{i}" for i in range(self._shown().crop ** 2 * self._shown().channels)]
        codes = [f"autoencoder_{i:04d}" for i in range(self.latent)] if self.output != "error" else []
        return codes + (["autoencoder_error"] if self.output != "latent" else [])

    def _design(self):
        return [*super()._design(), self._decoder(), self.latent, self.decoders]

    def _code(self, net, inputs):
        return net["head"]["code"](net["body"](inputs))

    def _intensities(self, inputs):
        """Return inputs of the network as intensities in [0, 1]."""
        import torch

        shown = self._shown()
        mean, std = (torch.tensor(own, device=inputs.device).view(-1, 1, 1) for own in (shown.mean, shown.std))
        return inputs * std + mean

    def _decoder(self):
        return _DECODERS.get(str(self.backbone), "upsampling") if self.decoder == "auto" else self.decoder


def _decoders():
    from .architectures.decoders import DECODERS

    return DECODERS
