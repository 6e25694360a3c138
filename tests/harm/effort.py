"""The number of tries of each attack: a few in ``make test``, and hundreds or thousands in ``make fuzz``."""

from __future__ import annotations

import os

VARIABLE = "NAMEGEN_FUZZ"
# The targets of the attacks, with the number of tries per test in `make test` and in `make fuzz`.
TRIES = {
    "each kind of file": (2, 3_000),
    "metadata, shown by commands": (7, 1_500),
    "tflite": (6, 3_000),
    "constraints and labels": (6, 3_000),
    "templates of people": (15, 4_000),
    "addresses of a page": (200, 10_000),
    "commands with unusual paths": (20, 350),
    "killed training runs": (3, 400),
    "calls of each of 8 threads": (3, 500),
    "lines of a list": (10_000, 10_000_000),
    "bytes of metadata": (180_000, 3_500_000),
    "bytes of a sparse file": (20_000_000, 199_000_000),
}


def tries(target: str) -> int:
    """Return the number of tries of an attack."""
    few, many = TRIES[target]
    return many if os.environ.get(VARIABLE) else few
