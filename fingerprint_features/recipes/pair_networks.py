"""Systems whose network is shown a real and a generated image together: was the real one used?"""

from sklearn.base import BaseEstimator

from ..learned import Augmentation, PairNetwork
from ..learned.kinds import Optimizer
from .blocks import SQUASHED
from .candidates import AmongCandidates
from .deep_2025 import retrieval, three_blocks
from .kinds import Cache, Images, Layer, Network, Weights
from .papers import OVERVIEW_2023, OVERVIEW_2025
from .registry import recipe

_ON_PAIRS = {
    "subtask": 1,
    "exact": False,
    "trained_on": "pairs of labelled real images and generated ones",
    "needs_labels": True,
}
_2025 = {"year": 2025, "metric": "kappa", "paper": OVERVIEW_2025, "needs_weights": True}
_FAST = {"image_size": 32, "n_pairs": 10, "epochs": 6, "lr": 1e-3}


@recipe(
    "clef-cse-2023-relation",
    method="M13",
    team="CLEF-CSE",
    year=2023,
    metric="f1",
    paper=OVERVIEW_2023,
    runs=(1,),
    score=0.614,
    why=(
        "The published code takes a softmax over the one score of a pair, which is always 1; here a sigmoid. The cut "
        "is not described: 0.5. Nor are the size of the images, here 256 x 256 as they are, and the padding of the "
        "head's first convolution, here 1."
    ),
    fast=_FAST | {"backbone": "small", "dim": 64, "optimizer": "adamw", "batch_size": 32},
    **_ON_PAIRS,
)
def relation(
    reference: Images,
    cache: Cache,
    *,
    backbone: Network = "unpooled_resnet101",
    image_size: int | None = 256,
    dim: int = 2048,
    n_pairs: int | None = None,
    epochs: int = 100,
    lr: float = 1e-5,
    optimizer: Optimizer = "sgd",
    batch_size: int = 8,
    weight_decay: float = 5e-4,
    device: str = "auto",
    random_state: int = 0,
) -> BaseEstimator:
    """Used when a relation network, with a trunk for each kind of image, finds its pairs likely on average.

    `n_pairs` is how many generated images each real one is paired with; None is all, as published. Their maps are kept
    in memory, 2 MB each.
    """
    return PairNetwork(
        backbone,
        reference,
        head="relation",
        dim=dim,
        shared=False,
        n_pairs=n_pairs,
        image_size=image_size,
        epochs=epochs,
        lr=lr,
        optimizer=optimizer,
        batch_size=batch_size,
        weight_decay=weight_decay,
        device=device,
        random_state=random_state,
    )


@recipe(
    "scope-vit-2025-cross-attention",
    method="M26",
    team="SCOPE VIT Visioneers",
    runs=(1160,),
    score=-0.032,
    why=(
        "The parts are named and no numbers given. Ours: 256 channels and eight heads of attention, whose answers are "
        "compared by |a - b| and a * b; a perceptron of 256; AdamW, rate and epochs; 20 generated images for each real "
        "one, whose mean must be above 0.5." + SQUASHED
    ),
    fast=_FAST | {"backbone": "small", "weights": None, "dim": 64},
    **_ON_PAIRS,
    **_2025,
)
def cross_attention(
    reference: Images,
    cache: Cache,
    *,
    backbone: Network = "resnet50",
    weights: Weights = "v1",
    image_size: int | None = None,
    dim: int = 256,
    n_pairs: int | None = 20,
    epochs: int = 20,
    lr: float = 1e-4,
    device: str = "auto",
    random_state: int = 0,
) -> BaseEstimator:
    """Used when a Siamese network, whose maps of both images attend to each other, finds its pairs likely on average.

    The team also tried DenseNet161, EfficientNet-B2 and ViT as `backbone`.
    """
    return PairNetwork(
        backbone,
        reference,
        head="cross_attention",
        weights=weights,
        image_size=image_size,
        dim=dim,
        n_pairs=n_pairs,
        epochs=epochs,
        lr=lr,
        device=device,
        random_state=random_state,
    )


@recipe(
    "zhouyijiang-2025-fusion",
    method="M35",
    team="zhouyijiang1",
    runs=(1801, 1802, 1803, 1804, 1873),
    score=0.136,
    why=(
        "Stage 1 as in zhouyijiang-2025-retrieval. Layers 4, 8 and 12 in place of 6, 12 and 18: the network named has "
        "12. Of stage 2 the paper names the parts only. Ours: the network itself is not trained further; a gate is a "
        "sigmoid of the layer's mean token; attention compares two images in the views of eight heads, and weights the "
        "generated images that an image is compared with; generated images count as used in the contrastive loss; 20 "
        "pairs, rate, epochs, and how much is masked and how strong the noise is. The positional encoding is not "
        "described and left out." + SQUASHED
    ),
    fast=_FAST
    | {
        "backbone": "efficientnet_lite0",
        "weights": "default",
        "layer": ("_blocks.4", "_blocks.10", "_blocks.15"),
        "image_size": 64,
        "dim": 128,
        "k": 15,
    },
    **_ON_PAIRS,
    **_2025,
)
def fusion(
    reference: Images,
    cache: Cache,
    *,
    backbone: Network = "vit_b_16",
    weights: Weights = "v1",
    layer: Layer = "auto",
    k: int = 50,
    image_size: int | None = None,
    dim: int = 1536,
    n_pairs: int | None = 20,
    threshold: float = 0.6,
    epochs: int = 20,
    lr: float = 1e-4,
    device: str = "auto",
    random_state: int = 0,
) -> BaseEstimator:
    """Used when generated images find it often, and a network that fuses layers of both is sure of its pairs.

    `layer` and `k` as in zhouyijiang-2025-retrieval; `threshold` is what the network's likelihood must exceed.
    """
    layers = three_blocks(backbone) if layer == "auto" else layer
    found = retrieval(
        reference, cache, backbone=backbone, weights=weights, layer=layers, k=k, random_state=random_state
    )
    judge = PairNetwork(
        backbone,
        reference,
        head="fusion",
        layer=layers,
        dim=dim,
        n_pairs=n_pairs,
        aggregate="attention",
        contrastive=1.0,
        weights=weights,
        image_size=image_size,
        epochs=epochs,
        lr=lr,
        body_lr=0.0,
        schedule="cosine",
        augment=Augmentation(mask=0.1, gabor=0.1),
        device=device,
        random_state=random_state,
    )
    return AmongCandidates(found, judge, threshold)
