"""The images of a folder: all files below it, in natural order, with ids that are unique on every system."""

import os
import re
import unicodedata

from .errors import cure_for_path, printable
from .remote import find_below, is_url

_JUNK = {"thumbs.db", "desktop.ini", "__macosx", "dicomdir"}
_NOT_IMAGES = {
    ".txt", ".csv", ".tsv", ".json", ".yaml", ".yml", ".xml", ".md", ".rst", ".html", ".pdf", ".doc", ".docx",
    ".xls", ".xlsx", ".py", ".ipynb", ".npy", ".npz", ".parquet", ".zip", ".gz", ".tar", ".cache", ".db", ".log",
}  # fmt: skip


_CACHE = re.compile(r"-(wal|shm|journal)$|\.corrupt-\d{8}T[\d.]+(-(wal|shm))?$")  # files that belong to a feature cache


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Sort key that compares runs of digits as numbers: ``img2 < img10``."""
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", name) if part]


def scan_folder(path: str | os.PathLike[str]) -> list[str]:
    """List the image files below a folder as relative POSIX paths in natural order.

    Parameters
    ----------
    path : path-like or str
        The folder, or the URL of one. Hidden files, ``Thumbs.db``, ``__MACOSX`` and files with an extension that is
        never an image (such as ``.csv``) are skipped. Links to folders are not followed.

    Returns
    -------
    list of str

    Raises
    ------
    NotADirectoryError, FileNotFoundError
        When `path` is no folder.
    PermissionError
        When a folder below `path` cannot be listed, because its images would be silently missing.
    ValueError
        When the folder holds no image, or two files whose names differ only in case or Unicode form.
    """
    path = os.fsdecode(path)
    names = find_below(path) if is_url(path) else _walk(path)
    ids = [name for name in names if not any(map(_is_junk, name.split("/"))) and not _is_no_image(name)]
    if not ids:
        raise ValueError(f"{printable(path)} holds no image files")
    ids.sort(key=lambda id: (natural_key(id), id))
    seen = {}
    for id in ids:
        other = seen.setdefault(unicodedata.normalize("NFC", id).casefold(), id)
        if other is not id:
            raise ValueError(
                f"{printable(other)!r} and {printable(id)!r} differ only in case or Unicode form and would be the same "
                "file on another system: rename one"
            )
    return ids


def _walk(path):
    """Yield the files below a folder of this machine as relative POSIX paths; hidden folders are not entered."""
    if not os.path.isdir(path):
        kind = NotADirectoryError if os.path.exists(path) else FileNotFoundError
        cure = cure_for_path(path, otherwise="pass the folder that holds the images")
        raise kind(f"{printable(path)} is no folder: {cure}")
    for folder, subfolders, files in os.walk(path, onerror=_raise):
        subfolders[:] = [name for name in subfolders if not _is_junk(name)]
        for name in files:
            yield os.path.relpath(os.path.join(folder, name), path).replace(os.sep, "/")


def _raise(error):
    raise error


def _is_junk(name):
    return name.startswith(".") or name.lower() in _JUNK or bool(_CACHE.search(name))


def _is_no_image(name):
    return os.path.splitext(name)[1].lower() in _NOT_IMAGES
