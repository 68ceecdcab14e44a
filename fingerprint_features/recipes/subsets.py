"""Systems that attribute a generated image to the subset of real images that its generator was trained on."""

from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from ..extractors import GLCM, LBP, Gabor
from .parts import cached
from .registry import recipe


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
