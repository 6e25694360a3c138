"""What core asks of a model and of a backend: the protocol. ``docs/develop/engines.md`` leads through writing one.

What a backend must keep to:

- **Types.** NumPy arrays, plain Python values and namegen's frozen dataclasses cross this file, nothing else. Tokens
  are int32, rows to select int64, both contiguous; logits float32 (float64 from an engine made with
  ``dtype="float64"``), losses float64.
- **Shapes.** Any number of rows, zero excepted, at any call. An engine that compiles pads rows to its own buckets.
- **State** is opaque: only the model that made it reads it. To a type checker it is an ``object``, which that model
  casts to what it made. It is never changed in place: after ``step`` and ``select`` the state that was passed in still
  holds.
- **Determinism.** The same parameters, steps and thread count give the same bits on one machine. A backend has no
  random numbers of its own: initial values, the order of the names, what is dropped and all drawing come from core.
- **Beginnings.** The first token that a name reads is its beginning: id 0, or of a network with labels one of the ids
  from V on. So ``step`` reads ids below ``V + L`` and gives ``V`` logits.
- **Settings.** An engine reads only the training settings that ``core/settings.py`` marks with
  ``backend_reads``, and the hyperparameters of the optimizer. Learning rates and dropout reach it
  with the steps.
- **Laziness.** ``train_epoch`` may pipeline, compile and fuse as it likes, but it applies every step that it has taken
  from the stream, in order, before it returns. A stream that ends early is a normal end.
- **Threads.** An engine made with ``threads=1`` computes on one, whatever the machine has, until one is made with more.
- **Names.** Parameters go by the canonical names of their architecture (``network.parameter_shapes``), the optimizer's
  state by ``optimizer.step`` (int64, of shape ``()``: updates done) and ``optimizer.{slot}.{parameter}``, of the
  parameter's shape and the engine's dtype. ``core/network/architecture.py`` checks a state: ``checked_tensors`` splits
  it into both and raises what is to be raised.

What one update computes, with ``θ`` a parameter, ``g`` its gradient, ``lr`` the step's rate:

1. **Masks.** A parameter with a mask counts as ``θ · mask`` from here to the gradient, which is ``g · mask``.
2. **Loss.** A node that n names pass, c_v of them on to token v, has the loss ``n log Σ e^logits − Σ_v c_v logits_v``:
   softmax cross-entropy, summed over every character and the STOP of every name, repeats counted. Where the batch has
   ``targets``, the loss is ``n Σ_v target_v (log Σ e^logits − logits_v)`` and its gradient by the logits
   ``n (softmax − target)``, though float32 targets do not quite sum to 1. The sum over all nodes, in nats and before
   the update, is what is reported.
3. **Gradient** of that sum divided by the batch's characters (``batch.characters``).
4. **Clipping** (``clipped``), with ``clip_norm``: if the norm of all gradients taken together is greater, all are
   scaled to it. Its squares are summed in float64.
5. **Optimizer**, on the unmasked parameter, by the formulas of ``core/optimizers.py``.

**bptt=False** cuts what reaches back: the state before each token counts as a constant (h, of the LSTM h and
c), in the gradient of every layer. What the token itself does to each layer, and the recurrent kernel's gradient from
that constant state, stay. An architecture without a state that is carried refuses the setting.

**An engine made without training settings** has no optimizer: it reads, ``get_state`` gives the parameters alone,
``set_state`` passes over ``optimizer.*``, and ``train_epoch`` raises EngineError at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias, runtime_checkable

from namegen.core.data.batching import Batch
from namegen.core.network.architecture import Network, as_recurrent
from namegen.core.optimizers import Tensor
from namegen.core.settings import NetworkSettings, TrainingSettings
from namegen.errors import EngineError, setting
from namegen.types import Array, Float, Float64, Int, Int32, Int64

State: TypeAlias = (
    object  # opaque: whoever made it casts it, as an isinstance would cost time at every step
)


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
    architectures: ClassVar[
        tuple[type[Network], ...]
    ]  # the kinds of network that it trains, the usual one first
    cells: ClassVar[
        frozenset[str]
    ]  # the cells of the architecture rnn that it implements; none without it
    requires: ClassVar[tuple[str, ...]]  # the libraries that it imports, NumPy apart

    def __init__(
        self,
        network: Network,
        training: TrainingSettings | None,
        *,
        threads: int,
        dtype: str = "float32",
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


def clipped(gradients: Sequence[Tensor], training: TrainingSettings, ops: Any) -> Sequence[Tensor]:
    """The gradients of all parameters as the optimizer takes them: every clipping is declared here, for all engines.

    Args:
        gradients: a tensor for each parameter, or one that holds them all.
        training: has ``clip_norm``.
        ops: functions by NumPy's names for these tensors: ``numpy``, or ``keras.ops``.

    >>> import numpy as np
    >>> clipped([np.array([3.0, -4.0])], TrainingSettings(clip_norm=1.0), np)
    [array([ 0.6, -0.8])]
    """
    if training.clip_norm is not None:  # float32 could not hold the squares of an exploded gradient
        squares = [ops.sum(ops.square(ops.array(gradient, "float64"))) for gradient in gradients]
        scale = training.clip_norm / ops.maximum(ops.sqrt(sum(squares)), training.clip_norm)
        gradients = [gradient * ops.array(scale, gradient.dtype) for gradient in gradients]
    return gradients


def network_for(
    engine_class: EngineClass, settings: NetworkSettings, vocabulary_size: int, *, labels: int = 0
) -> Network:
    """The network that the settings describe, of the architecture that they name.

    Raises:
        EngineError: the engine does not train that architecture, or that cell of it.
        SettingsError: the architecture does not have what a setting asks for.
    """
    known, name = (
        {one.architecture: one for one in engine_class.architectures},
        str(settings.architecture),
    )
    check_known(engine_class, name)
    network = known[name].from_settings(settings, vocabulary_size, labels=labels)
    recurrent = as_recurrent(network)
    check_known(engine_class, network.architecture, recurrent.cell if recurrent else None)
    return network


def check_known(engine_class: EngineClass, architecture: str, cell: str | None = None) -> None:
    """Raise EngineError for an architecture, or a cell of ``rnn``, that an engine does not have."""
    architectures = [one.architecture for one in engine_class.architectures]
    known = {"architecture": architectures, "cell": sorted(engine_class.cells)}
    for what, asked in {"architecture": architecture, "cell": cell}.items():
        if asked not in (None, *known[what]):
            raise EngineError(
                f"the backend {engine_class.name} has no {what} {asked!r}: choose one of {', '.join(known[what])} "
                f"with {setting(what)}, or another backend"
            )
