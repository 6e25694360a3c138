"""Mistakes of the optimizers: another formula, or another place of a constant."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from namegen.backends.numpy_engine.engine import NumpyEngine
from tests.conformance.faults.fault import caught_by


class MovesOtherwise(NumpyEngine):
    """What the faults below have in common: one optimizer's update is another, ``move``."""

    moves: ClassVar[str] = "adam"

    def __init__(self, network, training, *, threads, dtype="float32"):
        super().__init__(network, training, threads=threads, dtype=dtype)
        if training is not None and training.optimizer == self.moves:
            optimizer = self.optimizer
            inner = optimizer.update
            optimizer.update = lambda w, g, rate: self.move(optimizer, inner, w, g, rate)

    def move(self, optimizer, inner, w, g, rate):
        raise NotImplementedError


@caught_by("same training", cell="simple_rnn")
class HasAnotherEpsilon(MovesOtherwise):
    """Adam's ε is 1e-8, as most libraries have it."""

    def move(self, optimizer, inner, w, g, rate):
        optimizer.epsilon = 1e-8
        inner(w, g, rate)


@caught_by("same training", cell="simple_rnn")
class PutsEpsilonIntoAdamsRoot(MovesOtherwise):
    """Adam divides by √(v+ε)."""

    def move(self, optimizer, inner, w, g, rate):
        before = w.copy()
        inner(w, g, rate)
        m, v = optimizer.state["m"], optimizer.state["v"]
        t = optimizer.step
        scale = rate * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        w[:] = before - scale * m / np.sqrt(v + optimizer.epsilon)


@caught_by("same training", cell="simple_rnn")
class CorrectsEpsilonToo(MovesOtherwise):
    """Adam's ε stands beside the corrected √v̂, as in the paper's algorithm 1, not beside √v."""

    def move(self, optimizer, inner, w, g, rate):
        before = w.copy()
        inner(w, g, rate)
        t = optimizer.step
        m, v = optimizer.state["m"] / (1 - 0.9**t), optimizer.state["v"] / (1 - 0.999**t)
        w[:] = before - rate * m / (np.sqrt(v) + optimizer.epsilon)


@caught_by("same training", "same training in float32", cell="simple_rnn")
class CorrectsNoBias(MovesOtherwise):
    """Adam's moments are not corrected for their start from zero."""

    def move(self, optimizer, inner, w, g, rate):
        t = optimizer.step + 1
        inner(w, g, rate / np.sqrt(1 - 0.999**t) * (1 - 0.9**t))


@caught_by("same training", cell="simple_rnn")
class CorrectsFromStepZero(MovesOtherwise):
    """Adam's correction counts steps from 0: it lags by one behind the first."""

    def move(self, optimizer, inner, w, g, rate):
        t = optimizer.step + 1
        late = max(optimizer.step, 1)
        right, wrong = (np.sqrt(1 - 0.999**n) / (1 - 0.9**n) for n in (t, late))
        inner(w, g, rate * wrong / right)


@caught_by("same training", cell="simple_rnn")
class PutsEpsilonOutsideOfRMSprop(MovesOtherwise):
    """RMSprop divides by √v+ε."""

    moves = "rmsprop"

    def move(self, optimizer, inner, w, g, rate):
        before = w.copy()
        inner(w, g, rate)
        w[:] = before - rate * g / (np.sqrt(optimizer.state["v"]) + optimizer.epsilon)


@caught_by("same training", cell="simple_rnn")
class HasAnotherRho(MovesOtherwise):
    """RMSprop's ρ is 0.99, as another library has it."""

    moves = "rmsprop"

    def move(self, optimizer, inner, w, g, rate):
        optimizer.rho = 0.99
        inner(w, g, rate)


@caught_by("same training", cell="simple_rnn")
class DoesNotDampMomentum(MovesOtherwise):
    """``u ← m·u + lr·g``."""

    moves = "momentum"

    def move(self, optimizer, inner, w, g, rate):
        inner(w, g / (1 - optimizer.momentum), rate)


@caught_by("same training", cell="simple_rnn")
class KeepsMomentumWithoutRate(MovesOtherwise):
    """``u ← m·u + (1−m)·g; w ← w − lr·u``: the same only while the rate stays as it is."""

    moves = "momentum"

    def move(self, optimizer, inner, w, g, rate):
        u = optimizer.state["u"]
        u[:] = optimizer.momentum * u + (1 - optimizer.momentum) * g
        w -= rate * u
        optimizer.step += 1


@caught_by("same training", cell="simple_rnn")
class LooksAhead(MovesOtherwise):
    """Momentum in Nesterov's form."""

    moves = "momentum"

    def move(self, optimizer, inner, w, g, rate):
        inner(w, g, rate)
        m, u = optimizer.momentum, optimizer.state["u"]
        w -= m * u + rate * (1 - m) * g - u


@caught_by("same training", cell="simple_rnn")
class DecaysItsWeights(MovesOtherwise):
    """Plain gradient descent pulls the parameters to zero a little."""

    moves = "sgd"

    def move(self, optimizer, inner, w, g, rate):
        w *= 1 - 1e-6 * rate
        inner(w, g, rate)


@caught_by("same training", cell="simple_rnn")
class MovesWhatHasAGradientAlone(MovesOtherwise):
    """Adam leaves a number alone whose gradient is zero, though its moments are not."""

    def move(self, optimizer, inner, w, g, rate):
        before = w.copy()
        inner(w, g, rate)
        w[g == 0] = before[g == 0]
