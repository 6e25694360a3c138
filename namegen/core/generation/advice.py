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
        rejected: how many names each constraint rejected, by its key.
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
    """Return the suggestions, most important first; ``MORE_VARIETY`` stands for those about sampling."""
    failed = _failed(rejected, constraints, is_stuck=is_stuck)
    worst = sorted(failed, key=lambda each: (-rejected[each.key], each.shown_name))[:1]
    # The last constraint that a name is checked for.
    last = [constraint for constraint in failed if constraint.about == "list"][-1:]
    steps: list[str] = []
    for constraint in worst + last:
        steps += _steps_for(constraint, usual_length_failed=constraints.get(UsualLength) in failed)
    if is_stuck and MORE_VARIETY not in steps:
        steps.insert(0, MORE_VARIETY)
    if last:
        steps += [
            _relax(constraint) for constraint in _relaxable(constraints) if constraint not in worst
        ]
    return steps


def _steps_for(constraint: Constraint, *, usual_length_failed: bool) -> list[str]:
    """Return the suggestions for one constraint that rejected many names."""
    steps = list(constraint.advice or [_relax(constraint)])
    if isinstance(constraint, Matches) and usual_length_failed:
        steps.append(f"lower {setting(MinLength.setting_name)}")  # its default may be the obstacle
    return steps


def _relaxable(constraints: ConstraintList) -> list[Constraint]:
    """Return the constraints on a name's characters or length that the user set."""
    return [
        constraint
        for constraint in constraints
        if constraint.about != "list" and not constraint.always
    ]


def _failed(
    rejected: Counter[str], constraints: ConstraintList, *, is_stuck: bool
) -> list[Constraint]:
    """Return the constraints that rejected names, except for those that aren't the real obstacle."""
    failed = {constraint.key: constraint for constraint in constraints if rejected[constraint.key]}
    if len(failed) > 1:
        failed.pop(WellFormed.key, None)
    has_text_constraint = any(
        constraint.about == "text" and not constraint.always for constraint in failed.values()
    )
    if is_stuck or has_text_constraint:
        failed.pop(MaxLength.key, None)  # some draws are always too long
    return list(failed.values())


def _relax(constraint: Constraint) -> str:
    """Return the suggestion to relax a constraint."""
    return f"relax {setting(constraint.shown_name)}"


def _joined(suggestions: Sequence[str]) -> str:
    """Join the suggestions into one phrase, with "or" before the last one."""
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
    too_narrow = _too_narrow(sampling)
    if too_narrow:
        return Variety(f"raise {' and '.join(too_narrow)}", is_stuck=True)
    limits_top_k = sampling.top_k is not None
    limits_top_p = sampling.top_p not in (None, 1)
    if sampling.temperature > HOT and not (limits_top_k or limits_top_p):
        return Variety(f"lower {setting('temperature')}", is_stuck=False)
    helpful = []
    if limits_top_k:
        helpful.append(setting("top_k"))
    if limits_top_p:
        helpful.append(setting("top_p"))
    helpful.append(setting("temperature"))
    return Variety(f"raise {' or '.join(helpful)}", is_stuck=False)


def _too_narrow(sampling: SamplingSettings) -> list[str]:
    """Return the settings that leave only the most likely character."""
    settings = []
    if sampling.temperature < NEARLY_0:
        settings.append(setting("temperature"))
    if sampling.top_k == 1:
        settings.append(setting("top_k"))
    if sampling.top_p is not None and sampling.top_p < NEARLY_0:
        settings.append(setting("top_p"))
    return settings
