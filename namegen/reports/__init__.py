"""Comparison reports, sweeps and plots."""
