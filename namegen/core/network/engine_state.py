"""Checks a state that goes into an engine: every canonical name, every shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from namegen.core.network.architecture import Network
from namegen.errors import CheckpointError, EngineError
from namegen.escaping import quote
from namegen.types import Array

OPTIMIZER_PREFIX = "optimizer."
KINDS = {"f": "floating-point numbers", "iu": "whole numbers"}  # by the letters of NumPy's types


@dataclass(frozen=True)
class OptimizerState:
    """How many steps an optimizer has taken, and what it keeps, by slot and parameter."""

    step: int
    slots: dict[str, dict[str, Array]]


def checked_tensors(
    network: Network, state: Mapping[str, Array], slots: tuple[str, ...]
) -> tuple[dict[str, Array], OptimizerState | None]:
    """Split a state into parameters and optimizer state, in canonical order.

    Args:
        network: what the shapes must fit.
        state: tensors by canonical name.
        slots: the slots of the engine's optimizer.

    Returns:
        The parameters, and the optimizer's state; None where the state has no ``optimizer.step``.

    Raises:
        CheckpointError: a name is missing or has no place in the network, or a shape or type does not fit.
    """
    shapes = network.parameter_shapes
    parameters = {name: _tensor(state, name, shape) for name, shape in shapes.items()}
    strangers = [name for name in state if name not in shapes and not name.startswith(OPTIMIZER_PREFIX)]
    if strangers:
        raise CheckpointError(f"the tensor {quote(strangers[0])} has no place in the description of the network")
    if "optimizer.step" not in state:
        return parameters, None
    step = int(_tensor(state, "optimizer.step", (), kinds="iu"))
    if step < 0:
        raise CheckpointError(f"optimizer.step is {step}: expected at least 0")
    kept = {
        slot: {name: _tensor(state, f"optimizer.{slot}.{name}", shape) for name, shape in shapes.items()}
        for slot in slots
    }
    return parameters, OptimizerState(step, kept)


def checked_masks(network: Network, masks: Mapping[str, Array]) -> dict[str, Array]:
    """The masks of a step in canonical order, each against its parameter.

    Raises:
        EngineError: the network has no such parameter, or the mask cannot be spread over its shape.
    """
    if not masks:  # nearly always: spares every step the making of all shapes
        return {}
    shapes = network.parameter_shapes
    for name, mask in masks.items():
        if name not in shapes:
            raise EngineError(f"a step masks {name}, which the network does not have: expected {', '.join(shapes)}")
        shape = shapes[name]
        if mask.ndim != len(shape) or any(m not in (1, n) for m, n in zip(mask.shape, shape, strict=True)):
            raise EngineError(f"the mask of {name} has the shape {mask.shape}: expected one that spreads over {shape}")
    return {name: masks[name] for name in shapes if name in masks}


def _tensor(state: Mapping[str, Array], name: str, shape: tuple[int, ...], *, kinds: str = "f") -> Array:
    if name not in state:
        raise CheckpointError(f"the tensor {name} is missing: the file does not fit its description of the network")
    if state[name].shape != shape:
        raise CheckpointError(
            f"the tensor {name} has the shape {state[name].shape}, where the description of the network says {shape}"
        )
    if state[name].dtype.kind not in kinds:
        found = f"the tensor {name} holds values of the type {state[name].dtype}"
        raise CheckpointError(f"{found}: expected {KINDS[kinds]}")
    return state[name]


def parameters_of(state: Mapping[str, Array]) -> dict[str, Array]:
    """The parameters of an engine's state, without the optimizer's."""
    return {name: values for name, values in state.items() if not name.startswith(OPTIMIZER_PREFIX)}
