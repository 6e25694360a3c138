"""The network in plain NumPy: linear layer, loss, model, and the engine that trains it.

``recurrent.py`` has the recurrent layers. The letters are explained in ``core/README.md``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import ClassVar, TypeAlias, cast

import numpy as np

from namegen.backends.numpy_engine.cells import CELLS, NumpyCell
from namegen.backends.numpy_engine.optimizers import VectorOptimizer
from namegen.backends.numpy_engine.recurrent import Buffer, LayerState, Recurrent
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

NumpyState: TypeAlias = list[LayerState]  # one per layer
NO_MASKS: Mapping[str, Array] = {}


class Linear:
    """``y = x W + b``, with the parameters ``kernel`` W ``(K, V)`` and ``bias`` b ``(V,)``.

    Args:
        parameters: by short name.
        gradients: arrays with the same names and shapes, which ``backward`` overwrites.

    >>> parameters = {"kernel": np.array([[1.0, 2.0, 3.0]]), "bias": np.ones(3)}
    >>> Linear(parameters, {}).forward(np.array([[10.0]])).tolist()
    [[11.0, 21.0, 31.0]]
    """

    def __init__(self, parameters: Mapping[str, Array], gradients: Mapping[str, Array]) -> None:
        self.parameters = parameters
        self.gradients = gradients
        self._d_inputs = Buffer()

    def forward(self, inputs: Float[Array, "N K"]) -> Float[Array, "N V"]:
        """Compute the logits, in a new array."""
        # (Wᵀ xᵀ)ᵀ equals x W, but each column is contiguous. The loss computes a maximum and a sum over V, which NumPy
        # does 5 to 10 times as fast along the axis that isn't contiguous.
        outputs = (self.parameters["kernel"].T @ inputs.T).T  # (N, V)
        outputs += self.parameters["bias"]
        return outputs

    def backward(
        self, inputs: Float[Array, "N K"], d_outputs: Float[Array, "N V"]
    ) -> Float[Array, "N K"]:
        """Fill the gradients, from the inputs and d loss / d outputs.

        Returns:
            d loss / d inputs, which the next ``backward`` overwrites.
        """
        W = self.parameters["kernel"]
        d_columns = d_outputs.T  # (V, N)
        ones = np.ones(len(inputs), inputs.dtype)
        # Undo y = x W + …, for W. In this order, BLAS takes half the time.
        self.gradients["kernel"][...] = (d_columns @ inputs).T
        # Undo y = … + b: every row has read the same b, so its gradient is the sum over the rows.
        self.gradients["bias"][...] = d_columns @ ones
        # Undo y = x W + …, for x.
        return np.matmul(d_outputs, W.T, out=self._d_inputs.like(inputs))


class SoftmaxCrossEntropy:
    """The loss ``−Σ_v target_v log softmax(logits)_v``, summed over the characters of all names, in nats.

    If n names pass a node, and c_v of them continue with token v, the node's loss is
    ``n log Σ e^logits − Σ_v c_v logits_v`` and its gradient is ``n softmax(logits) − c``. These are the sums over n
    separate names. If the batch has targets, ``n target_v`` replaces c_v.

    Inside, all arrays are (V, N), with one column per node. NumPy computes maxima and sums over V faster that way.
    """

    def __init__(self) -> None:
        self._shifted_buffer = Buffer()
        self._exponentials_buffer = Buffer()
        self._d_logits_buffer = Buffer()

    def forward(self, logits: Float[Array, "N V"], batch: Batch) -> float:
        """Compute the loss, summed over the characters of all names in the batch, in nats.

        Args:
            logits: of the next token, after each node of the batch's tree.
            batch: the tree, with the number n of names that pass each node (``tree.count``), and the number c_v of
                names that continue with each token v (``tree.edge_count``). It can have targets instead of c_v.
        """
        tree = batch.tree
        columns = logits.T  # (V, N), contiguous because ``Linear`` writes columns
        # 1. Subtract each node's largest logit, so that exp can't overflow. It cancels out in the loss.
        largest = columns.max(axis=0)  # (N,)
        shifted: Array = self._shifted_buffer.like(columns)  # (V, N)
        np.subtract(columns, largest, out=shifted)
        # 2. The denominator of each node's softmax.
        exponentials: Array = self._exponentials_buffer.like(columns)  # (V, N)
        np.exp(shifted, out=exponentials)
        sums = exponentials.sum(axis=0)  # (N,), Σ e^shifted
        log_sums = np.log(sums.astype(np.float64))  # (N,)
        # 3. Keep what ``backward`` needs.
        self._batch = batch
        self._exponentials = exponentials
        self._sums = sums
        # 4. What the tokens that follow contribute: Σ_v c_v shifted_v, summed over all nodes. Only tokens that follow
        #    a node have a count. These are the tree's edges.
        if batch.targets is None:
            edge_logits = shifted[tree.edge_token, tree.edge_node].astype(np.float64)  # (E,)
            total_logit = float(tree.edge_count @ edge_logits)
            normalizers = log_sums  # (N,)
        # … or Σ_v n target_v shifted_v. In single precision, the targets of a node don't sum to exactly 1, so its
        # log Σ e^shifted is multiplied by their sum. Products with ones are faster sums than np.sum.
        else:
            self._targets = np.ascontiguousarray(batch.targets.T, shifted.dtype)  # (V, N)
            ones = np.ones(len(shifted), shifted.dtype)
            target_logits = (ones @ (self._targets * shifted)).astype(np.float64)  # (N,)
            total_logit = float(tree.count @ target_logits)
            normalizers = (ones @ self._targets) * log_sums  # (N,)
        # 5. The loss: Σ n log Σ e^shifted − Σ c_v shifted_v.
        return float(tree.count @ normalizers - total_logit)

    def backward(self) -> Float[Array, "N V"]:
        """Return d (loss / characters) / d logits of the last ``forward``: ``(n softmax − c) / characters``.

        The next ``backward`` overwrites it.
        """
        batch = self._batch
        tree = batch.tree
        exponentials = self._exponentials  # (V, N)
        dtype = exponentials.dtype
        weights = tree.count / batch.characters  # (N,), n / characters
        # Undo n log Σ e^shifted: the gradient is n softmax, and softmax is e^shifted / Σ e^shifted.
        d_logits: Array = self._d_logits_buffer.like(exponentials)  # (V, N)
        factors = (weights / self._sums).astype(dtype)  # (N,)
        np.multiply(exponentials, factors, out=d_logits)
        if batch.targets is None:
            # Undo − Σ_v c_v shifted_v. No edge occurs twice.
            edge_weights = (tree.edge_count / batch.characters).astype(dtype)  # (E,)
            d_logits[tree.edge_token, tree.edge_node] -= edge_weights
        else:
            # Undo − n Σ_v target_v shifted_v.
            d_logits -= self._targets * weights.astype(dtype)
        return d_logits.T


class Model:
    """Tokens → recurrent layers → linear layer → loss.

    All parameters are views of one vector, and so are all gradients. Clipping and the optimizer therefore need only
    one operation for the whole network.

    Args:
        network: the shapes.
        cell: the arithmetic of all layers. None for the network's cell in ``CELLS``.
        bptt: see ``Recurrent``.
        dtype: the type of all numbers.

    >>> model = Model(RecurrentNetwork(4, hidden=(8,)))
    >>> model.parameters["output.kernel"].shape
    (8, 4)
    """

    def __init__(
        self,
        network: RecurrentNetwork,
        cell: NumpyCell | None = None,
        *,
        bptt: bool = True,
        dtype: str = "float32",
    ) -> None:
        """Create all layers, with parameters and gradients that are views of two long vectors."""
        self.vector = np.zeros(network.parameter_count, dtype)  # all parameters
        self.gradient = np.zeros_like(self.vector)  # all gradients
        self.parameters = views(network, self.vector)
        self.gradients = views(network, self.gradient)
        self.recurrent = [
            Recurrent(
                cell or CELLS[network.cell],
                _of_layer(self.parameters, f"rnn.{k}."),
                _of_layer(self.gradients, f"rnn.{k}."),
                bptt=bptt,
            )
            for k in range(len(network.hidden))
        ]
        self.output = Linear(
            _of_layer(self.parameters, "output."), _of_layer(self.gradients, "output.")
        )
        self.loss = SoftmaxCrossEntropy()

    def forward(self, tree: PrefixTree) -> Float[Array, "N V"]:
        """Compute the logits after every distinct prefix."""
        walk = TreeWalk(tree, self.vector.dtype)
        rows: Array = tree.token
        for layer in self.recurrent:
            rows = layer.forward(rows, walk)
        self._last_rows = rows
        return self.output.forward(rows)

    def loss_and_gradient(
        self, batch: Batch, masks: Mapping[str, Float[Array, "..."]] = NO_MASKS
    ) -> float:
        """Fill ``gradient`` with d (loss / characters) / d parameters.

        Args:
            batch: the names.
            masks: for dropout, by parameter. During the call, ``parameter * mask`` replaces the parameter.

        Returns:
            The loss in nats, summed over the characters.
        """
        # Dropout: keep the masked parameters, and multiply them by their masks.
        unmasked = {name: self.parameters[name].copy() for name in masks}
        for name, mask in masks.items():
            self.parameters[name] *= mask
        # The forward pass, and the backward pass from the last layer to the first one.
        logits = self.forward(batch.tree)
        loss = self.loss.forward(logits, batch)
        d_logits = self.loss.backward()
        d_rows: Array | None = self.output.backward(self._last_rows, d_logits)
        for layer in reversed(self.recurrent):
            # Only the first layer, which is called last, returns None.
            d_rows = layer.backward(d_rows)  # type: ignore[arg-type]
        # Restore the masked parameters, and undo parameter * mask. Dividing isn't possible: masks contain zeros.
        for name, mask in masks.items():
            self.parameters[name][...] = unmasked[name]
            self.gradients[name] *= mask
        return loss

    def step(
        self, tokens: Int[Array, "B"], state: list[LayerState]
    ) -> tuple[Float[Array, "B V"], list[LayerState]]:
        """Read one token per row. Return the logits of the next token, and the new state."""
        rows: Array = tokens
        after = []
        for layer, before in zip(self.recurrent, state, strict=True):
            layer_after = layer.step(rows, before)
            after.append(layer_after)
            rows = layer_after[0]
        return self.output.forward(rows), after


def _of_layer(tensors: Mapping[str, Array], prefix: str) -> dict[str, Array]:
    """Select the tensors of one layer, by their short names."""
    return {
        name.removeprefix(prefix): values
        for name, values in tensors.items()
        if name.startswith(prefix)
    }


def views(network: RecurrentNetwork, vector: Float[Array, "P"]) -> dict[str, Array]:
    """Cut a vector into the network's tensors, which share its memory."""
    shapes = network.parameter_shapes
    sizes = [math.prod(shape) for shape in shapes.values()]
    pieces = np.split(vector, np.cumsum(sizes)[:-1])
    return {name: piece.reshape(shapes[name]) for name, piece in zip(shapes, pieces, strict=True)}


