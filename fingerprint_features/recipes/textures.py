"""Systems on textures: local binary patterns, and a table of handcrafted features."""

from collections.abc import Sequence

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.cluster import KMeans
from sklearn.covariance import EmpiricalCovariance
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from ..decide import ThresholdClassifier
from ..extractors import GLCM, LBP, BaseExtractor, Gabor, ImageStats, TextureCDF, Wavelet
from ..reference import PairClassifier, ReferenceModel
from .blocks import ByContent, cached
from .kinds import Cache, Images, Threshold
from .papers import OVERVIEW_2023, OVERVIEW_2025
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
    paper=OVERVIEW_2023,
    exact=False,
    why=(
        "You give the second generator's images: the team's generator is not described. Which set is which class is "
        "our reading. Parameters are not described: 8 points at radius 1, uniform patterns, C=1, standardised columns."
    ),
    trained_on="generated images of two generators",
    needs_labels=False,
)
def lbp_svm(
    reference: Images,
    pool: Images,
    cache: Cache,
    *,
    n_points: int | Sequence[int] = 8,
    radius: float | Sequence[float] = 1,
    C: float = 1.0,
    threshold: Threshold = 0.0,
) -> BaseEstimator:
    """Used when its local binary patterns are more like the generated images than like those of another generator.

    An SVM learns to separate `reference` from `pool`, and is then asked about real images. The generator of `pool`
    was trained on real images that are known not to be used and are not among those judged. `n_points` and `radius`
    may be lists, one entry for each scale.
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
    part="a variant: the run took deep features",
    metric="kappa",
    paper=OVERVIEW_2025,
    exact=False,
    why=(
        "The team tried deep features or local binary patterns; the run took the former, this recipe takes the "
        "latter. Number of clusters and threshold are not described: 8, and one standard deviation beyond the mean of "
        "the generated images' own distances, measured on a fifth of them that the clusters have not seen."
    ),
    trained_on="generated images",
    needs_labels=False,
)
def lbp_kmeans(
    reference: Images,
    cache: Cache,
    *,
    n_clusters: int = 8,
    threshold: Threshold = -1.0,
    metric: str = "kappa",
    random_state: int | None = 0,
) -> BaseEstimator:
    """Used when near the centre of a cluster of generated images, by local binary patterns.

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
    paper=OVERVIEW_2023,
    exact=False,
    why=(
        "Texture maps, classifier and how pairs become one answer are not described: ten maps, logistic regression on "
        "standardised distances, the mean over 20 generated images."
    ),
    trained_on="labelled real images",
    needs_labels=True,
)
def texture_cdf(
    reference: Images,
    cache: Cache,
    *,
    n_quantiles: int = 64,
    n_pairs: int | None = 20,
    estimator: BaseEstimator | None = None,
    random_state: int | None = 0,
) -> BaseEstimator:
    """Used when a classifier of the Wasserstein distances of texture maps to generated images says so.

    `estimator` takes the place of the logistic regression.
    """
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
    part="one of the forest's three columns",
    runs=(1881,),
    metric="kappa",
    paper=OVERVIEW_2025,
    exact=False,
    why=(
        "The run's forest also saw an auto-encoder's error and its nearest latent code. The team resized images to "
        "128 x 128: give the ImageSets that size. With direct=True the forest sees the features themselves too, as "
        "the paper has it; the team's code has the three columns only."
    ),
    trained_on="generated images and labelled real images",
    needs_labels=True,
)
def handcrafted(
    reference: Images, cache: Cache, *, max_features: int = 20, direct: bool = False, random_state: int | None = 42
) -> BaseEstimator:
    """Used when a forest says so, from the Mahalanobis distance to the generated images in handcrafted features.

    Of 48 features the `max_features` are kept that another forest finds most important for separating used from
    unused. With `direct` the forest sees all 48 features and the distance.
    """
    columns = cached(cache, *handcrafted_extractors())
    important = SelectFromModel(Forest(200, random_state=random_state), max_features=max_features, threshold=-np.inf)
    model = ReferenceModel(
        EmpiricalCovariance(), reference, features=make_pipeline(columns, important), output="mahalanobis"
    )
    seen = FeatureUnion([("features", columns), ("distance", model)]) if direct else model
    return make_pipeline(seen, Forest(100, random_state=random_state))


class Forest(ByContent, RandomForestClassifier):
    """A forest that does not depend on the order of the rows, although its trees draw them by position."""


def handcrafted_extractors() -> list[BaseExtractor]:
    """Return the extractors of Neural Nexus's 48 handcrafted columns."""
    return [
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
    ]
