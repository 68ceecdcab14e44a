"""Systems that attribute a generated image to the subset of real images that its generator was trained on."""

from sklearn.base import BaseEstimator
from sklearn.cluster import KMeans
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from ..decide import ClusterClassifier
from ..extractors import GLCM, LBP, Gabor
from .blocks import SQUASHED, cached, embedding
from .kinds import Cache, Network, Weights
from .nearest_subset import NearestSubset
from .papers import AI_MULTIMEDIA_LAB_2025, MEDHASTRA_2025
from .registry import recipe

_2025 = {
    "year": 2025,
    "subtask": 2,
    "metric": "accuracy",
    "exact": False,
    "trained_on": "labelled real images",
    "needs_labels": True,
    "needs_weights": True,
}
_AIM = {"team": "AI Multimedia Lab", "paper": AI_MULTIMEDIA_LAB_2025, **_2025}


@recipe(
    "aim-2025-resnet50-svm",
    method="M40",
    runs=(1267, 1268, 1269, 1271),
    score=0.5236,
    why=(
        "Frozen networks, as in the team's code, where the paper says fine-tuned. Each network's own intensity scale: "
        "the code takes that of one network for all." + SQUASHED
    ),
    **_AIM,
)
def svm(
    cache: Cache, *, backbone: Network = "resnet50", weights: Weights = "v1", resize: str = "squash", C: float = 1.0
) -> BaseEstimator:
    """The subset that a linear SVM on deep features says, one against one.

    The runs took resnet50, efficientnet_b0, densenet121 and mobilenet_v2 as `backbone`; resnet50 has the score.
    """
    return make_pipeline(embedding(cache, backbone, weights, resize), SVC(kernel="linear", C=C))


@recipe(
    "aim-2025-resnet50-kmeans",
    method="M41",
    why=(
        "Clusters are matched to subsets by labels. The published accuracy compares cluster numbers with labels."
        + SQUASHED
    ),
    **_AIM,
)
def kmeans(
    cache: Cache,
    *,
    backbone: Network = "resnet50",
    weights: Weights = "v1",
    resize: str = "squash",
    n_clusters: int = 5,
    clusterer: BaseEstimator | None = None,
    random_state: int | None = 0,
) -> BaseEstimator:
    """The subset that the image's cluster is matched with, one cluster for each subset.

    `clusterer` None is k-means with `n_clusters` centres. The team also tried ``AgglomerativeClustering(5)``.
    """
    clusterer = KMeans(n_clusters, n_init=10, random_state=random_state) if clusterer is None else clusterer
    return make_pipeline(embedding(cache, backbone, weights, resize), ClusterClassifier(clusterer, mapping="hungarian"))


@recipe(
    "medhastra-2025-resnet18-nearest-subset",
    method="other",
    team="Medhastra",
    paper=MEDHASTRA_2025,
    why=(
        "The paper proposes to compare embeddings of synthetic images with the real subsets, and submitted another "
        "system. Which similarity is not described: the mean cosine with the images of a subset." + SQUASHED
    ),
    **_2025,
)
def nearest_subset(
    cache: Cache, *, backbone: Network = "resnet18", weights: Weights = "v1", resize: str = "squash"
) -> BaseEstimator:
    """The subset of real images with the most similar deep features. Nothing is trained."""
    return make_pipeline(embedding(cache, backbone, weights, resize), NearestSubset())


@recipe(
    "textures-svm",
    method="own",
    team="fingerprint_features",
    year=None,
    subtask=2,
    metric="accuracy",
    exact=False,
    why="Ours: scanners and generators leave textures in an image, and no network is needed to see them.",
    trained_on="labelled generated images, or else real ones",
    fit_on=("generated", "real"),
    needs_labels=True,
)
def textures(cache: Cache, *, C: float = 10.0) -> BaseEstimator:
    """The subset that an SVM on local binary patterns, co-occurrences and Gabor energies says."""
    features = cached(cache, LBP([8, 16], [1, 2]), GLCM(), Gabor())
    return make_pipeline(features, StandardScaler(), SVC(C=C))
