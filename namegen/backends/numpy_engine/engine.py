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
from namegen.core.engine import State, Step, StepLosses, cannot_train, check_dtype, clipped
from namegen.core.network.architecture import (
    Network,
    RecurrentNetwork,
    checked_masks,
    checked_tensors,
)
from namegen.core.settings import TrainingSettings
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
        """Undo y = x W + b: fill the gradients of W and b.

        Args:
            inputs: x, as in ``forward``.
            d_outputs: d loss / d y.

        Returns:
            d loss / d x, in memory that the next ``backward`` overwrites.
        """
        W = self.parameters["kernel"]  # (K, V)
        d_columns = d_outputs.T  # (V, N)
        # d W = xᵀ d y. BLAS takes half the time if it computes the transposed product, (d yᵀ x)ᵀ.
        self.gradients["kernel"][...] = (d_columns @ inputs).T
        # Every row has read the same b, so its gradient is the sum over the rows. A product with ones is a fast sum.
        ones = np.ones(len(inputs), inputs.dtype)
        self.gradients["bias"][...] = d_columns @ ones
        # d x = d y Wᵀ
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
        """Compute the cross-entropy of some names, summed over their characters, in nats.

        Names share their prefixes, which are the N nodes of a tree. If n names pass a node and c_v of them continue
        with token v, the loss at this node is n log Σ_v e^logit_v − Σ_v c_v logit_v.

        Args:
            logits: of the next token, after each node.
            batch: the tree, with n of each node (``tree.count``). Its E edges are the tokens that follow a node, with
                their c_v (``tree.edge_count``). If the batch has targets, n · target_v replaces c_v.
        """
        tree = batch.tree
        columns = logits.T  # (V, N), contiguous because ``Linear`` writes columns
        # Subtract each node's largest logit, so that exp can't overflow. This doesn't change the loss.
        largest = columns.max(axis=0)  # (N,)
        shifted: Array = self._shifted_buffer.like(columns)  # (V, N)
        np.subtract(columns, largest, out=shifted)
        # log Σ_v e^logit_v of each node.
        exponentials: Array = self._exponentials_buffer.like(columns)  # (V, N)
        np.exp(shifted, out=exponentials)
        sums = exponentials.sum(axis=0)  # (N,)
        log_sums = np.log(sums.astype(np.float64))  # (N,)
        # ``backward`` also needs these.
        self._batch = batch
        self._exponentials = exponentials
        self._sums = sums
        if batch.targets is None:
            # Σ c_v logit_v over all edges. Other tokens have c_v = 0.
            edge_logits = shifted[tree.edge_token, tree.edge_node].astype(np.float64)  # (E,)
            total_logit = float(tree.edge_count @ edge_logits)
            normalizers = log_sums  # (N,)
        else:
            # Σ n target_v logit_v over all nodes and tokens. In single precision, the targets of a node don't sum to
            # exactly 1, so its log Σ e^logit is multiplied by their sum. A product with ones is a fast sum.
            self._targets = np.ascontiguousarray(batch.targets.T, shifted.dtype)  # (V, N)
            ones = np.ones(len(shifted), shifted.dtype)
            target_logits = (ones @ (self._targets * shifted)).astype(np.float64)  # (N,)
            total_logit = float(tree.count @ target_logits)
            normalizers = (ones @ self._targets) * log_sums  # (N,)
        return float(tree.count @ normalizers - total_logit)

    def backward(self) -> Float[Array, "N V"]:
        """Return the gradient of the last ``forward``: d (loss / characters) / d logits.

        If n names pass a node, and c_v of them continue with token v, it's (n softmax_v − c_v) / characters. If the
        batch has targets, n · target_v replaces c_v. The next ``backward`` overwrites the result.
        """
        batch = self._batch
        tree = batch.tree
        exponentials = self._exponentials  # (V, N)
        dtype = exponentials.dtype
        # n softmax / characters, where softmax is e^logit / Σ e^logit.
        weights = tree.count / batch.characters  # (N,), n / characters
        d_logits: Array = self._d_logits_buffer.like(exponentials)  # (V, N)
        factors = (weights / self._sums).astype(dtype)  # (N,)
        np.multiply(exponentials, factors, out=d_logits)
        if batch.targets is None:
            # Subtract c_v / characters. Only the tokens that follow a node have c_v > 0. They're the tree's edges, and
            # no edge occurs twice.
            edge_weights = (tree.edge_count / batch.characters).astype(dtype)  # (E,)
            d_logits[tree.edge_token, tree.edge_node] -= edge_weights
        else:
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
        """Create the layers of a network, with zeros as parameters.

        All parameters are in one long vector, and all gradients in another one. The layers get views of them, so the
        optimizer can update the whole network in one operation.
        """
        self.vector = np.zeros(network.parameter_count, dtype)  # all parameters
        self.gradient = np.zeros_like(self.vector)  # all gradients
        self.parameters = views(network, self.vector)  # by name, such as rnn.0.kernel
        self.gradients = views(network, self.gradient)
        self.recurrent: list[Recurrent] = []
        for k in range(len(network.hidden)):
            parameters = _of_layer(self.parameters, f"rnn.{k}.")
            gradients = _of_layer(self.gradients, f"rnn.{k}.")
            layer = Recurrent(cell or CELLS[network.cell], parameters, gradients, bptt=bptt)
            self.recurrent.append(layer)
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
        """Run the forward and the backward pass on some names: fill the gradients of d (loss / characters).

        Args:
            batch: the names.
            masks: for dropout, the factors of some parameters: 0, or 1 / (1 − rate). During the call,
                ``parameter * mask`` replaces the parameter.

        Returns:
            The loss in nats, summed over the characters.
        """
        # Apply dropout. Keep the parameters, because multiplying by 0 can't be undone.
        unmasked = {name: self.parameters[name].copy() for name in masks}
        for name, mask in masks.items():
            self.parameters[name] *= mask
        # The forward pass.
        logits = self.forward(batch.tree)
        loss = self.loss.forward(logits, batch)
        # The backward pass, from the loss to the first layer. ``d_rows`` is d loss / d the output of a layer.
        d_logits = self.loss.backward()
        d_rows: Array | None = self.output.backward(self._last_rows, d_logits)
        for layer in reversed(self.recurrent):
            # Only the first layer, which is called last, returns None.
            d_rows = layer.backward(d_rows)  # type: ignore[arg-type]
        # Restore the parameters. The gradient of ``parameter * mask`` with respect to the parameter is the mask.
        for name, mask in masks.items():
            self.parameters[name][...] = unmasked[name]
            self.gradients[name] *= mask
        return loss

    def step(
        self, tokens: Int[Array, "B"], state: list[LayerState]
    ) -> tuple[Float[Array, "B V"], list[LayerState]]:
        """Let the network read one more character of each of B independent names.

        Args:
            tokens: the id of each character.
            state: what the previous step returned: for each layer, (arrays of the state, B, H).

        Returns:
            The logits of the next character, and the new state.
        """
        rows: Array = tokens  # what a layer reads
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
        """Create an engine for a network. Without training settings, it has no optimizer and only makes predictions."""
        check_dtype(dtype)
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
        """Make one update of the parameters for each step: compute the gradients, clip them, and call the optimizer.

        Args:
            steps: the names of each update, its learning rate, and its dropout masks.

        Returns:
            For each step, the loss before its update in nats, and the number of characters.
        """
        if self.optimizer is None or self.training is None:
            raise cannot_train()
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
        """Set the parameters and the optimizer's state, for example to resume a run.

        Args:
            state: what ``get_state`` returned: parameters by name, and the optimizer's state as ``optimizer.step`` and
                ``optimizer.{slot}.{parameter}``. A slot is a value per parameter, such as Adam's m.
        """
        slots = () if self.optimizer is None else tuple(self.optimizer.slots)
        parameters, optimizer_state = checked_tensors(self.network, state, slots)
        for name, values in parameters.items():
            self.model.parameters[name][...] = values
        if self.optimizer is None:
            return
        # If only parameters are given, the optimizer starts again.
        self.optimizer.reset()
        if optimizer_state is not None:
            self.optimizer.step = optimizer_state.step
            # Each slot is one vector for all parameters. Its views by name share its memory, so this fills it.
            for slot, vector in self.optimizer.slots.items():
                for name, values in views(self.network, vector).items():
                    values[...] = optimizer_state.slots[slot][name]
