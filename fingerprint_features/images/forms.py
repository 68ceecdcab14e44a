"""One decoded picture in the forms that extractors ask for, each made once."""

from functools import cached_property

from .intensity import to_gray, to_rgb


class Forms:
    """A decoded image, with its grey and colour forms on demand.

    Parameters
    ----------
    image : ndarray of shape (height, width) or (height, width, 3)
        As ImageSet decodes it. Extractors must not write to it.
    """

    def __init__(self, image):
        image.flags.writeable = False
        self.image = image

    @cached_property
    def gray(self):
        """The grey form, shape (height, width)."""
        return to_gray(self.image)

    @cached_property
    def rgb(self):
        """The colour form, shape (height, width, 3)."""
        return to_rgb(self.image)