class NumpyEngine:
    """The network in plain NumPy, trained on prefix-tree batches.

    Args:
        network: the shapes.
        training: optimizer, clipping and ``bptt``. None for an engine that doesn't train.
        threads: the BLAS threads of the whole process, so the most recent engine decides.
        dtype: ``float32``, or ``float64`` for checks.

    Raises:
        EngineError: the dtype is something else.

    >>> engine = NumpyEngine(RecurrentNetwork(4), None, threads=1)
    >>> logits, state = engine.step(np.array([0, 0], np.int32), engine.initial_state(2))
    >>> logits.shape
    (2, 4)
    """

    name: ClassVar[str] = "numpy"
    architectures: ClassVar[tuple[type[Network], ...]] = (RecurrentNetwork,)
    cells: ClassVar[frozenset[str]] = frozenset(CELLS)
    requires: ClassVar[tuple[str, ...]] = ()
    # The arithmetic of every layer; None for the network's cell. To use a cell of your own, derive a class that sets
    # this and ``architectures`` (see ``OwnCellNetwork``).
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
                f"the backend doesn't support dtype {dtype!r}: use float32 or float64"
            )
        limit_threads(threads)
        bptt = training is None or training.bptt
        self.network = network
        self.training = training
        self.model = Model(network, self.own_cell, bptt=bptt, dtype=dtype)
        self.optimizer = None if training is None else VectorOptimizer(training, self.model.vector)

    @property
    def vocabulary_size(self) -> int:
        """``V``."""
        return self.network.vocabulary_size

    def initial_state(self, rows: int) -> NumpyState:
        """Return the state before the start token: zeros for every layer."""
        return [layer.start.repeat(rows, axis=1) for layer in self.model.recurrent]

    def step(
        self, tokens: Int32[Array, "B"], state: State
    ) -> tuple[Float[Array, "B V"], NumpyState]:
        """Read one token per row."""
        return self.model.step(tokens, cast(NumpyState, state))

    def select(self, state: State, rows: Int[Array, "K"]) -> NumpyState:
        """Gather rows of a state."""
        return [layer.take(rows, axis=1) for layer in cast(NumpyState, state)]

    def warm_up(self, step: Step) -> None:
        """Do nothing, because NumPy doesn't compile anything."""

    def train_epoch(self, steps: Iterable[Step]) -> StepLosses:
        """Make one update per step, and return the losses before each update."""
        if self.optimizer is None or self.training is None:
            raise EngineError(
                "the backend can't train without training settings: pass them when you create it"
            )
        losses: list[float] = []
        characters: list[int] = []
        # If the training diverges, the run notices it by the loss.
        with np.errstate(all="ignore"):
            for step in steps:
                masks = checked_masks(self.network, step.masks)
                losses.append(self.model.loss_and_gradient(step.batch, masks))
                (gradient,) = clipped([self.model.gradient], self.training, np)
                self.optimizer.update(self.model.vector, gradient, step.learning_rate)
                characters.append(step.batch.characters)
        return StepLosses(np.array(losses, np.float64), np.array(characters, np.int64))

    def get_state(self) -> dict[str, Array]:
        """Copy the parameters and the optimizer's state."""
        state = {name: values.copy() for name, values in self.model.parameters.items()}
        if self.optimizer is not None:
            state["optimizer.step"] = np.array(self.optimizer.step, np.int64)
            for slot, vector in self.optimizer.slots.items():
                for name, values in views(self.network, vector).items():
                    state[f"optimizer.{slot}.{name}"] = values.copy()
        return state

    def set_state(self, state: Mapping[str, Array]) -> None:
        """Set the parameters, and the optimizer's state if there is one. Arrays are copied into the engine's memory."""
        slots = () if self.optimizer is None else tuple(self.optimizer.slots)
        parameters, optimizer_state = checked_tensors(self.network, state, slots)
        for name, values in parameters.items():
            self.model.parameters[name][...] = values
        if self.optimizer is None:
            return
        # Without an optimizer's state, the optimizer starts again.
        self.optimizer.reset()
        if optimizer_state is not None:
            self.optimizer.step = optimizer_state.step
            # Each slot is one vector for all parameters. Fill it by the names of the parameters.
            for slot, vector in self.optimizer.slots.items():
                for name, values in views(self.network, vector).items():
                    values[...] = optimizer_state.slots[slot][name]
