"""Run the checks of ``namegen.testing`` with the Keras engine and the fake engine.

``tests/numpy_engine/test_engine.py`` runs them with the NumPy engine.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest

from namegen.backends import load_engine
from namegen.core.network.cells import CELLS
from namegen.testing import CONFORMANCE_CHECKS, NETWORK_CHECKS
from tests.requirements import require

MODEL = "as a language model"
QUICK = ("states",)
ONE_CELL_IS_ENOUGH = "same training"  # optimizers don't depend on the cell
CHECKS = CONFORMANCE_CHECKS | NETWORK_CHECKS


def cases() -> Iterator[object]:
    """Yield the checks of the Keras engine. Each training takes seconds, because Keras compiles it first.

    The quick tests use SimpleRNN, which compiles fastest. The slow tests use the LSTM, whose state has two parts. All
    cells and optimizers are trained in test_parity.py.
    """
    for cell, check in product(CELLS, CHECKS):
        if check == MODEL or (cell == "simple_rnn" and check in QUICK):
            yield pytest.param(cell, check)
        elif check == ONE_CELL_IS_ENOUGH:
            if cell == "simple_rnn":
                yield pytest.param(cell, check, marks=pytest.mark.slow)
        elif cell == "lstm":
            yield pytest.param(cell, check, marks=pytest.mark.slow)


@pytest.mark.parametrize(("cell", "check"), list(cases()))
def test_the_keras_engine_passes_the_checks(cell: str, check: str) -> None:
    require("keras")
    CHECKS[check](load_engine("keras"), cell)
