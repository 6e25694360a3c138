"""Initial values of weight matrices. ``INITIALIZERS`` contains the names that the settings accept.

``glorot`` is the default. The others come from the original program.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:  # the settings import this file, and they don't need NumPy
    import numpy as np

Matrix: TypeAlias = Any  # float64, (inputs, outputs)


def glorot(shape: tuple[int, ...], *, rng: np.random.Generator) -> Matrix:
    """Draw from a uniform distribution with variance 2 / (inputs + outputs), as Keras does.

    Source: Glorot and Bengio, 2010, equation 16.

    >>> import numpy as np
    >>> glorot((20, 10), rng=np.random.default_rng(0)).shape
    (20, 10)
    """
    limit = math.sqrt(6 / (shape[0] + shape[1]))
    return rng.uniform(-limit, limit, shape)


def normal(shape: tuple[int, ...], *, rng: np.random.Generator) -> Matrix:
    """Draw from a normal distribution with standard deviation 0.1."""
    return 0.1 * rng.standard_normal(shape)


def uniform(shape: tuple[int, ...], *, rng: np.random.Generator) -> Matrix:
    """Draw from a uniform distribution from −0.1 to 0.1."""
    return rng.uniform(-0.1, 0.1, shape)


def xavier(shape: tuple[int, ...], *, rng: np.random.Generator) -> Matrix:
    """Draw from a normal distribution with variance 1 / inputs."""
    return rng.standard_normal(shape) / math.sqrt(shape[0])


INITIALIZERS = {"glorot": glorot, "normal": normal, "uniform": uniform, "xavier": xavier}
