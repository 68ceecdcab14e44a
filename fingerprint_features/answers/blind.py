"""The blind control: do used and unused images differ even without any generated image?"""

from sklearn.base import ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ..extractors import GLCM, LBP, BaseExtractor, ImageStats

NAME = "blind control (textures alone, no generated images)"


def textures() -> list[BaseExtractor]:
    """Return what the blind control sees of an image: what scanners and reconstructions leave in it."""
    return [LBP(), GLCM(), ImageStats()]


def blind_classifier() -> ClassifierMixin:
    """Return the classifier of the blind control, unfitted; it learns from rows of `textures`."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))
