"""The Keras engine against what the protocol demands and against the NumPy engine; the fake one too.

The NumPy engine's own are in ``tests/numpy_engine/test_engine.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest

from namegen.backends import load_engine
from namegen.core.network.cells import CELLS
from namegen.testing import CONFORMANCE_CHECKS, NETWORK_CHECKS
from tests.fake_engine import FakeEngine
from tests.requirements import require

ALL_AT_ONCE = (
    "same with start tokens"  # with masks and targets too: the law of parity, held by every cell
)
HELD_BY_ALL_AT_ONCE = (
    "same with single masks",
    "mixed steps",
)  # each mask by itself takes half a minute to compile
OPTIMIZERS_ONE_BY_ONE = "same training"  # which know of no cell
READING = ("as a language model", "same logits")
QUICK = (
    "unfit states",
    "steps in order",
    "few names",
    "rates",
    "same with masks and targets",
    "settings of core",
)
CHECKS = CONFORMANCE_CHECKS | NETWORK_CHECKS


def cases() -> Iterator[object]:
    """Each check of the Keras engine; but it compiles for seconds each time that it trains. Here the SimpleRNN is
    checked, which compiles fastest. The LSTM, whose state has two parts, is checked among the slow tests, but for
    one optimizer after the other. All cells and optimizers train in test_parity.py, where states go from engine to
    engine.
    """
    for cell, check in product(CELLS, CHECKS):
        if check in READING or (cell == "simple_rnn" and check in QUICK):
            yield pytest.param(cell, check)
        elif check == OPTIMIZERS_ONE_BY_ONE:
            if cell == "simple_rnn":
                yield pytest.param(cell, check, marks=pytest.mark.slow)
        elif (cell == "lstm" and check not in HELD_BY_ALL_AT_ONCE) or check == ALL_AT_ONCE:
            yield pytest.param(cell, check, marks=pytest.mark.slow)


@pytest.mark.parametrize(("cell", "check"), list(cases()))
def test_keras(cell: str, check: str) -> None:
    require("keras")
    CHECKS[check](load_engine("keras"), cell)


@pytest.mark.parametrize("check", CONFORMANCE_CHECKS)
def test_the_fake_engine(check: str) -> None:
    CONFORMANCE_CHECKS[check](FakeEngine, "gru")
