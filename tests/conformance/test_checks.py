"""The conformance checks notice engines that are wrong: each engine of ``faults.py`` has one mistake."""

from __future__ import annotations

import numpy as np
import pytest

from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.testing import CONFORMANCE_CHECKS, NETWORK_CHECKS
from tests.conformance.faults import FAULTS, Fault

CHECKS = CONFORMANCE_CHECKS | NETWORK_CHECKS


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.what)
def test_a_fault_is_noticed(fault: Fault) -> None:
    """By each check that is said to catch it, which names itself."""
    for name in fault.checks:
        with pytest.raises(AssertionError, match=f"^check '{name}', cell {fault.cell}: (?!the engine raised)"):
            CHECKS[name](fault.engine, fault.cell)


def test_each_check_catches_something() -> None:
    assert {check for fault in FAULTS for check in fault.checks} == set(CHECKS)


class SelectsAView(NumpyEngine):
    """Rows that are all there, in order, are the same state: no state is ever changed, so none can tell."""

    def select(self, state, rows):
        everything = np.array_equal(rows, np.arange(state[0].shape[1]))
        return state if everything else super().select(state, rows)


class TakesStrangers(NumpyEngine):
    """A tensor that has no place in the network is passed by: only missing ones and wrong shapes must be refused."""

    def set_state(self, state):
        known = self.network.parameter_shapes
        super().set_state({name: v for name, v in state.items() if name in known or name.startswith("optimizer.")})


class OrdersItsStateOtherwise(NumpyEngine):
    """The names of a state come in another order: they go by name."""

    def get_state(self):
        return dict(reversed(super().get_state().items()))


@pytest.mark.parametrize(
    ("engine", "check"),
    [
        (SelectsAView, "as a language model"),
        (TakesStrangers, "unfit states"),
        (OrdersItsStateOtherwise, "state round trip"),
    ],
)
def test_what_breaks_no_rule_passes(engine: type, check: str) -> None:
    CHECKS[check](engine, "gru")
