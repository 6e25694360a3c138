"""TransformerEngine: the architecture ``transformer`` in PyTorch, on the base for tensor libraries.

Training reads the distinct names of a batch as rows, all places at once, and weighs the loss by their counts. ``step``
reads one place more and keeps the keys and values of those before, so that nothing is read twice; both go through the
same ``_read``. Letters: ``B`` rows, ``T`` places, ``P`` places read before, ``D`` width.
"""

from __future__ import annotations

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

State = tuple[Tensor, ...]  # of each block the keys and the values of what was read, (B, P, D) each


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
                f"the engine {self.name} has no state from place to place, so {setting('bptt', False)} means "
                "nothing to it: leave it out, or choose another engine"
            )
        super().__init__(network, training, threads=threads, dtype=dtype)

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
        """Of every block no keys and no values."""
        nothing = torch.zeros(rows, 0, self.network.width, dtype=getattr(torch, self.dtype))
        return (nothing,) * (2 * len(self.network.hidden))

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
        """Rows of tokens ``(B, T)``, after what a state holds: the logits ``(B, T, V)``, and the state at the end."""
        network, context = self.network, self.network.context
        before, places = state[0].shape[1], inputs.shape[1]
        out_of_sight = max(0, before + places - context + 1)  # of the next place
        place = torch.arange(before, before + places)  # (T,)
        seen = torch.arange(before + places)  # (P + T,)
        looks_at = (seen <= place[:, None]) & (seen > place[:, None] - context)  # (T, P + T)

        def norm(name: str, x: Tensor) -> Tensor:
            return layer_norm(
                x, x.shape[-1:], parameters[f"{name}.scale"], parameters[f"{name}.bias"]
            )

        def linear(name: str, x: Tensor) -> Tensor:
            return x @ parameters[f"{name}.kernel"] + parameters[f"{name}.bias"]

        def heads(x: Tensor) -> Tensor:  # (B, n, D) → (B, heads, n, D / heads)
            return x.unflatten(-1, (network.heads, -1)).transpose(1, 2)

        x = embedding(inputs, parameters["embedding.kernel"])
        x = x + embedding(place.clamp(max=context - 1), parameters["place.kernel"])
        after: list[Tensor] = []
        for k in range(len(network.hidden)):
            query, key, value = linear(
                f"block.{k}.attention", norm(f"block.{k}.attention_norm", x)
            ).chunk(3, -1)
            key, value = torch.cat([state[2 * k], key], 1), torch.cat([state[2 * k + 1], value], 1)
            attended = scaled_dot_product_attention(
                heads(query), heads(key), heads(value), attn_mask=looks_at
            )
            x = x + linear(f"block.{k}.attention_output", attended.transpose(1, 2).flatten(2))
            x = x + linear(
                f"block.{k}.feed_output",
                gelu(linear(f"block.{k}.feed", norm(f"block.{k}.feed_norm", x))),
            )
            after += [key[:, out_of_sight:], value[:, out_of_sight:]]
        return linear("output", norm("output_norm", x)), tuple(after)
