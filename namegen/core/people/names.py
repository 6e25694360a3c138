"""PartOfName: the source of people's given names, or of their family names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import compress
from typing import NamedTuple

import numpy as np

from namegen.core.generation.constraints.constraint import Finished
from namegen.core.generation.constraints.constraint_list import (
    ConstraintList,
    ExcludedNames,
    ExcludedWords,
    NoProfanity,
)
from namegen.core.generation.generator import Generator
from namegen.core.generation.sampling import SamplingSettings
from namegen.errors import GenerationError, add_part_to_settings, setting
from namegen.types import Array, Bool

MOST_NAMES = 500  # different names of a kind that are searched for; more people share these
Origin = str | None  # None: the models have no labels
Gender = str | None  # one of GENDERS; None: the models don't distinguish genders


class Kind(NamedTuple):
    """Which names are needed: an origin and a gender."""

    origin: Origin = None
    gender: Gender = None


class _SearchedNames(NamedTuple):
    """The result of a search for different names."""

    requested: int
    names: list[str]


@dataclass(frozen=True, eq=False)
class PartOfName:
    """The source of given names, or of family names: a model, or the names of its list."""

    role: str  # "given" or "family"; the first word of its settings
    generators: Mapping[Kind, Generator]  # draw the names of each kind
    any_origin: Generator  # draws names of all kinds together
    sampling: SamplingSettings
    constraints: ConstraintList
    allow_seen: bool  # whether drawn names may be in the list
    unfiltered: bool = False  # whether names are drawn from the model's own distribution
    # Real names of each kind, which are returned instead of drawn ones; None: names are drawn.
    listed: Mapping[Kind, list[str]] | None = None
    # All names of a kind, once a search has found that there are no more.
    _complete: dict[Kind, list[str]] = field(default_factory=dict, repr=False)
    _searched: dict[Kind, _SearchedNames] = field(default_factory=dict, repr=False)

    def draw(self, n: int, kind: Kind, rng: np.random.Generator) -> list[str]:
        """Return n names for n people, some of them more than once.

        Raises:
            GenerationError: there are no names, or finding them takes too long.
        """
        if self.listed is not None:
            return self._draw_listed(n, kind, rng)
        name_count = min(n, MOST_NAMES)
        if self.allow_seen or self.unfiltered:
            generator = self.generators[kind]
            names = list(self._generate(generator, name_count, rng, allow_repeats=True))
        else:
            names = self.different(name_count, kind, rng)
        if not names:
            raise GenerationError(f"no {self.role} name fits")
        return dealt_evenly(names, n, rng)

    def _draw_listed(self, n: int, kind: Kind, rng: np.random.Generator) -> list[str]:
        """Choose n real names at random, some of them more than once."""
        names = self._suitable_listed[kind]
        if not names:
            raise GenerationError(f"no real {self.role} name fits")
        indexes = rng.integers(len(names), size=n)
        return [names[index] for index in indexes.tolist()]

    def different(self, n: int, kind: Kind, rng: np.random.Generator) -> list[str]:
        """Return up to n different names. A later call searches again only if it requests more names."""
        if self.listed is not None or kind in self._complete:
            return self.all_of(n, kind, rng)
        earlier = self._searched.get(kind)
        if earlier is not None and n <= earlier.requested:
            return _some_of(earlier.names, n, rng)
        names = self._search(n, kind, rng)
        self._searched[kind] = _SearchedNames(n, names)
        return _some_of(names, n, rng)

    def all_of(self, n: int, kind: Kind, rng: np.random.Generator) -> list[str]:
        """Return n different names, or all names of a kind if there are fewer."""
        if self.listed is not None:
            distinct = list(dict.fromkeys(self._suitable_listed[kind]))
            return _some_of(distinct, n, rng)
        if kind in self._complete:
            return _some_of(self._complete[kind], n, rng)
        names = self._search(n, kind, rng)
        if len(names) < n:
            self._complete[kind] = names
        return names

    def _search(self, n: int, kind: Kind, rng: np.random.Generator) -> list[str]:
        """Search for n different names. If there aren't that many, return all of them."""
        names: list[str] = []
        with suppress(GenerationError):  # raised after the last name if there are fewer
            names.extend(self._generate(self.generators[kind], n, rng, allow_repeats=False))
        return names

    def unsuitable(self, names: Sequence[str], *, check_constraints: bool) -> set[str]:
        """Return which of some derived names can't be used. Women's forms of family names are derived names.

        Args:
            names: the derived names.
            check_constraints: whether to check for profanity and for excluded words and names. Otherwise only names
                from the list are unsuitable, unless the request allows them.
        """
        finished = Finished(names, self.any_origin.normalization)
        unsuitable: set[str] = set()
        if check_constraints:
            for constraint in self.constraints:
                if isinstance(constraint, ExcludedNames | ExcludedWords | NoProfanity):
                    is_rejected = constraint.rejects(finished)
                    unsuitable.update(_rejected_names(finished, is_rejected))
        known = self.any_origin.known_names
        must_be_new = self.listed is None and not self.allow_seen
        if must_be_new and known is not None:
            is_known = finished.are_known(known)
            unsuitable.update(_rejected_names(finished, is_known))
        return unsuitable

    def check(self, rng: np.random.Generator) -> None:
        """Check that some name can satisfy the constraints.

        Raises:
            SettingsError: the constraints contradict each other.
            GenerationError: no kind of names can satisfy them.
        """
        with add_part_to_settings(self.role):
            if self.listed is None:
                all_kinds = replace(self, generators={Kind(): self.any_origin}, unfiltered=True)
                list(all_kinds._generate(self.any_origin, 1, rng, allow_repeats=True))
                return
            has_listed_name = any(self._suitable_listed.values())
        if not has_listed_name:
            raise GenerationError(
                f"no real {self.role} name fits: relax a constraint, or use {setting(self.role, 'new')}"
            )

    @cached_property
    def _suitable_listed(self) -> dict[Kind, Sequence[str]]:
        """The listed names of each kind that satisfy the constraints."""
        search = self.any_origin.prepare(
            1,
            self.sampling.max_length,
            self.constraints,
            allow_seen=True,
            allow_repeats=True,
        )
        suitable: dict[Kind, Sequence[str]] = {}
        for kind, names in (self.listed or {}).items():
            counts = np.ones(len(names), np.int64)
            accepted = search.name_filter.keep(names, counts)
            suitable[kind] = accepted.names.names
        return suitable

    def _generate(
        self, generator: Generator, n: int, rng: np.random.Generator, *, allow_repeats: bool
    ) -> Iterator[str]:
        """Yield n names from a generator, drawn with the sampling settings and constraints of this source."""
        sharing = replace(generator, searches=len(self.generators))  # all kinds share the work
        batches = sharing.generate(
            n,
            rng=rng,
            sampling=self.sampling,
            constraints=self.constraints,
            allow_seen=self.allow_seen,
            allow_repeats=allow_repeats,
            unfiltered=self.unfiltered,
        )
        for batch in batches:
            yield from batch.names


def _rejected_names(finished: Finished, rejected: Bool[Array, "names"]) -> Iterator[str]:
    """Return the names that a constraint rejects."""
    return compress(finished.names, rejected.tolist())


def _some_of(names: Sequence[str], n: int, rng: np.random.Generator) -> list[str]:
    """Return up to n of the names, in random order."""
    indexes = rng.permutation(len(names))[:n]
    return [names[index] for index in indexes.tolist()]


def dealt_evenly(names: Sequence[str], n: int, rng: np.random.Generator) -> list[str]:
    """Return n names: the first n of the given ones or, if they are fewer, each of them about equally often.

    The repeated names are in random order.

    >>> sorted(dealt_evenly(["Ann", "Bob"], 5, np.random.default_rng(0)))[:2]
    ['Ann', 'Ann']
    """
    if not names:
        return []
    repeat_count = max(n - len(names), 0)
    repeated_indexes = rng.permutation(np.arange(repeat_count) % len(names))
    repeats = [names[index] for index in repeated_indexes.tolist()]
    return [*names[:n], *repeats]
