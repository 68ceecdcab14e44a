"""What is wrong with the sets themselves, found before any number is computed."""

from collections.abc import Iterator, Mapping, Sequence

from ..answers.nearest import LOOKS
from ..answers.reading import good, read_all
from ..extractors import BaseExtractor
from ..images import ImageFailure, ImageSet
from ..pipeline import FeaturePipeline
from ..recipes.kinds import Cache
from .balance import balance
from .differences import file_differences
from .duplicates import Looks, exact_duplicates, near_duplicates
from .headers import read_headers
from .lint_findings import LintFinding
from .patients import doubtful_patients, shared_patients

_ROLES = ("used", "unused", "candidates", "generated", "foreign")
_NAMED = 3
_SEVERITIES = ("error", "warning", "note")


def lint(
    sets: Mapping[str, ImageSet],
    unit: str | None,
    cache: Cache = None,
    embedding: BaseExtractor | None = None,
    progress: bool = False,
) -> tuple[LintFinding, ...]:
    """Look for what makes numbers wrong or doubtful before any is computed.

    Parameters
    ----------
    sets : mapping of str to ImageSet
        Images by role: "used" and "unused" or "candidates", "generated", and "foreign" by a generator that never saw
        the patients. Real images have groups, as `with_patients` gives them.
    unit : "patient", "image" or None
        What the groups are. None where patients are unknown.
    cache : path-like or FeatureCache, default=None
        Keeps the perceptual hashes and embeddings.
    embedding : extractor, default=None
        Near duplicates are looked for in its rows too, by cosine distance, such as those of ``CNNEmbedding``.
    progress : bool, default=False
        Whether to show a progress bar.

    Returns
    -------
    tuple of LintFinding
        Errors first, then warnings and notes.

    Raises
    ------
    ImageReadError
        When no image of a set can be used.

    Notes
    -----
    Near duplicates differ by less than 0.3 of the usual distance of two real images: in the 256 bits of their
    perceptual hash, or in the embedding. Flat images, of one value everywhere, count neither as copies nor as near
    duplicates. No matrix of all pairs is kept.

    Files are compared by format, size, depth and compression as their headers say. Two sets differ when shuffling the
    labels of patients makes them as different in at most 1 % of 999 shuffles, or when each holds one value only and it
    is another one.

    Examples
    --------
    >>> from fingerprint_features import make_membership_task
    >>> task = make_membership_task(12, 12, 8, memorization=0, image_size=32, random_state=0)
    >>> sets = {"used": task.X[task.y == 1], "unused": task.X[task.y == 0], "generated": task.reference}
    >>> lint(sets, "patient")
    ()
    >>> sets["unused"] = task.X
    >>> [(one.severity, one.kind) for one in lint(sets, "patient")][:2]
    [('error', 'shared-patient'), ('error', 'exact-duplicate')]
    """
    sets = {role: sets[role] for role in _ROLES if role in sets}
    extractors = [LOOKS] if embedding is None else [LOOKS, embedding]
    sizes = {role: len(images) for role, images in sets.items()}
    failures = read_all(sets, extractors, cache, progress)
    sets = {role: images[good(images, failures.get(role, ()))] for role, images in sets.items()}
    headers = {role: read_headers(images) for role, images in sets.items()}
    patients = {role: images.groups for role, images in sets.items() if unit == "patient" and images.groups is not None}
    found = [
        *unreadable(failures, sizes),
        *shared_patients(sets, unit),
        *exact_duplicates(sets),
        *doubtful_patients(sets, unit, cache),
        *file_differences(headers, patients),
        *balance(sets, unit),
    ]
    for extractor in extractors:
        found += near_duplicates(sets, _looks(extractor, sets, cache), unit)
    return tuple(sorted(found, key=lambda one: _SEVERITIES.index(one.severity)))


def unreadable(failures: Mapping[str, Sequence[ImageFailure]], sizes: Mapping[str, int]) -> Iterator[LintFinding]:
    """Yield the images of each set that cannot be used; `sizes` says how many there were."""
    for role, some in failures.items():
        named = "; ".join(map(str, some[:_NAMED])) + (f" and {len(some) - _NAMED} more" if some[_NAMED:] else "")
        left = "is left out" if len(some) == 1 else "are left out"
        text = f"{len(some)} of {sizes[role]} {role} images cannot be used and {left}: {named}"
        yield LintFinding("unreadable", "warning", (role,), text)


def _looks(extractor, sets, cache):
    features = FeaturePipeline([extractor], cache=cache)
    rows = {role: features.fit_transform(images) for role, images in sets.items()}
    if extractor is LOOKS:
        return Looks("perceptual hash", "hamming", rows)
    return Looks(type(extractor).__name__, "cosine", rows)
