"""The waist: what core asks of a model and of a backend.

What a backend must keep to:

- **Types.** NumPy arrays, plain Python values and namegen's frozen dataclasses cross this file, nothing else. Tokens
  are int32, logits float32 (float64 from an engine made with ``dtype="float64"``), losses float64.
- **Shapes.** Any number of rows, zero excepted, at any call. An engine that compiles pads rows to its own buckets.
- **State** is opaque: only the model that made it reads it. It is never changed in place: after ``step`` and
  ``select`` the state that was passed in still holds.
- **Determinism.** The same parameters, steps and thread count give the same bits on one machine. A backend has no
  random numbers of its own: initial values, the order of the names, what is dropped and all drawing come from core.
- **Loss.** Where a batch has ``targets``, a node that n names pass has the loss ``n`` times the cross-entropy of its
  target and the softmax, and d loss / d logits is ``n (softmax − target)``; else the names themselves are the target.
- **Laziness.** ``train_epoch`` may pipeline, compile and fuse as it likes, but it applies every step that it has taken
  from the stream, in order, before it returns. A stream that ends early is a normal end.
- **Names.** Parameters and optimizer state go by the canonical names of ``core/network/architecture.py``:
  ``optimizer.step`` (int64) and ``optimizer.{u|m|v}.{parameter}``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias, runtime_checkable

from namegen.core.data.batching import Batch
from namegen.core.network.architecture import Network
from namegen.core.settings import TrainingSettings
from namegen.types import Array, Float, Float64, Int, Int32, Int64

State: TypeAlias = Any


@dataclass(frozen=True, eq=False)
class Step:
    """One update.

    Attributes:
        batch: the names.
        learning_rate: of this step.
        masks: canonical parameter name → factors, broadcastable to its shape; empty where nothing is dropped. For this
            step the parameter counts as ``parameter * mask`` and its gradient as ``gradient * mask``, before clipping;
            then the optimizer moves the unmasked parameter. One mask serves all names of the batch, so names that share
            a prefix still share its state.
    """

    batch: Batch
    learning_rate: float
    masks: Mapping[str, Float[Array, "..."]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class StepLosses:
    """What one ``train_epoch`` did: an entry for each step. The Trainer adds them in order."""

    loss_sum: Float64[Array, "S"]  # nats, summed over the characters of the batch
    characters: Int64[Array, "S"]


@runtime_checkable
class LanguageModel(Protocol):
    """Enough to generate from and to be evaluated."""

    @property
    def vocabulary_size(self) -> int:
        """``V``: the characters and the boundary: what is predicted."""
        ...

    def initial_state(self, rows: int) -> State:
        """The state of ``rows`` names of which nothing has been read, their beginning included."""
        ...

    def step(self, tokens: Int32[Array, "B"], state: State) -> tuple[Float[Array, "B V"], State]:
        """Read one token a row; give the logits of the next one (−inf allowed) and the state after it.

        Tokens are below ``V``; the first of a name is its beginning: the boundary, or, of a model of labelled names,
        one of the ids from ``V`` to ``V + L − 1``.
        """
        ...

    def select(self, state: State, rows: Int[Array, "K"]) -> State:
        """Gather rows of a state; repeats allowed."""
        ...


@runtime_checkable
class Engine(LanguageModel, Protocol):
    """A LanguageModel that can be trained."""

    name: ClassVar[str]  # what users choose it by
    architectures: ClassVar[tuple[type[Network], ...]]  # the kinds of network that it trains, the usual one first
    cells: ClassVar[frozenset[str]]  # the cells of the architecture rnn that it implements; none without it
    requires: ClassVar[tuple[str, ...]]  # the libraries that it imports, NumPy apart

    def __init__(
        self, network: Network, training: TrainingSettings | None, *, threads: int, dtype: str = "float32"
    ) -> None:
        """An engine without ``training`` has no optimizer: it generates and is evaluated."""
        ...

    def warm_up(self, step: Step) -> None:
        """Compile what training on steps like this one needs; changes nothing that can be observed."""
        ...

    def train_epoch(self, steps: Iterable[Step]) -> StepLosses:
        """Apply one update for each step, one after another.

        Raises EngineError for a mask of a parameter that the network does not have, or that does not fit its shape.
        """
        ...

    def get_state(self) -> dict[str, Array]:
        """Copies of the parameters, and of the optimizer's state if the engine trains, by canonical name."""
        ...

    def set_state(self, state: Mapping[str, Array]) -> None:
        """Take parameters, and the optimizer's state if it is there and the engine trains.

        Without ``optimizer.*`` the optimizer starts anew. Raises CheckpointError for a missing name or a wrong shape.
        """
        ...


if TYPE_CHECKING:
    EngineClass: TypeAlias = type[Engine]
else:  # the tests check annotations at run time, with issubclass, which a protocol that has attributes refuses
    EngineClass = type
