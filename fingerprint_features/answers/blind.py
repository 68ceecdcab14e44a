"""The blind control: do used and unused images differ even without any generated image?"""

from sklearn.base import ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

NAME = "blind control (textures alone, no generated images)"


def blind_classifier() -> ClassifierMixin:
    """Return the classifier of the blind control, unfitted; it learns from rows of `recipes.blocks.textures`."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))
