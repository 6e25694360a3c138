"""Mistakes of an engine that is read from: rows, states, logits, and what the class says about itself."""

from __future__ import annotations

import numpy as np

from namegen.backends.numpy_engine.engine import NumpyEngine
from tests.conformance.faults.fault import caught_by
from tests.fake_engine import FakeEngine


@caught_by("as a language model")
class ChangesItsState(NumpyEngine):
    """A step writes the new state over the one that it was given."""

    def step(self, tokens, state):
        logits, after = super().step(tokens, state)
        for before, new in zip(state, after, strict=True):
            before[0][:] = new[0]
        return logits, after


@caught_by("as a language model")
class ReusesItsLogits(NumpyEngine):
    """All steps of so many rows give one and the same array of logits."""

    buffers = None

    def step(self, tokens, state):
        logits, after = super().step(tokens, state)
        self.buffers = self.buffers or {}
        buffer = self.buffers.setdefault(len(tokens), np.empty_like(logits))
        buffer[:] = logits
        return buffer, after


@caught_by("as a language model")
class SelectsOnlyTheFirstLayer(NumpyEngine):
    """Select leaves the rows of the second layer where they are."""

    def select(self, state, rows):
        chosen = super().select(state, rows)
        return [chosen[0], *(np.resize(layer, (len(layer), len(rows), layer.shape[2])) for layer in state[1:])]


@caught_by("as a language model")
class SelectsEachRowOnce(FakeEngine):
    """Select ignores repeats."""

    def select(self, state, rows):
        return state[np.unique(rows)[np.arange(len(rows)) % len(np.unique(rows))]]


@caught_by("as a language model")
class SelectsByBytes(NumpyEngine):
    """Select takes the numbers of rows for bytes: row 256 is row 0."""

    def select(self, state, rows):
        return super().select(state, rows.astype(np.uint8).astype(np.int64))


@caught_by("as a language model")
class SelectsAViewThatItWritesTo(NumpyEngine):
    """Select of neighbouring rows gives a view of the state, and a step writes into the state that it was given."""

    def select(self, state, rows):
        if len(rows) == state[0].shape[1]:
            return [layer[:, ::-1] if rows[0] else layer for layer in state]
        return super().select(state, rows)

    def step(self, tokens, state):
        logits, after = super().step(tokens, state)
        for before, new in zip(state, after, strict=True):
            before[...] = new
        return logits, state


@caught_by("as a language model")
class HasRoomFor256Rows(NumpyEngine):
    """Rows behind the 256th of a fixed buffer get the logits of the last one in it."""

    def step(self, tokens, state):
        logits, after = super().step(tokens, state)
        return logits[np.minimum(np.arange(len(tokens)), 255)], after


@caught_by("as a language model")
class MixesItsRows(NumpyEngine):
    """The logits of a row depend on the other rows."""

    def step(self, tokens, state):
        logits, after = super().step(tokens, state)
        return logits + logits.mean(axis=0), after


@caught_by("as a language model")
class PadsItsRows(FakeEngine):
    """The rows that fill up a bucket are not cut off."""

    def step(self, tokens, state):
        logits, after = super().step(tokens, state)
        return np.concatenate([logits, logits[:1]]), after


@caught_by("as a language model")
class IsAlwaysDouble(NumpyEngine):
    """An engine of float32 gives logits of float64."""

    def step(self, tokens, state):
        logits, after = super().step(tokens, state)
        return logits.astype(np.float64), after


@caught_by("as a language model", "state names", "step losses")
class IsNeverDouble(NumpyEngine):
    """An engine of float64 computes in float32."""

    def __init__(self, network, training, *, threads, dtype="float32"):
        super().__init__(network, training, threads=threads)


@caught_by("same logits", "step losses")
class OnlyLooksDouble(NumpyEngine):
    """An engine of float64 steps in float32 and widens the logits."""

    def step(self, tokens, state):
        logits, after = super().step(tokens, state)
        return logits.astype(np.float32).astype(logits.dtype), after


@caught_by("same with a large vocabulary")
class ReadsBytes(NumpyEngine):
    """Step takes tokens for bytes: the character 256 is the boundary."""

    def step(self, tokens, state):
        return super().step(tokens.astype(np.uint8).astype(np.int32), state)


@caught_by("attributes")
class LacksTheCell(FakeEngine):
    """It is asked for a cell that it does not implement."""

    cells = frozenset(("lstm",))


@caught_by("attributes")
class RequiresAText(FakeEngine):
    """``requires`` is a text, not a tuple."""

    requires = "numpy"


@caught_by("same logits", "same training")
class ComputesAnotherNetwork(FakeEngine):
    """It has no recurrent layers at all."""


@caught_by("same logits", "same training")
class StartsFromOnes(NumpyEngine):
    """The state before START is ones, in training too."""

    def __init__(self, network, training, *, threads, dtype="float32"):
        super().__init__(network, training, threads=threads, dtype=dtype)
        for layer in self.model.recurrent:
            layer.start += 1


@caught_by("same logits", "step losses")
class ReadsNoStart(NumpyEngine):
    """The first step of a name gives the logits of the output's bias, without reading START."""

    def step(self, tokens, state):
        if any(layer.any() for layer in state):
            return super().step(tokens, state)
        _, after = super().step(tokens, state)
        return np.tile(self.model.parameters["output.bias"], (len(tokens), 1)), after


@caught_by("as a language model")
class GivesChancesOfNaN(NumpyEngine):
    """The logit of the boundary is NaN."""

    def step(self, tokens, state):
        logits, after = super().step(tokens, state)
        logits[:, 0] = np.nan
        return logits, after
