"""What to change if a search finds too few names."""

from __future__ import annotations

from collections import Counter

from namegen.core.generation.constraints.constraint import MORE_VARIETY
from namegen.core.generation.constraints.constraint_list import ConstraintList
from namegen.core.generation.request import GenerationRequest
from namegen.errors import setting

ASK_FOR_FEWER = "ask for fewer"
HOT = 1.5  # above this temperature, most names are noise
NEARLY_0 = 0.05  # below this temperature or top_p, the model has almost no choice


def advice(
    rejected: Counter[str], constraints: ConstraintList, *, drawn: bool, fewer: bool = False
) -> str:
    """Write the advice for a search that found too few names: which constraints and sampling settings to change.

    Args:
        rejected: how many names each constraint rejected, by its key.
        constraints: all constraints of the search.
        drawn: whether names were drawn, so that the sampling settings had an effect.
        fewer: whether some names were found, so that asking for fewer would help.
    """
    request = constraints.request
    suggestions: list[str] = [ASK_FOR_FEWER] if fewer else []
    variety = more_variety(request) if drawn else ""
    if drawn and is_stuck(request):
        suggestions.append(variety)
    # A few draws are always too long, for example, so constraints that the user hasn't set come last.
    obstacles = [constraint for constraint in constraints if rejected[constraint.key]]
    obstacles.sort(key=lambda each: (each.always, -rejected[each.key]))
    relaxable = []
    if any(constraint.compares for constraint in obstacles):
        relaxable = [each for each in constraints if not each.always and not each.compares]
    for constraint in dict.fromkeys([*obstacles[:2], *relaxable]):
        relax = f"relax {setting(constraint.option or constraint.key)}"
        suggestions += constraint.advice or [relax]
    suggestions = [variety if each == MORE_VARIETY else each for each in suggestions]
    *others, last = [*filter(None, dict.fromkeys(suggestions))] or [ASK_FOR_FEWER]
    return f"{', '.join(others)}, or {last}" if others else last


def is_stuck(request: GenerationRequest) -> bool:
    """Return whether the sampling settings leave only the most likely character."""
    return bool(_too_narrow(request))


def _too_narrow(request: GenerationRequest) -> list[str]:
    """Return the sampling settings that leave only the most likely character."""
    is_too_narrow = {
        "temperature": request.temperature < NEARLY_0,
        "top_k": request.top_k == 1,
        "top_p": request.top_p is not None and request.top_p < NEARLY_0,
    }
    return [setting(name) for name, is_narrow in is_too_narrow.items() if is_narrow]


def more_variety(request: GenerationRequest) -> str:
    """Suggest a change to the sampling settings, so that a search finds more different names.

    Usually, less likely characters have to be drawn. If a high temperature makes most names noise, it's the opposite.

    >>> from namegen.errors import NamegenError
    >>> requests = [GenerationRequest(temperature=2.0), GenerationRequest(temperature=2.0, top_k=5)]
    >>> [str(NamegenError(more_variety(request))) for request in requests]
    ['lower temperature', 'raise top_k or temperature']
    """
    too_narrow = _too_narrow(request)
    if too_narrow:
        return f"raise {' and '.join(too_narrow)}"
    limits = [setting(name) for name in ("top_k", "top_p") if getattr(request, name) is not None]
    if request.temperature > HOT and not limits:
        return f"lower {setting('temperature')}"
    return f"raise {' or '.join([*limits, setting('temperature')])}"
