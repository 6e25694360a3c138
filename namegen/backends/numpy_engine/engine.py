"""The network in plain NumPy: the linear layer and the loss, the layers in a row, and the engine that trains them.

Letters are those of ``core/README.md``; ``recurrent.py`` has the layers below the linear one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import ClassVar, TypeAlias, cast

import numpy as np

from namegen.backends.numpy_engine.cells import CELLS, NumpyCell
from namegen.backends.numpy_engine.optimizers import VectorOptimizer
from namegen.backends.numpy_engine.recurrent import LayerState, Memory, Recurrent
from namegen.backends.numpy_engine.walk import TreeWalk
from namegen.core.data.batching import Batch
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.engine import State, Step, StepLosses, clipped
from namegen.core.network.architecture import (
    Network,
    RecurrentNetwork,
    checked_masks,
    checked_tensors,
)
from namegen.core.settings import TrainingSettings
from namegen.errors import EngineError
from namegen.threads import limit_threads
from namegen.types import Array, Float, Int, Int32

NumpyState: TypeAlias = list[LayerState]  # one for each layer


class Linear:
    """``y = x W + b``. Parameters: ``kernel`` W ``(K, V)``, ``bias`` b ``(V,)``.

    Args:
        parameters: by short name.
        gradients: what ``backward`` writes, of the same names and shapes.
    """

    def __init__(self, parameters: Mapping[str, Array], gradients: Mapping[str, Array]) -> None:
        self.parameters = parameters
        self.gradients = gradients
        self._d_inputs = Memory()

    def forward(self, inputs: Float[Array, "N K"]) -> Float[Array, "N V"]:
        """The logits, in new memory."""
        # (Wᵀ xᵀ)ᵀ instead of x W: the same numbers, column after column in memory. The loss then takes a maximum and a
        # sum over V, which NumPy does 5 to 10 times as fast along the axis that is not contiguous.
        outputs = (self.parameters["kernel"].T @ inputs.T).T  # (N, V)
        outputs += self.parameters["bias"]
        return outputs

    def backward(
        self, inputs: Float[Array, "N K"], d_outputs: Float[Array, "N V"]
    ) -> Float[Array, "N K"]:
        """From the inputs and d loss / d outputs fill the gradients and return d loss / d inputs, which is
        overwritten by the next backward.
        """
        d_columns, kernel = d_outputs.T, self.parameters["kernel"]
        self.gradients["kernel"][...] = (
            d_columns @ inputs
        ).T  # x W; so ordered BLAS takes half the time
        np.matmul(
            d_columns, np.ones(len(inputs), inputs.dtype), out=self.gradients["bias"]
        )  # … + b
        return np.matmul(d_outputs, kernel.T, out=self._d_inputs.like(inputs))  # x W


class SoftmaxCrossEntropy:
    """``−Σ_v target_v log softmax(logits)_v``, summed over the characters of all names, in nats.

    A node that n names pass, c_v of them on to token v, has the loss ``n log Σ e^logits − Σ_v c_v logits_v`` and the
    gradient ``n softmax(logits) − c``: what n separate names would have given. A batch with targets says itself what
    should follow: ``n target_v`` takes the place of c_v.
    """

    def __init__(self) -> None:
        self._shifted, self._exps, self._d_logits = Memory(), Memory(), Memory()  # (V, N) each

    def forward(self, logits: Float[Array, "N V"], batch: Batch) -> float:
        """The sum over the characters of all names of the batch."""
        tree, of_tokens = (
            batch.tree,
            logits.T,
        )  # a token after the other, as the linear layer writes them
        # The top is taken away from every logit before exp, which then cannot overflow; it cancels in the loss.
        shifted: Array = np.subtract(
            of_tokens, of_tokens.max(axis=0), out=self._shifted.like(of_tokens)
        )  # (V, N)
        wanted: Array | float = 1.0
        if batch.targets is None:
            self._edges = tree.edge_token * tree.nodes + tree.edge_node  # places in the flat array
            towards = tree.edge_count @ shifted.ravel().take(self._edges).astype(
                np.float64
            )  # Σ_v c_v shifted_v
        else:
            self._targets = np.ascontiguousarray(batch.targets.T, shifted.dtype)
            ones = np.ones(
                len(shifted), shifted.dtype
            )  # a product with ones sums faster than np.sum
            towards = tree.count @ (ones @ (self._targets * shifted)).astype(
                np.float64
            )  # Σ_v n target_v shifted_v
            wanted = ones @ self._targets  # single precision does not quite sum to 1
        self._exponentials, self._batch = np.exp(shifted, out=self._exps.like(shifted)), batch
        self._sums = self._exponentials.sum(axis=0)  # (N,)
        return float(tree.count @ (wanted * np.log(self._sums.astype(np.float64))) - towards)

    def backward(self) -> Float[Array, "N V"]:
        """Of the last forward: d (loss / characters) / d logits, which is ``(n softmax − c) / characters``; the next
        backward overwrites it.
        """
        batch, dtype = self._batch, self._exponentials.dtype
        counts = batch.tree.count / batch.characters
        factors = (counts / self._sums).astype(dtype)  # n log Σ e^shifted
        d_logits: Array = np.multiply(
            self._exponentials, factors, out=self._d_logits.like(self._exponentials)
        )
        if batch.targets is None:
            of_edges = (batch.tree.edge_count / batch.characters).astype(dtype)
            d_logits.ravel()[self._edges] -= of_edges  # − Σ_v c_v shifted_v
        else:
            d_logits -= self._targets * counts.astype(dtype)  # − Σ_v n target_v shifted_v
        return d_logits.T


class Model:
    """Tokens → recurrent layers → linear layer → loss.

    All parameters are views into ``vector``, all gradients into ``gradient``, so that an optimizer, clipping and the
    rest need one operation for the whole network.

    Args:
        network: its shapes.
        cell: the arithmetic of its layers; None: the one of ``CELLS`` that the network names.
        bptt: see ``Recurrent``.
        dtype: of all its numbers.
    """

    def __init__(
        self,
        network: RecurrentNetwork,
        cell: NumpyCell | None = None,
        *,
        bptt: bool = True,
        dtype: str = "float32",
    ) -> None:
        self.vector = np.zeros(network.parameter_count, dtype)
        self.gradient = np.zeros_like(self.vector)
        self.parameters = views(network, self.vector)
        self.gradients = views(network, self.gradient)
        cell = cell or CELLS[network.cell]
        self.recurrent = [
            Recurrent(cell, *self._tensors(f"rnn.{k}."), bptt=bptt)
            for k in range(len(network.hidden))
        ]
        self.output = Linear(*self._tensors("output."))
        self.loss = SoftmaxCrossEntropy()

    def _tensors(self, prefix: str) -> tuple[dict[str, Array], dict[str, Array]]:
        """The parameters and gradients of one layer, by their short names."""
        parameters, gradients = (
            {
                name.removeprefix(prefix): values
                for name, values in tensors.items()
                if name.startswith(prefix)
            }
            for tensors in (self.parameters, self.gradients)
        )
        return parameters, gradients

    def forward(self, tree: PrefixTree) -> Float[Array, "N V"]:
        """The logits after every distinct prefix."""
        walk = TreeWalk(tree, self.vector.dtype)
        rows: Array = tree.token
        for layer in self.recurrent:
            rows = layer.forward(rows, walk)
        self._last_rows = rows
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
        unmasked = {name: self.parameters[name].copy() for name in masks}
        for name, mask in masks.items():
            self.parameters[name] *= mask
        loss = self.loss_and_gradient(batch)
        for name, mask in masks.items():
            self.parameters[name][...] = unmasked[name]  # not divided by the mask: it holds zeros
            self.gradients[name] *= mask  # parameter * mask
        return loss

    def step(
        self, tokens: Int[Array, "B"], state: list[LayerState]
    ) -> tuple[Float[Array, "B V"], list[LayerState]]:
        """Read one token a row: the logits of the next one, and the state after it."""
        rows: Array = tokens
        after = []
        for layer, before in zip(self.recurrent, state, strict=True):
            after.append(layer.step(rows, before))
            rows = after[-1][0]
        return self.output.forward(rows), after


def views(network: RecurrentNetwork, vector: Float[Array, "P"]) -> dict[str, Array]:
    """The vector cut into the network's tensors, which share its memory."""
    shapes = network.parameter_shapes
    parts = np.split(vector, np.cumsum([math.prod(shape) for shape in shapes.values()])[:-1])
    return {name: part.reshape(shapes[name]) for name, part in zip(shapes, parts, strict=True)}


