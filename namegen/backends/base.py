"""A base for engines of tensor libraries, which leaves them the mathematics alone: TensorEngine, Update, PaddedRows.

Nobody has to use it: an engine is whatever keeps to ``core/engine.py``, and ours, NumPy and Keras, do without. But much
of what that file asks for is the same for every library: optimizers with namegen's formulas, clipping, masks, canonical
names, checked states, the loop over the steps, the refusals. That is here; ``docs/develop/engines.md`` writes one.

**How it works.** A parameter is a tensor of the library under its canonical name, and no tensor is ever changed: an
update makes new ones. So the state that ``step`` was given stays what it was, ``warm_up`` can make a whole update and
forget it, and libraries without assignment fit as well as those with it. All that the base does with a tensor is
``+ − * / **`` with another one or a plain number; the way in and out is the engine's, ``to_tensor`` and ``to_array``.

**A step**, in this order (the law is ``Step``'s, in ``core/engine.py``): each masked parameter counts as
``parameter * mask``; ``loss_and_gradients`` of those; the gradient of a masked one is masked too; all of them are
clipped to a common norm; the optimizer moves the unmasked parameters.

**What is left to write**: ``to_tensor``, ``to_array``, ``initial_state``, ``step`` and ``loss_and_gradients``;
``select`` where a state is no tuple of tensors; ``use_threads`` where the library has threads of its own; ``update``
where the library compiles a whole update.
``self.parameters`` are what ``step`` reads, and ``PaddedRows`` is a batch in the form that most libraries want.
The base knows no architecture: it takes names and shapes from the network.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, SupportsFloat, TypeAlias, cast

import numpy as np

from namegen.core.data.batching import Batch
from namegen.core.engine import State, Step, StepLosses, check_known, clipped
from namegen.core.network.architecture import Network, checked_masks, checked_tensors
from namegen.core.optimizers import OPTIMIZERS, Optimizer, Slots, Tensor
from namegen.core.settings import TrainingSettings
from namegen.errors import EngineError
from namegen.threads import limit_threads
from namegen.types import Array, Float, Float32, Int, Int32, Int64

Tensors: TypeAlias = Mapping[str, Tensor]  # by canonical name
AllSlots: TypeAlias = Mapping[str, Slots]  # by the canonical name of their parameter


class Update(NamedTuple):
    """The result of one update."""

    loss: SupportsFloat  # before the update, in nats, as ``loss_and_gradients`` returns it
    parameters: Tensors  # after the update
    slots: AllSlots  # after the update


class TensorEngine(ABC):
    """All of an engine but its mathematics; see the module's own text.

    Args:
        network: names and shapes of the parameters.
        training: optimizer, clipping and what else an engine reads of it; None for an engine that only reads.
        threads: for the library, see ``use_threads``.
        dtype: in which it computes, ``float32`` or ``float64``.

    Attributes:
        parameters: tensors by canonical name; zeros until a state is set.

    Raises:
        EngineError: a network of another architecture, or a dtype that it does not compute in.
    """

    name: ClassVar[str]
    architectures: ClassVar[tuple[type[Network], ...]]
    cells: ClassVar[frozenset[str]] = frozenset()
    requires: ClassVar[tuple[str, ...]]

    def __init__(
        self,
        network: Network,
        training: TrainingSettings | None,
        *,
        threads: int,
        dtype: str = "float32",
    ) -> None:
        if dtype not in ("float32", "float64"):
            raise EngineError(
                f"the dtype {dtype!r} is not one that the backend computes in: use float32 or float64"
            )
        check_known(type(self), network.architecture)
        self.use_threads(threads)
        self.network = network  # of an architecture that the engine knows: it annotates its own, `network: Mine`
        self.training, self.dtype = training, dtype
        self.parameters: Tensors = self._zeros()
        self._steps = 0
        self._optimizer = None if training is None else OPTIMIZERS[training.optimizer]
        self._slots: AllSlots = self._new_slots()

    # What an engine writes.

    @abstractmethod
    def to_tensor(self, array: Array) -> Tensor:
        """An array, contiguous, as a tensor of the same type and shape. It is the tensor's own, to share its memory."""

    @abstractmethod
    def to_array(self, tensor: Tensor) -> Array:
        """The way back. Nobody writes into it: it may share the tensor's memory."""

    @abstractmethod
    def loss_and_gradients(
        self, parameters: Tensors, batch: Batch
    ) -> tuple[SupportsFloat, Tensors]:
        """The loss of a batch and its gradients. It must read these parameters, not ``self.parameters``.

        Returns:
            The loss in nats, summed over the characters of all names: a number, or a tensor of one that ``float`` can
            read, which is done when all steps are made; and d (loss / ``batch.characters``) / d parameter of every one.
        """

    @abstractmethod
    def initial_state(self, rows: int) -> State:
        """The state of ``rows`` names of which nothing has been read, START included."""

    @abstractmethod
    def step(self, tokens: Int32[Array, "B"], state: State) -> tuple[Float[Array, "B V"], State]:
        """Read one token a row; give the logits of the next one and the state after it, and change neither argument."""

    def select(self, state: State, rows: Int[Array, "K"]) -> State:
        """Gather rows of a state that is a tuple of tensors, the rows first; for another state, one's own."""
        rows = np.ascontiguousarray(rows)  # not every library reads backwards
        return tuple(tensor[rows] for tensor in cast(tuple[Tensor, ...], state))

    def use_threads(self, threads: int) -> None:
        """Have the library compute with so many threads; by default BLAS, which libraries on top of NumPy use."""
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
        training, _ = self._training()
        masks = {
            name: self._own_tensor(mask)
            for name, mask in checked_masks(self.network, step.masks).items()
        }
        masked = {name: parameters[name] * mask for name, mask in masks.items()}
        loss, found = self.loss_and_gradients({**parameters, **masked}, step.batch)
        gradients = {
            name: found[name] * masks[name] if name in masks else found[name] for name in parameters
        }
        if training.clips:
            arrays = clipped(
                [self.to_array(gradient) for gradient in gradients.values()], training, np
            )
            gradients = dict(zip(gradients, map(self._own_tensor, arrays), strict=True))
        rate = float(step.learning_rate)
        moved, new_slots = self.optimize(parameters, slots, gradients=gradients, rate=rate, t=t)
        return Update(loss, moved, new_slots)

    # What it gets.

    @property
    def vocabulary_size(self) -> int:
        """``V``."""
        return self.network.vocabulary_size

    def warm_up(self, step: Step) -> None:
        """Make all that the step asks for, and forget it: what the library compiles or allocates, it has then."""
        if self._optimizer is not None:
            self.update(self.parameters, self._slots, step=step, t=self._steps + 1)
        self.step(np.zeros(1, np.int32), self.initial_state(1))

    def train_epoch(self, steps: Iterable[Step]) -> StepLosses:
        """One update for each step. Raises EngineError without training settings, or for a mask that does not fit."""
        self._training()  # an engine that cannot train says so before it takes a step
        losses, characters = [], []
        for step in steps:
            with np.errstate(
                all="ignore"
            ):  # training that diverges shows in the loss, which the Trainer looks at
                update = self.update(self.parameters, self._slots, step=step, t=self._steps + 1)
            self.parameters, self._slots = update.parameters, update.slots
            self._steps += 1
            losses.append(update.loss)
            characters.append(step.batch.characters)
        return StepLosses(
            np.array([float(loss) for loss in losses], np.float64), np.array(characters, np.int64)
        )

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
        hyperparameters = training.hyperparameters
        moved: dict[str, Tensor] = {}
        new_slots: dict[str, Slots] = {}
        for name, w in parameters.items():
            moved[name], new_slots[name] = optimizer.update(
                w, gradients[name], slots[name], rate, t, **hyperparameters
            )
        return moved, new_slots

    def get_state(self) -> dict[str, Array]:
        """Copies of the parameters and of the optimizer's state."""
        state = {name: np.array(self.to_array(tensor)) for name, tensor in self.parameters.items()}
        if self._optimizer is not None:
            state["optimizer.step"] = np.array(self._steps, np.int64)
            for place, slot in enumerate(self._optimizer.slots):
                for name, slots in self._slots.items():
                    state[f"optimizer.{slot}.{name}"] = np.array(self.to_array(slots[place]))
        return state

    def set_state(self, state: Mapping[str, Array]) -> None:
        """Take parameters, and the optimizer's state if it is there."""
        slots = () if self._optimizer is None else self._optimizer.slots
        parameters, optimizer = checked_tensors(self.network, state, slots)
        self.parameters = {name: self._own_tensor(values) for name, values in parameters.items()}
        if optimizer is None:
            self._steps, self._slots = 0, self._new_slots()
        else:
            self._steps = optimizer.step
            self._slots = {
                name: tuple(self._own_tensor(optimizer.slots[slot][name]) for slot in slots)
                for name in parameters
            }

    def _training(self) -> tuple[TrainingSettings, Optimizer]:
        """What it was told of training. Raises EngineError where that is nothing."""
        if self.training is None or self._optimizer is None:
            raise EngineError(
                "this backend was made without training settings: it cannot train; make one with them"
            )
        return self.training, self._optimizer

    def _own_tensor(self, values: Array) -> Tensor:
        """A tensor in the engine's own precision that shares no memory with the values."""
        return self.to_tensor(np.array(values, self.dtype, order="C"))

    def _zeros(self) -> dict[str, Tensor]:
        return {
            name: self._own_tensor(np.zeros(shape))
            for name, shape in self.network.parameter_shapes.items()
        }

    def _new_slots(self) -> dict[str, Slots]:
        """Before the first step: zeros; slots may share them, as nothing is changed."""
        slots = 0 if self._optimizer is None else len(self._optimizer.slots)
        return {name: (tensor,) * slots for name, tensor in self._zeros().items()}


