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
    """Write the advice for a search that found too few names: which constraints and sampling settings to change.

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
    suggestions = _suggest_changes(rejected, constraints, is_stuck=variety.is_stuck)
    for index, suggestion in enumerate(suggestions):
        if suggestion == MORE_VARIETY:
            suggestions[index] = variety.suggestion
    suggestions = [suggestion for suggestion in dict.fromkeys(suggestions) if suggestion]
    fewer_may_help = fewer or not suggestions
    if fewer_may_help and ASK_FOR_FEWER not in suggestions:
        suggestions.insert(0, ASK_FOR_FEWER)
    return _join_with_or(suggestions)


def _suggest_changes(
    rejected: Counter[str], constraints: ConstraintList, *, is_stuck: bool
) -> list[str]:
    """Suggest changes to the constraints that rejected names, the most important change first.

    ``MORE_VARIETY`` is a placeholder for a change to the sampling settings. It comes first if they are stuck.
    """
    obstacles = _find_obstacles(rejected, constraints, is_stuck=is_stuck)
    usual_length_failed = constraints.get(UsualLength) in obstacles
    by_rejections = sorted(obstacles, key=lambda each: (-rejected[each.key], each.shown_name))
    about_lists = [constraint for constraint in obstacles if constraint.about == "list"]
    worst = by_rejections[:1]
    last_checked = about_lists[-1:]  # names are compared with lists last
    suggestions: list[str] = []
    for constraint in worst + last_checked:
        suggestions += _suggest_for(constraint, usual_length_failed=usual_length_failed)
    if is_stuck and MORE_VARIETY not in suggestions:
        suggestions.insert(0, MORE_VARIETY)
    if last_checked:
        others = [each for each in _set_by_user(constraints) if each not in worst]
        suggestions += map(_suggest_relaxing, others)
    return suggestions


def _suggest_for(constraint: Constraint, *, usual_length_failed: bool) -> list[str]:
    """Suggest changes to one constraint that rejected many names."""
    suggestions = list(constraint.advice or [_suggest_relaxing(constraint)])
    if isinstance(constraint, Matches) and usual_length_failed:
        # The default of min_length may be the obstacle.
        suggestions.append(f"lower {setting(MinLength.setting_name)}")
    return suggestions


def _set_by_user(constraints: ConstraintList) -> list[Constraint]:
    """Return the constraints on a name's characters or length that the user set."""
    return [
        constraint
        for constraint in constraints
        if constraint.about != "list" and not constraint.always
    ]


def _find_obstacles(
    rejected: Counter[str], constraints: ConstraintList, *, is_stuck: bool
) -> list[Constraint]:
    """Return the constraints that rejected names, except for those that aren't the real obstacle."""
    obstacles = {each.key: each for each in constraints if rejected[each.key]}
    if len(obstacles) > 1:
        obstacles.pop(WellFormed.key, None)  # it always rejects a few draws
    has_text_constraint = any(
        constraint.about == "text" and not constraint.always for constraint in obstacles.values()
    )
    if is_stuck or has_text_constraint:
        obstacles.pop(MaxLength.key, None)  # some draws are always too long
    return list(obstacles.values())


def _suggest_relaxing(constraint: Constraint) -> str:
    """Suggest relaxing a constraint."""
    return f"relax {setting(constraint.shown_name)}"


def _join_with_or(suggestions: Sequence[str]) -> str:
    """Join the suggestions into one phrase, with "or" before the last one."""
    *first, last = suggestions
    if not first:
        return last
    return f"{', '.join(first)}, or {last}"


@dataclass(frozen=True)
class Variety:
    """How to draw more different names."""

    suggestion: str  # "" if there is none
    is_stuck: bool  # whether the settings leave only the most likely character


def more_variety(sampling: SamplingSettings) -> Variety:
    """Suggest a change to the sampling settings, so that a search finds more different names.

    Usually, less likely characters have to be drawn. If a high temperature makes most names noise, it's the opposite.

    >>> from namegen.errors import NamegenError
    >>> all_settings = [SamplingSettings(1.0), SamplingSettings(2.0), SamplingSettings(2.0, top_k=5)]
    >>> [str(NamegenError(more_variety(settings).suggestion)) for settings in all_settings]
    ['raise temperature', 'lower temperature', 'raise top_k or temperature']
    """
    temperature = setting("temperature")
    too_narrow = _too_narrow_settings(sampling)
    if too_narrow:
        return Variety(f"raise {' and '.join(too_narrow)}", is_stuck=True)
    limits = _limits_on_characters(sampling)
    if sampling.temperature > HOT and not limits:
        return Variety(f"lower {temperature}", is_stuck=False)
    return Variety(f"raise {' or '.join([*limits, temperature])}", is_stuck=False)


def _limits_on_characters(sampling: SamplingSettings) -> list[str]:
    """Return the settings that exclude unlikely characters."""
    settings = []
    if sampling.top_k is not None:
        settings.append(setting("top_k"))
    if sampling.top_p not in (None, 1):
        settings.append(setting("top_p"))
    return settings


def _too_narrow_settings(sampling: SamplingSettings) -> list[str]:
    """Return the settings that leave only the most likely character."""
    settings = []
    if sampling.temperature < NEARLY_0:
        settings.append(setting("temperature"))
    if sampling.top_k == 1:
        settings.append(setting("top_k"))
    if sampling.top_p is not None and sampling.top_p < NEARLY_0:
        settings.append(setting("top_p"))
    return settings
