"""NetClassifier: a network trained to tell classes of images apart."""

from os import PathLike
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin

from ..checks import check_int, check_real, fail
from ..extractors.one_pass import at_work
from ..images import ImagesLike, as_image_set
from . import networks
from .augmentation import Augmentation
from .base import TrainedNetwork
from .kinds import Network, Schedule, Start, Weights
from .labels import check_mask, class_codes

_WIDEST = 65_536  # of a hidden layer


class NetClassifier(ClassifierMixin, TrainedNetwork):
    """A classifier of images: a network trained by cross-entropy, from new weights or from published ones.

    The images are decoded once, held in memory at the network's size, and changed in batches by `augment`. `transform`
    gives what the last layer is given, so that a trained network is an extractor like any other: in a FeaturePipeline
    its rows are cached under its weights.

    Parameters
    ----------
    backbone : str, torch.nn.Module or function, default="small"
        ``"small"``: four blocks of convolution on grey images of 64 x 64, trained in seconds on a CPU. Else what
        CNNEmbedding takes: a name of torchvision (``"resnet18"``) or of timm (``"timm/NAME"``), a module, or a function
        that makes one. Its final linear layer is replaced by one with an output for each class; where there is none,
        one is put behind it. A module is copied, never trained itself.
    weights : None, "default", "v1" or path, default=None
        What training starts from. None: new random weights (a module keeps its own). ``"default"`` and ``"v1"``: those
        that torchvision publishes. A path: a file of tensors, read without running anything in it.
    init : fitted network or path, default=None
        The network, or the file that its `save` wrote, whose body training goes on from: a staged start. It must have
        the same backbone. ``clone``, and so cross-validation, forgets what an estimator has learnt: give it as
        ``sklearn.frozen.FrozenEstimator(network)`` there.
    image_size : int, default=None
        Side of the square to which every image is resized, whole. None is the size that the network was made for.
    epochs : int, default=10
        How often each image is seen, at most.
    lr : float, default=1e-3
        Learning rate of AdamW [1]_; 1e-4 is usual for published weights.
    body_lr : float, default=1.0
        The learning rate of all but the new layers, as a share of `lr`; 0 trains the new layers alone.
    schedule : {"constant", "cosine", "step"}, default="constant"
        How the learning rate falls: not at all, along half a cosine to zero, or by a tenth every ten epochs.
    batch_size : int, default=32
        Largest number of images in a batch; batches are nearly equal in size, and none holds a single image.
    weight_decay : float, default=0.0
        Of AdamW; 0 makes it Adam.
    hidden : int, default=None
        Width of a layer with ReLU in front of the last one; `transform` then gives its output. None puts none there.
    dropout : float, default=0.0
        Share of what the last layer is given, in [0, 1), that is set to zero in training, drawn for each image.
    augment : Augmentation, default=None
        Random changes of the training images. None changes nothing.
    validation : float, default=0.0
        Share of the images, in [0, 0.5], that are held out of training and give the validation loss; rounded to one
        half, third, fourth and so on. Images of one patient, and copies of one image, stay together.
    patience : int, default=None
        Stops after so many epochs without a lower validation loss, and takes the weights of the best epoch. None trains
        all epochs and takes the last weights.
    random_state : int, default=0
        Seed of new weights, order, augmentation, dropout and held-out images. The same seed gives the same network, bit
        for bit on a CPU with the same number of threads.
    device : str, default="auto"
        ``"cpu"``, ``"cuda"``, ``"mps"``; "auto" is CUDA where there is any, else the CPU.
    progress : bool, default=True
        Whether to show a bar with the losses and the time left, on a terminal; elsewhere it is silent.
    checkpoint : path-like, default=None
        File that is written after every epoch and deleted at the end. A fit that was killed goes on from it when it is
        started again with the same parameters, images and labels, and gives the same network. The file of another fit
        is replaced. Give each fit of a grid its own, or none.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    history_ : dict of str to list of float
        The learning curve: ``"loss"`` and, with `validation`, ``"validation_loss"``, the mean of each epoch.
    tensors_ : dict of str to ndarray
        The network's weights.
    digest_ : str
        Hex digest of the trained network.

    See Also
    --------
    CNNEmbedding : The same networks, frozen.

    Notes
    -----
    One object says how images are shown to the network, in `fit` and after it. A flat image is an image like any other:
    its row is finite.

    References
    ----------
    .. [1] Loshchilov and Hutter, Decoupled Weight Decay Regularization, ICLR 2019.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> images = rng.integers(0, 40, (16, 32, 32), dtype=np.uint8)
    >>> images[8:, ::2] += 200  # stripes
    >>> y = ["plain"] * 8 + ["striped"] * 8
    >>> model = NetClassifier(image_size=32, epochs=4, batch_size=8).fit(images, y)
    >>> model.predict(images[[0, 15]])
    array(['plain', 'striped'], dtype='<U7')
    >>> model.transform(images).shape, model.get_feature_names_out()[0]
    ((16, 128), 'netclassifier_0000')
    >>> len(model.history_["loss"])
    4
    """

    classes_: NDArray[Any]

    def __init__(
        self,
        backbone: Network = "small",
        weights: Weights = None,
        *,
        init: Start = None,
        image_size: int | None = None,
        epochs: int = 10,
        lr: float = 1e-3,
        body_lr: float = 1.0,
        schedule: Schedule = "constant",
        batch_size: int = 32,
        weight_decay: float = 0.0,
        hidden: int | None = None,
        dropout: float = 0.0,
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
        self.init = init
        self.image_size = image_size
        self.epochs = epochs
        self.lr = lr
        self.body_lr = body_lr
        self.schedule = schedule
        self.batch_size = batch_size
        self.weight_decay = weight_decay
        self.hidden = hidden
        self.dropout = dropout
        self.augment = augment
        self.validation = validation
        self.patience = patience
        self.random_state = random_state
        self.device = device
        self.progress = progress
        self.checkpoint = checkpoint

    def fit(self, X: ImagesLike, y: ArrayLike | None = None, *, train_only: ArrayLike | None = None) -> Self:
        """Train the network.

        Parameters
        ----------
        X : ImageSet, or list, array or Series of paths or images
        y : array-like of shape (n_images,)
            The class of each image.
        train_only : array-like of bool of shape (n_images,), default=None
            Images that are never held out for `validation`, as those whose labels are guesses.

        Returns
        -------
        self
        """
        self._check_params()
        images = as_image_set(X)
        with at_work():
            self._fit(images, y, check_mask(self, "train_only", train_only, len(images)))
        return self

    def predict(self, X: ImagesLike) -> NDArray[Any]:
        """Return the most likely class of each image.

        Parameters
        ----------
        X : ImageSet, or list, array or Series of paths or images

        Returns
        -------
        ndarray of shape (n_images,)
            Of the labels' dtype; the first of `classes_` among equals.
        """
        codes = self._scores(X).argmax(axis=1)
        return self.classes_[codes]

    def predict_proba(self, X: ImagesLike) -> NDArray[np.float64]:
        """Return the probability of each class.

        Parameters
        ----------
        X : ImageSet, or list, array or Series of paths or images

        Returns
        -------
        ndarray of shape (n_images, n_classes) and dtype float64
            In the order of `classes_`; rows sum to one.
        """
        from scipy.special import softmax

        return softmax(self._scores(X), axis=1)

    def _scores(self, X):
        """Return what the last layer makes of the rows of `transform`, (n_images, n_classes), float64."""
        rows = np.asarray(self.transform(X), dtype=np.float64)
        return rows @ self.tensors_["head.weight"].T.astype(np.float64) + self.tensors_["head.bias"]

    # ---- what a TrainedNetwork writes -----------------------------------------------------------------------

    def _targets(self, y, n_images):
        classes, codes = class_codes(self, y, n_images)
        return codes, {"classes_": classes}

    def _learned(self):
        return {"classes_": self.classes_}

    def _check_params(self):
        super()._check_params()
        if self.hidden is not None:
            check_int(self, "hidden", 1, _WIDEST)
        check_real(self, "dropout", 0, 1)
        if self.dropout == 1:
            fail(self, "dropout", "less than 1: nothing would be left")

    def _build(self, learned, trained):
        from torch import nn

        net, width = networks.body(self._backbone(), self._shown(), trained)
        parts, n_classes = {"body": net}, len(learned["classes_"])
        if self.hidden is not None:
            parts["hidden"] = nn.Sequential(nn.Linear(width, self.hidden), nn.ReLU())
        return nn.ModuleDict({**parts, "head": nn.Linear(self.hidden or width, n_classes)})

    def _design(self):
        return [*super()._design(), self.hidden]

    def _loss(self, net, inputs, targets):
        from torch.nn.functional import cross_entropy, dropout

        return cross_entropy(net["head"](dropout(self._embed(net, inputs), self.dropout, net.training)), targets)

    def _embed(self, net, inputs):
        rows = net["body"](inputs)
        return rows if self.hidden is None else net["hidden"](rows)

    def _column_names(self):
        return [f"netclassifier_{i:04d}" for i in range(self.tensors_["head.weight"].shape[1])]
