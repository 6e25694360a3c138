"""For the writer of an engine, or of a program on top of one: the checks that an engine passes.

A third engine proves itself with one call in its own tests, ``check_engine(MyEngine)``, which lists every failure; or,
to have a test for each fact, with ``cases``:

    @pytest.mark.parametrize("run", [pytest.param(run, id=name) for name, run in cases(MyEngine)])
    def test_my_engine(run):
        run()

``CONFORMANCE_CHECKS`` (``checks.py``) is what ``core/engine.py`` demands, ``NETWORK_CHECKS`` (``parity.py``) that an
engine computes the same network as the NumPy engine. A model that only generates is held against
``LANGUAGE_MODEL_CHECKS``, a cell of the NumPy engine against ``check_cell``. A check returns nothing, or raises an
AssertionError that names it; what an engine raises inside a check is such a failure too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from namegen.core.engine import EngineClass
from namegen.core.network.architecture import Network
from namegen.testing.cells import check_cell as check_cell
from namegen.testing.checks import CONFORMANCE_CHECKS as CONFORMANCE_CHECKS
from namegen.testing.checks import LANGUAGE_MODEL_CHECKS as LANGUAGE_MODEL_CHECKS
from namegen.testing.checks import CellCheck as CellCheck
from namegen.testing.checks import Check as Check
from namegen.testing.checks import ModelCheck as ModelCheck
from namegen.testing.material import NAMES as NAMES
from namegen.testing.material import TOKENS as TOKENS
from namegen.testing.material import VOCABULARY as VOCABULARY
from namegen.testing.parity import NETWORK_CHECKS as NETWORK_CHECKS


def cases(
    engine_class: EngineClass, *networks: Network
) -> Iterator[tuple[str, Callable[[], None]]]:
    """Every check for every cell that the engine implements: what it is called, and what runs it.

    Args:
        engine_class: which engine.
        networks: a small network of ``VOCABULARY.size`` for each architecture of the engine's own; it is held against
            ``CONFORMANCE_CHECKS``, as there is nothing that it must equal.

    Raises:
        AssertionError: the class does not say which cells it implements, or there is nothing to check.
    """
    cells = getattr(engine_class, "cells", None)
    if not isinstance(cells, frozenset) or not (cells or networks):
        raise AssertionError(
            f"cells is {cells!r}: expected a frozenset of the names of the cells that it implements; for a backend of "
            "other architectures an empty one, and a small network of each"
        )
    of_cells: dict[str, CellCheck] = {**CONFORMANCE_CHECKS, **NETWORK_CHECKS}
    for cell in sorted(cells):
        for name, of_cell in of_cells.items():
            yield f"{name} ({cell})", partial(of_cell, engine_class, cell)
    for network in networks:
        for name, check in CONFORMANCE_CHECKS.items():
            yield f"{name} ({network.architecture})", partial(check, engine_class, network)


def check_engine(
    engine_class: EngineClass, *networks: Network, stop_at_first: bool = False
) -> None:
    """Run all checks, for every cell that the engine implements, and for each network that is given.

    Args:
        engine_class: which engine.
        networks: see ``cases``.
        stop_at_first: raise the first failure at once, with its traceback, instead of a list of all.

    Raises:
        AssertionError: the facts that do not hold, a line for each.
    """
    failures, count = [], 0
    for _, run in cases(engine_class, *networks):
        count += 1
        try:
            run()
        except AssertionError as error:
            if stop_at_first:
                raise
            failures.append(str(error).splitlines()[0])  # the check's name, and what differs
    if failures:
        listed = "\n".join(failures)
        raise AssertionError(
            f"{len(failures)} of {count} checks of {engine_class.__name__} fail:\n{listed}"
        )
