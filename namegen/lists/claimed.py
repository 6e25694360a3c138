"""The words that new company names must not start with, because names of listed companies do."""

from __future__ import annotations

from functools import cache

from namegen.core.data.normalization import normalization_of
from namegen.core.generation.constraints.claimed import starts_of_names
from namegen.lists import BUNDLED, load_bundled


@cache
def claimed_starts(*lists: str) -> tuple[str, ...]:
    """Return the words that no new name of a model may start with.

    Args:
        lists: the names of the lists that the model was trained on. Only built-in lists of companies have such words.

    >>> "blackrock" in claimed_starts("mlb-last", "companies")
    True
    """
    claimed: list[str] = []
    for name in lists:
        if name in BUNDLED and BUNDLED[name].name_type == "company":
            claimed += starts_of_names(load_bundled(name).names, normalization_of("company"))
    return tuple(claimed)
