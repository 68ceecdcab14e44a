"""Systems of 2025 on the features of a frozen network: which real images were used?"""

from sklearn.base import BaseEstimator
from sklearn.cluster import KMeans, SpectralClustering
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from ..decide import ClusterClassifier, ThresholdClassifier
from ..extractors import CNNEmbedding, Filtered
from ..reference import ReferenceModel, ReferenceSimilarity
from .blocks import SQUASHED, above_median, cached, embedding, similarity_where_found, strongest
from .joint_clusters import JointClusters
from .kinds import Cache, Images, Layer, Network, Threshold, Weights
from .papers import OVERVIEW_2025
from .registry import recipe

_2025 = {
    "year": 2025,
    "subtask": 1,
    "metric": "kappa",
    "paper": OVERVIEW_2025,
    "exact": False,
    "needs_weights": True,
}
_ON_REALS = {"trained_on": "labelled real images", "needs_labels": True}
_UNLABELLED = {"trained_on": "real images without labels", "needs_labels": False}
_TOGETHER = {"trained_on": "real and generated images without labels", "needs_labels": False, "transductive": True}


@recipe(
    "challengers-2025-resnet50-clusters",
    method="M27",
    team="Challengers",
    runs=(1778, 1779),
    score=-0.032,
    why=(
        "Two runs share this description (kappa -0.116 and -0.032), and how they differ is not described: so one "
        "recipe. Number of components and clusters and the meaning of clusters are not described: 95 % of the "
        "variance, 2, and used where generated images are more frequent than average." + SQUASHED
    ),
    **_TOGETHER,
    **_2025,
)
def reduced_clusters(
    reference: Images,
    cache: Cache,
    *,
    backbone: Network = "resnet50",
    weights: Weights = "v1",
    resize: str = "squash",
    n_components: float = 0.95,
    clusterer: BaseEstimator | None = None,
    mapping: str = "reference_share",
    random_state: int | None = 0,
) -> BaseEstimator:
    """Used when its cluster of real and generated images has many generated ones, by components of deep features.

    `clusterer` is any of scikit-learn's, mixtures too; None is k-means with two centres. The team also used DBSCAN,
    Gaussian mixtures and agglomerative clustering. ``mapping="majority"`` names clusters by labelled real images.
    """
    clusterer = KMeans(2, n_init=10, random_state=random_state) if clusterer is None else clusterer
    reduced = make_pipeline(PCA(n_components, random_state=random_state), clusterer)
    return JointClusters(reference, embedding(cache, backbone, weights, resize), reduced, mapping)


@recipe(
    "challengers-2025-resnet50-kmeans",
    method="M29",
    team="Challengers",
    runs=(1776,),
    score=-0.176,
    why=(
        "Number of clusters and threshold are not described: 8, and one standard deviation beyond the mean of the "
        "generated images' own distances, measured on a fifth of them that the clusters have not seen." + SQUASHED
    ),
    trained_on="generated images",
    needs_labels=False,
    **_2025,
)
def deep_kmeans(
    reference: Images,
    cache: Cache,
    *,
    backbone: Network = "resnet50",
    weights: Weights = "v1",
    resize: str = "squash",
    n_clusters: int = 8,
    threshold: Threshold = -1.0,
    random_state: int | None = 0,
) -> BaseEstimator:
    """Used when near the centre of a cluster of generated images, by deep features.

    `threshold` is minus the standard deviations beyond the mean; ``"auto"`` learns it from labels, for the best kappa.
    """
    means = KMeans(n_clusters, n_init=10, random_state=random_state)
    features = embedding(cache, backbone, weights, resize)
    model = ReferenceModel(
        means, reference, features=features, output="min_transform", standardize="zscore", held_out=0.2
    )
    return make_pipeline(model, ThresholdClassifier(threshold, metric="kappa"))


_MEDHASTRA = {"method": "M30", "team": "Medhastra", "runs": (1288,), **_2025}
_ONE_RUN = "The one run (kappa 0.016) joined a threshold and a logistic regression, and how is not described. "


