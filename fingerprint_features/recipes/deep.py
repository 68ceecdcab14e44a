"""Systems on the features of a frozen network: which real images were used?"""

from sklearn.cluster import AgglomerativeClustering, FeatureAgglomeration, KMeans, SpectralClustering
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from ..decide import ClusterClassifier, ThresholdClassifier
from ..extractors import CNNEmbedding, Filtered
from ..reference import PairClassifier, ReferenceModel, ReferenceSimilarity
from .parts import above_median, cached, combined_margin
from .registry import recipe

_2023 = {"year": 2023, "subtask": 1, "metric": "f1", "exact": False, "needs_weights": True}
_2025 = {"year": 2025, "subtask": 1, "metric": "kappa", "exact": False, "needs_weights": True}
_ON_REALS = {"trained_on": "labelled real images", "needs_labels": True}
_UNLABELLED = {"trained_on": "real images without labels", "needs_labels": False}


@recipe(
    "vcmi-2023-resnet50",
    method="M10",
    team="VCMI",
    runs=(8,),
    score=0.448,
    why=(
        "true ranks as in the ensemble on whole images, and the intensities that the weights here were trained with: "
        "theirs are of another library"
    ),
    transductive=True,
    **_UNLABELLED,
    **_2023,
)
def resnet_ensemble(reference, cache, *, backbone="resnet50", weights="default"):
    """The rules of the ensemble on whole images, on the mean squared difference of deep features."""
    rules = ReferenceSimilarity(
        reference,
        features=cached(cache, CNNEmbedding(backbone, weights)),
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
        "the network's own normalisation; clusters take the label that most of their images have, where the run gave "
        "the clusters' numbers as labels; and they are made of the real images alone"
    ),
    **_ON_REALS,
    **_2023,
)
def clusters(cache, *, backbone="resnet50", weights="default", n_features=32, n_clusters=2):
    """Used as most of its cluster are, by Ward's method on `n_features` averages of alike deep features."""
    alike = FeatureAgglomeration(n_features)
    ward = ClusterClassifier(AgglomerativeClustering(n_clusters))
    return make_pipeline(cached(cache, CNNEmbedding(backbone, weights, pool="max")), alike, ward)


@recipe(
    "clef-cse-2023-svm",
    method="M15",
    team="CLEF-CSE",
    runs=(3,),
    score=0.431,
    why="the network's own normalisation, and 20 generated images for each real one in place of all",
    **_ON_REALS,
    **_2023,
)
def svm_on_pairs(reference, cache, *, backbone="resnet101", weights="default", n_pairs=20, C=1.0, random_state=0):
    """Used as an SVM on its features beside those of generated images says for most of these."""
    return PairClassifier(
        SVC(C=C),
        reference,
        features=cached(cache, CNNEmbedding(backbone, weights, pool="max")),
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
        "the second generator is yours, theirs is not described. Layer and parameters are not told: the mean over the "
        "last convolutional block; C=1, standardised columns"
    ),
    trained_on="generated images of two generators",
    needs_labels=False,
    **_2023,
)
def deep_svm(reference, pool, cache, *, backbone="vgg16", weights="default", layer="auto", C=1.0, threshold=0.0):
    """Used when its deep features are more like the generated images than like those of another generator.

    `layer` ``"auto"`` is the last convolutional block of a VGG, and what feeds the last layer of other networks.
    """
    if layer == "auto":
        layer = "features" if str(backbone).startswith("vgg") else None
    svm = make_pipeline(StandardScaler(), SVC(C=C))
    features = cached(cache, CNNEmbedding(backbone, weights, layer=layer))
    model = ReferenceModel(svm, reference, contrast=pool, features=features, output="decision_function")
    return make_pipeline(model, ThresholdClassifier(threshold))


@recipe(
    "challengers-2025-resnet50-clusters",
    method="M27",
    team="Challengers",
    runs=(1778, 1779),
    score=-0.032,
    why=(
        "number of components and clusters, and what clusters mean, are not told: 95 % of the variance, 2, and what "
        "most of them are"
    ),
    **_ON_REALS,
    **_2025,
)
def reduced_clusters(
    cache, *, backbone="resnet50", weights="default", n_components=0.95, clusterer=None, random_state=0
):
    """Used as most of its cluster are, in the principal components of deep features.

    `clusterer` is any of scikit-learn's, mixtures too; None is k-means with two centres.
    """
    clusterer = KMeans(2, n_init=10, random_state=random_state) if clusterer is None else clusterer
    reduced = PCA(n_components, random_state=random_state)
    return make_pipeline(cached(cache, CNNEmbedding(backbone, weights)), reduced, ClusterClassifier(clusterer))


