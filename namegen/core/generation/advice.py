"""What to change if a search finds too few names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from namegen.core.generation.constraints.constraint import MORE_VARIETY, Constraint
from namegen.core.generation.constraints.constraint_list import (
    ConstraintList,
    MaxLength,
    MinLength,
    UsualLength,
    WellFormed,
)
from namegen.core.generation.constraints.matches import Matches
from namegen.core.generation.sampling import SamplingSettings
from namegen.errors import setting

ASK_FOR_FEWER = "ask for fewer"
HOT = 1.5  # above this temperature, most names are noise
NEARLY_0 = 0.05  # below this temperature or top_p, the model has almost no choice


def advice(
    rejected: Counter[str],
    constraints: ConstraintList,
    sampling: SamplingSettings | None = None,
    *,
    fewer: bool = False,
) -> str:
    """Suggest changes to the constraints that rejected most names, and to the sampling settings.

    Args:
        rejected: how many names each constraint rejected, by its name.
        constraints: all constraints of the search.
        sampling: how the names were drawn; None if they came from an exact search.
        fewer: whether some names were found, so that asking for fewer would help.

    >>> from namegen.core.generation.constraints.texts import Contains
    >>> from namegen.errors import NamegenError
    >>> constraints = ConstraintList([Contains("xyz")])
    >>> str(NamegenError(advice(Counter(contains=5), constraints, SamplingSettings(top_k=1))))
    'raise top_k, or relax contains'
    """
    variety = Variety("", is_stuck=False) if sampling is None else more_variety(sampling)
    steps = _steps(rejected, constraints, is_stuck=variety.is_stuck)
    steps = [variety.step if step == MORE_VARIETY else step for step in steps]
    suggestions = [step for step in dict.fromkeys(steps) if step]
    if ASK_FOR_FEWER not in suggestions and (fewer or not suggestions):
        suggestions.insert(0, ASK_FOR_FEWER)
    return _joined(suggestions)


def _steps(rejected: Counter[str], constraints: ConstraintList, *, is_stuck: bool) -> list[str]:
    """The suggestions, most important first; ``MORE_VARIETY`` stands for those about sampling."""
    failed = _failed(rejected, constraints, is_stuck=is_stuck)
    by_count = sorted(failed, key=lambda constraint: (-rejected[constraint.name], constraint.name))
    worst = by_count[:1]
    list_constraints = [constraint for constraint in failed if constraint.about == "list"]
    last = list_constraints[-1:]  # the last constraint that a name is checked for
    steps: list[str] = []
    for constraint in worst + last:
        steps += constraint.advice or [_relax(constraint)]
        if isinstance(constraint, Matches) and constraints.get(UsualLength) in failed:
            steps.append(f"lower {setting(MinLength.name)}")  # its default may be the obstacle
    if is_stuck and MORE_VARIETY not in steps:
        steps.insert(0, MORE_VARIETY)
    if last:
        for constraint in constraints:
            can_be_relaxed = constraint.about != "list" and not constraint.always
            if can_be_relaxed and constraint not in worst:
                steps.append(_relax(constraint))
    return steps


def _failed(
    rejected: Counter[str], constraints: ConstraintList, *, is_stuck: bool
) -> list[Constraint]:
    """The constraints that rejected names, except for those that aren't the real obstacle."""
    failed = {
        constraint.name: constraint for constraint in constraints if rejected[constraint.name]
    }
    if len(failed) > 1:
        failed.pop(WellFormed.name, None)
    has_text_constraint = any(
        constraint.about == "text" and not constraint.always for constraint in failed.values()
    )
    if is_stuck or has_text_constraint:
        failed.pop(MaxLength.name, None)  # some draws are always too long
    return list(failed.values())


def _relax(constraint: Constraint) -> str:
    return f"relax {setting(constraint.name)}"


def _joined(suggestions: Sequence[str]) -> str:
    """The suggestions as one phrase, with "or" before the last one."""
    *first, last = suggestions
    if not first:
        return last
    return f"{', '.join(first)}, or {last}"


@dataclass(frozen=True)
class Variety:
    """How to draw more different names."""

    step: str  # the suggestion; "" if there is none
    is_stuck: bool  # whether the settings leave only the most likely character


def more_variety(sampling: SamplingSettings) -> Variety:
    """Suggest sampling settings that draw less likely characters, or more likely ones if the temperature is high.

    >>> from namegen.errors import NamegenError
    >>> all_settings = [SamplingSettings(1.0), SamplingSettings(2.0), SamplingSettings(2.0, top_k=5)]
    >>> [str(NamegenError(more_variety(settings).step)) for settings in all_settings]
    ['raise temperature', 'lower temperature', 'raise top_k or temperature']
    """
    narrow = {
        "temperature": sampling.temperature < NEARLY_0,
        "top_k": sampling.top_k == 1,
        "top_p": sampling.top_p is not None and sampling.top_p < NEARLY_0,
    }
    too_narrow = [setting(name) for name, is_narrow in narrow.items() if is_narrow]
    if too_narrow:
        return Variety(f"raise {' and '.join(too_narrow)}", is_stuck=True)
    limits_top_k = sampling.top_k is not None
    limits_top_p = sampling.top_p not in (None, 1)
    if sampling.temperature > HOT and not (limits_top_k or limits_top_p):
        return Variety(f"lower {setting('temperature')}", is_stuck=False)
    can_help = {"top_k": limits_top_k, "top_p": limits_top_p, "temperature": True}
    helpful = [setting(name) for name, helps in can_help.items() if helps]
    return Variety(f"raise {' or '.join(helpful)}", is_stuck=False)
