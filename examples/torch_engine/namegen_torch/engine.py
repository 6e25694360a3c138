"""TorchEngine: namegen's recurrent network in PyTorch, on the base for tensor libraries.

It reads the distinct names of a batch as rows, one position at a time, and weights the loss by the number of times each
name occurs. ``cross_entropy`` computes the gradient with respect to the logits, and autograd computes the rest.
``namegen/core/README.md`` explains the letters. ``x`` is the input's part of the gates, and ``s`` the state's part.
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
    """Compute ``h' = tanh(x + s)``."""
    return (torch.tanh(x + s),)


def gru(x: Tensor, s: Tensor, before: State) -> State:
    """Compute ``h' = z h + (1 − z) tanh(x_n + r s_n)``, Keras's form (``reset_after=True``) with the gates z, r, n."""
    h = before[0]
    x_n = x.chunk(3, -1)[2]
    s_n = s.chunk(3, -1)[2]
    z, r = torch.sigmoid(x + s).chunk(3, -1)[:2]
    n = torch.tanh(x_n + r * s_n)
    return (z * h + (1 - z) * n,)


def lstm(x: Tensor, s: Tensor, before: State) -> State:
    """Compute ``c' = f c + i g`` and ``h' = o tanh(c')``, with the gates i, f, g, o."""
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
        """Set PyTorch's threads, for the whole process."""
        torch.set_num_threads(threads)

    def to_tensor(self, array: Array) -> Tensor:
        """Return a tensor that shares the array's memory."""
        return torch.from_numpy(array)

    def to_array(self, tensor: Tensor) -> Array:
        """Return an array that shares the tensor's memory."""
        return tensor.numpy()

    def initial_state(self, rows: int) -> State:
        """Return zeros for every layer."""
        dtype = getattr(torch, self.dtype)
        return tuple(torch.zeros(rows, H, dtype=dtype) for H in self.network.state_widths)

    @torch.no_grad()
    def step(self, tokens: Array, state: object) -> tuple[Array, State]:
        """Read one token per row, as rows of length 1."""
        inputs = torch.tensor(tokens)[:, None]  # (B, 1)
        logits, after = self._read(self.parameters, inputs, cast(State, state))
        return logits[:, 0].numpy(), after

    def loss_and_gradients(self, parameters: Tensors, batch: Batch) -> tuple[Tensor, Tensors]:
        """Compute the loss over the distinct names of a batch, and its gradients.

        Positions after the end of a name are skipped.
        """
        rows = PaddedRows.of(batch)
        all_weights = torch.from_numpy(rows.weights)  # (R, T)
        is_in_name = all_weights > 0
        leaves = {name: tensor.detach().requires_grad_() for name, tensor in parameters.items()}
        inputs = torch.from_numpy(rows.inputs)  # (R, T)
        all_logits, _ = self._read(leaves, inputs, self.initial_state(len(inputs)))
        logits = all_logits[is_in_name]  # (positions, V)
        weights = all_weights[is_in_name, None].to(logits.dtype)  # (positions, 1)
        targets = torch.from_numpy(rows.wanted)[is_in_name]
        if batch.targets is None:
            targets = one_hot(targets, self.vocabulary_size)  # (positions, V)
        loss, d_logits = cross_entropy(logits.detach(), targets, weights)
        d_logits = d_logits / batch.characters
        gradients = torch.autograd.grad(logits, list(leaves.values()), d_logits)
        return loss, dict(zip(leaves, gradients, strict=True))

    def _read(self, parameters: Tensors, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        """Read rows of tokens ``(B, T)``. Return the logits ``(B, T, V)`` and the state at the end."""
        arrays_per_layer = self.network.formula.states
        rows = inputs
        after: list[Tensor] = []
        for k in range(len(self.network.hidden)):
            first = k * arrays_per_layer
            layer_state = state[first : first + arrays_per_layer]
            x = self._input_part(parameters, k, rows)
            rows, layer_after = self._read_layer(parameters, k, x, layer_state)
            after += layer_after
        logits = rows @ parameters["output.kernel"] + parameters["output.bias"]
        return logits, tuple(after)

    def _input_part(self, parameters: Tensors, k: int, rows: Tensor) -> Tensor:
        """Compute ``x K + b`` of layer ``k``. The first layer's rows are tokens, which select rows of K."""
        kernel = parameters[f"rnn.{k}.kernel"]
        bias = parameters[f"rnn.{k}.bias"]
        input_bias = bias[0] if bias.dim() == 2 else bias
        product = embedding(rows, kernel) if k == 0 else rows @ kernel
        return product + input_bias

    def _read_layer(
        self, parameters: Tensors, k: int, x: Tensor, state: State
    ) -> tuple[Tensor, State]:
        """Run layer ``k`` on its input's part ``(B, T, gates · H)``. Return h ``(B, T, H)`` and the last state."""
        cell = CELLS[self.network.cell]
        U = parameters[f"rnn.{k}.recurrent_kernel"]
        bias = parameters[f"rnn.{k}.bias"]
        state_bias = bias[1] if bias.dim() == 2 else 0
        stops_gradients = self.training is not None and not self.training.bptt
        outputs: list[Tensor] = []
        for x_t in x.unbind(1):  # (B, gates · H)
            if stops_gradients:
                state = tuple(array.detach() for array in state)
            state = cell(x_t, state[0] @ U + state_bias, state)
            outputs.append(state[0])
        return torch.stack(outputs, 1), state


def cross_entropy(logits: Tensor, targets: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Compute the softmax cross-entropy, summed over all positions, and its gradient.

    Args:
        logits: ``(positions, V)``.
        targets: the probability of each token, ``(positions, V)``.
        weights: how many names each position counts for, ``(positions, 1)``.
    """
    log_p = logits.log_softmax(-1)
    loss = -(weights * targets * log_p).sum(dtype=torch.float64)
    return loss, weights * (log_p.exp() - targets)
