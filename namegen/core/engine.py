"""The protocols between core and its models and backends. ``docs/develop/engines.md`` explains how to write a backend.

An engine is an object of a backend's class, for one network. Every engine has to follow these rules:

- **Types.** Only NumPy arrays, plain Python values and namegen's frozen dataclasses are passed in and out. Tokens are
  int32, and selected rows are int64. Both are contiguous. Logits are float32 (float64 if the engine was created with
  ``dtype="float64"``), and losses are float64.
- **Shapes.** The number of rows can differ from call to call, and is at least 1. An engine that compiles pads the rows
  to sizes that it has compiled.
- **State.** Only the model that created a state reads it. To a type checker it's an ``object``, which the model casts.
  A state is never changed in place: after ``step`` and ``select``, the state that was passed in is still valid.
- **Determinism.** The same parameters, steps and number of threads give the same bits on the same machine. A backend
  doesn't draw random numbers. Initial values, the order of names, dropout masks and samples come from core.
- **Start tokens.** The first token of a name is its start token: id 0, or one of the ids from V on if the network has
  labels. So ``step`` reads ids below ``V + L``, and returns ``V`` logits.
- **Settings.** An engine reads only the training settings that ``core/settings.py`` marks with ``backend_reads``, and
  the hyperparameters of the optimizer. Learning rates and dropout masks are part of the steps.
- **Laziness.** ``train_epoch`` can pipeline, compile and fuse steps. Before it returns, it applies all steps that it
  has taken from the stream, in order. A stream that ends early is normal.
- **Threads.** An engine that is created with ``threads=1`` uses one thread, until another engine is created with more.
- **Names.** Parameters have the canonical names of their architecture (``network.parameter_shapes``). The optimizer's
  state consists of ``optimizer.step`` (int64, shape ``()``, the number of updates so far) and
  ``optimizer.{slot}.{parameter}``, with the parameter's shape and the engine's dtype. To check a state, use
  ``checked_tensors`` in ``core/network/architecture.py``. It splits the state and raises the right errors.

An update consists of five steps. ``θ`` is a parameter, ``g`` its gradient:

1. **Masks.** If a parameter has a mask, ``θ · mask`` replaces it in the forward and backward pass, and its gradient is
   ``g · mask``.
2. **Loss.** The loss is the softmax cross-entropy, summed over all characters and end tokens of all names, duplicates
   included. For a node of the prefix tree that n names pass, c_v of them on to token v, that's
   ``n log Σ e^logits − Σ_v c_v logits_v``. If the batch has ``targets``, it's
   ``n Σ_v target_v (log Σ e^logits − logits_v)``, and its gradient with respect to the logits is
   ``n (softmax − target)``, although float32 targets may not sum to exactly 1. The reported loss is the sum over all
   nodes in nats, before the update.
3. **Gradient.** The gradient is that of the summed loss, divided by the number of characters (``batch.characters``).
4. **Clipping.** With ``clip_norm``, ``clipped`` scales all gradients if their common norm is larger. The norm is
   computed in float64.
5. **Optimizer.** The unmasked parameter is updated by the formulas of ``core/optimizers.py``.

**bptt=False** stops gradients between tokens: in every layer, the state before a token (h, and for the LSTM also c)
counts as a constant. Gradients still pass from layer to layer at the same token, and the recurrent kernel gets its
gradient from the constant state. An architecture without a recurrent state rejects the setting.

**An engine without training settings** has no optimizer and makes predictions only. ``get_state`` returns only the
parameters, ``set_state`` ignores ``optimizer.*``, and ``train_epoch`` immediately raises EngineError.
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

# A model casts its states instead of checking their type, which would take time at every step.
State: TypeAlias = object


@dataclass(frozen=True, eq=False)
class Step:
    """One update."""

    batch: Batch
    learning_rate: float  #: of this step
    #: By parameter name: dropout factors that can be broadcast to the parameter's shape. Empty without dropout. One
    #: mask applies to all names of the batch, so names with the same prefix still have the same state.
    masks: Mapping[str, Float[Array, "..."]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class StepLosses:
    """The losses of one ``train_epoch``, with one entry per step. A ``Trainer`` adds them in order."""

    loss_sum: Float64[Array, "S"]  #: nats, summed over the characters of the batch
    characters: Int64[Array, "S"]


@runtime_checkable
class LanguageModel(Protocol):
    """A model that can generate names and be evaluated."""

    @property
    def vocabulary_size(self) -> int:
        """``V``: the number of characters, plus 1 for the end token."""
        ...

    def initial_state(self, rows: int) -> State:
        """Return the state of ``rows`` names before their start tokens."""
        ...

    def step(self, tokens: Int32[Array, "B"], state: State) -> tuple[Float[Array, "B V"], State]:
        """Read one token per row. Return the logits of the next token, which can be −inf, and the new state.

        The first token of a name is its start token: id 0, or an id from ``V`` to ``V + L − 1`` if the model has
        labels. All other tokens are below ``V``.
        """
        ...

    def select(self, state: State, rows: Int[Array, "K"]) -> State:
        """Gather rows of a state. A row can be selected several times."""
        ...


@runtime_checkable
class Engine(LanguageModel, Protocol):
    """A LanguageModel that can be trained."""

    name: ClassVar[str]  #: the backend's name for users
    architectures: ClassVar[
        tuple[type[Network], ...]
    ]  #: those that it trains, the default one first
    cells: ClassVar[frozenset[str]]  #: the cells of the architecture rnn that it implements, if any
    requires: ClassVar[tuple[str, ...]]  #: the libraries that it imports, except for NumPy

    def __init__(
        self,
        network: Network,
        training: TrainingSettings | None,
        *,
        threads: int,
        dtype: str = "float32",
    ) -> None:
        """Create an engine. Without ``training``, it has no optimizer and only makes predictions."""
        ...

    def warm_up(self, step: Step) -> None:
        """Compile the program for steps like this one, without any visible effect."""
        ...

    def train_epoch(self, steps: Iterable[Step]) -> StepLosses:
        """Apply one update for each step, in order.

        Raises:
            EngineError: if a mask belongs to an unknown parameter, or doesn't fit its shape.
        """
        ...

    def get_state(self) -> dict[str, Array]:
        """Return copies of the parameters, and of the optimizer's state if there is one, by canonical name."""
        ...

    def set_state(self, state: Mapping[str, Array]) -> None:
        """Load parameters, and the optimizer's state if the engine has an optimizer.

        If ``optimizer.*`` is missing, the optimizer is reset.

        Raises:
            CheckpointError: if a name is missing, or a shape is wrong.
        """
        ...


