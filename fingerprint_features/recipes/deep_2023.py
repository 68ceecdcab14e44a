"""Systems of 2023 on the features of a frozen network: which real images were used?"""

from sklearn.base import BaseEstimator
from sklearn.cluster import AgglomerativeClustering, FeatureAgglomeration
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from ..decide import ThresholdClassifier
from ..reference import PairClassifier, ReferenceModel, ReferenceSimilarity
from .blocks import SQUASHED, combined_margin, embedding
from .joint_clusters import JointClusters
from .kinds import Cache, Images, Layer, Network, Threshold, Weights
from .papers import OVERVIEW_2023
from .registry import recipe

_2023 = {
    "year": 2023,
    "subtask": 1,
    "metric": "f1",
    "paper": OVERVIEW_2023,
    "exact": False,
    "needs_weights": True,
}
_ON_REALS = {"trained_on": "labelled real images", "needs_labels": True}
_UNLABELLED = {"trained_on": "real images without labels", "needs_labels": False}
_TOGETHER = {"trained_on": "real and generated images without labels", "needs_labels": False, "transductive": True}


@recipe(
    "vcmi-2023-resnet50",
    method="M10",
    team="VCMI",
    runs=(8,),
    score=0.448,
    why=(
        "True ranks, as in vcmi-2023-ensemble. The team's library has other weights and another intensity scale."
        + SQUASHED
    ),
    transductive=True,
    **_UNLABELLED,
    **_2023,
)
def resnet_ensemble(
    reference: Images, cache: Cache, *, backbone: Network = "resnet50", weights: Weights = "v1", resize: str = "squash"
) -> BaseEstimator:
    """The rules of the ensemble on whole images, on the mean squared difference of deep features."""
    rules = ReferenceSimilarity(
        reference,
        features=embedding(cache, backbone, weights, resize),
        metric="mse",
        reduce=["rank", "max", "hits"],
        standardize="max",
        diag="row_mean",
    )
    return make_pipeline(rules, FunctionTransformer(combined_margin), ThresholdClassifier(0.0))


@recipe(
    "clef-cse-2023-clusters",
    method="M14",
    team="CLEF-CSE",
    runs=(2,),
    score=0.521,
    why=(
        "The run gave the numbers of the clusters as labels. Here a cluster with more generated images than average "
        "is used. Two clusters, where the team chose a cut by eye. The network's own intensity scale." + SQUASHED
    ),
    **_TOGETHER,
    **_2023,
)
def clusters(
    reference: Images,
    cache: Cache,
    *,
    backbone: Network = "resnet50",
    weights: Weights = "v1",
    resize: str = "squash",
    n_features: int = 32,
    n_clusters: int = 2,
    mapping: str = "reference_share",
) -> BaseEstimator:
    """Used when its cluster of real and generated images has many generated ones.

    Ward's method clusters both sets together, on `n_features` averages of similar deep features.
    ``mapping="majority"`` names clusters by labelled real images instead.
    """
    ward = make_pipeline(FeatureAgglomeration(n_features), AgglomerativeClustering(n_clusters))
    return JointClusters(reference, embedding(cache, backbone, weights, resize, pool="max"), ward, mapping)


@recipe(
    "clef-cse-2023-svm",
    method="M15",
    team="CLEF-CSE",
    runs=(3,),
    score=0.431,
    why="20 generated images for each real one, where the team took all. The network's own intensity scale." + SQUASHED,
    **_ON_REALS,
    **_2023,
)
def svm_on_pairs(
    reference: Images,
    cache: Cache,
    *,
    backbone: Network = "resnet101",
    weights: Weights = "v1",
    resize: str = "squash",
    n_pairs: int | None = 20,
    C: float = 1.0,
    random_state: int | None = 0,
) -> BaseEstimator:
    """Used when an SVM says so for most pairs of its features and those of a generated image."""
    return PairClassifier(
        SVC(C=C),
        reference,
        features=embedding(cache, backbone, weights, resize, pool="max"),
        pair="concat",
        n_pairs=n_pairs,
        aggregate="majority",
        random_state=random_state,
    )


@recipe(
    "aimultimedialab-2023-vgg16-svm",
    method="M25",
    team="AIMultimediaLab",
    runs=(2,),
    score=0.585,
    why=(
        "You give the second generator's images: the team's generator is not described. Which set is which class is "
        "our reading. Layer and parameters are not described: the mean over the last convolutional block, C=1, "
        "standardised columns." + SQUASHED
    ),
    trained_on="generated images of two generators",
    needs_labels=False,
    **_2023,
)
def deep_svm(
    reference: Images,
    pool: Images,
    cache: Cache,
    *,
    backbone: Network = "vgg16",
    weights: Weights = "v1",
    resize: str = "squash",
    layer: Layer = "auto",
    C: float = 1.0,
    threshold: Threshold = 0.0,
) -> BaseEstimator:
    """Used when its deep features are more like the generated images than like those of another generator.

    `layer` ``"auto"`` is the last convolutional block of a VGG, and the input of the last layer of other networks.
    """
    if layer == "auto":
        layer = "features" if str(backbone).startswith("vgg") else None
    svm = make_pipeline(StandardScaler(), SVC(C=C))
    features = embedding(cache, backbone, weights, resize, layer=layer)
    model = ReferenceModel(svm, reference, contrast=pool, features=features, output="decision_function")
    return make_pipeline(model, ThresholdClassifier(threshold))
