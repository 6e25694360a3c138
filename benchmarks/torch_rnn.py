"""The same network in PyTorch: ``nn.RNN`` on packed, length-sorted sequences, its input a row look-up."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pack_padded_sequence

from namegen.core.data.prefix_tree import SortedNames
from namegen.core.data.vocabulary import Vocabulary


class TorchNetwork(nn.Module):
    """Token → row of an embedding → two SimpleRNN layers → linear layer.

    The embedding takes the place of the one-hot product. (A one-hot input of V columns was tried: it is slower.)
    """

    def __init__(self, vocabulary_size: int, hidden: int = 32) -> None:
        super().__init__()
        self.rows = nn.Embedding(vocabulary_size, hidden)
        self.rnn = nn.RNN(hidden, hidden, num_layers=2, batch_first=True)
        self.output = nn.Linear(hidden, vocabulary_size)


class TorchTrainer:
    """Trains with Adam; ``distinct`` reads each different name of a batch once and weighs its loss by its count."""

    def __init__(self, names: Sequence[str], vocabulary: Vocabulary, *, batch_size: int, distinct: bool) -> None:
        torch.manual_seed(0)
        torch.set_num_threads(1)
        sorted_names = SortedNames.from_names(names, vocabulary)
        rank = {name: place for place, name in enumerate(sorted(set(names)))}
        self.name_of = np.array([rank[name] for name in names])
        depth = int(sorted_names.lengths.max()) + 1
        tokens = np.zeros((len(sorted_names.lengths), depth + 1), np.int64)  # START, characters, STOP
        flat = np.arange(depth) < sorted_names.lengths[:, None]
        tokens[:, 1:][flat] = sorted_names.tokens
        self.tokens = torch.from_numpy(tokens)
        self.lengths = torch.from_numpy(sorted_names.lengths + 1)  # characters to predict
        self.characters = int((sorted_names.lengths[self.name_of] + 1).sum())
        self.batch_size, self.distinct = batch_size, distinct
        self.network = TorchNetwork(vocabulary.size)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=0.005, fused=True)

    def epoch(self, epoch: int) -> float:
        """Train one epoch; returns characters a second."""
        start = time.perf_counter()
        order = np.random.default_rng([0, epoch]).permutation(self.name_of)
        for first in range(0, len(order), self.batch_size):
            rows, counts = order[first : first + self.batch_size], None
            if self.distinct:
                rows, found = np.unique(rows, return_counts=True)
                counts = torch.from_numpy(found)
            self.step(torch.from_numpy(rows), counts)
        return self.characters / (time.perf_counter() - start)

    def step(self, rows: torch.Tensor, counts: torch.Tensor | None) -> None:
        """One update."""
        lengths, order = torch.sort(self.lengths[rows], descending=True)
        rows = rows[order]
        tokens = self.tokens[rows, : int(lengths[0]) + 1]
        network = self.network
        inputs = pack_padded_sequence(network.rows(tokens[:, :-1]), lengths, batch_first=True)
        targets = pack_padded_sequence(tokens[:, 1:], lengths, batch_first=True).data
        hidden, _ = network.rnn(inputs)
        logits = network.output(hidden.data)
        if counts is None:
            loss = cross_entropy(logits, targets)
        else:
            weight = counts[order].float()[:, None].expand(-1, tokens.shape[1] - 1)
            weights = pack_padded_sequence(weight, lengths, batch_first=True).data
            loss = (cross_entropy(logits, targets, reduction="none") * weights).sum() / weights.sum()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