if TYPE_CHECKING:
    EngineClass: TypeAlias = type[Engine]
else:  # the tests check types at run time, and issubclass doesn't accept a protocol with attributes
    EngineClass = type


def check_dtype(dtype: str) -> None:
    """Raise EngineError if engines don't have to support this precision."""
    if dtype not in ("float32", "float64"):
        raise EngineError(f"the backend doesn't support dtype {dtype!r}: use float32 or float64")


def cannot_train() -> EngineError:
    """Return the error for an engine that was created without training settings and is asked to train."""
    return EngineError(
        "the backend can't train without training settings: pass them when you create it"
    )


def clipped(gradients: Sequence[Tensor], training: TrainingSettings, ops: Any) -> Sequence[Tensor]:
    """Clip the gradients of all parameters together. All engines use this function.

    Args:
        gradients: one tensor per parameter, or one for all parameters.
        training: the settings, with ``clip_norm``.
        ops: a library with NumPy's function names for these tensors, such as ``numpy`` or ``keras.ops``.

    >>> import numpy as np
    >>> clipped([np.array([3.0, -4.0])], TrainingSettings(clip_norm=1.0), np)
    [array([ 0.6, -0.8])]
    """
    if training.clip_norm is None:
        return gradients
    norm = common_norm(gradients, ops)
    scale = training.clip_norm / ops.maximum(norm, training.clip_norm)
    return [gradient * ops.array(scale, gradient.dtype) for gradient in gradients]


def common_norm(gradients: Sequence[Tensor], ops: Any) -> Tensor:
    """Compute the Euclidean norm of all gradients together.

    The computation is in float64, because float32 can't represent the squares of exploding gradients.
    """
    squares = [ops.sum(ops.square(ops.array(gradient, "float64"))) for gradient in gradients]
    return ops.sqrt(sum(squares))


def network_for(
    engine_class: EngineClass, settings: NetworkSettings, vocabulary_size: int, *, labels: int = 0
) -> Network:
    """Create the network that the settings describe.

    Raises:
        EngineError: if the backend doesn't support the architecture or its cell.
        SettingsError: if a setting doesn't exist in the architecture.
    """
    network_class = _network_class(engine_class, str(settings.architecture))
    network = network_class.from_settings(settings, vocabulary_size, labels=labels)
    recurrent = as_recurrent(network)
    check_known(engine_class, network.architecture, recurrent.cell if recurrent else None)
    return network


def _network_class(engine_class: EngineClass, architecture: str) -> type[Network]:
    """Look up a backend's class of networks by the name of their architecture."""
    check_known(engine_class, architecture)
    classes = {network.architecture: network for network in engine_class.architectures}
    return classes[architecture]


def check_known(engine_class: EngineClass, architecture: str, cell: str | None = None) -> None:
    """Raise EngineError if a backend doesn't support an architecture, or a cell of the architecture ``rnn``."""
    architectures = [known.architecture for known in engine_class.architectures]
    _check_choice(engine_class, "architecture", architecture, architectures)
    if cell is not None:
        _check_choice(engine_class, "cell", cell, sorted(engine_class.cells))


def _check_choice(
    engine_class: EngineClass, setting_name: str, choice: str, known: Sequence[str]
) -> None:
    """Raise EngineError if a backend doesn't support the value of a setting."""
    if choice not in known:
        raise EngineError(
            f"the backend {engine_class.name} has no {setting_name} {choice!r}: choose one of {', '.join(known)} "
            f"with {setting(setting_name)}, or another backend"
        )
