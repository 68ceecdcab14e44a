"""What goes wrong with an image: one error that names every bad file and the cure."""

import sys
from dataclasses import dataclass

_MOST_LISTED = 20


@dataclass(frozen=True)
class ImageFailure:
    """One image that cannot be used.

    Attributes
    ----------
    id : str
        The image's id (for a folder: its path relative to the folder).
    kind : str
        One word: ``missing``, ``not-regular``, ``unreadable``, ``empty``, ``not-an-image``, ``damaged``,
        ``too-large``, ``unsupported``, ``several-pages``, ``needs-range``, ``not-finite`` or ``unsuitable``.
    reason : str
        What is wrong and what to do about it.
    """

    id: str
    kind: str
    reason: str

    def __str__(self):
        return f"{printable(self.id)}: {printable(self.reason)} [{self.kind}]"


class ImageReadError(ValueError):
    """One or more images cannot be read or used.

    Attributes
    ----------
    failures : tuple of ImageFailure
        Every bad image, in the order in which it was met.
    """

    def __init__(self, failures):
        self.failures = tuple(failures)
        super().__init__(self.failures)

    @classmethod
    def one(cls, kind, reason, id="image"):
        """Make the error of a single image, in one line."""
        return cls([ImageFailure(id, kind, " ".join(reason.split()))])

    def named(self, id):
        """Return the same error with the image's real id in place of the decoder's placeholder."""
        return type(self)(ImageFailure(str(id), f.kind, f.reason) for f in self.failures)

    def __str__(self):
        if len(self.failures) == 1:
            return str(self.failures[0])
        lines = [f"{len(self.failures)} images cannot be used:"]
        lines += [f"  {failure}" for failure in self.failures[:_MOST_LISTED]]
        if len(self.failures) > _MOST_LISTED:
            lines.append(f"  ... and {len(self.failures) - _MOST_LISTED} more (see the error's .failures)")
        return "\n".join(lines)


def printable(name):
    """Return a file name that is safe to print: what is no text, or not in the terminal's alphabet, is escaped."""
    name = str(name)
    if not name.isprintable():
        name = name.encode("unicode_escape", "backslashreplace").decode("ascii")
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return name.encode(encoding, "backslashreplace").decode(encoding)
