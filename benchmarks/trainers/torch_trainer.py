"""PyTorch: ``nn.RNN``, ``nn.GRU`` or ``nn.LSTM`` on packed or padded sequences, its input a row look-up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pack_padded_sequence

from benchmarks.trainers import SPEED_RATE, Rate
from namegen.core.data.prefix_tree import SortedNames
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.network.architecture import RecurrentNetwork
from namegen.types import Array

LAYERS = {"simple_rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
# Keras's gates in PyTorch's order: of the GRU z, r, h become r, z, h; those of the others stand alike.
NOTHING = -100  # the target behind a name's end, which PyTorch passes over
GATES = {"simple_rnn": (0,), "gru": (1, 0, 2), "lstm": (0, 1, 2, 3)}


class TorchTrainer:
    """Trains by PyTorch, with Adam.

    The first kernel reads one-hot rows, looked up in a table that is not trained: so it is namegen's network exactly. A
    trained table of the layer's width in its place was tried and is slower, by 5 to 25 %.

    Args:
        names: the training names.
        network: its cell and widths.
        padded: batches of names of like length, padded to the longest; else of random names, packed.
        distinct: read each different name of a batch once and weigh its loss by its count.
    """

    def __init__(
        self,
        names: Sequence[str],
        vocabulary: Vocabulary,
        network: RecurrentNetwork,
        *,
        batch_size: int,
        padded: bool = False,
        distinct: bool = False,
        seed: int = 0,
    ) -> None:
        torch.manual_seed(0)
        torch.set_num_threads(1)
        width, *rest = network.hidden
        if set(rest) - {width}:
            raise ValueError(
                f"layers of {network.hidden}: expected one width, as a stack of PyTorch's has"
            )
        self._names(names, vocabulary)
        self.batch_size, self.padded, self.distinct = batch_size, padded, distinct
        self.seed, self.shapes = seed, network
        self.rows = nn.Embedding.from_pretrained(torch.eye(vocabulary.size))
        self.rnn = LAYERS[network.cell](vocabulary.size, width, num_layers=len(network.hidden))
        if (
            network.formula.biases == 1
        ):  # PyTorch has two, which Adam would move twice as fast as one
            for k in range(len(network.hidden)):
                getattr(self.rnn, f"bias_hh_l{k}").requires_grad_(False)
        self.output = nn.Linear(width, vocabulary.size)
        self.network = nn.ModuleList([self.rows, self.rnn, self.output])
        self._new_optimizer()

    def _names(self, names: Sequence[str], vocabulary: Vocabulary) -> None:
        sorted_names = SortedNames.ranked(names, vocabulary)[0]
        rank = {name: place for place, name in enumerate(sorted(set(names)))}
        self.name_of = np.array([rank[name] for name in names])
        depth = int(sorted_names.lengths.max()) + 1
        tokens = np.zeros(
            (len(sorted_names.lengths), depth + 1), np.int64
        )  # START, characters, STOP
        tokens[:, 1:][np.arange(depth) < sorted_names.lengths[:, None]] = sorted_names.tokens
        targets = np.where(
            np.arange(depth) <= sorted_names.lengths[:, None], tokens[:, 1:], NOTHING
        )
        self.tokens, self.targets = (
            torch.from_numpy(tokens.T),
            torch.from_numpy(targets.T),
        )  # time first
        self.lengths = torch.from_numpy(sorted_names.lengths + 1)  # characters to predict
        self.characters = int(self.lengths[self.name_of].sum())

    def _new_optimizer(self) -> None:
        trained = [parameter for parameter in self.network.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.Adam(trained, lr=SPEED_RATE, eps=1e-7, fused=True)

    def warm_up(self) -> None:
        """A step, and back to where it began."""
        before = {name: values.clone() for name, values in self.network.state_dict().items()}
        self.step(torch.from_numpy(self.name_of[: self.batch_size]), None)
        self.network.load_state_dict(before)
        self._new_optimizer()

    def epoch(self, number: int, rate: Rate) -> None:
        """Train one epoch."""
        rng = np.random.default_rng([self.seed, number])
        order = rng.permutation(self.name_of)
        if self.padded:
            order = order[np.argsort(self.lengths[order], kind="stable")]
        starts = np.arange(0, len(order), self.batch_size)
        for first in rng.permutation(starts) if self.padded else starts:
            now = rate()
            if now is None:
                return
            self.optimizer.param_groups[0]["lr"] = now
            rows, counts = order[first : first + self.batch_size], None
            if self.distinct:
                rows, found = np.unique(rows, return_counts=True)
                counts = torch.from_numpy(found)
            self.step(torch.from_numpy(rows), counts)

    def step(self, rows: torch.Tensor, counts: torch.Tensor | None) -> float:
        """One update; the mean loss before it."""
        loss = self.loss(rows, counts)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        return float(loss.detach())

    def loss(self, rows: torch.Tensor, counts: torch.Tensor | None) -> torch.Tensor:
        """Mean over the characters of some names."""
        lengths, order = torch.sort(self.lengths[rows], descending=True)
        depth, rows = int(lengths[0]), rows[order]
        inputs, targets = self.rows(self.tokens[:depth, rows]), self.targets[:depth, rows]
        weights = targets >= 0 if counts is None else (targets >= 0) * counts[order].float()
        if self.padded:
            hidden, targets, weights = (
                self.rnn(inputs)[0].flatten(0, 1),
                targets.flatten(),
                weights.flatten(),
            )
        else:
            hidden = self.rnn(pack_padded_sequence(inputs, lengths))[0].data
            targets, weights = (
                pack_padded_sequence(values, lengths).data for values in (targets, weights)
            )
        logits = self.output(hidden)
        if counts is None:
            return cross_entropy(logits, targets)
        return (cross_entropy(logits, targets, reduction="none") * weights).sum() / weights.sum()

    @torch.no_grad()
    def loss_of_all(self) -> float:
        """Of all names at once."""
        return float(self.loss(torch.from_numpy(self.name_of), None))

    def get_parameters(self) -> dict[str, Array]:
        """In Keras's layout."""
        order, found = np.argsort(GATES[self.shapes.cell]), {}
        for k in range(len(self.shapes.hidden)):
            kernel, recurrent, bias, state_bias = (
                _with_gates(getattr(self.rnn, f"{what}_l{k}").detach().numpy(), order)
                for what in _PARTS
            )
            both = np.stack([bias, state_bias]) if self.shapes.cell == "gru" else bias + state_bias
            found |= {
                f"rnn.{k}.kernel": kernel.T,
                f"rnn.{k}.recurrent_kernel": recurrent.T,
                f"rnn.{k}.bias": both,
            }
        output = self.output
        return found | {
            "output.kernel": output.weight.detach().numpy().T.copy(),
            "output.bias": output.bias.detach().numpy().copy(),
        }

    @torch.no_grad()
    def set_parameters(self, parameters: Mapping[str, Array]) -> None:
        """From Keras's layout; where that has one bias and PyTorch two, the second is 0."""
        order = GATES[self.shapes.cell]
        for k in range(len(self.shapes.hidden)):
            bias = parameters[f"rnn.{k}.bias"]
            parts = [parameters[f"rnn.{k}.kernel"].T, parameters[f"rnn.{k}.recurrent_kernel"].T]
            parts += [bias[0], bias[1]] if bias.ndim == 2 else [bias, np.zeros_like(bias)]
            for what, values in zip(_PARTS, parts, strict=True):
                getattr(self.rnn, f"{what}_l{k}").copy_(
                    torch.from_numpy(_with_gates(values, order))
                )
        self.output.weight.copy_(torch.from_numpy(parameters["output.kernel"].T.copy()))
        self.output.bias.copy_(torch.from_numpy(parameters["output.bias"]))
        self._new_optimizer()


_PARTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def _with_gates(values: Array, order: Sequence[int]) -> Array:
    """Rows in blocks of a gate each, the blocks in another order."""
    blocks = np.split(np.asarray(values), len(order))
    return np.concatenate([blocks[place] for place in order])
