"""The conformance checks notice engines that are wrong: each of these has one fault."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np
import pytest

from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.data.batching import Batch
from namegen.core.engine import Step, StepLosses
from namegen.core.network.recurrent_network import RecurrentNetwork
from namegen.core.settings import TrainingSettings
from namegen.testing import (
    CONFORMANCE_CHECKS,
    LANGUAGE_MODEL_CHECKS,
    NETWORK_CHECKS,
    TOKENS,
    VOCABULARY,
    check_engine,
)
from tests.fake_engine import FakeEngine

CELL = "gru"
NETWORK = RecurrentNetwork(VOCABULARY.size, CELL, hidden=(6, 5))


class ChangesItsState(NumpyEngine):
    def step(self, tokens, state):
        logits, after = super().step(tokens, state)
        for before, new in zip(state, after, strict=True):
            before[0][:] = new[0]
        return logits, after


class ReusesItsLogits(NumpyEngine):
    buffers = None

    def step(self, tokens, state):
        logits, after = super().step(tokens, state)
        self.buffers = self.buffers or {}
        buffer = self.buffers.setdefault(len(tokens), np.empty_like(logits))
        buffer[:] = logits
        return buffer, after


class SelectsOnlyTheFirstLayer(NumpyEngine):
    def select(self, state, rows):
        chosen = super().select(state, rows)
        return [chosen[0], *(np.resize(layer, (len(layer), len(rows), layer.shape[2])) for layer in state[1:])]


class SelectsEachRowOnce(FakeEngine):
    def select(self, state, rows):
        return state[np.unique(rows)[np.arange(len(rows)) % len(np.unique(rows))]]


class MixesItsRows(NumpyEngine):
    def step(self, tokens, state):
        logits, after = super().step(tokens, state)
        return logits + logits.mean(axis=0), after


class PadsItsRows(FakeEngine):
    def step(self, tokens, state):
        logits, after = super().step(tokens, state)
        return np.concatenate([logits, logits[:1]]), after


class IsAlwaysDouble(NumpyEngine):
    def step(self, tokens, state):
        logits, after = super().step(tokens, state)
        return logits.astype(np.float64), after


class IsNeverDouble(NumpyEngine):
    def __init__(self, network, training, *, threads, dtype="float32"):
        super().__init__(network, training, threads=threads)


class LacksTheCell(FakeEngine):
    cells = frozenset(("lstm",))


class GivesItsOwnArrays(NumpyEngine):
    def get_state(self):
        return super().get_state() | self.model.parameters


class KeepsArraysItWasGiven(FakeEngine):
    def set_state(self, state):
        super().set_state(state)
        self.parameters = {name: np.asarray(state[name], values.dtype) for name, values in self.parameters.items()}


class GoesOnWithItsOptimizer(NumpyEngine):
    def set_state(self, state):
        kept = {} if self.optimizer is None else {slot: values.copy() for slot, values in self.optimizer.state.items()}
        super().set_state(state)
        if self.optimizer is not None and "optimizer.step" not in state:
            self.optimizer.state.update(kept)


class ForgetsItsMoments(NumpyEngine):
    def set_state(self, state):
        super().set_state(state)
        if self.optimizer is not None:
            self.optimizer.state["m"].fill(0)


class HasOtherNames(NumpyEngine):
    def get_state(self):
        return super().get_state() | {"optimizer.momentum.output.bias": np.zeros(self.vocabulary_size, np.float32)}


class TakesWhatDoesNotFit(FakeEngine):
    def set_state(self, state):
        fitting = {name: np.resize(state.get(name, values), values.shape) for name, values in self.parameters.items()}
        super().set_state({name: values for name, values in state.items() if name == "optimizer.step"} | fitting)


class TakesHalfOfWhatDoesNotFit(FakeEngine):
    def set_state(self, state):
        if "output.kernel" in state and state["output.kernel"].shape == self.parameters["output.kernel"].shape:
            self.parameters["output.kernel"][...] = state["output.kernel"]
        super().set_state(state)


class TrainsWithoutSettings(FakeEngine):
    def __init__(self, network, training, *, threads, dtype="float32"):
        super().__init__(network, training or TrainingSettings(), threads=threads, dtype=dtype)


class ReportsMeans(NumpyEngine):
    def train_epoch(self, steps):
        losses = super().train_epoch(steps)
        return StepLosses(losses.loss_sum / losses.characters, losses.characters)


class CountsNoStops(NumpyEngine):
    def train_epoch(self, steps):
        losses = super().train_epoch(steps)
        return StepLosses(losses.loss_sum, losses.characters - 1)


class ReportsAfterTheUpdate(NumpyEngine):
    def train_epoch(self, steps):
        losses, steps = [], list(steps)
        for step in steps:
            super().train_epoch([step])
            kept = self.get_state()
            losses.append(super().train_epoch([replace(step, learning_rate=0.0)]).loss_sum)
            self.set_state(kept)
        characters = np.array([step.batch.characters for step in steps], np.int64)
        return StepLosses(np.concatenate([np.zeros(0), *losses]), characters)


def pairs(steps: Iterable[Step]) -> Iterator[list[Step]]:
    held: list[Step] = []
    for step in steps:
        held.append(step)
        if len(held) == 2:
            yield held
            held = []


class DropsAHalfFullPipeline(NumpyEngine):
    def train_epoch(self, steps):
        return super().train_epoch(step for pair in pairs(steps) for step in pair)


class AppliesOneRateToTwoSteps(NumpyEngine):
    def train_epoch(self, steps):
        steps = list(steps)
        return super().train_epoch(
            replace(step, learning_rate=steps[place // 2 * 2].learning_rate) for place, step in enumerate(steps)
        )


class IgnoresTheRate(NumpyEngine):
    def train_epoch(self, steps):
        return super().train_epoch(replace(step, learning_rate=0.01) for step in steps)


class HasItsOwnRandomNumbers(NumpyEngine):
    def train_epoch(self, steps):
        losses = super().train_epoch(steps)
        self.model.vector *= 1 + 1e-6 * np.random.default_rng().normal(size=self.model.vector.shape)
        return losses


class TrainsToWarmUp(NumpyEngine):
    def warm_up(self, step):
        self.train_epoch([step])


class WarmsUpItsOptimizer(NumpyEngine):
    def warm_up(self, step):
        kept = self.get_state()
        self.train_epoch([step])
        self.set_state({name: values for name, values in kept.items() if not name.startswith("optimizer.")})
        self.optimizer.state["m"] += 1


class LearnsNothing(FakeEngine):
    def train_epoch(self, steps):
        return super().train_epoch(replace(step, learning_rate=step.learning_rate * 1e-6) for step in steps)


class Climbs(NumpyEngine):
    def train_epoch(self, steps):
        return super().train_epoch(replace(step, learning_rate=-step.learning_rate) for step in steps)


class IgnoresTargets(NumpyEngine):
    def train_epoch(self, steps):
        return super().train_epoch(replace(step, batch=Batch(step.batch.tree)) for step in steps)


class IgnoresMasks(NumpyEngine):
    def train_epoch(self, steps):
        return super().train_epoch(replace(step, masks={}) for step in steps)


class KeepsWhatIsMasked(NumpyEngine):
    """The masked value takes the parameter's place for good."""

    def train_epoch(self, steps):
        steps = list(steps)
        for step in steps:
            for name, mask in step.masks.items():
                if name in self.model.parameters and mask.ndim == 2:
                    self.model.parameters[name] *= mask
        return super().train_epoch(steps)


