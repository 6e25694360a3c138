"""For the writer of an engine, or of a program on top of one: the checks that an engine passes.

A third engine proves itself with one call in its own tests, ``check_engine(MyEngine)``, or, to have a test for each
fact, with a loop over ``CONFORMANCE_CHECKS`` (``checks.py``: what ``core/engine.py`` demands) and ``NETWORK_CHECKS``
(``parity.py``: that it computes the same network as the NumPy engine). A model that only generates is held against
``LANGUAGE_MODEL_CHECKS``. A check returns nothing, or raises AssertionError.
"""

from __future__ import annotations

from namegen.core.engine import EngineClass
from namegen.testing.checks import CONFORMANCE_CHECKS, LANGUAGE_MODEL_CHECKS, Check, ModelCheck
from namegen.testing.material import NAMES, TOKENS, VOCABULARY
from namegen.testing.parity import NETWORK_CHECKS

__all__ = [
    "CONFORMANCE_CHECKS",
    "LANGUAGE_MODEL_CHECKS",
    "NAMES",
    "NETWORK_CHECKS",
    "TOKENS",
    "VOCABULARY",
    "Check",
    "ModelCheck",
    "check_engine",
]


def check_engine(engine_class: EngineClass) -> None:
    """Run all checks, for every cell that the engine implements.

    Raises:
        AssertionError: the first fact that does not hold.
    """
    for cell in sorted(engine_class.cells):
        for check in (*CONFORMANCE_CHECKS.values(), *NETWORK_CHECKS.values()):
            check(engine_class, cell)
