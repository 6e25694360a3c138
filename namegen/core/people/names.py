"""PartOfName: where one part of whole names comes from, such as people's given names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import compress
from typing import NamedTuple

import numpy as np

from namegen.core.generation.constraints.constraint import Finished
from namegen.core.generation.constraints.constraint_list import ConstraintList
from namegen.core.generation.constraints.others import ExcludedNames
from namegen.core.generation.constraints.words import ExcludedWords, NoProfanity
from namegen.core.generation.generator import Generator
from namegen.core.generation.request import GenerationRequest
from namegen.errors import GenerationError, add_part_to_settings, gathered, setting

MOST_NAMES = 500  # different names of a kind that are searched for; more people share these
Origin = str | None  # None: the models have no labels
Gender = str | None  # one of GENDERS; None: the models don't distinguish genders


class Kind(NamedTuple):
    """Which names are needed: an origin and a gender."""

    origin: Origin = None
    gender: Gender = None


@dataclass(frozen=True, eq=False)
class PartOfName:
    """The source of one part of whole names: a model, or the names of its list."""

    role: str  # "given", "family", "first" or "last"; the first word of its settings
    generators: Mapping[Kind, Generator]  # draw the names of each kind
    any_origin: Generator  # draws names of all kinds together
    request: GenerationRequest  # for any number of names; its seed isn't used
    # Real names of each kind, which are returned instead of drawn ones; None: names are drawn.
    listed: Mapping[Kind, list[str]] | None = None
    # The different names of each kind that a search found, and how many were requested.
    _found: dict[Kind, list[str]] = field(default_factory=dict, repr=False)
    _requested: dict[Kind, int] = field(default_factory=dict, repr=False)

    def draw(self, n: int, kind: Kind, rng: np.random.Generator) -> list[str]:
        """Return n names for n people, some of them more than once.

        Raises:
            GenerationError: there are no names, or finding them takes too long.
        """
        names: Sequence[str]
        if self.listed is not None:
            names = self._suitable_listed[kind]
        elif self.request.allow_seen or self.request.unfiltered:
            request = self.request.changed(n=min(n, MOST_NAMES), allow_repeats=True)
            names = gathered(self._batches(self.generators[kind], request, rng))
        else:
            names = self.find(min(n, MOST_NAMES), kind, rng)
        if not names:
            raise GenerationError(f"no {self.role} name fits")
        if self.listed is None:
            return dealt_evenly(names, n, rng)
        indexes = rng.integers(len(names), size=n)
        return [names[index] for index in indexes.tolist()]

    def find(self, n: int, kind: Kind, rng: np.random.Generator) -> list[str]:
        """Return n different names in random order, or all names of a kind if there are fewer.

        A later call only searches again if it requests more names, and if there may be more.
        """
        if self.listed is not None:
            names = list(dict.fromkeys(self._suitable_listed[kind]))
        else:
            names = self._found.get(kind, [])
            requested = self._requested.get(kind, 0)
            is_complete = len(names) < requested
            if n > requested and not is_complete:
                names = []
                request = self.request.changed(n=n)
                with suppress(GenerationError):  # raised after the last name if there are fewer
                    for batch in self._batches(self.generators[kind], request, rng):
                        names += batch
                self._found[kind] = names
                self._requested[kind] = n
        indexes = rng.permutation(len(names))[:n]
        return [names[index] for index in indexes.tolist()]

    def unsuitable(self, names: Sequence[str], *, check_constraints: bool) -> set[str]:
        """Return which of some derived names can't be used. Women's forms of family names are derived names.

        Args:
            names: the derived names.
            check_constraints: whether to check for profanity and for excluded words and names. Otherwise only names
                from the list are unsuitable, unless the request allows them.
        """
        finished = Finished(names, self.any_origin.normalization)
        rejected = []
        if check_constraints:
            for constraint in self.constraints:
                if isinstance(constraint, ExcludedNames | ExcludedWords | NoProfanity):
                    rejected.append(constraint.rejects(finished))
        known = self.any_origin.known_names
        must_be_new = self.listed is None and not self.request.allow_seen
        if must_be_new and known is not None:
            rejected.append(finished.are_known(known))
        unsuitable: set[str] = set()
        for is_rejected in rejected:
            unsuitable.update(compress(names, is_rejected.tolist()))
        return unsuitable

    def check(self, rng: np.random.Generator) -> None:
        """Check that some name can satisfy the constraints.

        Raises:
            SettingsError: the constraints contradict each other.
            GenerationError: no kind of names can satisfy them.
        """
        with add_part_to_settings(self.role):
            if self.listed is None:
                request = self.request.changed(n=1, allow_repeats=True, unfiltered=True)
                gathered(self._batches(self.any_origin, request, rng))
                return
            has_listed_name = any(self._suitable_listed.values())
        if not has_listed_name:
            raise GenerationError(
                f"no real {self.role} name fits: relax a constraint, or use {setting(self.role, 'new')}"
            )

    @cached_property
    def constraints(self) -> ConstraintList:
        """The constraints of this part, whether its names are new or not.

        Raises:
            SettingsError: they contradict each other.
        """
        request = self.request.changed(allow_seen=True, allow_repeats=True)
        return self.any_origin.prepare(request).constraints

    @cached_property
    def _suitable_listed(self) -> dict[Kind, Sequence[str]]:
        """The listed names of each kind that satisfy the constraints."""
        suitable: dict[Kind, Sequence[str]] = {}
        for kind, names in (self.listed or {}).items():
            accepted = self.constraints.keep(names, np.ones(len(names), np.int64))
            suitable[kind] = accepted.names.names
        return suitable

    def _batches(
        self, generator: Generator, request: GenerationRequest, rng: np.random.Generator
    ) -> Iterator[list[str]]:
        """Yield names from a generator in batches."""
        sharing = replace(generator, searches=len(self.generators))  # all kinds share the work
        return (batch.names for batch in sharing.generate(request, rng=rng))


def dealt_evenly(names: Sequence[str], n: int, rng: np.random.Generator) -> list[str]:
    """Return n names: the first n of the given ones or, if they are fewer, each of them about equally often.

    The repeated names are in random order.

    >>> sorted(dealt_evenly(["Ann", "Bob"], 5, np.random.default_rng(0)))[:2]
    ['Ann', 'Ann']
    """
    repeat_count = max(n - len(names), 0)
    repeated_indexes = rng.permutation(np.arange(repeat_count) % max(len(names), 1))
    repeats = [names[index] for index in repeated_indexes.tolist()]
    return [*names[:n], *repeats]
