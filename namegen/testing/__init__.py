"""Checks for the authors of backends.

To test a new engine, call ``check_engine(MyEngine)``, which lists all failures. Use ``cases`` to run each check as a
separate test:

    @pytest.mark.parametrize("run", [pytest.param(run, id=name) for name, run in cases(MyEngine)])
    def test_my_engine(run):
        run()

- ``CONFORMANCE_CHECKS`` (in ``checks.py``) test what ``core/engine.py`` requires of every engine.
- ``NETWORK_CHECKS`` (in ``parity.py``) test that an engine computes the same network as the NumPy engine.
- ``LANGUAGE_MODEL_CHECKS`` (in ``models.py``) test models that can only generate names.
- ``check_cell`` tests a cell of the NumPy engine.

If a check fails, it raises an AssertionError whose message starts with the check's name. If the engine raises an error
inside a check, the check raises an AssertionError as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from namegen.core.engine import EngineClass
from namegen.core.network.architecture import Network
from namegen.testing.cells import check_cell as check_cell
from namegen.testing.checks import CONFORMANCE_CHECKS as CONFORMANCE_CHECKS
from namegen.testing.comparisons import Check as Check
from namegen.testing.material import NAMES as NAMES
from namegen.testing.material import TOKENS as TOKENS
from namegen.testing.material import VOCABULARY as VOCABULARY
from namegen.testing.models import LANGUAGE_MODEL_CHECKS as LANGUAGE_MODEL_CHECKS
from namegen.testing.parity import NETWORK_CHECKS as NETWORK_CHECKS


def cases(
    engine_class: EngineClass, *networks: Network
) -> Iterator[tuple[str, Callable[[], None]]]:
    """Yield all checks for every cell that an engine implements.

    Args:
        engine_class: the class of the engine.
        networks: a small network with ``VOCABULARY.size`` tokens for each architecture that only this engine has. They
            run only ``CONFORMANCE_CHECKS``, because there's no other engine to compare with.

    Yields:
        The name of each check with its cell or architecture, and a function that runs it.

    Raises:
        AssertionError: the class doesn't declare its cells, or there is nothing to check.

    >>> from namegen.backends.numpy_engine.engine import NumpyEngine
    >>> names = [name for name, _ in cases(NumpyEngine)]
    >>> names[0]
    'as a language model (gru)'
    """
    cells = getattr(engine_class, "cells", None)
    if not isinstance(cells, frozenset) or not (cells or networks):
        raise AssertionError(
            f"cells is {cells!r}: expected a frozenset of the names of the cells that the engine implements; if it "
            "only has other architectures, use an empty frozenset, and pass a small network of each architecture"
        )
    cell_checks = {**CONFORMANCE_CHECKS, **NETWORK_CHECKS}
    for cell in sorted(cells):
        for name, cell_check in cell_checks.items():
            yield f"{name} ({cell})", partial(cell_check, engine_class, cell)
    for network in networks:
        for name, check in CONFORMANCE_CHECKS.items():
            yield f"{name} ({network.architecture})", partial(check, engine_class, network)


def check_engine(
    engine_class: EngineClass, *networks: Network, stop_at_first: bool = False
) -> None:
    """Run all checks for every cell that an engine implements, and for additional networks.

    Args:
        engine_class: the class of the engine.
        networks: the additional networks, as in ``cases``.
        stop_at_first: whether to raise the first failure immediately, with its traceback, instead of listing all
            failures.

    Raises:
        AssertionError: some checks fail. The message contains one line for each failed check.
    """
    failures: list[str] = []
    checks = list(cases(engine_class, *networks))
    for _, run in checks:
        try:
            run()
        except AssertionError as error:
            if stop_at_first:
                raise
            first_line = str(error).splitlines()[0]  # the check's name, and the difference
            failures.append(first_line)
    if failures:
        counts = f"{len(failures)} of {len(checks)} checks of {engine_class.__name__} fail"
        failure_list = "\n".join(failures)
        raise AssertionError(f"{counts}:\n{failure_list}")
