"""Train with PyTorch: ``nn.RNN``, ``nn.GRU`` or ``nn.LSTM`` on packed or padded sequences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pack_padded_sequence

from benchmarks.trainers import SPEED_RATE, Rate, Trainer, pad_names
from namegen.core.data.corpus import Corpus
from namegen.core.settings import Recipe
from namegen.types import Array

LAYERS = {"simple_rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
# For each of PyTorch's gates, the index of the same gate in Keras. For GRUs, Keras has the order z, r, h, and PyTorch
# has r, z, h. LSTMs have the same order in both.
GATE_ORDER = {"simple_rnn": (0,), "gru": (1, 0, 2), "lstm": (0, 1, 2, 3)}
IGNORED = -100  # the target after the end of a name, which PyTorch's cross entropy ignores


class TorchTrainer(Trainer):
    """Train with PyTorch's Adam.

    The first layer reads one-hot rows from a fixed embedding, so the network is exactly the same as namegen's. A
    trained embedding with the width of the layer is 5% to 25% slower.

    Args:
        corpus: The list of names.
        recipe: The settings.
        padded: Whether batches have names of similar lengths, padded to the longest. Otherwise, the names are random
            and packed.
        distinct: Whether each distinct name of a batch is read only once, with its count as its weight.
    """

    def __init__(
        self, corpus: Corpus, recipe: Recipe, *, padded: bool = False, distinct: bool = False
    ) -> None:
        super().__init__(corpus, recipe)
        torch.manual_seed(0)
        torch.set_num_threads(1)
        self.padded = padded
        self.distinct = distinct

        # Encode the distinct names as rows, and find the row of each name in the list.
        distinct_names, self.row_of_entry = np.unique(self.names, return_inverse=True)  # (R,), (N,)
        tokens, lengths = pad_names(distinct_names.tolist(), self.vocabulary)
        targets = tokens[:, 1:].astype(np.int64)  # (R, T)
        targets[np.arange(targets.shape[1]) >= lengths[:, None]] = IGNORED
        self.tokens = torch.from_numpy(tokens.T.copy())  # (T + 1, R)
        self.targets = torch.from_numpy(targets.T.copy())  # (T, R)
        self.lengths = torch.from_numpy(lengths)  # (R,), with the end token
        self.characters = int(self.lengths[self.row_of_entry].sum())

        # Create the layers. Biases that namegen's cell doesn't have are 0 and aren't trained.
        architecture = self.architecture
        width = architecture.hidden[0]
        layer_count = len(architecture.hidden)
        if set(architecture.hidden) != {width}:
            raise ValueError(f"PyTorch needs layers of the same width, not {architecture.hidden}")
        self.embedding = nn.Embedding.from_pretrained(torch.eye(self.vocabulary.size))
        self.rnn = LAYERS[architecture.cell](self.vocabulary.size, width, num_layers=layer_count)
        if architecture.formula.biases == 1:
            for layer in range(layer_count):
                getattr(self.rnn, f"bias_hh_l{layer}").requires_grad_(False)
        self.output = nn.Linear(width, self.vocabulary.size)
        self.network = nn.ModuleList([self.embedding, self.rnn, self.output])
        self._reset_optimizer()

    def _reset_optimizer(self) -> None:
        trained = [parameter for parameter in self.network.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.Adam(trained, lr=SPEED_RATE, eps=1e-7, fused=True)

    def warm_up(self) -> None:
        """Do one training step, and restore the parameters."""
        before = {name: values.clone() for name, values in self.network.state_dict().items()}
        self._step(torch.from_numpy(self.row_of_entry[: self.batch_size]), None)
        self.network.load_state_dict(before)
        self._reset_optimizer()

    def epoch(self, number: int, rate: Rate) -> None:
        """Train for an epoch."""
        for rows in self._batches(number):
            learning_rate = rate()
            if learning_rate is None:
                return
            self.optimizer.param_groups[0]["lr"] = learning_rate
            if self.distinct:
                distinct_rows, counts = np.unique(rows, return_counts=True)
                self._step(torch.from_numpy(distinct_rows), torch.from_numpy(counts))
            else:
                self._step(torch.from_numpy(rows), None)

    def _batches(self, number: int) -> Iterator[Array]:
        """Yield the rows of each batch of an epoch. Padded batches have names of similar lengths, in random order."""
        rng = np.random.default_rng([0, number])
        order = rng.permutation(self.row_of_entry)
        starts = np.arange(0, len(order), self.batch_size)
        if self.padded:
            order = order[np.argsort(self.lengths[order], kind="stable")]
            starts = rng.permutation(starts)
        for start in starts:
            yield order[start : start + self.batch_size]

    def _step(self, rows: torch.Tensor, counts: torch.Tensor | None) -> float:
        """Update the parameters, and return the mean loss before the update."""
        loss = self._loss(rows, counts)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        return float(loss.detach())

    def _loss(self, rows: torch.Tensor, counts: torch.Tensor | None) -> torch.Tensor:
        """Compute the mean loss per character of some names, which are weighted by their counts."""
        lengths, order = torch.sort(self.lengths[rows], descending=True)
        rows = rows[order]
        depth = int(lengths[0])
        inputs = self.embedding(self.tokens[:depth, rows])  # (T, B, V)
        targets = self.targets[:depth, rows]  # (T, B)
        logits = self.output(self._read(inputs, lengths))  # (P, V)
        flat_targets = self._flatten(targets, lengths)  # (P,)
        if counts is None:
            return cross_entropy(logits, flat_targets)
        weights = (targets >= 0) * counts[order].float()  # (T, B)
        flat_weights = self._flatten(weights, lengths)  # (P,)
        losses = cross_entropy(logits, flat_targets, reduction="none")
        return (losses * flat_weights).sum() / flat_weights.sum()

    def _read(self, inputs: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Return the outputs of the last recurrent layer at all positions, with shape ``(P, H)``."""
        if self.padded:
            outputs, _ = self.rnn(inputs)  # (T, B, H)
            return outputs.flatten(0, 1)
        packed_outputs, _ = self.rnn(pack_padded_sequence(inputs, lengths))
        return packed_outputs.data

    def _flatten(self, values: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Flatten an array of shape ``(T, B)`` in the order of ``_read``."""
        if self.padded:
            return values.flatten()
        return pack_padded_sequence(values, lengths).data

    @torch.no_grad()
    def loss_of_all(self) -> float:
        """Compute the loss of all names, in nats per character."""
        return float(self._loss(torch.from_numpy(self.row_of_entry), None))

    def get_parameters(self) -> dict[str, Array]:
        """Return the parameters by name, in Keras's layout."""
        cell = self.architecture.cell
        order = np.argsort(GATE_ORDER[cell])
        parameters = {}
        for layer in range(len(self.architecture.hidden)):
            kernel, recurrent_kernel, input_bias, state_bias = [
                _reorder_gates(parameter.detach().numpy(), order)
                for parameter in self._recurrent_parameters(layer)
            ]
            has_two_biases = cell == "gru"
            bias = np.stack([input_bias, state_bias]) if has_two_biases else input_bias + state_bias
            parameters[f"rnn.{layer}.kernel"] = kernel.T
            parameters[f"rnn.{layer}.recurrent_kernel"] = recurrent_kernel.T
            parameters[f"rnn.{layer}.bias"] = bias
        parameters["output.kernel"] = self.output.weight.detach().numpy().T.copy()
        parameters["output.bias"] = self.output.bias.detach().numpy().copy()
        return parameters

    @torch.no_grad()
    def set_parameters(self, parameters: Mapping[str, Array]) -> None:
        """Set the parameters from Keras's layout, and reset the optimizer."""
        order = GATE_ORDER[self.architecture.cell]
        for layer in range(len(self.architecture.hidden)):
            kernel = parameters[f"rnn.{layer}.kernel"].T
            recurrent_kernel = parameters[f"rnn.{layer}.recurrent_kernel"].T
            bias = parameters[f"rnn.{layer}.bias"]
            # If Keras has only one bias, PyTorch's second bias is 0.
            input_bias, state_bias = bias if bias.ndim == 2 else (bias, np.zeros_like(bias))
            new_values = (kernel, recurrent_kernel, input_bias, state_bias)
            for parameter, values in zip(
                self._recurrent_parameters(layer), new_values, strict=True
            ):
                parameter.copy_(torch.from_numpy(_reorder_gates(values, order)))
        self.output.weight.copy_(torch.from_numpy(parameters["output.kernel"].T.copy()))
        self.output.bias.copy_(torch.from_numpy(parameters["output.bias"]))
        self._reset_optimizer()

    def _recurrent_parameters(self, layer: int) -> list[nn.Parameter]:
        """Return PyTorch's kernel, recurrent kernel, bias and recurrent bias of a layer."""
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        return [getattr(self.rnn, f"{name}_l{layer}") for name in names]


def _reorder_gates(values: Array, order: Sequence[int]) -> Array:
    """Reorder the blocks of rows that belong to the gates."""
    blocks = np.split(np.asarray(values), len(order))
    return np.concatenate([blocks[index] for index in order])
