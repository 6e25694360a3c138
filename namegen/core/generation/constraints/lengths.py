"""Constraints on the length of a name."""

from __future__ import annotations

import numpy as np

from namegen.core.generation.constraints.constraint import (
    MORE_VARIETY,
    Constraint,
    Finished,
    Rejected,
    States,
    Tokens,
)
from namegen.core.generation.constraints.texts import shortest_text
from namegen.core.generation.request import GenerationRequest, shown_text
from namegen.errors import SettingsError, counted, setting
from namegen.types import Array, Bool


class MinLength(Constraint):
    """The fewest characters of a name. Any prefix can become long enough."""

    key = "min_length"
    advice = (f"lower {setting(key)}", MORE_VARIETY)
    prunes = True  # short names are rejected before they're decoded

    def __init__(self, shortest: int) -> None:
        self.shortest = shortest

    def rejects_names(self, tokens: Tokens, states: States) -> Rejected:
        """Reject all names or none, as they have the same length."""
        return np.full(len(tokens), tokens.shape[1] < self.shortest)

    def accepts(self, name: str) -> bool:
        """Return whether the name is long enough."""
        return len(name) >= self.shortest


class UsualLength(MinLength):
    """The fewest characters of a name if the user sets none; it depends on the model's list."""

    always = True
    advice = (MORE_VARIETY, f"lower {setting('min_length')}")


class MaxLength(Constraint):
    """The most characters of a name."""

    key = "max_length"
    advice = (f"raise {setting(key)}",)
    always = True
    rarely_rejects = True
    prunes = True

    def __init__(self, longest: int) -> None:
        self.longest = longest

    def check(self, request: GenerationRequest) -> None:
        """Raise SettingsError if the minimum length or the required strings need longer names than this maximum."""
        limit = f"the {counted(self.longest, 'character')} that a name may have: raise {setting(self.key)}"
        if request.min_length is not None and request.min_length > self.longest:
            raise SettingsError(
                f"{setting('min_length', request.min_length)} asks for more than {limit}, or lower "
                f"{setting('min_length')}"
            )
        shortest = shortest_name(request)
        if shortest > self.longest:
            required = [shown_text(name, text) for name, text in request.required.items()]
            raise SettingsError(
                f"{', '.join(required)}: a name needs {shortest:,} characters for that, more than {limit}"
            )

    def rejects_prefixes(self, tokens: Tokens, states: States) -> Rejected:
        """Reject all prefixes or none, as they have the same length."""
        return np.full(len(tokens), tokens.shape[1] > self.longest)

    def rejects(self, finished: Finished) -> Bool[Array, "names"]:
        """Return which names are too long."""
        lengths = np.fromiter(map(len, finished.names), np.int64, count=len(finished))
        return lengths > self.longest


def shortest_name(request: GenerationRequest) -> int:
    """Return how many characters a name needs at least, so that it has all required strings, which may overlap.

    >>> shortest_name(GenerationRequest(starts_with="Mc", ends_with="ck"))
    3
    """
    return shortest_text(request.starts_with, request.contains, request.ends_with)
