"""Files that are complete or absent."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path, private: bool = False) -> Iterator[Path]:
    """Give a temporary path and rename it when the block has written it, so that a file is complete or absent.

    A `private` file can be read by its owner only.
    """
    path = path.resolve()  # a link stays one
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-", suffix=path.suffix)
    os.close(handle)
    try:
        yield Path(temporary)
        if not private:  # as a temporary file is
            mask = os.umask(0)
            os.umask(mask)
            os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
