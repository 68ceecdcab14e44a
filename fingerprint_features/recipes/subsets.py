"""Systems that attribute a generated image to the subset of real images that its generator was trained on."""

from sklearn.cluster import KMeans
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

from ..decide import ClusterClassifier
from ..extractors import GLCM, LBP, CNNEmbedding, Gabor
from .parts import cached
from .registry import recipe

_AIM = {"team": "AIM", "year": 2025, "subtask": 2, "metric": "accuracy", "exact": False, "needs_weights": True}


@recipe(
    "aim-2025-resnet50-svm",
    method="M40",
    runs=(1267, 1268, 1269, 1271),
    score=0.5236,
    why="each network's own normalisation, standardised columns: the published code normalises for one network only",
    trained_on="labelled real images",
    needs_labels=True,
    **_AIM,
)
def svm(cache, *, backbone="resnet50", weights="default", C=1.0):
    """The subset that a linear SVM on deep features says.

    The runs took resnet50, efficientnet_b0, densenet121 and mobilenet_v2 as `backbone`.
    """
    return make_pipeline(cached(cache, CNNEmbedding(backbone, weights)), StandardScaler(), LinearSVC(C=C))


@recipe(
    "aim-2025-resnet50-kmeans",
    method="M41",
    why="clusters are matched to subsets by labels, where the published accuracy compares their bare numbers",
    trained_on="labelled real images",
    needs_labels=True,
    **_AIM,
)
def kmeans(cache, *, backbone="resnet50", weights="default", n_clusters=5, clusterer=None, random_state=0):
    """The subset that its cluster stands for, one cluster a subset.

    `clusterer` None is k-means with `n_clusters` centres; ``AgglomerativeClustering(5)`` was tried too.
    """
    clusterer = KMeans(n_clusters, n_init=10, random_state=random_state) if clusterer is None else clusterer
    matched = ClusterClassifier(clusterer, mapping="hungarian")
    return make_pipeline(cached(cache, CNNEmbedding(backbone, weights)), matched)


@recipe(
    "textures-svm",
    method="own",
    team="fingerprint_features",
    year=None,
    subtask=2,
    metric="accuracy",
    exact=False,
    why="ours: what a scanner and a generator leave in an image is texture, and no network is needed for it",
    trained_on="labelled generated images, or else real ones",
    needs_labels=True,
)
def textures(cache, *, C=10.0):
    """The subset that an SVM on local binary patterns, co-occurrences and Gabor energies says."""
    features = cached(cache, LBP([8, 16], [1, 2]), GLCM(), Gabor())
    return make_pipeline(features, StandardScaler(), SVC(C=C))
