"""Image files at URLs: object stores, web servers, members of archives, in memory; whatever fsspec opens."""

import re
from typing import Any, NoReturn

from .errors import ImageReadError

_URL = re.compile(r"[a-z][a-z0-9+.-]+(://|::)", re.IGNORECASE)  # a drive of Windows has one letter
_STATES = ("ETag", "etag", "checksum", "LastModified", "last_modified", "mtime", "modified", "created", "CRC")


class Url(str):
    """The address of a file that fsspec opens, such as ``s3://bucket/a.png`` or ``zip://a.png::/data/scans.zip``."""

    __slots__ = ()


def is_url(path: str) -> bool:
    """Return whether a path is the address of a file that fsspec opens."""
    return "://" in path and _URL.match(path) is not None


def join_url(folder: str, name: str) -> str:
    """Return the address of a file below a folder; an archive's own address comes after the names in it."""
    links = folder.split("::")
    k = next((k for k, link in enumerate(links) if "://" in link), 0)
    links[k] = links[k] + name if links[k].endswith("/") else f"{links[k]}/{name}"
    return "::".join(links)


def find_below(folder: str) -> list[str]:
    """Return the names of all files below a folder, relative to it.

    Raises
    ------
    NotADirectoryError
        When there is no such folder, or it cannot be listed.
    ImportError
        When fsspec, or what it needs for this kind of address, is not installed.
    """
    try:
        system, root = _opened(folder)
        found = system.find(root)
    except ImportError as error:
        raise ImportError(_needs(folder, error)) from error
    except Exception as error:  # each kind of storage has its own
        raise NotADirectoryError(f"{folder} cannot be listed: {_words(error)}") from error
    if not found and not system.isdir(root):
        raise NotADirectoryError(f"{folder} is no folder: pass the folder that holds the images")
    root = root.rstrip("/")
    return [name.removeprefix(root).lstrip("/") for name in found]


def read_url(url: str, most_bytes: int) -> bytes:
    """Return the bytes of a file. Raises ImageReadError and nothing else."""
    try:
        system, path = _opened(url)
        about = system.info(path)
        if about.get("type") == "directory":
            raise ImageReadError.one("not-regular", "a folder: pass the image files themselves")
        if (about.get("size") or 0) > most_bytes:
            size = about["size"] / 2**30
            raise ImageReadError.one("too-large", f"a file of {size:.1f} GiB: no image is that large")
        data = system.cat_file(path)
    except ImageReadError:
        raise
    except Exception as error:
        _refuse(url, error)
    if not data:
        raise ImageReadError.one("empty", f"{url} is empty (0 bytes): copy it again")
    return data


def url_stamp(url: str) -> tuple[Any, ...] | None:
    """Return values that change with the content of a file; None if its storage states none that do."""
    try:
        system, path = _opened(url)
        about = system.info(path)
    except Exception:  # reading says what is wrong
        return None
    state = tuple(str(about[name]) for name in _STATES if about.get(name) is not None)
    return (about.get("size"), *state) if state else None


def _opened(url):
    """Return the file system and the path in it; fsspec keeps the connection for the next one."""
    from fsspec.core import url_to_fs

    return url_to_fs(url, use_listings_cache=False)  # what was listed once may have changed


def _refuse(url, error) -> NoReturn:
    if isinstance(error, ImportError):
        failure = ImageReadError.one("unsupported", _needs(url, error))
    elif isinstance(error, (FileNotFoundError, KeyError)):  # a zip file system raises KeyError
        failure = ImageReadError.one("missing", f"there is no {url}: check the address")
    else:
        failure = ImageReadError.one("unreadable", f"{url} cannot be read: {_words(error)}: check address and access")
    raise failure from error


def _needs(url, error):
    kind = _URL.match(url)[0].rstrip(":/")
    return f"{kind} addresses need more than is installed ({_words(error)}): pip install 'fingerprint_features[remote]'"


def _words(error):
    return " ".join(str(error).split()) or type(error).__name__
