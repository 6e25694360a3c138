"""A base for engines on top of a tensor library: the engine author writes only the mathematics.

You don't have to use it. An engine is any class that implements ``core/engine.py``, and namegen's own engines do so
directly. But a large part of that protocol is the same for every library: optimizers, clipping, masks, canonical names,
checking states, the loop over the steps, and error messages. ``TensorEngine`` implements this part.
``docs/develop/engines.md`` shows how to write an engine with it.

**Parameters.** A parameter is a tensor of the library, stored by its canonical name. Tensors are never changed; an
update makes new ones. A state that was passed to ``step`` therefore stays valid, ``warm_up`` can make an update and
discard it, and libraries without assignment work too. The base uses only ``+ − * / **`` with tensors and plain numbers.
``to_tensor`` and ``to_array`` convert them.

**Updates.** Each update makes these steps, as ``core/engine.py`` requires:

1. Multiply each masked parameter by its mask.
2. Call ``loss_and_gradients``, and multiply the gradients of masked parameters by their masks.
3. Clip all gradients to a common norm.
4. Move the unmasked parameters by the optimizer.

**What an engine has to define**: ``to_tensor``, ``to_array``, ``initial_state``, ``step`` and ``loss_and_gradients``.
Override ``select`` if a state isn't a tuple of tensors, ``use_threads`` if the library has its own threads, and
``update`` if the library compiles whole updates. ``step`` reads ``self.parameters``. ``PaddedRows`` converts a batch to
the form that most libraries need. The base knows nothing about architectures: names and shapes come from the network.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, SupportsFloat, TypeAlias, cast

import numpy as np

from namegen.core.data.batching import Batch
from namegen.core.engine import (
    State,
    Step,
    StepLosses,
    cannot_train,
    check_dtype,
    check_known,
    clipped,
)
from namegen.core.network.architecture import (
    Network,
    OptimizerState,
    checked_masks,
    checked_tensors,
)
from namegen.core.optimizers import OPTIMIZERS, Optimizer, Slots, Tensor
from namegen.core.settings import TrainingSettings
from namegen.threads import limit_threads
from namegen.types import Array, Float, Float32, Int, Int32, Int64

Tensors: TypeAlias = Mapping[str, Tensor]  # by canonical name
AllSlots: TypeAlias = Mapping[str, Slots]  # by the canonical name of the parameter


class Update(NamedTuple):
    """The result of one update."""

    loss: SupportsFloat  #: before the update, in nats, as ``loss_and_gradients`` returns it
    parameters: Tensors  #: after the update
    slots: AllSlots  #: after the update


class TensorEngine(ABC):
    """An engine without its mathematics.

    Args:
        network: names and shapes of the parameters.
        training: optimizer, clipping and the other settings that engines read. None for an engine that doesn't train.
        threads: how many threads the library uses (``use_threads``).
        dtype: ``float32`` or ``float64``.

    Raises:
        EngineError: the engine doesn't have the network's architecture, or doesn't support the dtype.
    """

    name: ClassVar[str]
    architectures: ClassVar[tuple[type[Network], ...]]
    cells: ClassVar[frozenset[str]] = frozenset()
    requires: ClassVar[tuple[str, ...]]
    # By canonical name. Zeros until ``set_state``.
    parameters: Tensors
    # The optimizer's state, by the canonical name of the parameter.
    _slots: AllSlots
    # The number of updates so far.
    _steps: int

    def __init__(
        self,
        network: Network,
        training: TrainingSettings | None,
        *,
        threads: int,
        dtype: str = "float32",
    ) -> None:
        """Create an engine for a network, with zeros as parameters. Without training settings, it has no optimizer."""
        check_dtype(dtype)
        check_known(type(self), network.architecture)
        self.use_threads(threads)
        self.network = network  # an engine can annotate its own class of networks: `network: Mine`
        self.training = training
        self.dtype = dtype
        self._optimizer = None if training is None else OPTIMIZERS[training.optimizer]
        zeros = {name: np.zeros(shape) for name, shape in network.parameter_shapes.items()}
        self._set(zeros, None)

    # To be defined by an engine.

    @abstractmethod
    def to_tensor(self, array: Array) -> Tensor:
        """Convert a contiguous array to a tensor of the same type and shape. They may share memory."""

    @abstractmethod
    def to_array(self, tensor: Tensor) -> Array:
        """Convert a tensor to an array. They may share memory, because nothing writes to the array."""

    @abstractmethod
    def loss_and_gradients(
        self, parameters: Tensors, batch: Batch
    ) -> tuple[SupportsFloat, Tensors]:
        """Compute the loss of a batch and its gradients. Use these parameters, not ``self.parameters``.

        Returns:
            The loss in nats, summed over the characters of all names: a number, or a tensor with one number, which is
            converted by ``float`` after all steps of an epoch; and d (loss / ``batch.characters``) / d parameter, for
            every parameter.
        """

    @abstractmethod
    def initial_state(self, rows: int) -> State:
        """Return the initial state for ``rows`` names, before the network reads the start token."""

    @abstractmethod
    def step(self, tokens: Int32[Array, "B"], state: State) -> tuple[Float[Array, "B V"], State]:
        """Read one token per row, without changing the arguments.

        Returns:
            The logits of the next token, and the new state.
        """

    # Override these if the library needs it.

    def select(self, state: State, rows: Int[Array, "K"]) -> State:
        """Gather rows of a state. This version is for a tuple of tensors whose first axis is the rows."""
        rows = np.ascontiguousarray(rows)  # some libraries can't read an array backward
        return tuple(tensor[rows] for tensor in cast(tuple[Tensor, ...], state))

    def use_threads(self, threads: int) -> None:
        """Set how many threads the library uses. This version sets those of BLAS, for libraries based on NumPy."""
        limit_threads(threads)

    def update(self, parameters: Tensors, slots: AllSlots, *, step: Step, t: int) -> Update:
        """Compute one whole update. This changes neither the engine nor the arguments.

        Override this method if your library compiles a whole update as one program. The program
        takes everything that differs between updates as an argument, and calls ``optimize``.

        Args:
            parameters: before the update, not masked.
            slots: before the update.
            step: the batch, its learning rate and its masks. Check the masks with ``checked_masks``.
            t: the number of this update, counted from 1.

        Raises:
            EngineError: a mask doesn't fit the network.
        """
        # 1. Multiply each masked parameter by its mask.
        masks = {
            name: self._own_tensor(mask)
            for name, mask in checked_masks(self.network, step.masks).items()
        }
        masked = {name: parameters[name] * mask for name, mask in masks.items()}
        # 2. Compute the gradients, and multiply those of masked parameters by their masks.
        loss, gradients = self.loss_and_gradients({**parameters, **masked}, step.batch)
        masked_gradients = {name: gradients[name] * mask for name, mask in masks.items()}
        gradients = {**gradients, **masked_gradients}
        # 3. Clip the gradients of all parameters together, with NumPy.
        training, _ = self._training()
        if training.clips:
            arrays = [self.to_array(gradients[name]) for name in parameters]
            tensors = map(self._own_tensor, clipped(arrays, training, np))
            gradients = dict(zip(parameters, tensors, strict=True))
        # 4. Move the unmasked parameters.
        rate = float(step.learning_rate)
        moved, new_slots = self.optimize(parameters, slots, gradients=gradients, rate=rate, t=t)
        return Update(loss, moved, new_slots)

    # Implemented for all engines.

    @property
    def vocabulary_size(self) -> int:
        """``V``."""
        return self.network.vocabulary_size

    def warm_up(self, step: Step) -> None:
        """Make an update and discard it, so that the library compiles and allocates what it needs."""
        if self._optimizer is not None:
            self.update(self.parameters, self._slots, step=step, t=self._steps + 1)
        self.step(np.zeros(1, np.int32), self.initial_state(1))

    def train_epoch(self, steps: Iterable[Step]) -> StepLosses:
        """Make one update per step.

        Raises:
            EngineError: the engine has no training settings, or a mask doesn't fit the network.
        """
        self._training()  # raises an error now if the engine can't train
        losses: list[SupportsFloat] = []
        characters: list[int] = []
        for step in steps:
            with np.errstate(all="ignore"):  # a run notices by the loss if training diverges
                update = self.update(self.parameters, self._slots, step=step, t=self._steps + 1)
            self.parameters = update.parameters
            self._slots = update.slots
            self._steps += 1
            losses.append(update.loss)
            characters.append(step.batch.characters)
        loss_sum = np.array([float(loss) for loss in losses], np.float64)
        return StepLosses(loss_sum, np.array(characters, np.int64))

    def optimize(
        self, parameters: Tensors, slots: AllSlots, *, gradients: Tensors, rate: Tensor, t: Tensor
    ) -> tuple[Tensors, AllSlots]:
        """Move all parameters by the formula of the optimizer.

        This uses only the operators ``+ − * / **``, so a library can trace it. It doesn't clip.
        To clip inside a compiled program, call ``clipped`` of ``core/engine.py`` first.

        Args:
            parameters: before the update, not masked.
            slots: before the update.
            gradients: of each parameter, masked and clipped.
            rate: the learning rate, a number or a tensor.
            t: the number of this update, counted from 1, a number or a tensor.

        Returns:
            The parameters and the slots after the update.
        """
        training, optimizer = self._training()
        moved: dict[str, Tensor] = {}
        new_slots: dict[str, Slots] = {}
        for name, w in parameters.items():
            moved[name], new_slots[name] = optimizer.update(
                w, gradients[name], slots[name], rate, t, **training.hyperparameters
            )
        return moved, new_slots

    def get_state(self) -> dict[str, Array]:
        """Copy the parameters and the optimizer's state."""
        state = {name: np.array(self.to_array(tensor)) for name, tensor in self.parameters.items()}
        if self._optimizer is not None:
            state["optimizer.step"] = np.array(self._steps, np.int64)
            for index, slot in enumerate(self._optimizer.slots):
                for name, slots in self._slots.items():
                    state[f"optimizer.{slot}.{name}"] = np.array(self.to_array(slots[index]))
        return state

    def set_state(self, state: Mapping[str, Array]) -> None:
        """Set the parameters, and the optimizer's state if there is one."""
        slots = () if self._optimizer is None else self._optimizer.slots
        parameters, optimizer_state = checked_tensors(self.network, state, slots)
        self._set(parameters, optimizer_state)

    def _set(self, parameters: Mapping[str, Array], optimizer_state: OptimizerState | None) -> None:
        """Set the parameters and the optimizer's state. Without one, start with zeros."""
        slots = () if self._optimizer is None else self._optimizer.slots
        if optimizer_state is None:
            zeros = {name: np.zeros(values.shape) for name, values in parameters.items()}
            optimizer_state = OptimizerState(0, dict.fromkeys(slots, zeros))
        self.parameters = {name: self._own_tensor(values) for name, values in parameters.items()}
        self._steps = optimizer_state.step
        # The optimizer's formula takes the slots of one parameter at a time.
        self._slots = {
            name: tuple(self._own_tensor(optimizer_state.slots[slot][name]) for slot in slots)
            for name in parameters
        }

    def _training(self) -> tuple[TrainingSettings, Optimizer]:
        """Return the training settings and the optimizer. Raises EngineError if there are none."""
        if self.training is None or self._optimizer is None:
            raise cannot_train()
        return self.training, self._optimizer

    def _own_tensor(self, values: Array) -> Tensor:
        """Create a tensor with the engine's dtype, which shares no memory with the values."""
        return self.to_tensor(np.array(values, self.dtype, order="C"))


