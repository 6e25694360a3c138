"""The conformance checks notice engines that are wrong: each engine of ``faults`` has one mistake.

What no check can notice, because it breaks no rule, stands in ``HARMLESS``.
"""

from __future__ import annotations

import numpy as np
import pytest

from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.testing import CONFORMANCE_CHECKS, NETWORK_CHECKS
from tests.conformance.faults import FAULTS, Fault

CHECKS = CONFORMANCE_CHECKS | NETWORK_CHECKS


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.engine.__name__)
def test_a_fault_is_noticed(fault: Fault) -> None:
    """By each check that is said to catch it, which names itself."""
    for name in fault.checks:
        with pytest.raises(AssertionError, match=f"^check '{name}', cell {fault.cell}: ") as caught:
            CHECKS[name](fault.engine, fault.cell)
        assert ("the engine raised" in str(caught.value)) == fault.crashes


def test_the_faults_are_many_and_each_says_what_is_wrong() -> None:
    names = [fault.engine.__name__ for fault in FAULTS]
    assert len(set(names)) == len(names) >= 40
    assert all((fault.engine.__doc__ or "").strip().endswith(".") and fault.checks for fault in FAULTS)
    assert {check for fault in FAULTS for check in fault.checks} == set(CHECKS)  # each check has caught something


class SelectsAView(NumpyEngine):
    """Rows that are all there, in order, are the same state: no state is ever changed, so none can tell."""

    def select(self, state, rows):
        everything = np.array_equal(rows, np.arange(state[0].shape[1]))
        return state if everything else super().select(state, rows)


class TakesTheWholeStream(NumpyEngine):
    """It makes a list of the stream before its first step: an engine may pipeline as it likes."""

    def train_epoch(self, steps):
        return super().train_epoch(list(steps))


class TakesStrangers(NumpyEngine):
    """A tensor that has no place in the network is passed by: only missing ones and wrong shapes must be refused."""

    def set_state(self, state):
        known = self.network.parameter_shapes
        super().set_state({name: v for name, v in state.items() if name in known or name.startswith("optimizer.")})


class OrdersItsStateOtherwise(NumpyEngine):
    """The names of a state come in another order: they go by name."""

    def get_state(self):
        return dict(reversed(super().get_state().items()))


HARMLESS: dict[type, str] = {
    SelectsAView: "as a language model",
    TakesTheWholeStream: "early end",
    TakesStrangers: "unfit states",
    OrdersItsStateOtherwise: "state round trip",
}


@pytest.mark.parametrize("engine", HARMLESS, ids=lambda kind: kind.__name__)
def test_what_breaks_no_rule_passes(engine: type) -> None:
    CHECKS[HARMLESS[engine]](engine, "gru")
