"""TransformerEngine: the architecture ``transformer`` in PyTorch, on the base for tensor libraries.

Training reads the distinct names of a batch as rows, all positions at once, and weights the loss by the number of times
each name occurs. ``step`` reads one more position and keeps the keys and values of the previous positions, so it never
reads a position twice. Both use ``_read``. The letters are ``B`` rows, ``T`` positions, ``P`` positions that were read
before, and ``D`` width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, cast

import torch
from torch import Tensor
from torch.nn.functional import embedding, gelu, layer_norm, one_hot, scaled_dot_product_attention

from namegen.backends.base import PaddedRows, TensorEngine, Tensors
from namegen.core.data.batching import Batch
from namegen.core.network.architecture import Network
from namegen.core.settings import TrainingSettings
from namegen.errors import EngineError, setting
from namegen.types import Array
from namegen_transformer.architecture import Transformer

# The keys and the values of each block for the positions that were read before, (B, P, D) each.
State = tuple[Tensor, ...]


class TransformerEngine(TensorEngine):
    """A decoder-only Transformer in PyTorch, on the processor.

    Raises:
        EngineError: training without ``bptt``: there is no state that a gradient could pass through.
    """

    name: ClassVar[str] = "transformer"
    architectures: ClassVar[tuple[type[Network], ...]] = (Transformer,)
    requires: ClassVar[tuple[str, ...]] = ("torch",)
    network: Transformer

    def __init__(
        self,
        network: Transformer,
        training: TrainingSettings | None,
        *,
        threads: int,
        dtype: str = "float32",
    ) -> None:
        if training is not None and not training.bptt:
            raise EngineError(
                f"the backend {self.name} has no recurrent state, so {setting('bptt', False)} has no effect: "
                "remove it, or choose another backend"
            )
        super().__init__(network, training, threads=threads, dtype=dtype)

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
        """Return no keys and no values for every block."""
        dtype = getattr(torch, self.dtype)
        nothing = torch.zeros(rows, 0, self.network.width, dtype=dtype)  # (B, 0, D)
        return (nothing, nothing) * len(self.network.hidden)

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
        """Read rows of tokens ``(B, T)``. Return the logits ``(B, T, V)`` and the new state."""
        P = state[0].shape[1]
        T = inputs.shape[1]
        blocks = Blocks(self.network, parameters)
        is_visible = visible_positions(P, T, self.network.context)
        # The next position can't see these first positions, so the state doesn't keep them.
        forgotten = max(0, P + T - self.network.context + 1)
        x = blocks.embed(inputs, first_position=P)
        after: list[Tensor] = []
        for k in range(len(self.network.hidden)):
            query, new_keys, new_values = blocks.query_key_value(k, x)  # (B, T, D) each
            old_keys, old_values = state[2 * k : 2 * k + 2]  # (B, P, D) each
            keys = torch.cat([old_keys, new_keys], 1)  # (B, P + T, D)
            values = torch.cat([old_values, new_values], 1)  # (B, P + T, D)
            x = x + blocks.attend(k, query, keys, values, is_visible)
            x = x + blocks.feed(k, x)
            after += [keys[:, forgotten:], values[:, forgotten:]]
        return blocks.logits(x), tuple(after)


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


def visible_positions(before: int, count: int, context: int) -> Tensor:
    """Return which positions each new position attends to, ``(T, P + T)``: itself and the ``context − 1`` before it.

    >>> visible_positions(before=1, count=2, context=2).int().tolist()
    [[1, 1, 0], [0, 1, 1]]
    """
    new = torch.arange(before, before + count)[:, None]  # (T, 1)
    seen = torch.arange(before + count)  # (P + T,)
    return (seen <= new) & (seen > new - context)


@dataclass(frozen=True, eq=False)
class Blocks:
    """The arithmetic of the network with some parameters."""

    network: Transformer
    parameters: Tensors

    def embed(self, inputs: Tensor, first_position: int) -> Tensor:
        """Add the embeddings of tokens and positions, ``(B, T, D)``. Positions after the context share the last one."""
        positions = torch.arange(first_position, first_position + inputs.shape[1])  # (T,)
        x = embedding(inputs, self.parameters["embedding.kernel"])
        known = positions.clamp(max=self.network.context - 1)
        return x + embedding(known, self.parameters["place.kernel"])

    def query_key_value(self, k: int, x: Tensor) -> tuple[Tensor, ...]:
        """Compute the queries, keys and values of block ``k``, ``(B, T, D)`` each."""
        normalized = self.norm(f"block.{k}.attention_norm", x)
        return self.linear(f"block.{k}.attention", normalized).chunk(3, -1)

    def attend(
        self, k: int, query: Tensor, keys: Tensor, values: Tensor, is_visible: Tensor
    ) -> Tensor:
        """Compute the output of the attention in block ``k``, ``(B, T, D)``."""
        attended = scaled_dot_product_attention(
            self.split_heads(query),
            self.split_heads(keys),
            self.split_heads(values),
            attn_mask=is_visible,
        )  # (B, heads, T, D / heads)
        joined = attended.transpose(1, 2).flatten(2)  # (B, T, D)
        return self.linear(f"block.{k}.attention_output", joined)

    def feed(self, k: int, x: Tensor) -> Tensor:
        """Compute the output of the feed-forward layers in block ``k``, ``(B, T, D)``."""
        normalized = self.norm(f"block.{k}.feed_norm", x)
        hidden = gelu(self.linear(f"block.{k}.feed", normalized))
        return self.linear(f"block.{k}.feed_output", hidden)

    def logits(self, x: Tensor) -> Tensor:
        """Compute the logits, ``(B, T, V)``."""
        return self.linear("output", self.norm("output_norm", x))

    def norm(self, name: str, x: Tensor) -> Tensor:
        """Normalize each position (layer norm)."""
        scale = self.parameters[f"{name}.scale"]
        bias = self.parameters[f"{name}.bias"]
        return layer_norm(x, x.shape[-1:], scale, bias)

    def linear(self, name: str, x: Tensor) -> Tensor:
        """Compute ``x W + b``."""
        return x @ self.parameters[f"{name}.kernel"] + self.parameters[f"{name}.bias"]

    def split_heads(self, x: Tensor) -> Tensor:
        """Divide the width among the heads: ``(B, n, D)`` becomes ``(B, heads, n, D / heads)``."""
        return x.unflatten(-1, (self.network.heads, -1)).transpose(1, 2)
