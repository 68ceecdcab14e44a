"""Shared fixtures."""

import os

import matplotlib

matplotlib.use("Agg")
# Compiled helpers and worker processes in the tests run the same package as the tests themselves.
os.environ.setdefault("LOKY_MAX_CPU_COUNT", "2")