@recipe(
    "medhastra-2025-resnet50-cosine",
    part="the threshold, one of two rules",
    why=_ONE_RUN + "Number of standard deviations: 1, over all similarities of real to generated images." + SQUASHED,
    transductive=True,
    **_UNLABELLED,
    **_MEDHASTRA,
)
def cosine(
    reference: Images,
    cache: Cache,
    *,
    backbone: Network = "resnet50",
    weights: Weights = "v1",
    resize: str = "squash",
    threshold: Threshold = 1.0,
) -> BaseEstimator:
    """Used when its largest cosine with a generated image lies `threshold` deviations above the mean of all."""
    rule = ReferenceSimilarity(
        reference, embedding(cache, backbone, weights, resize), "cosine", "max", null="cross", standardize="zscore"
    )
    return make_pipeline(rule, ThresholdClassifier(threshold))


@recipe(
    "medhastra-2025-resnet50-logistic",
    part="the logistic regression, one of two rules",
    why=_ONE_RUN + "Similarity features: largest, mean, standard deviation and mean of the five largest." + SQUASHED,
    **_ON_REALS,
    **_MEDHASTRA,
)
def cosine_logistic(
    reference: Images,
    cache: Cache,
    *,
    backbone: Network = "resnet50",
    weights: Weights = "v1",
    resize: str = "squash",
    k: int = 5,
    C: float = 1.0,
) -> BaseEstimator:
    """Used when a logistic regression on the cosines with the generated images says so."""
    columns = ReferenceSimilarity(
        reference, embedding(cache, backbone, weights, resize), "cosine", ["max", "mean", "std", "topk"], k=k
    )
    return make_pipeline(columns, StandardScaler(), LogisticRegression(C=C))


@recipe(
    "zhouyijiang-2025-retrieval",
    method="M35",
    team="zhouyijiang1",
    part="stage 1 of 2",
    runs=(1801, 1802, 1803, 1804, 1873),
    why=(
        "The candidates are the answer; zhouyijiang-2025-fusion has stage 2 as well. Layers 4, 8 and 12 in "
        "place of 6, 12 and 18: the network named has 12. What is clustered is not described: how many generated "
        "images have the image among their 50 nearest. Clusters take the label of most of their images." + SQUASHED
    ),
    **_ON_REALS,
    **_2025,
)
def retrieval(
    reference: Images,
    cache: Cache,
    *,
    backbone: Network = "vit_b_16",
    weights: Weights = "v1",
    resize: str = "squash",
    layer: Layer = "auto",
    k: int = 50,
    random_state: int | None = 0,
) -> BaseEstimator:
    """Used as most of its spectral cluster, by how many generated images have it among their `k` nearest.

    `layer` ``"auto"`` is the mean token after blocks 4, 8 and 12 of a ViT, and the input of the last layer of other
    networks.
    """
    found = ReferenceSimilarity(
        reference,
        embedding(cache, backbone, weights, resize, layer=three_blocks(backbone) if layer == "auto" else layer),
        "cosine",
        "hits",
        k=k,
    )
    # one column with many equal values: a graph of nearest neighbours would fall apart
    pruned = SpectralClustering(2, affinity="rbf", gamma=1.0, random_state=random_state)
    return make_pipeline(found, StandardScaler(), ClusterClassifier(pruned))


def three_blocks(backbone: Network) -> list[str] | None:
    """Return blocks 4, 8 and 12 of a ViT of torchvision, by name; None for other networks."""
    blocks = [f"encoder.layers.encoder_layer_{number}" for number in (3, 7, 11)]
    return blocks if str(backbone).startswith("vit") else None


