"""Rows that anybody can verify: their bytes follow from their digests."""

import hashlib
import os
import signal
import subprocess
import sys
import textwrap
import time
import warnings
from pathlib import Path

import numpy as np

from fingerprint_features import FeatureCache
from fingerprint_features.cache import CacheWarning

ROOT = Path(__file__).parents[2]
TOKEN = b"t" * 32
ABOUT = {"class": "tests.Example", "values_version": 1, "params": {"radius": 1}, "state": None, "columns": ["a", "b"]}
WIDTH = 59


def make_digests(n, seed="0"):
    return [hashlib.blake2b(f"{seed}/{i}".encode(), digest_size=32).digest() for i in range(n)]


def row_of(digest, width=WIDTH):
    """Any bits, NaN with payloads among them."""
    return np.frombuffer(hashlib.shake_128(digest).digest(4 * width), dtype="<f4")


def rows_of(digests, width=WIDTH):
    return np.array([row_of(digest, width) for digest in digests])


def fill(cache, digests, token=TOKEN, width=WIDTH, batch=64):
    for start in range(0, len(digests), batch):
        part = digests[start : start + batch]
        cache.put_many(token, part, rows_of(part, width), ABOUT)


def hits(cache, digests, token=TOKEN, width=WIDTH):
    """Return which digests are there, having made sure that every row served is right to the last bit."""
    rows = cache.get_many(token, digests, width)
    for digest, row in zip(digests, rows, strict=True):
        assert row is None or row.tobytes() == row_of(digest, width).tobytes()
    return [row is not None for row in rows]


def uses(cache, n=200):
    """Read and write in many ways; return the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for seed in "abc":
            digests = make_digests(n, seed)
            hits(cache, digests)
            fill(FeatureCache(cache.path), digests)
            hits(FeatureCache(cache.path), digests)
    return [str(warning.message) for warning in caught if issubclass(warning.category, CacheWarning)]


def become(user):
    """Give up root's rights: root reads and writes anything, whatever the permissions say."""
    import urllib.parse  # noqa: F401 (pathlib loads it late, from where root alone may be able to read)

    if os.geteuid() == 0:
        os.setgid(user)
        os.setuid(user)


def finish_or_kill(pid, seconds):
    """Return the exit status of a forked child, or None after having killed it because it was not done in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return status
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return None


def run_python(code, *arguments):
    """Run code in a fresh interpreter, in which warnings are errors; return what it prints."""
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(code), *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout
