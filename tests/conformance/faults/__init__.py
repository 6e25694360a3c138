"""Engines with one mistake each, and the checks that catch it.

``FAULTS`` lists them; ``pytest --collect-only -q tests/conformance/test_checks.py`` shows their names. The docstring
of each says what is wrong with it. They stand in files by what they concern.
"""

from __future__ import annotations

from tests.conformance.faults import (  # noqa: F401  # they register
    beginnings,
    cells,
    clipping,
    gradients,
    models,
    optimizers,
    states,
    steps,
    through_time,
)
from tests.conformance.faults.fault import FAULTS, Fault

__all__ = ["FAULTS", "Fault"]
