"""Benchmarks. Each compares ways within one run and prints ratios, because machines are shared and noisy."""
