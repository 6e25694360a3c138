"""Mistakes with an engine's state: references, what is restored and what is refused, random numbers, warming up."""

from __future__ import annotations

import numpy as np

from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.settings import TrainingSettings
from namegen.errors import CheckpointError
from tests.conformance.faults.fault import caught_by
from tests.fake_engine import FakeEngine


@caught_by("state is a copy")
class GivesItsOwnArrays(NumpyEngine):
    """``get_state`` gives references."""

    def get_state(self):
        return super().get_state() | self.model.parameters


@caught_by("state is a copy")
class KeepsArraysItWasGiven(FakeEngine):
    """``set_state`` keeps references."""

    def set_state(self, state):
        super().set_state(state)
        self.parameters = {name: np.asarray(state[name], values.dtype) for name, values in self.parameters.items()}


@caught_by("optimizer restarts")
class GoesOnWithItsOptimizer(NumpyEngine):
    """The optimizer is not reset by a state without it."""

    def set_state(self, state):
        kept = {} if self.optimizer is None else {slot: values.copy() for slot, values in self.optimizer.state.items()}
        super().set_state(state)
        if self.optimizer is not None and "optimizer.step" not in state:
            self.optimizer.state.update(kept)


@caught_by("state round trip", "same after resuming")
class ForgetsItsMoments(NumpyEngine):
    """The optimizer's state is not restored."""

    def set_state(self, state):
        super().set_state(state)
        if self.optimizer is not None:
            for values in self.optimizer.state.values():
                values.fill(0)


@caught_by("same after resuming")
class ForgetsVelocities(NumpyEngine):
    """Adam's moments are restored, what momentum keeps is not."""

    def set_state(self, state):
        super().set_state(state)
        if self.optimizer is not None and "u" in self.optimizer.state:
            self.optimizer.state["u"].fill(0)


@caught_by("state round trip", "same after resuming")
class CountsStepsAnew(NumpyEngine):
    """``optimizer.step`` is given as it was taken, but Adam corrects its bias as if training began."""

    before = 0

    def set_state(self, state):
        super().set_state(state)
        if self.optimizer is not None:
            self.before, self.optimizer.step = self.optimizer.step, 0

    def get_state(self):
        state = super().get_state()
        if self.optimizer is not None:
            state["optimizer.step"] = np.array(self.before + self.optimizer.step, np.int64)
        return state


@caught_by("state names")
class HasOtherNames(NumpyEngine):
    """The optimizer's state goes by a name of its own."""

    def get_state(self):
        return super().get_state() | {"optimizer.momentum.output.bias": np.zeros(self.vocabulary_size, np.float32)}


@caught_by("state names")
class CountsStepsInInt32(NumpyEngine):
    """``optimizer.step`` is int32."""

    def get_state(self):
        state = super().get_state()
        return state | {name: values.astype(np.int32) for name, values in state.items() if name == "optimizer.step"}


@caught_by("unfit states")
class TakesWhatDoesNotFit(FakeEngine):
    """A state with a tensor of another shape, or without one, is let through."""

    def set_state(self, state):
        fitting = {name: np.resize(state.get(name, values), values.shape) for name, values in self.parameters.items()}
        super().set_state({name: values for name, values in state.items() if name == "optimizer.step"} | fitting)


@caught_by("unfit states")
class TakesHalfOfWhatDoesNotFit(FakeEngine):
    """A state that is refused has been taken in part."""

    def set_state(self, state):
        if "output.kernel" in state and state["output.kernel"].shape == self.parameters["output.kernel"].shape:
            self.parameters["output.kernel"][...] = state["output.kernel"]
        super().set_state(state)


@caught_by("unfit states")
class RaisesKeyErrors(NumpyEngine):
    """A missing tensor is a KeyError, not a CheckpointError."""

    def set_state(self, state):
        try:
            super().set_state(state)
        except CheckpointError as error:
            raise KeyError("output.kernel") from error


@caught_by("reading only")
class TrainsWithoutSettings(FakeEngine):
    """An engine without training settings trains silently."""

    def __init__(self, network, training, *, threads, dtype="float32"):
        super().__init__(network, training or TrainingSettings(), threads=threads, dtype=dtype)


@caught_by("reading only", crashes=True)
class ReadsNoTrainedState(NumpyEngine):
    """An engine without an optimizer refuses a state that has one."""

    def set_state(self, state):
        if self.optimizer is None and "optimizer.step" in state:
            raise CheckpointError("optimizer.step has no place in an engine that only reads")
        super().set_state(state)


@caught_by("determinism")
class HasItsOwnRandomNumbers(NumpyEngine):
    """A random millionth is added to the parameters after each epoch."""

    def train_epoch(self, steps):
        losses = super().train_epoch(steps)
        self.model.vector *= 1 + 1e-6 * np.random.default_rng().normal(size=self.model.vector.shape)
        return losses


SHARED: dict[str, np.ndarray] = {}


@caught_by("determinism", "steps in order")
class SharesItsParameters(FakeEngine):
    """All engines of one network have the same arrays of parameters."""

    def __init__(self, network, training, *, threads, dtype="float32"):
        super().__init__(network, training, threads=threads, dtype=dtype)
        self.parameters = {
            name: SHARED.setdefault(f"{name} {values.shape} {dtype}", values)
            for name, values in self.parameters.items()
        }


@caught_by("warm-up")
class TrainsToWarmUp(NumpyEngine):
    """Warming up takes a step."""

    def warm_up(self, step):
        self.train_epoch([step])


@caught_by("warm-up")
class WarmsUpItsOptimizer(NumpyEngine):
    """Warming up takes a step and restores the parameters alone."""

    def warm_up(self, step):
        kept = self.get_state()
        self.train_epoch([step])
        self.set_state({name: values for name, values in kept.items() if not name.startswith("optimizer.")})
        self.optimizer.state["m"] += 1


@caught_by("threads")
class IgnoresThreads(NumpyEngine):
    """It computes with as many threads as there are, whatever it is asked for."""

    def __init__(self, network, training, *, threads, dtype="float32"):
        super().__init__(network, training, threads=2, dtype=dtype)


@caught_by("threads", crashes=True)
class TakesOneThreadOnly(NumpyEngine):
    """It refuses more than one thread."""

    def __init__(self, network, training, *, threads, dtype="float32"):
        if threads != 1:
            raise ValueError("threads")
        super().__init__(network, training, threads=threads, dtype=dtype)
