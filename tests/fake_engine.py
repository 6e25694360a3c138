"""A small fake backend, for tests of the layers above the backends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

import numpy as np

from namegen.core.data.batching import Batch
from namegen.core.data.vocabulary import END_TOKEN
from namegen.core.engine import Step, StepLosses
from namegen.core.network.architecture import (
    Network,
    RecurrentNetwork,
    checked_masks,
    checked_tensors,
)
from namegen.core.network.cells import CELLS
from namegen.core.settings import TrainingSettings
from namegen.errors import EngineError
from namegen.threads import limit_threads
from namegen.types import Array, Float, Int, Int32


class FakeEngine:
    """A small, fast and deterministic engine without a network.

    It considers the last two characters. The logits are ``output.bias`` plus the row of ``rnn.0.kernel`` for the last
    character and half the row for the character before it, limited to the number of columns of this kernel. Training
    uses plain gradient descent with any optimizer setting, and doesn't change the other parameters.
    """

    name: ClassVar[str] = "fake"
    architectures: ClassVar[tuple[type[Network], ...]] = (RecurrentNetwork,)
    cells: ClassVar[frozenset[str]] = frozenset(CELLS)
    requires: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        network: RecurrentNetwork,
        training: TrainingSettings | None,
        *,
        threads: int,
        dtype: str = "float32",
    ) -> None:
        limit_threads(threads)
        self.network = network
        self.training = training
        self.steps_taken = 0
        self.parameters = {
            name: np.zeros(shape, dtype) for name, shape in network.parameter_shapes.items()
        }

    @property
    def vocabulary_size(self) -> int:
        """The size of the vocabulary, V."""
        return self.network.vocabulary_size

    def initial_state(self, rows: int) -> Int32[Array, "B"]:
        """Return the state before the start token. A state is the last token of each row."""
        return np.full(rows, END_TOKEN, dtype=np.int32)

    def step(
        self, tokens: Int32[Array, "B"], state: Int32[Array, "B"]
    ) -> tuple[Float[Array, "B V"], Int32[Array, "B"]]:
        """Process one token per row."""
        bias = self.parameters["output.bias"]  # (V,)
        kernel = self.parameters["rnn.0.kernel"]
        logits = np.tile(bias, (len(tokens), 1))  # (B, V)
        reach = min(logits.shape[1], kernel.shape[1])
        logits[:, :reach] += kernel[tokens, :reach] + kernel[state, :reach] / 2
        return logits, tokens.copy()

    def select(self, state: Int32[Array, "B"], rows: Int[Array, "K"]) -> Int32[Array, "K"]:
        """Select rows of a state."""
        return state[rows]

    def warm_up(self, step: Step) -> None:
        """Do nothing, because there is nothing to compile."""

    def train_epoch(self, steps: Iterable[Step]) -> StepLosses:
        """Take a step of gradient descent for each step of the epoch."""
        if self.training is None:
            raise EngineError(
                "this engine can't train, because it was created without training settings"
            )
        losses, characters = [], []
        for step in steps:
            checked_masks(self.network, step.masks)  # they don't apply to the parameters used here
            losses.append(self._update(step.batch, step.learning_rate))
            characters.append(step.batch.characters)
        return StepLosses(np.array(losses, np.float64), np.array(characters, np.int64))

    def _update(self, batch: Batch, learning_rate: float) -> float:
        """Take a step of gradient descent, and return the loss before it."""
        tree = batch.tree
        wanted = self._target_counts(batch)  # (N, V)
        before = np.where(tree.parent >= 0, tree.token[tree.parent], END_TOKEN).astype(np.int32)
        logits = self.step(tree.token, before)[0].astype(np.float64)  # (N, V)
        log_p = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        d_logits = tree.count[:, None] * np.exp(log_p) - wanted
        d_logits *= learning_rate / tree.characters
        bias = self.parameters["output.bias"]  # (V,)
        kernel = self.parameters["rnn.0.kernel"]
        reach = min(len(bias), kernel.shape[1])
        change = np.zeros((len(kernel), reach))
        np.add.at(change, tree.token, d_logits[:, :reach])
        np.add.at(change, before, d_logits[:, :reach] / 2)
        bias -= d_logits.sum(axis=0)
        kernel[:, :reach] -= change
        self.steps_taken += 1
        return -float((wanted * log_p).sum())

    def _target_counts(self, batch: Batch) -> Float[Array, "N V"]:
        """Return how often each token follows each node."""
        tree = batch.tree
        if batch.targets is not None:
            return tree.count[:, None] * batch.targets.astype(np.float64)
        counts = np.zeros((tree.nodes, self.vocabulary_size))
        counts[tree.edge_node, tree.edge_token] = tree.edge_count
        return counts

    def get_state(self) -> dict[str, Array]:
        """Return copies of the parameters and, if the engine can train, the number of steps."""
        state = {name: values.copy() for name, values in self.parameters.items()}
        if self.training is not None:
            state["optimizer.step"] = np.array(self.steps_taken, np.int64)
        return state

    def set_state(self, state: Mapping[str, Array]) -> None:
        """Set the parameters and, if it's included, the number of steps."""
        parameters, optimizer = checked_tensors(self.network, state, ())
        for name, values in parameters.items():
            self.parameters[name][...] = values
        self.steps_taken = 0 if optimizer is None else optimizer.step
