"""What a failure says: which check, for which cell, and by which formula it should have been computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import ParamSpec, Unpack

from namegen.core.network.architecture import Network
from namegen.core.settings import TrainingSettings
from namegen.testing.material import Told

P = ParamSpec("P")

OPTIMIZER_FORMULAS = {
    "sgd": "w ← w − lr·g",
    "momentum": "u ← m·u + lr·(1−m)·g; w ← w − u, m = {momentum}",
    "rmsprop": "v ← ρ·v + (1−ρ)·g²; w ← w − lr·g/√(v+ε), ρ = 0.9, ε = 1e-7",
    "adam": "m ← β₁·m + (1−β₁)·g; v ← β₂·v + (1−β₂)·g²; w ← w − lr·√(1−β₂ᵗ)/(1−β₁ᵗ)·m/(√v+ε), "
    "β₁ = 0.9, β₂ = 0.999, ε = 1e-7",
}
CLIPPING = "g ← g·min(1, {norm}/‖g‖), ‖g‖ of the masked gradients of all parameters together, its squares in float64"
CUTTING = "the state before each character, all of its arrays, counts as a constant"


def named(checks: Mapping[str, Callable[P, None]]) -> dict[str, Callable[P, None]]:
    """The same checks, whose failures name them; an exception of any kind inside a check is its failure.

    Args:
        checks: by name. A text among a check's arguments is the cell that it is run for.
    """
    return {name: _naming(name, check) for name, check in checks.items()}


def _naming(name: str, check: Callable[P, None]) -> Callable[P, None]:
    @wraps(check)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        given = (*args, *kwargs.values())
        cells = [f", cell {value}" for value in given if isinstance(value, str)]
        others = [f", architecture {value.architecture}" for value in given if isinstance(value, Network)]
        where = f"check {name!r}{''.join(cells + others)}"
        try:
            check(*args, **kwargs)
        except AssertionError as error:
            raise AssertionError(f"{where}: {error}") from error
        except Exception as error:
            raise AssertionError(f"{where}: the engine raised {type(error).__name__}: {error}") from error

    return run


def describe_training(**settings: Unpack[Told]) -> str:
    """The optimizer with its formula, and what else of the settings decides how an update is computed.

    >>> describe_training(optimizer="sgd")
    'optimizer sgd (w ← w − lr·g)'
    """
    training = TrainingSettings(**settings).plain
    formula = OPTIMIZER_FORMULAS[training.optimizer].format(momentum=training.momentum)
    text = f"optimizer {training.optimizer} ({formula})"
    if training.clip_norm is not None:
        text += f", clipped ({CLIPPING.format(norm=training.clip_norm)})"
    if not training.through_time:
        text += f", without through_time ({CUTTING})"
    return text


def first_line(error: BaseException) -> str:
    """What an error says, without what stands below its first line."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
