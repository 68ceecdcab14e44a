"""
Telling real textures apart
===========================

Photographs of brick, grass, gravel and other surfaces, which scikit-image ships, are cut into patches. A support
vector machine learns which photograph a patch stems from; the parameters of the *features* are in the same grid
as its own. k-means then takes the same matrix unchanged, without labels. Patches of one region of a photograph
are never on both sides of a split.

Run it with ``python examples/01_textures.py``; the picture is saved as ``textures.png`` where you stand.
"""

import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from skimage import data
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score, confusion_matrix
from sklearn.model_selection import GridSearchCV, GroupKFold, GroupShuffleSplit
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from fingerprint_features import GLCM, LBP, FeaturePipeline, ImageSet

# %%
# Real photographs, cut into patches
# ----------------------------------
# 512 x 512 pixels of each photograph give 64 patches. Four neighbouring patches make a region; the region is the
# group, because neighbouring patches look alike and a split between them would flatter the result.

PHOTOGRAPHS = {
    "brick": data.brick(),
    "grass": data.grass(),
    "gravel": data.gravel(),
    "moon": data.moon(),
    "tissue": data.immunohistochemistry(),
    "galaxies": data.hubble_deep_field(),
}
PATCH, REGION, SIDE = 64, 128, 512

patches, labels, regions = [], [], []
for name, photograph in PHOTOGRAPHS.items():
    for top in range(0, SIDE, PATCH):
        for left in range(0, SIDE, PATCH):
            patches.append(photograph[top : top + PATCH, left : left + PATCH])
            labels.append(name)
            regions.append(f"{name}-{top // REGION}-{left // REGION}")
X, y = ImageSet(patches, groups=regions), np.array(labels)

# %%
# A quarter of the regions is kept for the final word
# ---------------------------------------------------

train, test = next(GroupShuffleSplit(1, test_size=0.25, random_state=0).split(X, y, X.groups))
assert not set(X[train].groups) & set(X[test].groups)


# %%
# One grid over features and classifier
# -------------------------------------
# 3 x 3 x 3 settings in 4 folds ask for 108 extractions of the training patches. With the cache each patch is
# extracted once per setting of an extractor: 3 times by LBP and 3 times by GLCM.


def main(picture="textures.png"):
    """Search, score on the held-out regions, cluster, and draw."""
    with tempfile.TemporaryDirectory() as folder:
        model = Pipeline(
            [
                ("features", FeaturePipeline([LBP(), GLCM()], cache=Path(folder) / "features.cache")),
                ("scale", StandardScaler()),
                ("svc", SVC()),
            ]
        )
        grid = {
            "features__lbp__radius": [1, 2, (1, 2, 3)],
            "features__glcm__levels": [16, 32, 64],
            "svc__C": [1, 10, 100],
        }
        search = GridSearchCV(model, grid, cv=GroupKFold(4)).fit(X[train], y[train], groups=X[train].groups)
        predicted = search.predict(X[test])
        features = search.best_estimator_[:-1].transform(X)

    accuracy = np.mean(predicted == y[test])
    print(f"best setting: {search.best_params_}")
    print(f"accuracy in cross-validation by region: {search.best_score_:.3f}")
    print(f"accuracy on {len(test)} patches of regions never seen: {accuracy:.3f} (chance {1 / len(PHOTOGRAPHS):.3f})")

    # The same matrix, unchanged, without labels.
    clusters = KMeans(len(PHOTOGRAPHS), n_init=10, random_state=0).fit_predict(features)
    print(f"k-means on the same matrix: adjusted Rand index {adjusted_rand_score(y, clusters):.3f} (chance 0)")
    draw(features, predicted, y[test], picture)
    print(f"picture: {picture}")


def draw(features, predicted, truth, picture):
    """Draw the patches in the plane of their first principal components, and the confusion matrix."""
    names = list(PHOTOGRAPHS)
    figure, (plane, table) = plt.subplots(1, 2, figsize=(11, 4.8), layout="constrained")
    axes = PCA(2).fit(features)
    for name in names:
        plane.scatter(*axes.transform(features[y == name]).T, s=14, alpha=0.8, label=name)
    share = axes.explained_variance_ratio_
    plane.set(
        title="LBP and GLCM features separate the textures",
        xlabel=f"first principal component ({share[0]:.0%} of the variance)",
        ylabel=f"second principal component ({share[1]:.0%})",
    )
    plane.legend(frameon=False)
    counts = confusion_matrix(truth, predicted, labels=names)
    table.imshow(counts, cmap="Blues")
    for (i, j), count in np.ndenumerate(counts):
        table.text(j, i, count, ha="center", va="center", color="white" if count > counts.max() / 2 else "black")
    table.set(title="Patches of unseen regions", xlabel="predicted", ylabel="true")
    table.set_xticks(range(len(names)), names, rotation=30, ha="right")
    table.set_yticks(range(len(names)), names)
    figure.savefig(picture, dpi=120)
    plt.close(figure)


if __name__ == "__main__":
    main(*sys.argv[1:])