@recipe(
    "challengers-2025-resnet50-kmeans",
    method="M29",
    team="Challengers",
    runs=(1776, 1777),
    score=-0.176,
    why=(
        "features are deep ones or local binary patterns: the former here. Clusters and cut are not told: 8, and one "
        "standard deviation beyond the mean of the generated images' own distances, on a fifth of them kept apart"
    ),
    trained_on="generated images",
    needs_labels=False,
    **_2025,
)
def deep_kmeans(
    reference, cache, *, backbone="resnet50", weights="default", n_clusters=8, threshold=-1.0, random_state=0
):
    """Used when near to a centre of the generated images' clusters, by deep features; `threshold` in deviations."""
    means = KMeans(n_clusters, n_init=10, random_state=random_state)
    features = cached(cache, CNNEmbedding(backbone, weights))
    model = ReferenceModel(
        means, reference, features=features, output="min_transform", standardize="zscore", held_out=0.2
    )
    return make_pipeline(model, ThresholdClassifier(threshold, metric="kappa"))


@recipe(
    "medhastra-2025-resnet50-cosine",
    method="M30",
    team="Medhastra",
    runs=(1288,),
    score=0.016,
    why="how many standard deviations is not told: 1, over all similarities of real to generated images",
    transductive=True,
    **_UNLABELLED,
    **_2025,
)
def cosine(reference, cache, *, backbone="resnet50", weights="default", threshold=1.0):
    """Used when its largest cosine with a generated image lies `threshold` deviations above the mean of all."""
    features = cached(cache, CNNEmbedding(backbone, weights))
    rule = ReferenceSimilarity(reference, features, "cosine", "max", null="cross", standardize="zscore")
    return make_pipeline(rule, ThresholdClassifier(threshold))


@recipe(
    "medhastra-2025-resnet50-logistic",
    method="M30",
    team="Medhastra",
    runs=(1288,),
    score=0.016,
    why="which similarity features is not told: largest, mean, standard deviation and mean of the five largest",
    **_ON_REALS,
    **_2025,
)
def cosine_logistic(reference, cache, *, backbone="resnet50", weights="default", k=5, C=1.0):
    """Used as a logistic regression learns it from the cosines with the generated images."""
    features = cached(cache, CNNEmbedding(backbone, weights))
    columns = ReferenceSimilarity(reference, features, "cosine", ["max", "mean", "std", "topk"], k=k)
    return make_pipeline(columns, StandardScaler(), LogisticRegression(C=C))


@recipe(
    "zhouyijiang-2025-retrieval",
    method="M35",
    team="zhouyijiang1",
    runs=(1801, 1802, 1803, 1804, 1873),
    score=0.136,
    why=(
        "the first of two stages, whose candidates are the answer here; the second trains a network. Layers 4, 8 and "
        "12, since the network named has no 18th; what is clustered, and what clusters mean, is not told: how often "
        "and how closely generated images find it, and what most of a cluster are"
    ),
    **_ON_REALS,
    **_2025,
)
def retrieval(
    reference, cache, *, backbone="vit_b_16", weights="default", layer="auto", k=50, n_neighbors=10, random_state=0
):
    """Used as most of its spectral cluster are, by how often it is one of the `k` nearest to a generated image.

    `layer` ``"auto"`` is the mean token after blocks 4, 8 and 12 of a ViT, and what feeds the last layer of other
    networks.
    """
    if layer == "auto":
        blocks = [f"encoder.layers.encoder_layer_{number}" for number in (3, 7, 11)]
        layer = blocks if str(backbone).startswith("vit") else None
    columns = ReferenceSimilarity(
        reference, cached(cache, CNNEmbedding(backbone, weights, layer=layer)), "cosine", ["hits", "topk"], k=k
    )
    pruned = SpectralClustering(2, affinity="nearest_neighbors", n_neighbors=n_neighbors, random_state=random_state)
    return make_pipeline(columns, StandardScaler(), ClusterClassifier(pruned))


@recipe(
    "zoq-2025-resnet50-jaccard",
    method="M38",
    team="ZOQ",
    runs=(1427,),
    score=-0.016,
    why=(
        "filters have the common parameters, features are 1 above their median, the cut is learnt, for the best "
        "kappa: none of it is told"
    ),
    **_ON_REALS,
    **_2025,
)
def filtered_jaccard(
    reference, cache, *, backbone="resnet50", weights="default", filter="gaussian", threshold="auto", metric="kappa"
):
    """Used when the same deep features of the filtered images are strong as in some generated image.

    `threshold` is in standard deviations above the mean similarity of real images to each other.
    """
    strong = make_pipeline(
        cached(cache, Filtered(CNNEmbedding(backbone, weights), filter)), FunctionTransformer(above_median)
    )
    rule = ReferenceSimilarity(reference, strong, "jaccard", standardize="zscore")
    return make_pipeline(rule, ThresholdClassifier(threshold, metric=metric))
