"""Which extractors there are: ours by name, and plug-ins advertised by entry point; listing imports none."""

import importlib
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from ..checks import did_you_mean

if TYPE_CHECKING:
    from .base import BaseExtractor

ENTRY_POINT_GROUP = "fingerprint_features.extractors"

_BUILT_IN = {
    "lbp": ("lbp:LBP", "local binary patterns: how often each small light-dark neighbourhood occurs"),
    "glcm": ("glcm:GLCM", "grey-level co-occurrence: how grey levels follow one another"),
    "gabor": ("gabor:Gabor", "Gabor filter bank: energy by frequency and orientation"),
    "wavelet": ("wavelet:Wavelet", "wavelet bands: energy by scale and direction"),
    "image_stats": ("image_stats:ImageStats", "moments of the histogram and Otsu components"),
    "phash": ("phash:PHash", "perceptual hash: signs of the lowest cosine frequencies"),
    "texture_cdf": ("texture_cdf:TextureCDF", "quantiles of ten texture maps, for Wasserstein distances"),
    "sift_words": ("sift_words:SIFTWords", "bag of visual words: SIFT descriptors counted by a learnt codebook"),
    "cnn_embedding": ("cnn:CNNEmbedding", "activations of a frozen network, before its classifier"),
    "pixels": ("pixels:Pixels", "the intensities themselves"),
}


class ExtractorLoadError(ImportError):
    """A plug-in extractor cannot be loaded; the message names the distribution that advertises it."""


def list_extractors() -> dict[str, tuple[str, str]]:
    """List every extractor that can be made by name, without importing any.

    Returns
    -------
    dict of str to (str, str)
        Name to (provider, one-line caption); the provider is ``"fingerprint_features"`` or the plug-in's
        distribution.

    Examples
    --------
    >>> list_extractors()["phash"]
    ('fingerprint_features', 'perceptual hash: signs of the lowest cosine frequencies')
    """
    found = {name: ("fingerprint_features", caption) for name, (_, caption) in _BUILT_IN.items()}
    for name, entries in _plug_ins().items():
        providers, values = (", ".join(sorted(set(texts))) for texts in zip(*map(_origin, entries), strict=True))
        found[name] = providers, f"plug-in {values}"
    return dict(sorted(found.items()))


def make_extractor(name: str, **params: Any) -> "BaseExtractor":
    """Make an extractor by its registered name.

    Parameters
    ----------
    name : str
        One of `list_extractors`.
    **params
        Constructor parameters.

    Returns
    -------
    BaseExtractor

    Raises
    ------
    ValueError
        For an unknown name, with the closest known one.
    ExtractorLoadError
        When a plug-in cannot be imported or is no extractor.

    Examples
    --------
    >>> make_extractor("lbp", radius=2)
    LBP(radius=2)
    >>> make_extractor("gabour")
    Traceback (most recent call last):
    ValueError: no extractor is called 'gabour': did you mean 'gabor'? ...
    """
    if name in _BUILT_IN:
        module, attribute = _BUILT_IN[name][0].split(":")
        return getattr(importlib.import_module(f".{module}", __package__), attribute)(**params)
    plug_ins = _plug_ins()
    if name not in plug_ins:
        known = list_extractors()
        hint = did_you_mean(str(name).lower(), known)
        raise ValueError(f"no extractor is called {name!r}: {hint}known are {', '.join(known)}")
    entries = plug_ins[name]
    if len(entries) > 1:
        providers = " and ".join(sorted(_origin(entry)[0] for entry in entries))
        raise ExtractorLoadError(f"{name!r} is advertised by {providers}: uninstall one, or import the class you want")
    return _load(entries[0])(**params)


def _plug_ins():
    """Return the advertised entry points by name; a plug-in may not replace a built-in extractor."""
    found = {}
    for entry in entry_points(group=ENTRY_POINT_GROUP):
        if entry.name not in _BUILT_IN:
            found.setdefault(entry.name, []).append(entry)
    return found


def _load(entry):
    from .base import BaseExtractor

    advertised = "{} advertises {}".format(*_origin(entry))
    try:
        kind = entry.load()
    except Exception as error:
        raise ExtractorLoadError(f"{advertised}, which cannot be loaded: {error}") from error
    if not (isinstance(kind, type) and issubclass(kind, BaseExtractor)):
        raise ExtractorLoadError(f"{advertised}, which is no subclass of BaseExtractor")
    return kind


def _origin(entry):
    """Return the distribution that advertises an entry point, and what it points to."""
    return (entry.dist.name if entry.dist is not None else "unknown distribution"), entry.value
