"""Colour histograms for fingerprint_features: an example of a plug-in."""

from .histogram import ColourHistogram

__all__ = ["ColourHistogram"]
