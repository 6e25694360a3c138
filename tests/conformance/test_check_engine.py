"""``check_engine``, ``cases`` and what a failure says."""

from __future__ import annotations

import numpy as np
import pytest

from namegen import testing
from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.backends.numpy_engine.optimizers import Adam, RMSprop
from namegen.core.network.recurrent_network import RecurrentNetwork
from namegen.testing import (
    CONFORMANCE_CHECKS,
    LANGUAGE_MODEL_CHECKS,
    NETWORK_CHECKS,
    TOKENS,
    VOCABULARY,
    cases,
    check_engine,
)
from namegen.testing.failures import OPTIMIZER_FORMULAS, describe_training
from namegen.testing.threads import pools_of
from tests.conformance.faults.optimizers import PutsEpsilonOutsideOfRMSprop
from tests.conformance.faults.steps import Climbs
from tests.conformance.faults.through_time import AlwaysGoesThroughTime
from tests.fake_engine import FakeEngine


class Right(NumpyEngine):
    cells = frozenset(("simple_rnn",))  # one is enough here


def test_one_call_for_the_writer_of_an_engine() -> None:
    check_engine(Right)


@pytest.fixture
def _few_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    few = {name: CONFORMANCE_CHECKS[name] for name in ("attributes", "learning", "rates")}
    monkeypatch.setattr(testing, "CONFORMANCE_CHECKS", few)
    without = {"same without through_time": NETWORK_CHECKS["same without through_time"]}
    monkeypatch.setattr(testing, "NETWORK_CHECKS", without)


class TwoFaults(Right, Climbs, AlwaysGoesThroughTime):
    pass


@pytest.mark.usefixtures("_few_checks")
def test_every_failure_is_listed() -> None:
    with pytest.raises(AssertionError) as caught:
        check_engine(TwoFaults)
    first, *rest = str(caught.value).splitlines()
    assert first == "2 of 4 checks of TwoFaults fail:"
    assert [line.partition(": ")[0] for line in rest] == [
        "check 'learning', cell simple_rnn",
        "check 'same without through_time', cell simple_rnn",
    ]
    with pytest.raises(AssertionError, match=r"^check 'learning', cell simple_rnn: 40 steps took the loss from"):
        check_engine(TwoFaults, stop_at_first=True)


class Crashes(Right):
    def train_epoch(self, steps):
        raise ZeroDivisionError("division by zero")


@pytest.mark.usefixtures("_few_checks")
def test_a_crash_is_the_failure_of_its_check() -> None:
    with pytest.raises(AssertionError, match=r"^3 of 4 checks of Crashes fail") as caught:
        check_engine(Crashes)
    said = "check 'rates', cell simple_rnn: the engine raised ZeroDivisionError: division by zero"
    assert said in str(caught.value).splitlines()
    with pytest.raises(AssertionError) as one:
        CONFORMANCE_CHECKS["rates"](Crashes, "simple_rnn")
    assert isinstance(one.value.__cause__, ZeroDivisionError)


@pytest.mark.usefixtures("_few_checks")
def test_cases_for_pytest() -> None:
    named = dict(cases(TwoFaults))
    assert list(named) == [
        f"{name} (simple_rnn)" for name in ("attributes", "learning", "rates", "same without through_time")
    ]
    named["attributes (simple_rnn)"]()
    with pytest.raises(AssertionError, match=r"^check 'learning'"):
        named["learning (simple_rnn)"]()


@pytest.mark.parametrize("cells", [frozenset(), ["gru"], None])
def test_an_engine_without_cells_does_not_pass_for_having_nothing_to_check(cells: object) -> None:
    with pytest.raises(AssertionError, match="expected a frozenset"):
        check_engine(type("Empty", (NumpyEngine,), {"cells": cells}))


def test_a_failure_names_optimizer_formula_and_tensor() -> None:
    with pytest.raises(AssertionError) as caught:
        NETWORK_CHECKS["same training"](PutsEpsilonOutsideOfRMSprop, "simple_rnn")
    said = str(caught.value)
    formula = "v ← ρ·v + (1−ρ)·g²; w ← w − lr·g/√(v+ε), ρ = 0.9, ε = 1e-7"
    assert said.startswith(f"check 'same training', cell simple_rnn: optimizer rmsprop ({formula}): ")
    assert "the loss of step" in said or "differs by" in said
    assert len(said.splitlines()) == 1


def test_formulas_have_the_constants_of_the_engine() -> None:
    assert f"ρ = {RMSprop.rho}, ε = {RMSprop.epsilon:.0e}".replace("e-07", "e-7") in OPTIMIZER_FORMULAS["rmsprop"]
    assert f"β₁ = {Adam.beta_1}, β₂ = {Adam.beta_2}" in OPTIMIZER_FORMULAS["adam"]
    assert "m = 0.8" in describe_training(optimizer="momentum", momentum=0.8)
    assert "of all parameters together" in describe_training(clip_norm=0.5)


def test_only_pools_of_the_engines_own_libraries_are_looked_at() -> None:
    pools = [
        {"filepath": "/torch/lib/python3/site-packages/numpy.libs/libopenblas.so"},
        {"filepath": "/torch/lib/python3/site-packages/torch/lib/libgomp.so"},
        {"filepath": "/usr/lib/libgomp.so"},
    ]
    assert pools_of((), pools) == pools[:1]
    assert pools_of(("torch",), pools) == pools[1:2]
    assert pools_of(("jax",), pools) == []


class ImpossibleCharacters(FakeEngine):
    """A model that rules characters out, as an n-gram does."""

    forbidden: tuple[int, ...] = (1,)

    def step(self, tokens, state):
        logits, after = super().step(tokens, state)
        logits[:, list(self.forbidden)] = -np.inf
        return logits, after


NETWORK = RecurrentNetwork(VOCABULARY.size, "gru", hidden=(6, 5))


@pytest.mark.parametrize("check", LANGUAGE_MODEL_CHECKS)
def test_a_model_may_rule_characters_out(check: str) -> None:
    LANGUAGE_MODEL_CHECKS[check](ImpossibleCharacters(NETWORK, None, threads=1), TOKENS)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_logits_that_are_no_distribution_are_noticed(value: float) -> None:
    class Broken(FakeEngine):
        def step(self, tokens, state):
            logits, after = super().step(tokens, state)
            logits[-1] = value
            return logits, after

    with pytest.raises(AssertionError):
        LANGUAGE_MODEL_CHECKS["rows"](Broken(NETWORK, None, threads=1), TOKENS)
