"""Experiments that train many networks and report the results: comparisons of backends, and sweeps of settings."""