@dataclass(frozen=True, eq=False)
class PaddedRows:
    """The distinct names of a batch as rows, each read once however often it stands in the batch.

    Behind the end of a name a row reads and predicts the boundary with the weight 0, so what is computed there must be
    finite and counts for nothing.

    Attributes:
        inputs: what is read at each place: the beginning, then the characters.
        wanted: what should follow: the token itself, or, of a batch with targets, a distribution.
        weights: how many names the loss at a place counts for.

    >>> from namegen.core.data.prefix_tree import PrefixTree
    >>> from namegen.core.data.vocabulary import Vocabulary
    >>> rows = PaddedRows.of(Batch(PrefixTree.from_names(["Al", "B", "Al"], Vocabulary("ABl"))))
    >>> rows.inputs.tolist(), rows.wanted.tolist(), rows.weights.tolist()
    ([[0, 2, 0], [0, 1, 3]], [[2, 0, 0], [1, 3, 0]], [[1, 1, 0], [2, 2, 2]])
    """

    inputs: Int64[Array, "R T"]
    wanted: Int64[Array, "R T"] | Float32[Array, "R T V"]
    weights: Int64[Array, "R T"]

    @classmethod
    def of(cls, batch: Batch) -> PaddedRows:
        """The rows of a batch, ordered by length; ``T`` is the longest name's characters and the STOP."""
        rows = batch.sequences()
        wanted = rows.tokens.astype(np.int64)
        inputs = np.concatenate([rows.beginnings[:, None], wanted[:, :-1]], axis=1)
        weights = rows.counts[:, None] * (np.arange(wanted.shape[1]) <= rows.lengths[:, None])
        return cls(inputs, wanted if batch.targets is None else batch.targets[rows.nodes], weights)
