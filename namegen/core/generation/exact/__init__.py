"""Exact search: sampling without replacement, and the most likely names. Begin with ``band_search.py``."""
