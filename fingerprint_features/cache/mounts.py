"""Which folders are on a network disk, where SQLite's write-ahead log must not be used."""

import os
from functools import lru_cache

_NETWORK = ("nfs", "cifs", "smb", "fuse.", "lustre", "gpfs", "beegfs", "9p", "afs", "ceph", "gluster", "vboxsf")
_MOUNTS = "/proc/mounts"


@lru_cache(maxsize=64)
def network_disk(folder: str) -> str | None:
    """Return the type of the network file system that a folder is on.

    Parameters
    ----------
    folder : str
        Absolute, without links.

    Returns
    -------
    str or None
        None for a local disk, and on systems that do not list their mounts.
    """
    try:
        with open(_MOUNTS, encoding="utf-8", errors="surrogateescape") as file:
            mounts = [line.split()[1:3] for line in file]
    except OSError:
        return None
    longest, found = -1, ""
    for point, kind in mounts:
        point = _unescape(point).rstrip("/")
        if len(point) >= longest and (folder == point or folder.startswith(point + "/")):
            longest, found = len(point), kind  # of two mounts on one point the later one hides the other
    return found if found.startswith(_NETWORK) else None


def _unescape(point):
    for code, character in (("040", " "), ("011", "\t"), ("012", "\n"), ("134", "\\")):
        point = point.replace(f"\\{code}", character)
    return os.path.normpath(point)
