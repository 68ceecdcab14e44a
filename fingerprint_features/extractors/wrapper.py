"""Base of the extractors that make other pictures of a picture and hand them on to another extractor."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from ..checks import fail
from ..images import ImageReadError, ImageSet
from ..images.forms import Forms
from ..images.sources import Source
from .base import BaseExtractor


class Wrapper(BaseExtractor):
    """Base of Filtered and Patches: each image becomes one or several views, and the inner extractor sees those.

    A subclass writes `_prefixes` and `_views`, checks its own parameters in `_check_views`, and takes `extractor`.

    Notes
    -----
    The user's extractor is never modified: one that learns from images is cloned, and the clone is fitted on the
    views of the images and kept as ``extractor_``.
    """

    extractor: BaseExtractor
    extractor_: BaseExtractor

    _runtime_params = ("extractor",)  # identified by _value_state, which knows the fitted copy

    @property
    def _mode(self):
        return getattr(self.extractor, "_mode", "gray")

    @property
    def _stateful(self):
        return getattr(self.extractor, "_stateful", False)

    @property
    def _one_size(self):
        return getattr(self.extractor, "_one_size", False)

    def _prefixes(self):
        """Return one word a view, to stand before the inner extractor's column names."""
        raise NotImplementedError(f"{type(self).__name__} must write _prefixes")

    def _views(self, image):
        """Return the views of one image, as many contiguous images as there are prefixes."""
        raise NotImplementedError(f"{type(self).__name__} must write _views")

    def _check_views(self):
        """Raise ValueError for a parameter of the subclass that is out of its range."""

    def _check_params(self):
        if not isinstance(self.extractor, BaseExtractor):
            fail(self, "extractor", "an extractor such as LBP()")
        if type(self.extractor).stored is not BaseExtractor.stored:  # SSIM
            fail(self, "extractor", "one that looks at each image alone: a reference would not be changed alike")
        self._check_views()
        self.extractor._check_params()

    def _fit(self, images, y):
        if y is not None:
            y = np.repeat(np.asarray(y), len(self._prefixes()), axis=0)
        self.extractor_ = clone(self.extractor).fit(Views(images, self), y)

    def _value_state(self):
        return self._inner()

    def _inner(self):
        return getattr(self, "extractor_", self.extractor) if self._stateful else self.extractor

    def _column_names(self):
        columns = self._inner()._column_names()
        return [f"{prefix}_{column}" for prefix in self._prefixes() for column in columns]

    def _extract_batch(self, images):
        views = [view for image in images for view in _read_only(self._views(image))]
        return self._inner().extract(views).reshape(len(images), -1)


class Views(ImageSet):
    """The views of a set of images, made when they are asked for; groups stay with them."""

    def __init__(self, images: ImageSet, wrapper: Wrapper) -> None:
        prefixes = wrapper._prefixes()
        ids = [f"{id}#{prefix}" for id in images.ids for prefix in prefixes]
        groups = None if images.groups is None else np.repeat(images.groups, len(prefixes))
        super().__init__(ids, ids, groups)
        self._source = _ViewSource(images, wrapper, len(prefixes))

    def raw(self, i: int) -> bytes | NDArray[Any]:
        """Return view i; errors name the image that it is made of, which is what the user knows."""
        return self._source.raw(self._positions[i])

    def decode_one(self, raw: Any, i: int) -> NDArray[Any]:
        """Return the view as it is: it was made of a decoded image."""
        return raw


class _ViewSource(Source):
    """Where `Views` come from; keeps those of one image, because its patches are asked for one by one."""

    def __init__(self, images, wrapper, per_image):
        super().__init__()
        self.images = images
        self.wrapper = wrapper
        self.per_image = per_image
        self.latest = (None, None)

    def __len__(self):
        return len(self.images) * self.per_image

    def raw(self, position):
        """Return one view."""
        number, view = divmod(int(position), self.per_image)
        latest, views = self.latest
        if latest != number:
            views = self._make(number)
            self.latest = (number, views)  # one assignment, so that threads see a number with its own views
        return views[view]

    def stamp(self, position):
        """Return what changes with the image that a view is made of."""
        source, position = self.images.find(position // self.per_image)
        return source.stamp(position)

    def place(self, position):
        """Return what names the place of a view."""
        number, view = divmod(position, self.per_image)
        return f"{self.images.place(number)}#{view}"

    def subset(self, positions):
        """Return the source itself."""
        return self

    def _make(self, number):
        image = getattr(Forms(self.images[number]), self.wrapper._mode)
        try:
            return _read_only(self.wrapper._views(image))
        except ImageReadError as error:
            raise error.named(self.images.ids[number]) from None

    def __repr__(self):
        return "views"


def _read_only(views):
    for view in views:
        view.flags.writeable = False
    return views
