"""Points that stand for images: patients with several slices each, and a generated set that copies a share of them."""

import numpy as np
from scipy.spatial.distance import cdist


class SetTask:
    """Gaussian patients in `width` dimensions; the slices of one are close to each other."""

    def __init__(
        self, rng, n_used=20, n_unused=20, slices=4, n_generated=80, copied=0.0, width=32, within=0.1, noise=0.3
    ):
        self.patients = np.repeat(np.arange(n_used + n_unused), slices)
        self.y = (self.patients < n_used).astype(int)
        reals = rng.normal(size=(n_used + n_unused, width))[self.patients]
        self.reals = reals + within * rng.normal(size=reals.shape)
        n_copies = round(copied * n_generated)
        originals = self.reals[rng.permutation(np.resize(np.flatnonzero(self.y), n_copies))]
        copies = originals + noise * rng.normal(size=originals.shape)
        self.generated = np.vstack([copies, rng.normal(size=(n_generated - n_copies, width))])
        self.generated_real = cdist(self.generated, self.reals)
        self.real_real = cdist(self.reals, self.reals)
        among = cdist(self.generated, self.generated)
        np.fill_diagonal(among, np.inf)
        self.generated_nearest = among.min(axis=1)

    @property
    def copying(self):
        return self.generated_real, self.real_real, self.y

    @property
    def shares(self):
        return self.generated_real, self.y

    @property
    def loss(self):
        return self.generated_real, self.real_real, self.generated_nearest, self.y

    @property
    def scores(self):
        return -self.generated_real.min(axis=0), self.y
