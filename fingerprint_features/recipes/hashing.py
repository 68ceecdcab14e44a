"""DMK-SSN 2023: perceptual hashes, and bags of visual words."""

from sklearn.base import BaseEstimator
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from ..decide import ThresholdClassifier
from ..extractors import PHash, SIFTWords
from ..reference import ReferenceModel, ReferenceSimilarity
from .blocks import ByContent, cached
from .kinds import Cache, Images, Threshold
from .papers import OVERVIEW_2023
from .registry import recipe

_DMK = {"team": "DMK-SSN", "year": 2023, "subtask": 1, "metric": "f1", "paper": OVERVIEW_2023}


@recipe(
    "dmk-2023-phash",
    method="M16a",
    part="the first step, in which the team paired images; its runs trained other models",
    exact=False,
    why=(
        "The length of the hashes is not described: 256 bits. Of 64 bits, at most 50 differ between any two slices "
        "of a body, so the published limit of 50 would mean nothing."
    ),
    trained_on="nothing",
    needs_labels=False,
    **_DMK,
)
def phash(reference: Images, cache: Cache, *, threshold: Threshold = -50.5, hash_size: int = 16) -> BaseEstimator:
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
        "Words are learnt from at most 200,000 descriptors. An image without keypoints has no words, where the "
        "published code fails."
    ),
    trained_on="generated images, then labelled real images",
    needs_labels=True,
    **_DMK,
)
def sift_knn(
    reference: Images,
    cache: Cache,
    *,
    n_words: int = 100,
    binary: bool = True,
    n_neighbors: int = 5,
    random_state: int | None = 42,
) -> BaseEstimator:
    """Used when most of the five labelled real images with the most similar visual words are.

    The words are learnt on the generated images. `binary` keeps only which of the `n_words` occur, as the published
    code does, and not how often.
    """
    words = cached(cache, SIFTWords(n_words, binary=binary, random_state=random_state))
    return make_pipeline(ReferenceModel(words, reference, output="transform"), _Neighbors(n_neighbors))


class _Neighbors(ByContent, KNeighborsClassifier):
    """Nearest neighbours whose ties are settled by their words, not by their order: words are often equal."""
