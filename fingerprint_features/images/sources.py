"""Where an ImageSet's pictures come from: files, or arrays that travel between processes as one buffer."""

import os

import numpy as np


class PathSource:
    """Image files; only their names are kept and pickled."""

    def __init__(self, paths):
        self.paths = paths

    def __len__(self):
        return len(self.paths)

    def raw(self, position):
        """Return the file name of one picture; reading it is the decoder's work."""
        return self.paths[position]

    def subset(self, positions):
        """Return a source of the given pictures alone, for a small pickle."""
        return PathSource([self.paths[i] for i in positions])

    def default_ids(self):
        """Return one id a picture: its path in POSIX form."""
        return [os.fspath(path).replace(os.sep, "/") for path in self.paths]

    def __repr__(self):
        return "files"


class ArraySource:
    """Pictures in memory: one array ``(n, h, w[, channels])`` or a list of arrays of any sizes.

    A list is packed into one flat buffer when it is first pickled, because joblib maps a single large array
    into its workers but pickles a thousand small ones anew for every task.
    """

    def __init__(self, arrays):
        self.arrays = arrays

    def __len__(self):
        return len(self.arrays)

    def raw(self, position):
        """Return the array of one picture."""
        return self.arrays[position]

    def subset(self, positions):
        """Return the source itself: joblib maps the whole buffer once for all tasks."""
        return self

    def default_ids(self):
        """Return one id a picture: its position, as text."""
        return [str(i) for i in range(len(self.arrays))]

    def __getstate__(self):
        if isinstance(self.arrays, list):
            dtypes = {a.dtype for a in self.arrays}
            if len(dtypes) == 1:
                self.arrays = _Packed(
                    np.concatenate([a.ravel() for a in self.arrays]), [a.shape for a in self.arrays]
                )
        return {"arrays": self.arrays}

    def __repr__(self):
        return "arrays"


class _Packed:
    """Arrays of one dtype and any shapes, end to end in one buffer."""

    def __init__(self, buffer, shapes):
        self.buffer = buffer
        self.shapes = shapes
        self.ends = np.cumsum([0] + [int(np.prod(shape)) for shape in shapes])

    def __len__(self):
        return len(self.shapes)

    def __getitem__(self, position):
        return self.buffer[self.ends[position] : self.ends[position + 1]].reshape(self.shapes[position])
