"""DMK-SSN 2023: perceptual hashes, and bags of visual words."""

from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from ..decide import ThresholdClassifier
from ..extractors import PHash, SIFTWords
from ..reference import ReferenceModel, ReferenceSimilarity
from .parts import ByContent, cached
from .registry import recipe

_DMK = {"team": "DMK-SSN", "year": 2023, "subtask": 1, "metric": "f1"}


@recipe(
    "dmk-2023-phash",
    method="M16a",
    runs=(1,),
    score=0.480,
    exact=False,
    why=(
        "the run joined hashes and a small network in a way that is not told: this is the hashes alone. Their length "
        "is not told either: 256 bits, since within 50 of 64 bits lie all slices of a body"
    ),
    trained_on="nothing",
    needs_labels=False,
    **_DMK,
)
def phash(reference, cache, *, threshold=-50.5, hash_size=16):
    """Used when some generated image's hash differs in at most 50 bits.

    `threshold` is minus the number of bits, `hash_size` the side of the square of bits.
    """
    nearest = ReferenceSimilarity(reference, features=cached(cache, PHash(hash_size)), metric="hamming")
    return make_pipeline(nearest, ThresholdClassifier(threshold))


@recipe(
    "dmk-2023-sift-knn",
    method="M17",
    runs=(2,),
    score=0.449,
    exact=False,
    why=(
        "words are learnt from at most 200,000 descriptors, and an image without keypoints has no words, where the "
        "published code stops"
    ),
    trained_on="generated images, then labelled real images",
    needs_labels=True,
    **_DMK,
)
def sift_knn(reference, cache, *, n_words=100, binary=True, n_neighbors=5, random_state=42):
    """Used as most of the five labelled real images with the most similar visual words are.

    The words are learnt on the generated images. `binary` tells only which of the `n_words` occur, as published,
    instead of how often.
    """
    words = cached(cache, SIFTWords(n_words, binary=binary, random_state=random_state))
    return make_pipeline(ReferenceModel(words, reference, output="transform"), _Neighbors(n_neighbors))


class _Neighbors(ByContent, KNeighborsClassifier):
    """Neighbours among which, equally near, words decide: words are often equal."""
