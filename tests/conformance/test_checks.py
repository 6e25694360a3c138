"""Test that the checks notice wrong engines. Each engine of ``faults.py`` has one mistake."""

from __future__ import annotations

import numpy as np
import pytest

from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.testing import CONFORMANCE_CHECKS, NETWORK_CHECKS
from tests.conformance.faults import FAULTS, Fault

CHECKS = CONFORMANCE_CHECKS | NETWORK_CHECKS


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.what)
def test_a_fault_is_noticed(fault: Fault) -> None:
    """Each check in the table catches it, and the message contains the name of the check."""
    for name in fault.checks:
        with pytest.raises(
            AssertionError, match=f"^check '{name}', cell {fault.cell}: (?!the backend raised)"
        ):
            CHECKS[name](fault.engine, fault.cell)


def test_each_check_catches_something() -> None:
    assert {check for fault in FAULTS for check in fault.checks} == set(CHECKS)


def select_a_view(self, state, rows):
    """Return the same state for all rows in order. States are never changed, so this is allowed."""
    everything = np.array_equal(rows, np.arange(state[0].shape[1]))
    return state if everything else NumpyEngine.select(self, state, rows)


def take_strangers(self, state):
    """Ignore unknown tensors. An engine only has to reject missing tensors and wrong shapes."""
    known = self.network.parameter_shapes
    NumpyEngine.set_state(
        self, {n: v for n, v in state.items() if n in known or n.startswith("optimizer.")}
    )


@pytest.mark.parametrize(
    ("parts", "check"),
    [
        ({"select": select_a_view}, "as a language model"),
        ({"set_state": take_strangers}, "states"),
        (
            {"get_state": lambda self: dict(reversed(NumpyEngine.get_state(self).items()))},
            "resuming",
        ),
    ],
)
def test_unusual_engines_that_follow_the_rules_pass(parts: dict, check: str) -> None:
    CHECKS[check](type("Unusual", (NumpyEngine,), parts), "gru")
