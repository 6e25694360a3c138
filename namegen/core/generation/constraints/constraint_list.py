"""ConstraintList: the constraints of one search, which check prefixes and names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from namegen.core.data.normalization import NAMES, Normalization
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.generation.constraints.constraint import Constraint, Finished, Rejected, Tokens
from namegen.core.generation.constraints.lengths import MaxLength
from namegen.core.generation.constraints.others import Distinct
from namegen.core.generation.request import GenerationRequest
from namegen.types import Array, Int, Int32, Int64


class AcceptedNames(NamedTuple):
    """The names that all constraints accept."""

    rows: Int64[Array, "accepted"]  # their rows among all names
    names: Finished
    rejected: Counter[str]  # draws of the other names, by the first constraint that rejects them


class ConstraintList:
    """The constraints of one search, in the order in which they're checked.

    Args:
        constraints: the constraints. Those that take the least time come first. A draw is counted for the first
            constraint that rejects it.
        request: what the user has asked for.
        vocabulary: the model's characters.
        normalization: when two names are equal.

    Raises:
        SettingsError: no name can satisfy the constraints. The message names the contradicting options.
    """

    def __init__(
        self,
        constraints: Sequence[Constraint],
        request: GenerationRequest,
        vocabulary: Vocabulary,
        normalization: Normalization = NAMES,
    ) -> None:
        # max_length comes last, since raising it resolves no other contradiction.
        for constraint in sorted(constraints, key=lambda each: isinstance(each, MaxLength)):
            constraint.check(request)
        self._constraints = constraints
        self._pruning = [constraint for constraint in constraints if constraint.prunes]
        self.request = request
        self.vocabulary = vocabulary
        self.normalization = normalization
        # The ids of the characters that every name starts with.
        self.forced: Int32[Array, "characters"] = vocabulary.encode(request.starts_with)
        self.longest = min(each.longest for each in constraints if isinstance(each, MaxLength))
        # The names that this search won't find again; None: it may find all names again.
        self.reserved = next((each for each in constraints if isinstance(each, Distinct)), None)

    def __iter__(self) -> Iterator[Constraint]:
        return iter(self._constraints)

    @property
    def lets_all_through(self) -> bool:
        """Whether the constraints accept nearly all draws."""
        return all(constraint.rarely_rejects for constraint in self)

    def start(self, count: int) -> Int64[Array, "B C"]:
        """Return the states of the forced characters, for some prefixes: a column for each constraint that prunes."""
        states = [constraint.start(self.forced) for constraint in self._pruning]
        return np.tile(np.array(states, np.int64), (count, 1))

    def advance(
        self, states: Int64[Array, "B C"], rows: Int[Array, "K"], tokens: Int32[Array, "K"]
    ) -> Int64[Array, "K C"]:
        """Return the states of some rows after one more character each."""
        after = states[rows]  # (K, C)
        for column, constraint in enumerate(self._pruning):
            after[:, column] = constraint.advance(after[:, column], tokens)
        return after

    def rejections(
        self, tokens: Tokens, states: Int64[Array, "K C"], *, are_whole_names: bool
    ) -> Iterator[tuple[str, Rejected]]:
        """Check prefixes or whole names, and yield which of them each constraint rejects, with the constraint's key.

        It ends as soon as a constraint rejects all of them.
        """
        for column, constraint in enumerate(self._pruning):
            check = constraint.rejects_names if are_whole_names else constraint.rejects_prefixes
            rejected = check(tokens, states[:, column])  # (K,)
            if rejected.any():
                yield constraint.key, rejected
                if rejected.all():
                    return

    def keep(self, names: Sequence[str], counts: Int64[Array, "names"]) -> AcceptedNames:
        """Return the names that all constraints accept, and count the draws that each constraint rejects.

        Args:
            names: distinct names.
            counts: draws of each name.
        """
        rejected_draws: Counter[str] = Counter()
        rows = np.arange(len(names))  # of the names accepted so far
        accepted = Finished(names, self.normalization)
        for constraint in self:
            is_rejected = constraint.rejects(accepted)  # (accepted,)
            if is_rejected.any():
                rejected_draws[constraint.key] += int(counts[rows[is_rejected]].sum())
                rows = rows[~is_rejected]
                accepted = accepted.select(~is_rejected)
        return AcceptedNames(rows, accepted, rejected_draws)
