"""Whole names: people with a given name and a family name of one origin, and baseball players."""
