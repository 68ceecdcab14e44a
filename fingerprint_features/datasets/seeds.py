"""Random numbers by address: every patient and every image draws its own, whatever else is drawn."""

from numbers import Integral

import numpy as np


def root_seed(
    random_state: int | np.random.Generator | np.random.RandomState | None,
) -> np.random.SeedSequence:
    """Return the SeedSequence that None, an int, a Generator or a RandomState stands for."""
    if isinstance(random_state, np.random.Generator):
        random_state = int(random_state.integers(2**63))
    elif isinstance(random_state, np.random.RandomState):
        random_state = int(random_state.randint(2**31))
    if random_state is not None and (not isinstance(random_state, Integral) or random_state < 0):
        raise ValueError(
            "the 'random_state' parameter must be None, an int >= 0, a numpy.random.Generator or a RandomState. "
            f"Got {random_state!r} instead."
        )
    return np.random.SeedSequence(None if random_state is None else int(random_state))


def seed_at(root: np.random.SeedSequence, *address: int) -> np.random.SeedSequence:
    """Return the seed at an address of ints below a root."""
    return np.random.SeedSequence(root.entropy, spawn_key=(*root.spawn_key, *address))


def rng_at(root: np.random.SeedSequence, *address: int) -> np.random.Generator:
    """Return the generator at an address of ints below a root."""
    return np.random.default_rng(seed_at(root, *address))
