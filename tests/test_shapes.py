"""Check that array shapes are verified for the first calls of a function in a test and for some later calls."""

from __future__ import annotations

import numpy as np
import pytest
from jaxtyping import TypeCheckError

from namegen.core.data.arrays import ranges
from tests import shapes

ONE, TWO = np.zeros(1, np.int64), np.zeros(2, np.int64)


@pytest.mark.parametrize("before", [0, shapes.FIRST - 1, 3 * shapes.FIRST])
def test_a_wrong_shape_is_noticed(before: int) -> None:
    for _ in range(before):
        ranges(ONE, ONE)
    with pytest.raises(TypeCheckError, match="ends"):  # noqa: PT012
        for _ in range(1 if before < shapes.FIRST else shapes.EVERY):
            ranges(TWO, ONE)  # two starts and one end, which NumPy would accept