@dataclass(frozen=True, eq=False)
class PaddedRows:
    """The distinct names of a batch as rows, each one once.

    After the end of a name, a row reads and predicts the end token with the weight 0. The loss there must be finite,
    and is ignored.

    >>> from namegen.core.data.prefix_tree import PrefixTree
    >>> from namegen.core.data.vocabulary import Vocabulary
    >>> rows = PaddedRows.of(Batch(PrefixTree.from_names(["Al", "B", "Al"], Vocabulary("ABl"))))
    >>> rows.inputs.tolist(), rows.wanted.tolist(), rows.weights.tolist()
    ([[0, 2, 0], [0, 1, 3]], [[2, 0, 0], [1, 3, 0]], [[1, 1, 0], [2, 2, 2]])
    """

    # The tokens to read: the start token, then the characters.
    inputs: Int64[Array, "R T"]
    # The tokens to predict, or, if the batch has targets, their distributions.
    wanted: Int64[Array, "R T"] | Float32[Array, "R T V"]
    # How many names the loss at each position counts for.
    weights: Int64[Array, "R T"]

    @classmethod
    def of(cls, batch: Batch) -> PaddedRows:
        """Convert a batch to one row per distinct name, ordered by length.

        R is the number of rows, and T the largest number of characters, plus 1 for the end token. For Al, the row reads
        START A l and predicts A l END.
        """
        rows = batch.sequences()
        tokens = rows.tokens.astype(np.int64)  # (R, T), each name with its end token
        # A row reads the start token first, and predicts the first character.
        start_tokens = rows.start_tokens[:, None]  # (R, 1)
        inputs = np.concatenate([start_tokens, tokens[:, :-1]], axis=1)  # (R, T)
        # A name counts as often as it occurs, up to its end token.
        positions = np.arange(tokens.shape[1])  # (T,)
        is_in_name = positions <= rows.lengths[:, None]  # (R, T)
        weights = rows.counts[:, None] * is_in_name
        wanted = tokens if batch.targets is None else batch.targets[rows.nodes]
        return cls(inputs, wanted, weights)

    def pad(self, *, rows: int, length: int) -> PaddedRows:
        """Add rows and positions with the weight 0, for libraries that compile a program for each shape.

        >>> small = PaddedRows(np.array([[0, 2]]), np.array([[2, 0]]), np.array([[1, 1]]))
        >>> small.pad(rows=2, length=3).weights.tolist()
        [[1, 1, 0], [0, 0, 0]]
        """
        missing_rows = rows - self.inputs.shape[0]
        missing_positions = length - self.inputs.shape[1]
        widths = [(0, missing_rows), (0, missing_positions)]  # before and after, for each axis
        has_distributions = self.wanted.ndim == 3  # (R, T, V)
        wanted_widths = [*widths, (0, 0)] if has_distributions else widths
        return PaddedRows(
            inputs=np.pad(self.inputs, widths),
            wanted=np.pad(self.wanted, wanted_widths),
            weights=np.pad(self.weights, widths),
        )
