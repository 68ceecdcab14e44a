"""Benchmarks: asv tracks us over time (bench_*.py), and `python -m benchmarks.ratios` compares us with others."""