@recipe(
    "neural-nexus-2025-attention",
    method="M34",
    team="Neural Nexus",
    why=(
        "The team trained a generative network, DCLGAN, and compared the attention of its discriminator. Training such "
        "a network is out of scope: give a trained discriminator, any torch module, as backbone=. Without one, the "
        "network is ResNet50. How attention leads to an answer is not described: the strongest fifth of the map, the "
        "mean Jaccard index with generated images, and a threshold learnt for the best kappa. Which run this was is "
        "not stated." + SQUASHED
    ),
    **_ON_REALS,
    **_2025,
)
def attention(
    reference: Images,
    cache: Cache,
    *,
    backbone: Network = "resnet50",
    weights: Weights = "v1",
    resize: str = "squash",
    layer: Layer = None,
    share: float = 0.2,
    threshold: Threshold = "auto",
    metric: str = "kappa",
) -> BaseEstimator:
    """Used when a network looks at the same places in it as in generated images.

    Attention is the mean of absolute activations over the channels of `layer`; None is the last map. The strongest
    `share` of its places are compared. ``threshold="auto"`` learns the cut from labels, for the best `metric`.
    """
    places = make_pipeline(
        embedding(cache, backbone, weights, resize, layer=layer, pool="attention"),
        FunctionTransformer(strongest, kw_args={"share": share}),
    )
    rule = ReferenceSimilarity(reference, places, "jaccard", "mean")
    return make_pipeline(rule, ThresholdClassifier(threshold, metric=metric))


@recipe(
    "taozi-2025-resnet50-retrieval",
    method="M36",
    team="taozi",
    part="an earlier rule of the team's code, without the contrastive network",
    why=(
        "Frozen features, where the runs trained a network on them. No run of this rule alone is known. The middle "
        "of the image is shown to the network, as in the team's code; ImageNet weights V1 of torchvision."
    ),
    transductive=True,
    **_UNLABELLED,
    **_2025,
)
def found_and_close(
    reference: Images,
    cache: Cache,
    *,
    backbone: Network = "resnet50",
    weights: Weights = "v1",
    resize: str = "preset",
    threshold: Threshold = 0.65,
) -> BaseEstimator:
    """Used when some generated image finds it the nearest of all real images, with a cosine above `threshold`."""
    found = ReferenceSimilarity(reference, embedding(cache, backbone, weights, resize), "cosine", ["hits", "hit_max"])
    return make_pipeline(found, FunctionTransformer(similarity_where_found), ThresholdClassifier(threshold))


_ZOQ = {"method": "M38", "team": "ZOQ", **_ON_REALS, **_2025}
_ZOQ_WHY = "Filters have common parameters and the threshold is learnt for the best kappa: neither is described."


@recipe("zoq-2025-resnet50-cosine", why=_ZOQ_WHY + SQUASHED, **_ZOQ)
def filtered_cosine(
    reference: Images,
    cache: Cache,
    *,
    backbone: Network = "resnet50",
    weights: Weights = "v1",
    resize: str = "squash",
    filter: str = "gaussian",
    threshold: Threshold = "auto",
    metric: str = "kappa",
) -> BaseEstimator:
    """Used when the deep features of the filtered image are close to those of some generated image.

    `threshold` is in standard deviations above the mean similarity of real images to each other; ``"auto"`` learns it
    from labels, for the best `metric`, and 2.0 needs none.
    """
    features = cached(cache, Filtered(CNNEmbedding(backbone, weights, resize=resize), filter))
    rule = ReferenceSimilarity(reference, features, "cosine", standardize="zscore")
    return make_pipeline(rule, ThresholdClassifier(threshold, metric=metric))


@recipe(
    "zoq-2025-resnet50-jaccard",
    runs=(1427,),
    score=-0.016,
    why=f"{_ZOQ_WHY} So is what counts as 1 in a feature: what lies above the median of the image." + SQUASHED,
    **_ZOQ,
)
def filtered_jaccard(
    reference: Images,
    cache: Cache,
    *,
    backbone: Network = "resnet50",
    weights: Weights = "v1",
    resize: str = "squash",
    filter: str = "gaussian",
    threshold: Threshold = "auto",
    metric: str = "kappa",
) -> BaseEstimator:
    """Used when the strong deep features of the filtered image are those of some generated image.

    `threshold` as in the recipe with cosines.
    """
    strong = make_pipeline(
        cached(cache, Filtered(CNNEmbedding(backbone, weights, resize=resize), filter)),
        FunctionTransformer(above_median),
    )
    rule = ReferenceSimilarity(reference, strong, "jaccard", standardize="zscore")
    return make_pipeline(rule, ThresholdClassifier(threshold, metric=metric))
