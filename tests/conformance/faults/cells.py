"""Mistakes of the network itself: cells, gates, biases, layers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from namegen.backends.numpy_engine.cells import GRU, SimpleRNN, sigmoid_of_half
from namegen.backends.numpy_engine.engine import NumpyEngine
from tests.conformance.faults.fault import caught_by


class ReordersColumns(NumpyEngine):
    """What the faults below have in common: the blocks of each kernel's columns are read in the order ``gates``."""

    gates: tuple[int, ...]

    def _turned(self, state, order):
        found = {}
        for name, values in state.items():
            of_layer = "rnn." in name
            found[name] = (
                np.concatenate([np.split(values, len(order), axis=-1)[gate] for gate in order], axis=-1)
                if of_layer
                else values
            )
        return found

    def set_state(self, state):
        super().set_state(self._turned(state, self.gates))

    def get_state(self):
        return self._turned(super().get_state(), np.argsort(self.gates).tolist())


@caught_by("same logits", cell="lstm")
class OrdersGatesAsOthers(ReordersColumns):
    """The gates of an LSTM stand as i, f, o, c."""

    gates = (0, 1, 3, 2)


@caught_by("same logits", "same training")
class SwapsGatesOfTheGRU(ReordersColumns):
    """The gates of a GRU stand as r, z, h."""

    gates = (1, 0, 2)


@caught_by("same logits", "same training")
class SwapsBiasesOfTheGRU(NumpyEngine):
    """The two rows of a GRU's bias are taken for one another."""

    def _turned(self, state):
        return {
            name: values[::-1].copy() if "rnn." in name and name.endswith(".bias") else values
            for name, values in state.items()
        }

    def set_state(self, state):
        super().set_state(self._turned(state))

    def get_state(self):
        return self._turned(super().get_state())


@caught_by("same logits", "same training")
class ForgetsTheStatesBias(NumpyEngine):
    """The second row of a GRU's bias is not read, and lost."""

    def set_state(self, state):
        super().set_state(state)
        for layer in self.model.recurrent:
            layer.parameters["bias"][1] = 0


class OtherCell(NumpyEngine):
    """What the faults below have in common: the layers have another cell, ``other``."""

    other: type

    def __init__(self, network, training, *, threads, dtype="float32"):
        super().__init__(network, training, threads=threads, dtype=dtype)
        for layer in self.model.recurrent:
            layer.cell = self.other()


class ResetsBefore(GRU):
    """``n = tanh(x_n + r h)``."""

    def forward(self, columns, s, before, after, kept):
        h, (n, z, r, _) = before[0], columns
        columns[1:3] += s[:2]
        sigmoid_of_half(columns[1:3])
        np.tanh(n + r * h, out=n)
        np.add(n, z * (h - n), out=after[0])


@caught_by("same logits")
class ResetsBeforeTheProduct(OtherCell):
    """The reset gate of a GRU is applied to the state itself, not to its product, as with ``reset_after=False``."""

    other = ResetsBefore


class Updates(GRU):
    """``h' = (1 − z) h + z n``."""

    def forward(self, columns, s, before, after, kept):
        super().forward(columns, s, before, after, kept)
        h, (n, z, _, _) = before[0], columns
        np.add(h, z * (n - h), out=after[0])


@caught_by("same logits")
class TurnsTheUpdateGate(OtherCell):
    """The update gate of a GRU keeps what it should replace, as in Cho's paper."""

    other = Updates


class Softsign(SimpleRNN):
    """``h' = s / (1 + |s|)``."""

    def forward(self, columns, s, before, after, kept):
        sums = columns + s
        np.divide(sums, 1 + np.abs(sums), out=after)


@caught_by("same logits", cell="simple_rnn")
class HasAnotherActivation(OtherCell):
    """The state of a SimpleRNN goes through softsign, not tanh."""

    other = Softsign


class HalfBackward(SimpleRNN):
    """The derivative of ``tanh`` with half a square."""

    def slopes(self, columns, before, after, kept):
        np.subtract(1, after * after / 2, out=columns)


@caught_by("same training", cell="simple_rnn")
class HasAWrongDerivative(OtherCell):
    """The gradient of a SimpleRNN is not that of its loss."""

    other = HalfBackward


@caught_by("same with three layers")
class HasTwoLayers(NumpyEngine):
    """The third layer is passed by: the second one's state, cut or filled up, goes to the output."""

    def step(self, tokens, state):
        if len(self.network.hidden) < 3:
            return super().step(tokens, state)
        _, after = super().step(tokens, state)
        below, width = after[1][0], self.network.hidden[2]
        return self.model.output.forward(np.ascontiguousarray(np.resize(below, (len(tokens), width)))), after


@caught_by("same with three layers")
class TrainsTwoLayers(NumpyEngine):
    """The third layer is computed, and not trained."""

    def train_epoch(self, steps):
        frozen = {
            name: np.zeros((1,) * values.ndim) for name, values in self.model.gradients.items() if "rnn.2" in name
        }
        inner = self.model.masked_loss_and_gradient

        def without_third(batch, masks):
            loss = inner(batch, masks)
            for name, zero in frozen.items():
                self.model.gradients[name] *= zero
            return loss

        self.model.masked_loss_and_gradient = without_third
        try:
            return super().train_epoch(steps)
        finally:
            self.model.masked_loss_and_gradient = inner


@caught_by("attributes", "same logits", crashes=True)
class BuildsLayersInReverse(NumpyEngine):
    """The layers stand in reverse: the widths of the settings are read from behind."""

    def __init__(self, network, training, *, threads, dtype="float32"):
        reverse = replace(network, hidden=network.hidden[::-1])
        super().__init__(reverse, training, threads=threads, dtype=dtype)


@caught_by("same with a large vocabulary")
class TrainsOnBytes(NumpyEngine):
    """Training takes tokens for bytes: the character 256 is the boundary."""

    def __init__(self, network, training, *, threads, dtype="float32"):
        super().__init__(network, training, threads=threads, dtype=dtype)
        first = self.model.recurrent[0]
        forward = first.forward
        first.forward = lambda tokens, walk: forward(tokens.astype(np.uint8).astype(np.int32), walk)