FAULTS: dict[type, str] = {
    IgnoresTargets: "targets",
    IgnoresMasks: "masks",
    KeepsWhatIsMasked: "masks",
    ChangesItsState: "as a language model",
    ReusesItsLogits: "as a language model",
    SelectsOnlyTheFirstLayer: "as a language model",
    SelectsEachRowOnce: "as a language model",
    MixesItsRows: "as a language model",
    PadsItsRows: "as a language model",
    IsAlwaysDouble: "as a language model",
    IsNeverDouble: "as a language model",
    LacksTheCell: "attributes",
    GivesItsOwnArrays: "state is a copy",
    KeepsArraysItWasGiven: "state is a copy",
    GoesOnWithItsOptimizer: "optimizer restarts",
    ForgetsItsMoments: "state round trip",
    HasOtherNames: "state names",
    TakesWhatDoesNotFit: "unfit states",
    TakesHalfOfWhatDoesNotFit: "unfit states",
    TrainsWithoutSettings: "reading only",
    ReportsMeans: "step losses",
    CountsNoStops: "step losses",
    ReportsAfterTheUpdate: "step losses",
    DropsAHalfFullPipeline: "early end",
    AppliesOneRateToTwoSteps: "steps in order",
    IgnoresTheRate: "rates",
    HasItsOwnRandomNumbers: "determinism",
    TrainsToWarmUp: "warm-up",
    WarmsUpItsOptimizer: "warm-up",
    LearnsNothing: "learning",
    Climbs: "learning",
}


