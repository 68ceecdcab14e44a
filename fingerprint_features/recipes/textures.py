"""Systems on textures: local binary patterns, and a table of handcrafted features."""

import numpy as np
from sklearn.cluster import KMeans
from sklearn.covariance import EmpiricalCovariance
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from ..decide import ThresholdClassifier
from ..extractors import GLCM, LBP, Gabor, ImageStats, TextureCDF, Wavelet
from ..reference import PairClassifier, ReferenceModel
from .parts import ByContent, cached
from .registry import recipe


@recipe(
    "aimultimedialab-2023-lbp-svm",
    method="M24",
    team="AIMultimediaLab",
    year=2023,
    subtask=1,
    runs=(1,),
    score=0.626,
    metric="f1",
    exact=False,
    why=(
        "the second generator is yours, theirs is not described. Parameters of the patterns and of the SVM are not "
        "told: 8 points at radius 1, uniform; C=1, standardised columns"
    ),
    trained_on="generated images of two generators",
    needs_labels=False,
)
def lbp_svm(reference, pool, cache, *, n_points=8, radius=1, C=1.0, threshold=0.0):
    """Used when its local binary patterns are more like the generated images than like those of another generator.

    An SVM tells `reference` from `pool`, made by a generator trained on real images known not to be used, and is
    then asked about real images. `n_points` and `radius` may be lists, one entry a scale.
    """
    svm = make_pipeline(StandardScaler(), SVC(C=C))
    patterns = cached(cache, LBP(n_points, radius))
    model = ReferenceModel(svm, reference, contrast=pool, features=patterns, output="decision_function")
    return make_pipeline(model, ThresholdClassifier(threshold))


@recipe(
    "challengers-2025-lbp-kmeans",
    method="M29",
    team="Challengers",
    year=2025,
    subtask=1,
    runs=(1776, 1777),
    score=-0.176,
    metric="kappa",
    exact=False,
    why=(
        "features are deep ones or local binary patterns: the latter here. Clusters and cut are not told: 8, and one "
        "standard deviation beyond the mean of the generated images' own distances, on a fifth of them kept apart"
    ),
    trained_on="generated images",
    needs_labels=False,
)
def lbp_kmeans(reference, cache, *, n_clusters=8, threshold=-1.0, metric="kappa", random_state=0):
    """Used when near to a centre of the generated images' clusters, by local binary patterns.

    `threshold` is minus the standard deviations beyond the mean; ``"auto"`` learns it from labels, for the best
    `metric`.
    """
    means = KMeans(n_clusters, n_init=10, random_state=random_state)
    model = ReferenceModel(
        means, reference, features=cached(cache, LBP()), output="min_transform", standardize="zscore", held_out=0.2
    )
    return make_pipeline(model, ThresholdClassifier(threshold, metric=metric))


@recipe(
    "gan-isi-2023-texture-cdf",
    method="M18",
    team="GAN-ISI",
    year=2023,
    subtask=1,
    runs=(1, 2, 3, 4, 5),
    score=0.502,
    metric="f1",
    exact=False,
    why=(
        "texture maps, classifier and how pairs become one answer are not told: ten maps, logistic regression on "
        "standardised distances, the mean over 20 generated images"
    ),
    trained_on="labelled real images",
    needs_labels=True,
)
def texture_cdf(reference, cache, *, n_quantiles=64, n_pairs=20, estimator=None, random_state=0):
    """Used as an estimator learns it from the Wasserstein distances of texture maps to generated images."""
    return PairClassifier(
        make_pipeline(StandardScaler(), LogisticRegression()) if estimator is None else estimator,
        reference,
        features=cached(cache, TextureCDF(n_quantiles)),
        pair="groupdist",
        n_pairs=n_pairs,
        random_state=random_state,
    )


@recipe(
    "neural-nexus-2025-handcrafted",
    method="M33",
    team="Neural Nexus",
    year=2025,
    subtask=1,
    runs=(1881,),
    score=0.032,
    metric="kappa",
    exact=False,
    why=(
        "the run's forest saw an auto-encoder's error and nearest latent code too: this is the third of its three "
        "columns, from the handcrafted features alone. Published on images resized to 128 x 128: give the ImageSets "
        "that size"
    ),
    trained_on="generated images and labelled real images",
    needs_labels=True,
)
def handcrafted(reference, cache, *, max_features=20, random_state=42):
    """Used as a forest learns it from the Mahalanobis distance to the generated images, in 48 handcrafted features.

    The `max_features` columns that another forest finds the most important for telling used from unused are kept.
    """
    columns = cached(
        cache,
        ImageStats(),
        GLCM(1, levels=256, properties=("contrast", "correlation", "energy", "homogeneity")),
        Gabor(
            (0.1, 0.3, 0.5),
            [0, 45, 90],
            sigma=4,
            gamma=0.5,
            kernel_size=21,
            response="real",
            statistics=("mean", "var"),
        ),
        Wavelet("db1", 2),
    )
    important = SelectFromModel(_Forest(200, random_state=random_state), max_features=max_features, threshold=-np.inf)
    model = ReferenceModel(
        EmpiricalCovariance(), reference, features=make_pipeline(columns, important), output="mahalanobis"
    )
    return make_pipeline(model, _Forest(100, random_state=random_state))


class _Forest(ByContent, RandomForestClassifier):
    """A forest, whose trees draw rows by their number."""
