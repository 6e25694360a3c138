"""TorchEngine: namegen's recurrent network in PyTorch, on the base for tensor libraries.

It reads the distinct names of a batch as rows, a place at a time, and weighs the loss by their counts. From the logits
on, gradients are autograd's; that of the loss is written down, as ``core/engine.py`` has it. Letters are those of
``namegen/core/README.md``; ``x`` is the input's part of the gates, ``s`` the state's.
"""

from __future__ import annotations

from typing import ClassVar, cast

import torch
from torch import Tensor
from torch.nn.functional import embedding, one_hot

from namegen.backends.base import PaddedRows, TensorEngine, Tensors
from namegen.core.data.batching import Batch
from namegen.core.network.architecture import Network, RecurrentNetwork
from namegen.types import Array

State = tuple[Tensor, ...]  # (B, H) each: h of every layer, for LSTM h and c of every layer


def simple_rnn(x: Tensor, s: Tensor, before: State) -> State:
    """``h' = tanh(x + s)``."""
    return (torch.tanh(x + s),)


def gru(x: Tensor, s: Tensor, before: State) -> State:
    """Keras's form (``reset_after=True``), gates z, r, n: ``h' = z h + (1 − z) tanh(x_n + r s_n)``."""
    x_n, s_n = x.chunk(3, -1)[2], s.chunk(3, -1)[2]
    z, r, _ = torch.sigmoid(x + s).chunk(3, -1)
    n = torch.tanh(x_n + r * s_n)
    return (z * before[0] + (1 - z) * n,)


def lstm(x: Tensor, s: Tensor, before: State) -> State:
    """Gates i, f, g, o: ``c' = f c + i g``, ``h' = o tanh(c')``."""
    i, f, g, o = (x + s).chunk(4, -1)
    c = torch.sigmoid(f) * before[1] + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


CELLS = {"simple_rnn": simple_rnn, "gru": gru, "lstm": lstm}


class TorchEngine(TensorEngine):
    """The network in PyTorch, on the processor."""

    name: ClassVar[str] = "torch"
    architectures: ClassVar[tuple[type[Network], ...]] = (RecurrentNetwork,)
    cells: ClassVar[frozenset[str]] = frozenset(CELLS)
    requires: ClassVar[tuple[str, ...]] = ("torch",)
    network: RecurrentNetwork

    def use_threads(self, threads: int) -> None:
        """PyTorch's, for the whole process."""
        torch.set_num_threads(threads)

    def to_tensor(self, array: Array) -> Tensor:
        """The same memory."""
        return torch.from_numpy(array)

    def to_array(self, tensor: Tensor) -> Array:
        """The same memory."""
        return tensor.numpy()

    def initial_state(self, rows: int) -> State:
        """Zeros for every layer."""
        return tuple(
            torch.zeros(rows, H, dtype=getattr(torch, self.dtype))
            for H in self.network.state_widths
        )

    @torch.no_grad()
    def step(self, tokens: Array, state: object) -> tuple[Array, State]:
        """Read one token a row: a row of one place."""
        logits, after = self._read(
            self.parameters, torch.tensor(tokens)[:, None], cast(State, state)
        )
        return logits[:, 0].numpy(), after

    def loss_and_gradients(self, parameters: Tensors, batch: Batch) -> tuple[Tensor, Tensors]:
        """Of the distinct names as rows; what lies behind their ends is left out."""
        rows = PaddedRows.of(batch)
        inputs, wanted, weights = map(torch.from_numpy, (rows.inputs, rows.wanted, rows.weights))
        leaves = {name: tensor.detach().requires_grad_() for name, tensor in parameters.items()}
        logits, read = self._read(leaves, inputs, self.initial_state(len(inputs)))[0], weights > 0
        logits, wanted, weights = logits[read], wanted[read], weights[read, None].to(logits.dtype)
        target = one_hot(wanted, self.vocabulary_size) if batch.targets is None else wanted
        log_p = logits.detach().log_softmax(-1)
        d_logits = weights * (log_p.exp() - target) / batch.characters
        gradients = torch.autograd.grad(logits, list(leaves.values()), d_logits)
        return -(weights * target * log_p).sum(dtype=torch.float64), dict(
            zip(leaves, gradients, strict=True)
        )

    def _read(self, parameters: Tensors, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        """Rows of tokens ``(B, T)``, from a state: the logits ``(B, T, V)`` at each place, and the state at the end."""
        cell, states = CELLS[self.network.cell], self.network.formula.states
        constant_state = self.training is not None and not self.training.bptt
        rows, after = inputs, list[Tensor]()
        for k in range(len(self.network.hidden)):
            kernel, U, bias = (
                parameters[f"rnn.{k}.{part}"] for part in ("kernel", "recurrent_kernel", "bias")
            )
            input_bias, state_bias = bias if bias.dim() == 2 else (bias, 0)
            x = (rows @ kernel if k else embedding(rows, kernel)) + input_bias
            layer, outputs = state[k * states : (k + 1) * states], []
            for x_t in x.unbind(1):
                if constant_state:
                    layer = tuple(part.detach() for part in layer)
                layer = cell(x_t, layer[0] @ U + state_bias, layer)
                outputs.append(layer[0])
            rows = torch.stack(outputs, 1)
            after += layer
        return rows @ parameters["output.kernel"] + parameters["output.bias"], tuple(after)
