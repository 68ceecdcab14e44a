"""Shared fixtures."""

import os

import matplotlib

matplotlib.use("Agg")
# Compiled helpers and worker processes in the tests run the same package as the tests themselves.
os.environ.setdefault("LOKY_MAX_CPU_COUNT", "2")

# This file is for the type checker (tests/test_types.py). Importing it would run its calls.
collect_ignore = ["typed_usage.py"]
