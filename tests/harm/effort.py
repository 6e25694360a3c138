"""The number of tries of each attack: few in ``make test``, more in ``make harm``, an hour's worth in ``make fuzz``."""

from __future__ import annotations

import os

import pytest

VARIABLE = "NAMEGEN_HARM"
# The efforts of make test (the default), make harm and make fuzz.
EFFORTS = (
    "few",
    "landing",
    "hour",
)
# The targets of the attacks, with the number of tries per test for each effort.
TRIES = {
    "each kind of file: models, states, settings, lists, vocabularies, configs, grids, kept results": (
        2,
        25,
        3_000,
    ),
    "what a model says of itself, shown by each command": (3, 28, 1_500),
    "values that a program gives: names, tables, options": (6, 60, 4_000),
    "`.tflite`: bytes, offsets, descriptions, weights": (4, 60, 3_000),
    "constraints and labels": (3, 25, 3_000),
    "hopeless searches in a shipped model": (0, 0, 5),
    "templates of people": (15, 100, 4_000),
    "addresses of a page, read by its own JavaScript": (50, 500, 10_000),
    "arguments of each command": (3, 60, 150),
    "commands with places that nothing can be read from": (3, 20, 350),
    "runs and lists of an odd name": (1, 1, 3),
    "odd surroundings": (0, 1, 1),
    "trainings that are killed, NumPy": (1, 6, 400),
    "trainings that are killed, Keras": (0, 0, 50),
    "sweeps that are killed": (0, 0, 20),
    "two of everything at once in one folder": (0, 1, 50),
    "calls of each of 8 threads, NumPy": (3, 12, 500),
    "calls of each of 8 threads, Keras": (0, 0, 50),
    "lines of a list": (10_000, 100_000, 10_000_000),
    "characters of a vocabulary": (2_000, 10_000, 20_000),
    "bytes of a forged set of numbers": (1_000_000, 1_000_000, 20_000_000),
    "bytes of a sparse file that is not too large": (20_000_000, 20_000_000, 199_000_000),
    "a share of the largest document: one in": (20, 4, 1),
}


def tries(row: str) -> int:
    """Return the number of tries for the effort in the environment variable. Skip the test if it is 0."""
    wanted = os.environ.get(VARIABLE, EFFORTS[0])
    if wanted not in EFFORTS:
        raise ValueError(f"{VARIABLE} is {wanted!r}: expected one of {', '.join(EFFORTS)}")
    [count] = [counts for name, counts in TRIES.items() if name.startswith(row)]
    if not count[EFFORTS.index(wanted)]:
        pytest.skip("it takes long: `make harm` or `make fuzz` runs it")
    return count[EFFORTS.index(wanted)]
