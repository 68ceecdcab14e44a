"""Networks of papers, by name. The files of this folder hold plain torch, and are imported when a network is built."""

from importlib import import_module
from typing import NamedTuple

from ...extractors.cnn.backbones import Backbone
from ...extractors.cnn.preprocessing import Preprocessing


class Entry(NamedTuple):
    """How images are shown to a network, and the ``file.function`` of this folder that makes it."""

    shown: Preprocessing
    made_by: str


def _gray(side, mean=0.5, std=0.5):
    return Preprocessing(crop=side, resize=side, mean=(mean,), std=(std,))


NAMED = {
    "small": Entry(_gray(64), "small.small"),
    "conv3": Entry(_gray(256), "plain.conv3"),
    "siamese4": Entry(_gray(256, mean=0.0, std=1.0), "siamese.siamese4"),
    "conv5": Entry(_gray(256), "encoders.conv5"),
    "residual5": Entry(_gray(256), "encoders.residual5"),
    "residual4": Entry(Preprocessing(128, 128, mean=(0, 0, 0), std=(1, 1, 1)), "encoders.residual4"),
    "gray_vit_b_16": Entry(_gray(224), "encoders.gray_vit_b_16"),
    "small_vit": Entry(_gray(64), "encoders.small_vit"),
    "unpooled_resnet101": Entry(_gray(256, mean=0, std=1 / 255), "unpooled.unpooled_resnet101"),
}


class Architecture(Backbone):
    """A network of this folder; it has no published weights."""

    def preprocessing(self) -> Preprocessing:
        """Return how images are shown to the network."""
        return NAMED[self.name].shown

    def _build(self, trained):
        file, function = NAMED[self.name].made_by.split(".")
        return getattr(import_module(f"{__name__}.{file}"), function)()
