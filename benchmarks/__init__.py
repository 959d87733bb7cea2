"""Peers and this project on the same work, in one run, as ratios: ``python -m benchmarks eager``."""
