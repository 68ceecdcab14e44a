"""What goes wrong with an image: one error that names every bad file and the cure."""

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

_MOST_LISTED = 20  # reasons
_MOST_NAMED = 3  # images of one reason


@dataclass(frozen=True)
class ImageFailure:
    """One image that cannot be used.

    Attributes
    ----------
    id : str
        The image's id (for a folder: its path relative to the folder).
    kind : str
        One word: ``missing``, ``not-regular``, ``unreadable``, ``empty``, ``not-an-image``, ``damaged``,
        ``too-large``, ``unsupported``, ``several-pages``, ``needs-range``, ``not-finite``, ``unsuitable`` or
        ``fatal``.
    reason : str
        What is wrong and what to do about it.
    """

    id: str
    kind: str
    reason: str

    def __str__(self) -> str:
        return f"{printable(self.id)}: {printable(self.reason)} [{self.kind}]"


class ImageReadError(ValueError):
    """One or more images cannot be read or used.

    Attributes
    ----------
    failures : tuple of ImageFailure
        Every bad image, in the order in which it was met.
    """

    failures: tuple[ImageFailure, ...]

    def __init__(self, failures: Iterable[ImageFailure]) -> None:
        self.failures = tuple(failures)
        super().__init__(self.failures)

    @classmethod
    def one(cls, kind: str, reason: str, id: str = "image") -> Self:
        """Make the error of a single image, in one line."""
        return cls([ImageFailure(id, kind, " ".join(reason.split()))])

    def named(self, id: object) -> Self:
        """Return the same error with the image's real id in place of the decoder's placeholder."""
        return type(self)(ImageFailure(str(id), f.kind, f.reason) for f in self.failures)

    def __str__(self) -> str:
        if len(self.failures) == 1:
            return str(self.failures[0])
        lines = [f"{len(self.failures)} images cannot be used:"]
        reasons = by_reason(self.failures)
        for reason, ids in list(reasons.items())[:_MOST_LISTED]:
            named = ", ".join(ids[:_MOST_NAMED])
            lines.append(f"  {named if len(ids) <= _MOST_NAMED else f'{len(ids)} images ({named}, ...)'}: {reason}")
        if len(reasons) > _MOST_LISTED:
            lines.append(f"  ... and {len(reasons) - _MOST_LISTED} more reasons (see the error's .failures)")
        return "\n".join(lines)


def fatal(id: object, death: object) -> ImageFailure:
    """Return the failure of an image that ended the process that worked on it; `death` says how."""
    reason = f"it ended the process that worked on it ({death}): leave the image out, and report the fault"
    return ImageFailure(str(id), "fatal", reason)


def by_reason(failures: Iterable[ImageFailure]) -> dict[str, list[str]]:
    """Return the ids, ready to print, of the images that fail for each reason."""
    reasons = {}
    for failure in failures:
        reason = f"{printable(failure.reason)} [{failure.kind}]"
        reasons.setdefault(reason, []).append(printable(failure.id))
    return reasons


def cure_for_path(path: str | bytes | os.PathLike[str] | os.PathLike[bytes], otherwise: str = "check the path") -> str:
    """Say what may be wrong with the name of a file or folder that does not exist."""
    path = os.fsdecode(path)
    if path.strip().lower() in ("none", "nan", "<na>", "nat"):
        return "the text stands for an empty cell: fill it in, or leave the row out"
    if path.startswith("~"):
        return "~ is not expanded: use os.path.expanduser(path)"
    if "\\" in path and os.sep != "\\":
        return "back-slashes do not separate folders here: use '/'"
    return otherwise


def printable(name: object) -> str:
    """Return a file name that is safe to print: what is no text, or not in the terminal's alphabet, is escaped."""
    name = str(name)
    if not name.isprintable():
        name = name.encode("unicode_escape", "backslashreplace").decode("ascii")
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return name.encode(encoding, "backslashreplace").decode(encoding)
