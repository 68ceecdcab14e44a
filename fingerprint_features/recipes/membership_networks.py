"""Systems that train a network to tell used real images from unused ones. They see no generated image."""

from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator

from ..learned import NetClassifier, PseudoLabelClassifier
from ..learned.kinds import Start
from .kinds import Cache, Images, Network, Weights
from .papers import OVERVIEW_2023, OVERVIEW_2025
from .registry import recipe

_ON_REALS = {"subtask": 1, "trained_on": "labelled real images", "needs_labels": True, "exact": False}
_2023 = {"year": 2023, "metric": "f1", "paper": OVERVIEW_2023, **_ON_REALS}
_FAST = {"image_size": 64, "epochs": 15, "batch_size": 16}
_FAST_NEW = {**_FAST, "backbone": "small", "weights": None, "lr": 1e-3}


@recipe(
    "dmk-2023-cnn",
    method="M16b",
    team="DMK-SSN",
    runs=(1,),
    score=0.480,
    why=(
        "Three layers are all that is described. Ours: 16, 32 and 64 filters, each layer with ReLU and pooling, the "
        "mean of the last maps, Adam, 20 epochs; and that it learns from real images, used ones against unused ones."
    ),
    fast=_FAST,
    **_2023,
)
def three_layers(
    cache: Cache,
    *,
    backbone: Network = "conv3",
    image_size: int | None = 256,
    epochs: int = 20,
    lr: float = 1e-3,
    batch_size: int = 32,
    device: str = "auto",
    random_state: int = 0,
) -> BaseEstimator:
    """Used when a network of three convolutions, trained on labelled real images, says so."""
    return NetClassifier(
        backbone,
        image_size=image_size,
        epochs=epochs,
        lr=lr,
        batch_size=batch_size,
        device=device,
        random_state=random_state,
    )


@recipe(
    "kde-lab-2023-transfer",
    method="M19",
    team="KDE-Lab",
    runs=(1, 2, 3, 4, 5),
    score=0.548,
    why=(
        "Stages one and two train on photographs, forged and authentic, and on CT slices of COVID-19: pass the network "
        "that you trained on such sets as `init`; without it, training starts from ImageNet. The head is new in each "
        "stage. What stage four learns from the test images is not described: its own answers to `unlabelled`; without "
        "these it is left out. Nor are hyper-parameters, Adam and 10 epochs a stage, and how the runs differ beyond "
        "their networks."
    ),
    needs_weights=True,
    fast=_FAST_NEW,
    **_2023,
)
def transfer(
    cache: Cache,
    unlabelled: Images | None = None,
    *,
    backbone: Network = "vit_b_32",
    weights: Weights = "v1",
    init: Start = None,
    image_size: int | None = None,
    epochs: int = 10,
    lr: float = 1e-4,
    batch_size: int = 32,
    device: str = "auto",
    random_state: int = 0,
) -> BaseEstimator:
    """Used when a network says so that learnt on other images, then on labelled real ones, then on its own answers.

    `init` is a fitted network with the same `backbone`, or the file that its `save` wrote. Runs took resnet18 and vgg11
    too.
    """
    if hasattr(init, "tensors_"):
        init = FrozenEstimator(init)  # clone, by which both stages start, would forget it
    net = NetClassifier(
        backbone,
        weights,
        init=init,
        image_size=image_size,
        epochs=epochs,
        lr=lr,
        batch_size=batch_size,
        device=device,
        random_state=random_state,
    )
    return PseudoLabelClassifier(net, unlabelled)


@recipe(
    "challengers-2025-resnet50",
    method="M28",
    team="Challengers",
    year=2025,
    metric="kappa",
    paper=OVERVIEW_2025,
    runs=(1811,),
    score=0.012,
    why=(
        "ResNet50 in place of ResNet50V2, which torchvision does not have. The head is not described: 256 units with "
        "ReLU, of which training drops half. Nor are the hyper-parameters: Adam, 0.0001, 10 epochs."
    ),
    needs_weights=True,
    fast=_FAST_NEW,
    **_ON_REALS,
)
def new_head(
    cache: Cache,
    *,
    backbone: Network = "resnet50",
    weights: Weights = "v1",
    image_size: int | None = None,
    hidden: int = 256,
    dropout: float = 0.5,
    epochs: int = 10,
    lr: float = 1e-4,
    batch_size: int = 32,
    device: str = "auto",
    random_state: int = 0,
) -> BaseEstimator:
    """Used when a network with a new head of two layers, trained on labelled real images, says so."""
    return NetClassifier(
        backbone,
        weights,
        image_size=image_size,
        hidden=hidden,
        dropout=dropout,
        epochs=epochs,
        lr=lr,
        batch_size=batch_size,
        device=device,
        random_state=random_state,
    )
