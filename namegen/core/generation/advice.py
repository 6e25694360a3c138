"""Advice: what to change when too few names are found."""

from __future__ import annotations

from collections import Counter

from namegen.core.generation.sampling import SamplingSettings
from namegen.core.generation.wishes.wish import MORE_VARIETY
from namegen.core.generation.wishes.wishlist import MaxLength, WellFormed, Wishlist
from namegen.errors import setting

ASK_FOR_FEWER = "ask for fewer"
HOT = 1.5  # above such a temperature, most names are noise
NEARLY_0 = 0.05  # a temperature or a top_p below it leaves the model next to no choice


def advice(
    rejected: Counter[str],
    wishes: Wishlist,
    sampling: SamplingSettings | None = None,
    *,
    fewer: bool = False,
) -> str:
    """What to do about draws that all failed: about what most of them failed at, and about what failed last of all.

    Args:
        rejected: how many failed at which wish, by its name.
        wishes: all that were asked of them.
        sampling: how they were drawn; None: they were not drawn, but searched for.
        fewer: some names were found, so that to ask for fewer is an advice, whatever the draws failed at.

    >>> from namegen.core.generation.wishes.texts import Contains
    >>> from namegen.errors import NamegenError
    >>> str(NamegenError(advice(Counter(contains=5), Wishlist([Contains("xyz")]), SamplingSettings(top_k=1))))
    'raise top_k, or relax contains'
    """
    variety, stuck = more_variety(sampling) if sampling is not None else ("", False)
    failed = {wish.name: wish for wish in wishes if rejected[wish.name]}
    if len(failed) > 1:
        failed.pop(WellFormed.name, None)
    if stuck or any(wish.about == "text" and not wish.always for wish in failed.values()):
        failed.pop(
            MaxLength.name, None
        )  # names that are too long turn up anyway: they are not what is in the way
    most = sorted(failed.values(), key=lambda wish: (-rejected[wish.name], wish.name))[:1]
    last = [wish for wish in failed.values() if wish.about == "list"][-1:]
    steps = [
        step for wish in most + last for step in wish.advice or (f"relax {setting(wish.name)}",)
    ]
    if stuck and MORE_VARIETY not in steps:
        steps.insert(0, MORE_VARIETY)
    if last:
        relaxable = [
            wish for wish in wishes if wish.about != "list" and not wish.always and wish not in most
        ]
        steps += [f"relax {setting(wish.name)}" for wish in relaxable]
    told = dict.fromkeys(variety if step == MORE_VARIETY else step for step in steps)
    told_at_all = [step for step in told if step]
    if ASK_FOR_FEWER not in told_at_all and (fewer or not told_at_all):
        told_at_all.insert(0, ASK_FOR_FEWER)
    return ", or ".join(filter(None, (", ".join(told_at_all[:-1]), told_at_all[-1])))


def more_variety(sampling: SamplingSettings) -> tuple[str, bool]:
    """What lets the model choose less likely characters (a hot one: likelier ones); and whether it can choose but the
    likeliest now.

    >>> from namegen.errors import NamegenError
    >>> [str(NamegenError(more_variety(SamplingSettings(*one))[0])) for one in ((1.0,), (2.0,), (2.0, 5))]
    ['raise temperature', 'lower temperature', 'raise top_k or temperature']
    """
    only_the_likeliest = {
        "temperature": sampling.temperature < NEARLY_0,
        "top_k": sampling.top_k == 1,
        "top_p": sampling.top_p is not None and sampling.top_p < NEARLY_0,
    }
    if any(only_the_likeliest.values()):  # each of them has to go
        return "raise " + " and ".join(
            setting(name) for name, narrow in only_the_likeliest.items() if narrow
        ), True
    narrowed = {
        "top_k": sampling.top_k is not None,
        "top_p": sampling.top_p not in (None, 1),
        "temperature": True,
    }
    if sampling.temperature > HOT and not (narrowed["top_k"] or narrowed["top_p"]):
        return f"lower {setting('temperature')}", False
    return "raise " + " or ".join(
        setting(name) for name, can_help in narrowed.items() if can_help
    ), False
