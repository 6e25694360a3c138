"""Model: the layers in a row, on parameters that lie in one long vector."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from namegen.backends.numpy_engine.cells import CELLS, Cell
from namegen.backends.numpy_engine.linear import Linear
from namegen.backends.numpy_engine.loss import SoftmaxCrossEntropy
from namegen.backends.numpy_engine.recurrent import LayerState, Recurrent
from namegen.backends.numpy_engine.room import Room
from namegen.backends.numpy_engine.walk import TreeWalk
from namegen.core.data.batching import Batch
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.network.recurrent_network import RecurrentNetwork
from namegen.types import Array, Float, Int


class Model:
    """Tokens → recurrent layers → linear layer → loss.

    All parameters are views into ``vector``, all gradients into ``gradient``, so that an optimizer, clipping and the
    rest need one operation for the whole network.

    Args:
        network: its shapes.
        cell: the arithmetic of its layers; None: the one of ``CELLS`` that the network names.
        through_time: see ``Recurrent``.
        dtype: of all its numbers.
    """

    def __init__(
        self, network: RecurrentNetwork, cell: Cell | None = None, *, through_time: bool = True, dtype: str = "float32"
    ) -> None:
        self.vector = np.zeros(network.parameter_count, dtype)
        self.gradient = np.zeros_like(self.vector)
        self.parameters = views(network, self.vector)
        self.gradients = views(network, self.gradient)
        cell, states = cell or CELLS[network.cell], network.cell_shape.states
        self.recurrent = [
            Recurrent(cell, states, *self._tensors(f"rnn.{k}."), through_time=through_time)
            for k in range(len(network.hidden))
        ]
        self.output = Linear(*self._tensors("output."))
        self.loss = SoftmaxCrossEntropy(dtype)
        self._ready_to_step = False
        self._room = Room(dtype)

    def _tensors(self, prefix: str) -> tuple[dict[str, Array], dict[str, Array]]:
        """The parameters and gradients of one layer, by their short names."""
        parameters, gradients = (
            {name.removeprefix(prefix): values for name, values in tensors.items() if name.startswith(prefix)}
            for tensors in (self.parameters, self.gradients)
        )
        return parameters, gradients

    def parameters_changed(self) -> None:
        """To be called by whoever has changed ``parameters`` or ``vector``; what reads them next looks anew."""
        self._ready_to_step = False

    def forward(self, tree: PrefixTree) -> Float[Array, "N V"]:
        """The logits after every distinct prefix."""
        walk = TreeWalk(tree, self.vector.dtype)
        rows: Array = tree.token
        for layer in self.recurrent:
            rows = layer.forward(rows, walk)
        self._last_rows = rows
        self._ready_to_step = False  # what the layers have read may be masked
        return self.output.forward(rows)

    def loss_and_gradient(self, batch: Batch) -> float:
        """The loss in nats, summed over the characters; ``gradient`` is filled with d (loss / characters)."""
        loss = self.loss.forward(self.forward(batch.tree), batch)
        d_rows: Array | None = self.output.backward(self._last_rows, self.loss.backward())
        for layer in reversed(self.recurrent):
            d_rows = layer.backward(d_rows)  # type: ignore[arg-type]  # only the first layer, called last, gives None
        return loss

    def masked_loss_and_gradient(self, batch: Batch, masks: Mapping[str, Array]) -> float:
        """The same with each masked parameter counting as ``parameter * mask``; afterwards it is as it was."""
        unmasked = {}
        for name, mask in masks.items():
            values = self.parameters[name]
            unmasked[name] = self._room.get(name, *values.shape)
            np.copyto(unmasked[name], values)
            values *= mask
        loss = self.loss_and_gradient(batch)
        for name, mask in masks.items():
            self.parameters[name][...] = unmasked[name]  # not divided by the mask: it holds zeros
            self.gradients[name] *= mask  # parameter * mask
        return loss

    def step(self, tokens: Int[Array, "B"], state: list[LayerState]) -> tuple[Float[Array, "B V"], list[LayerState]]:
        """Read one token a row: the logits of the next one, and the state after it."""
        if not self._ready_to_step:
            for layer in self.recurrent:
                layer.refresh()
            self._ready_to_step = True
        rows: Array = tokens
        after = []
        for layer, before in zip(self.recurrent, state, strict=True):
            after.append(layer.step(rows, before))
            rows = after[-1][0]
        return self.output.forward(rows), after


def views(network: RecurrentNetwork, vector: Float[Array, "P"]) -> dict[str, Array]:
    """The vector cut into the network's tensors, which share its memory."""
    tensors, start = {}, 0
    for name, shape in network.parameter_shapes.items():
        end = start + math.prod(shape)
        tensors[name] = vector[start:end].reshape(shape)
        start = end
    return tensors
