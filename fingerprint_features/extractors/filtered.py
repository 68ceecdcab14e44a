"""Filtered: another extractor, applied to images that went through a filter."""

from typing import Literal

import numpy as np

from ..checks import check_int, check_option, check_real
from ..images import as_image_set
from ..images.intensity import to_levels
from .base import BaseExtractor
from .wrapper import Views, Wrapper

_MIDDLE = 128  # where a filter with a signed response has its zero
_OWN = {
    "gaussian": ("sigma",),
    "highpass": ("sigma",),
    "laplacian": (),
    "hessian": ("sigma",),
    "bilateral": ("diameter", "sigma_color", "sigma_space"),
}


class Filtered(Wrapper):
    """Apply another extractor to filtered images.

    Parameters
    ----------
    extractor : extractor
        What to extract. One that learns from images learns from the filtered ones. Gives its columns, with the
        filter's name in front: ``gaussian_lbp_p8_r1_00``.
    filter : {"gaussian", "highpass", "laplacian", "hessian", "bilateral"}, default="gaussian"
        ``"gaussian"`` blurs. ``"highpass"``, the image minus its blurred self, leaves the details that tell a slice
        from its neighbours. ``"laplacian"`` (the 3 x 3 kernel with corners 2 and centre -8, divided by 4) and
        ``"hessian"`` (the larger eigenvalue of the second derivatives of the blurred image) show lines and spots.
        ``"bilateral"`` smooths and keeps edges [1]_.
    sigma : float, default=1.0
        Standard deviation in pixels of the Gaussian in ``"gaussian"``, ``"highpass"`` and ``"hessian"``, at least 0.1.
    diameter : int, default=9
        Pixels across the neighbourhood of ``"bilateral"``.
    sigma_color : float, default=75.0
        Difference in intensity, on the 8-bit scale, over which ``"bilateral"`` averages.
    sigma_space : float, default=75.0
        Distance in pixels over which ``"bilateral"`` averages.

    Attributes
    ----------
    extractor_ : extractor
        The fitted copy of an `extractor` that learns from images; absent otherwise.

    See Also
    --------
    Patches : Apply another extractor to every cell of a grid.

    Notes
    -----
    All depths are filtered as floats on the 8-bit scale, mirrored at the border. 8-bit images stay 8-bit, deeper
    ones and floats become 16-bit; rounding keeps flat regions flat. The signed responses of ``"highpass"``, in grey
    levels, and of ``"laplacian"`` and ``"hessian"``, in grey levels per squared pixel, are added to the middle grey
    128 and cut at black and white, the same way for every image. Colours are filtered channel by channel, jointly for
    ``"bilateral"``.

    A flat image stays as it is, or becomes flat middle grey under a signed filter. For an image of 256 x 256 about
    0.1 ms, 0.1 ms, 0.1 ms, 0.6 ms and 3 ms in the order of the filters above, plus the extractor's own time.

    References
    ----------
    .. [1] Tomasi, Manduchi, Bilateral Filtering for Gray and Color Images, ICCV 1998.

    Examples
    --------
    >>> import numpy as np
    >>> from fingerprint_features import Pixels
    >>> spot = np.array([[[0, 0, 0], [0, 16, 0], [0, 0, 0]]], dtype=np.uint8)
    >>> Filtered(Pixels(), filter="laplacian").fit_transform(spot).reshape(3, 3)
    array([[160., 128., 160.],
           [128.,  96., 128.],
           [160., 128., 160.]], dtype=float32)
    """

    def __init__(
        self,
        extractor: BaseExtractor,
        filter: Literal["gaussian", "highpass", "laplacian", "hessian", "bilateral"] = "gaussian",
        *,
        sigma: float = 1.0,
        diameter: int = 9,
        sigma_color: float = 75.0,
        sigma_space: float = 75.0,
    ) -> None:
        self.extractor = extractor
        self.filter = filter
        self.sigma = sigma
        self.diameter = diameter
        self.sigma_color = sigma_color
        self.sigma_space = sigma_space

    @property
    def _runtime_params(self):
        unused = {name for names in _OWN.values() for name in names} - set(_OWN[self.filter])
        return (*Wrapper._runtime_params, *sorted(unused))

    def _check_views(self):
        check_option(self, "filter", tuple(_OWN))
        check_real(self, "sigma", 0.1)
        check_int(self, "diameter", 1)
        check_real(self, "sigma_color", 0, closed=False)
        check_real(self, "sigma_space", 0, closed=False)

    def _prefixes(self):
        return [self.filter]

    def _views(self, image):
        import cv2

        levels = to_levels(image)
        if self.filter == "gaussian":
            levels = cv2.GaussianBlur(levels, (0, 0), self.sigma)
        elif self.filter == "highpass":
            levels = levels - cv2.GaussianBlur(levels, (0, 0), self.sigma) + _MIDDLE
        elif self.filter == "laplacian":
            levels = cv2.Laplacian(levels, cv2.CV_32F, ksize=3) / 4 + _MIDDLE
        elif self.filter == "hessian":
            levels = _larger_eigenvalue(levels, self.sigma) + _MIDDLE
        else:
            levels = _bilateral(levels, self.diameter, self.sigma_color, self.sigma_space)
        if image.dtype == np.uint8:
            return [np.clip(np.rint(levels), 0, 255).astype(np.uint8)]
        return [np.clip(np.rint(levels * 257), 0, 65535).astype(np.uint16)]


def filtered_images(images, filter):
    """Return a set of images as grey images that went through a filter, each made when it is asked for.

    Parameters
    ----------
    images : ImageSet, or anything an ImageSet is made of
    filter : str
        One of those of `Filtered`, with its default parameters.

    Returns
    -------
    ImageSet
        Patients stay with their images.
    """
    wrapper = Filtered(None, filter)  # no extractor: the views themselves are wanted
    wrapper._check_views()
    return Views(as_image_set(images), wrapper)


def _bilateral(levels, diameter, sigma_color, sigma_space):
    import cv2

    radius = max(diameter // 2, 1)
    if min(levels.shape[:2]) > radius:
        return cv2.bilateralFilter(levels, diameter, sigma_color, sigma_space)
    # OpenCV writes beyond its memory where an image is narrower than the radius; mirrored first, none is.
    wide = cv2.copyMakeBorder(levels, radius, radius, radius, radius, cv2.BORDER_REFLECT_101)
    wide = cv2.bilateralFilter(wide, diameter, sigma_color, sigma_space)
    return np.ascontiguousarray(wide[radius:-radius, radius:-radius])


def _larger_eigenvalue(levels, sigma):
    import cv2

    x = np.arange(-np.ceil(4 * sigma), np.ceil(4 * sigma) + 1)
    blur = np.exp(-0.5 * (x / sigma) ** 2)
    blur /= blur.sum()
    slope = x * blur
    slope /= (x * slope).sum()  # so that a ramp gives its slope exactly, ...
    bend = (x**2 - sigma**2) * blur
    bend -= bend.mean()  # ... a flat image 0 ...
    bend *= 2 / (x**2 * bend).sum()  # ... and x^2 / 2 gives 1
    xx = cv2.sepFilter2D(levels, cv2.CV_32F, bend, blur)
    yy = cv2.sepFilter2D(levels, cv2.CV_32F, blur, bend)
    xy = cv2.sepFilter2D(levels, cv2.CV_32F, slope, slope)
    return (xx + yy) / 2 + np.hypot((xx - yy) / 2, xy)