class NumpyEngine:
    """The network in plain NumPy, trained on prefix-tree batches.

    Args:
        network: its shapes.
        training: optimizer, clipping, ``bptt``; None for an engine that only reads.
        threads: BLAS threads of the whole process, so the engine that was made last decides for all.
        dtype: ``float32``, or ``float64`` for checks.

    Attributes:
        own_cell: the arithmetic of every layer; None: that of the cell that the network names. Who has a cell of their
            own derives a class that says it, and the architecture that it belongs to (``OwnCellNetwork``).
    """

    name: ClassVar[str] = "numpy"
    architectures: ClassVar[tuple[type[Network], ...]] = (RecurrentNetwork,)
    cells: ClassVar[frozenset[str]] = frozenset(CELLS)
    requires: ClassVar[tuple[str, ...]] = ()
    own_cell: ClassVar[NumpyCell | None] = None

    def __init__(
        self,
        network: RecurrentNetwork,
        training: TrainingSettings | None,
        *,
        threads: int,
        dtype: str = "float32",
    ) -> None:
        if dtype not in ("float32", "float64"):
            raise EngineError(
                f"the dtype {dtype!r} is not one that the backend computes in: use float32 or float64"
            )
        limit_threads(threads)
        self.network = network
        self.training = training
        bptt = training is None or training.bptt
        self.model = Model(network, self.own_cell, bptt=bptt, dtype=dtype)
        self.optimizer = None if training is None else VectorOptimizer(training, self.model.vector)

    @property
    def vocabulary_size(self) -> int:
        """``V``."""
        return self.network.vocabulary_size

    def initial_state(self, rows: int) -> NumpyState:
        """Zeros for every layer."""
        return [layer.start.repeat(rows, axis=1) for layer in self.model.recurrent]

    def step(
        self, tokens: Int32[Array, "B"], state: State
    ) -> tuple[Float[Array, "B V"], NumpyState]:
        """Read one token a row."""
        return self.model.step(tokens, cast(NumpyState, state))

    def select(self, state: State, rows: Int[Array, "K"]) -> NumpyState:
        """Gather rows of a state."""
        return [layer.take(rows, axis=1) for layer in cast(NumpyState, state)]

    def warm_up(self, step: Step) -> None:
        """Nothing to compile."""

    def train_epoch(self, steps: Iterable[Step]) -> StepLosses:
        """One update for each step."""
        if self.optimizer is None or self.training is None:
            raise EngineError(
                "this backend was made without training settings: it cannot train; make one with them"
            )
        model = self.model
        losses, characters = [], []
        for step in steps:
            masks = checked_masks(self.network, step.masks)
            with np.errstate(
                all="ignore"
            ):  # training that diverges shows in the loss, which the Trainer looks at
                losses.append(model.masked_loss_and_gradient(step.batch, masks))
                (gradient,) = clipped([model.gradient], self.training, np)
                self.optimizer.update(model.vector, gradient, step.learning_rate)
            characters.append(step.batch.characters)
        return StepLosses(np.array(losses, np.float64), np.array(characters, np.int64))

    def get_state(self) -> dict[str, Array]:
        """Copies of the parameters and of the optimizer's state."""
        state = {name: values.copy() for name, values in self.model.parameters.items()}
        if self.optimizer is not None:
            state["optimizer.step"] = np.array(self.optimizer.step, np.int64)
            for slot, vector in self.optimizer.slots.items():
                for name, values in views(self.network, vector).items():
                    state[f"optimizer.{slot}.{name}"] = values.copy()
        return state

    def set_state(self, state: Mapping[str, Array]) -> None:
        """Take parameters, and the optimizer's state if it is there."""
        slots = () if self.optimizer is None else tuple(self.optimizer.slots)
        parameters, optimizer = checked_tensors(self.network, state, slots)
        for name, values in parameters.items():
            self.model.parameters[name][...] = values
        if self.optimizer is None:
            return
        self.optimizer.reset()
        if optimizer is not None:
            self.optimizer.step = optimizer.step
            for slot, vector in self.optimizer.slots.items():
                for name, values in views(self.network, vector).items():
                    values[...] = optimizer.slots[slot][name]
