"""A small fake engine: what stands above the engines is tested with it."""

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
    """An engine without a network, for tests of what stands above the engines: small, quick, deterministic.

    It looks two characters back: the logits are ``output.bias`` plus the row of ``rnn.0.kernel`` of the last
    character and half of that of the one before, as far as the kernel's columns reach. It learns by plain gradient
    descent, whatever optimizer is asked for; the other parameters are kept as they were given.
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
        self.network, self.training, self.steps_taken = network, training, 0
        self.parameters = {
            name: np.zeros(shape, dtype) for name, shape in network.parameter_shapes.items()
        }

    @property
    def vocabulary_size(self) -> int:
        """``V``."""
        return self.network.vocabulary_size

    def initial_state(self, rows: int) -> Int32[Array, "B"]:
        """The state is the token read last; before START, the boundary."""
        return np.full(rows, END_TOKEN, dtype=np.int32)

    def step(
        self, tokens: Int32[Array, "B"], state: Int32[Array, "B"]
    ) -> tuple[Float[Array, "B V"], Int32[Array, "B"]]:
        """Read one token a row."""
        bias, kernel = self.parameters["output.bias"], self.parameters["rnn.0.kernel"]
        logits = np.tile(bias, (len(tokens), 1))  # (B, V)
        reach = min(logits.shape[1], kernel.shape[1])
        logits[:, :reach] += kernel[tokens, :reach] + kernel[state, :reach] / 2
        return logits, tokens.copy()

    def select(self, state: Int32[Array, "B"], rows: Int[Array, "K"]) -> Int32[Array, "K"]:
        """Gather rows of a state."""
        return state[rows]

    def warm_up(self, step: Step) -> None:
        """Nothing to compile."""

    def train_epoch(self, steps: Iterable[Step]) -> StepLosses:
        """One step of gradient descent for each step."""
        if self.training is None:
            raise EngineError(
                "this engine was made without training settings: it cannot train; make one with them"
            )
        losses, characters = [], []
        for step in steps:
            checked_masks(
                self.network, step.masks
            )  # none of the parameters that it looks at can be masked
            losses.append(self._update(step.batch, step.learning_rate))
            characters.append(step.batch.characters)
        return StepLosses(np.array(losses, np.float64), np.array(characters, np.int64))

    def _update(self, batch: Batch, learning_rate: float) -> float:
        tree = batch.tree
        wanted = np.zeros(
            (tree.nodes, self.vocabulary_size)
        )  # (N, V): what follows each node, as often as it does
        if batch.targets is None:
            wanted[tree.edge_node, tree.edge_token] = tree.edge_count
        else:
            wanted[:] = tree.count[:, None] * batch.targets
        before = np.where(tree.parent >= 0, tree.token[tree.parent], END_TOKEN).astype(np.int32)
        logits = self.step(tree.token, before)[0].astype(np.float64)  # (N, V)
        log_p = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        d_logits = tree.count[:, None] * np.exp(log_p) - wanted
        d_logits *= learning_rate / tree.characters
        bias, kernel = self.parameters["output.bias"], self.parameters["rnn.0.kernel"]
        reach = min(len(bias), kernel.shape[1])
        change = np.zeros((len(kernel), reach))
        np.add.at(change, tree.token, d_logits[:, :reach])
        np.add.at(change, before, d_logits[:, :reach] / 2)
        bias -= d_logits.sum(axis=0)
        kernel[:, :reach] -= change
        self.steps_taken += 1
        return -float((wanted * log_p).sum())

    def get_state(self) -> dict[str, Array]:
        """Copies of the parameters; and how many steps were taken, if it trains."""
        state = {name: values.copy() for name, values in self.parameters.items()}
        if self.training is not None:
            state["optimizer.step"] = np.array(self.steps_taken, np.int64)
        return state

    def set_state(self, state: Mapping[str, Array]) -> None:
        """Take parameters, and the count of steps if it is there."""
        parameters, optimizer = checked_tensors(self.network, state, ())
        for name, values in parameters.items():
            self.parameters[name][...] = values
        self.steps_taken = 0 if optimizer is None else optimizer.step
