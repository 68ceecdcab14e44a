"""Where an answer comes from: sets of images, and versions of libraries."""

import hashlib
import os
import platform
from collections import Counter
from importlib.metadata import version
from typing import Any

from ..images import ImageSet
from ..images.digest import examine

_LIBRARIES = ("numpy", "scipy", "scikit-learn", "opencv-python-headless", "faiss-cpu", "torch")
_MOST = 3  # kinds of files, and sizes, that are named


def about_set(images: ImageSet, unit: str | None) -> dict[str, Any]:
    """Return what is known of a set of images.

    Returns
    -------
    dict of str to value
        ``images`` and ``patients`` (None where they are unknown), ``files`` and ``sizes`` with how many there are of
        each, and ``fingerprint``: the same for the same images in any order.
    """
    records = examine(images)
    files = Counter(_kind(images.place(i)) for i in range(len(images)))
    sizes = Counter("x".join(map(str, record.shape)) for record in records if record.shape is not None)
    state = hashlib.blake2b(digest_size=6)
    for digest in sorted(images.digests):
        state.update(digest)
    patients = images.groups if unit == "patient" else None
    return {
        "images": len(images),
        "patients": None if patients is None else len(set(patients.tolist())),
        "files": _listed(files),
        "sizes": _listed(sizes),
        "fingerprint": state.hexdigest(),
    }


def versions() -> dict[str, str]:
    """Return the versions of this package, Python and the libraries that decide numbers, as far as installed."""
    from importlib.metadata import PackageNotFoundError

    from .._version import __version__

    found = {"fingerprint_features": __version__, "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _kind(place):
    return os.path.splitext(place)[1].lower() or "without ending" if os.path.isabs(place) else "in memory"


def _listed(counts):
    named = ", ".join(f"{kind} ({count:,})" for kind, count in counts.most_common(_MOST))
    return f"{named} and {len(counts) - _MOST} more" if len(counts) > _MOST else named
