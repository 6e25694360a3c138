"""Test ``check_engine``, ``cases`` and the messages of failures."""

from __future__ import annotations

import numpy as np
import pytest

from namegen import testing
from namegen.backends.numpy_engine.cells import GRU, NumpyCell
from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.network import cells
from namegen.core.network.architecture import OwnCellNetwork, RecurrentNetwork
from namegen.testing import (
    CONFORMANCE_CHECKS,
    LANGUAGE_MODEL_CHECKS,
    NETWORK_CHECKS,
    TOKENS,
    VOCABULARY,
    cases,
    check_engine,
)
from tests.conformance.faults import FAULTS, Sound
from tests.fake_engine import FakeEngine

ENGINES = {fault.what: fault.engine for fault in FAULTS}


def engine(*bases: type, **attributes: object) -> type:
    """Create an engine class with one cell."""
    return type("Mine", bases, {"cells": frozenset(("simple_rnn",)), **attributes})


class Own(OwnCellNetwork):
    architecture = "own"
    own_cell = cells.GRU


class OfItsOwn(Sound):
    """An engine with an architecture that no other engine has."""

    name = "own"
    architectures = (Own,)
    cells = frozenset()
    own_cell: NumpyCell = GRU()


def test_check_engine_passes_for_correct_engines() -> None:
    check_engine(engine(Sound))
    check_engine(OfItsOwn, Own(VOCABULARY.size, hidden=(4, 3)))


def test_a_wrong_gradient_is_noticed_without_a_reference_engine() -> None:
    scaled = type("Scaled", (OfItsOwn,), {"scale": lambda self, batch: 1.001})
    with pytest.raises(AssertionError) as caught:
        check_engine(scaled, Own(VOCABULARY.size, hidden=(4, 3)))
    said = str(caught.value).splitlines()
    assert [line.partition(":")[0] for line in said[1:]] == ["check 'gradients', architecture own"]


@pytest.fixture
def _few_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    few = {name: CONFORMANCE_CHECKS[name] for name in ("attributes", "gradients")}
    monkeypatch.setattr(testing, "CONFORMANCE_CHECKS", few)
    same = {"same training": NETWORK_CHECKS["same training"]}
    monkeypatch.setattr(testing, "NETWORK_CHECKS", same)


@pytest.mark.usefixtures("_few_checks")
def test_all_failures_are_listed() -> None:
    always = vars(ENGINES["gradients always go through time"])["made"]
    faulty = engine(ENGINES["it moves with the gradient"], made=always)
    with pytest.raises(AssertionError) as caught:
        check_engine(faulty)
    first, *rest = str(caught.value).splitlines()
    assert first == "2 of 3 checks of Mine fail:"
    assert [line.partition(": ")[0] for line in rest] == [
        "check 'gradients', cell simple_rnn",
        "check 'same training', cell simple_rnn",
    ]
    with pytest.raises(
        AssertionError,
        match=r"^check 'gradients', cell simple_rnn: the derivative of the loss along",
    ):
        check_engine(faulty, stop_at_first=True)
    named = dict(cases(faulty))
    assert list(named) == [
        f"{name} (simple_rnn)" for name in ("attributes", "gradients", "same training")
    ]
    named["attributes (simple_rnn)"]()
    with pytest.raises(AssertionError, match=r"^check 'gradients'"):
        named["gradients (simple_rnn)"]()


@pytest.mark.parametrize("cells", [frozenset(), ["gru"], None])
def test_an_engine_with_nothing_to_check_fails(cells: object) -> None:
    with pytest.raises(AssertionError, match="expected a frozenset"):
        check_engine(engine(NumpyEngine, cells=cells))


@pytest.mark.parametrize(
    ("row", "token", "value", "fits"),
    [
        (slice(None), 1, -np.inf, True),  # a model may rule characters out, as an n-gram does
        (-1, slice(None), np.nan, False),
        (-1, slice(None), np.inf, False),
        (-1, slice(None), -np.inf, False),
    ],
)
def test_invalid_logits_are_noticed(row: object, token: object, value: float, fits: bool) -> None:
    class Changed(FakeEngine):
        def step(self, tokens, state):
            logits, after = super().step(tokens, state)
            logits[row, token] = value
            return logits, after

    model = Changed(RecurrentNetwork(VOCABULARY.size, "gru", hidden=(6, 5)), None, threads=1)
    if not fits:
        with pytest.raises(AssertionError):
            LANGUAGE_MODEL_CHECKS["rows"](model, TOKENS)
        return
    for check in LANGUAGE_MODEL_CHECKS.values():
        check(model, TOKENS)
