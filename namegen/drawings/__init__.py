"""Drawings: of a training and of a list of names, in one style."""
