"""Systems that compare or cluster the codes that an auto-encoder makes of real and of generated images."""

from sklearn.base import BaseEstimator
from sklearn.cluster import SpectralClustering
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from ..decide import ThresholdClassifier
from ..learned import Autoencoder
from ..learned.kinds import Start
from ..reference import ReferenceSimilarity
from .blocks import cached, combined_margin
from .joint_clusters import JointClusters
from .kinds import Cache, Images, Network
from .papers import OVERVIEW_2023, OVERVIEW_2025
from .registry import recipe


@recipe(
    "vcmi-2023-autoencoder-ensemble",
    method="M08",
    team="VCMI",
    year=2023,
    subtask=1,
    runs=(5, 6, 7),
    score=0.621,
    metric="f1",
    paper=OVERVIEW_2023,
    exact=False,
    why=(
        "Run 5 took all generated images, run 6 took 600 of them, run 7 residual blocks. Ranks are true ranks, and "
        "their cut is the middle rank: the published code's depend on the order of files. Batch norm has the "
        "constants of PyTorch, the code those of Keras."
    ),
    trained_on="real and generated images without labels",
    needs_labels=False,
    transductive=True,
    fast={"image_size": 32, "epochs": 30, "lr": 1e-3},
)
def ensemble(
    reference: Images,
    cache: Cache,
    *,
    backbone: Network = "conv5",
    image_size: int | None = None,
    epochs: int = 200,
    lr: float = 1e-4,
    batch_size: int = 32,
    device: str = "auto",
    random_state: int = 0,
) -> BaseEstimator:
    """Used when the codes of an auto-encoder say so by ranking or threshold, and by retrieval: the VCMI ensemble.

    The auto-encoder learns real and generated images together. ``backbone="residual5"`` has residual blocks.
    """
    network = Autoencoder(
        backbone,
        image_size=image_size,
        epochs=epochs,
        lr=lr,
        batch_size=batch_size,
        device=device,
        random_state=random_state,
    )
    rules = ReferenceSimilarity(
        reference,
        cached(cache, network),
        "mse",
        ["rank", "max", "hits"],
        standardize="max",
        diag="row_mean",
        fit_features="both",
    )
    return make_pipeline(rules, FunctionTransformer(combined_margin), ThresholdClassifier(0.0))


_NEURAL_NEXUS = {
    "team": "Neural Nexus",
    "year": 2025,
    "subtask": 1,
    "metric": "kappa",
    "paper": OVERVIEW_2025,
    "exact": False,
    "trained_on": "generated images; real and generated images without labels are clustered",
    "needs_labels": False,
    "transductive": True,
}
_DECISION = (
    " The meaning of clusters is not described: two, on a graph of ten neighbours, and used where generated images are "
    "more frequent than average."
)


@recipe(
    "neural-nexus-2025-vit-autoencoder",
    method="M31",
    runs=(1878,),
    score=0.148,
    why=(
        "The encoder was pre-trained on CT slices, which do not come with this package: give a classifier of such "
        "images as init=, else training starts from random weights. The decoder makes the 224 x 224 pixels that the "
        "encoder sees, where the team's made 256 x 256; its widths are not described." + _DECISION
    ),
    fast={"backbone": "small_vit", "epochs": 15, "lr": 1e-3},
    **_NEURAL_NEXUS,
)
def vit_clusters(
    reference: Images,
    cache: Cache,
    *,
    backbone: Network = "gray_vit_b_16",
    init: Start = None,
    latent: int = 512,
    epochs: int = 10,
    lr: float = 1e-4,
    batch_size: int = 64,
    device: str = "auto",
    random_state: int = 0,
) -> BaseEstimator:
    """Used when its cluster of codes has many generated images; a vision transformer makes the codes.

    An auto-encoder learns the generated images; spectral clustering then parts the codes of both sets. `init` is a
    network with the same backbone whose body training starts from: a file that its `save` wrote, or
    ``sklearn.frozen.FrozenEstimator(NetClassifier("gray_vit_b_16", ...).fit(slices, kinds))``.
    """
    network = Autoencoder(
        backbone,
        latent=latent,
        fit_on="reference",
        reference=reference,
        init=init,
        epochs=epochs,
        lr=lr,
        batch_size=batch_size,
        device=device,
        random_state=random_state,
    )
    return JointClusters(reference, cached(cache, network), _two_clusters(random_state))


@recipe(
    "neural-nexus-2025-spectral",
    method="M32",
    runs=(1880,),
    score=0.072,
    why=(
        "The convolutional auto-encoder of the run is not described: VCMI's of 2023, with the settings of the team's "
        "auto-encoder on a vision transformer." + _DECISION
    ),
    fast={"image_size": 32, "epochs": 30, "lr": 1e-3},
    **_NEURAL_NEXUS,
)
def conv_clusters(
    reference: Images,
    cache: Cache,
    *,
    backbone: Network = "conv5",
    latent: int = 128,
    image_size: int | None = None,
    epochs: int = 10,
    lr: float = 1e-4,
    batch_size: int = 64,
    device: str = "auto",
    random_state: int = 0,
) -> BaseEstimator:
    """Used when its cluster of codes has many generated images; a convolutional encoder makes the codes."""
    network = Autoencoder(
        backbone,
        latent=latent,
        fit_on="reference",
        reference=reference,
        image_size=image_size,
        epochs=epochs,
        lr=lr,
        batch_size=batch_size,
        device=device,
        random_state=random_state,
    )
    return JointClusters(reference, cached(cache, network), _two_clusters(random_state))


def _two_clusters(random_state):
    return SpectralClustering(2, affinity="nearest_neighbors", n_neighbors=10, random_state=random_state)
