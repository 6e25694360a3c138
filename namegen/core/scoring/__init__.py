"""Scoring: which new names of a model are good enough to be returned. Begin with ``scorer.py``."""