@pytest.mark.parametrize("wrong", FAULTS, ids=lambda kind: kind.__name__)
def test_a_fault_is_noticed(wrong: type) -> None:
    with pytest.raises(AssertionError):
        CONFORMANCE_CHECKS[FAULTS[wrong]](wrong, CELL)


class ForgetsTheResetGate(NumpyEngine):
    """A GRU whose reset gate is applied before the product, as other libraries have it by default."""

    def set_state(self, state: Mapping[str, np.ndarray]) -> None:
        super().set_state(state)
        for layer in self.model.recurrent:
            layer.parameters["bias"][1] = 0


class HasAnotherEpsilon(NumpyEngine):
    def __init__(self, network, training, *, threads, dtype="float32"):
        super().__init__(network, training, threads=threads, dtype=dtype)
        if training is not None:
            self.optimizer.epsilon = 1e-6


class DoesNotClip(NumpyEngine):
    def __init__(self, network, training, *, threads, dtype="float32"):
        training = training and dataclasses.replace(training, clip_norm=None)
        super().__init__(network, training, threads=threads, dtype=dtype)


class AlwaysScalesToTheNorm(DoesNotClip):
    def __init__(self, network, training, *, threads, dtype="float32"):
        super().__init__(network, training, threads=threads, dtype=dtype)
        if training is not None and training.clip_norm is not None:
            update, norm = self.optimizer.update, training.clip_norm
            self.optimizer.update = lambda w, g, rate: update(w, g * (norm / np.linalg.norm(g)), rate)


class AlwaysGoesThroughTime(NumpyEngine):
    def __init__(self, network, training, *, threads, dtype="float32"):
        super().__init__(network, training, threads=threads, dtype=dtype)
        for layer in self.model.recurrent:
            layer.through_time = True


OTHER_NETWORKS: dict[type, str] = {
    FakeEngine: "same logits",
    ForgetsTheResetGate: "same logits",
    HasAnotherEpsilon: "same training",
    DoesNotClip: "same training",
    AlwaysScalesToTheNorm: "same training",
    AlwaysGoesThroughTime: "same without through_time",
}


@pytest.mark.parametrize("wrong", OTHER_NETWORKS, ids=lambda kind: kind.__name__)
def test_another_network_is_noticed(wrong: type) -> None:
    with pytest.raises(AssertionError):
        NETWORK_CHECKS[OTHER_NETWORKS[wrong]](wrong, CELL)


class Right(NumpyEngine):
    cells = frozenset(("simple_rnn",))  # one is enough here


class WrongNetwork(Right, AlwaysGoesThroughTime):
    pass


def test_one_call_for_the_writer_of_an_engine() -> None:
    check_engine(Right)
    for wrong in (Climbs, WrongNetwork):  # found by the first kind of checks, and by the second
        with pytest.raises(AssertionError):
            check_engine(wrong)


class ImpossibleCharacters(FakeEngine):
    """A model that rules characters out, as an n-gram does."""

    forbidden: tuple[int, ...] = (1,)

    def step(self, tokens, state):
        logits, after = super().step(tokens, state)
        logits[:, list(self.forbidden)] = -np.inf
        return logits, after


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
