"""The initial values of a weight matrix: a function each and its name in ``INITIALIZERS``, which the settings read.

``glorot`` is the default; the others are the choices of the original.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:  # settings are read without NumPy
    import numpy as np

Matrix: TypeAlias = Any  # float64, of the shape (inputs, outputs)


def glorot(shape: tuple[int, ...], *, rng: np.random.Generator) -> Matrix:
    """Keras's, uniform with variance 2 / (inputs + outputs): Glorot and Bengio, 2010, equation 16."""
    limit = math.sqrt(6 / (shape[0] + shape[1]))
    return rng.uniform(-limit, limit, shape)


def normal(shape: tuple[int, ...], *, rng: np.random.Generator) -> Matrix:
    """Normal with deviation 0.1."""
    return 0.1 * rng.standard_normal(shape)


def uniform(shape: tuple[int, ...], *, rng: np.random.Generator) -> Matrix:
    """Uniform from −0.1 to 0.1."""
    return rng.uniform(-0.1, 0.1, shape)


def xavier(shape: tuple[int, ...], *, rng: np.random.Generator) -> Matrix:
    """Normal with variance 1 / inputs."""
    return rng.standard_normal(shape) / math.sqrt(shape[0])


INITIALIZERS = {"glorot": glorot, "normal": normal, "uniform": uniform, "xavier": xavier}
