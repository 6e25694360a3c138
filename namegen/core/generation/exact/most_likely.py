"""The most likely names of a model: an exact search, without drawing (``band_search.py``)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from namegen.core.generation.advice import advice
from namegen.core.generation.constraints.constraint_list import ConstraintList
from namegen.core.generation.exact.band_search import BandSearch, ByProbability
from namegen.core.generation.generator import Generator
from namegen.core.generation.name_batch import NameBatch
from namegen.errors import GenerationError
from namegen.events import ProgressCallback, Searched, ignore_progress
from namegen.types import Array, Float64

MAX_PREFIXES = 1_000_000  # that a search reads before it gives up: some seconds


def most_likely(
    generator: Generator,
    n: int,
    *,
    max_length: int,
    constraints: ConstraintList | None = None,
    allow_seen: bool = False,
    allow_repeats: bool = False,
    on_progress: ProgressCallback = ignore_progress,
) -> Iterator[NameBatch]:
    """Give the n likeliest names, the likeliest first: exactly those that reading every name would find.

    Args:
        generator: the model, its characters, and the names that are not new.
        n: how many.
        max_length: characters of the longest name that is given.
        constraints: what each name must keep.
        allow_seen: names of the list too.
        allow_repeats: each spelling is a name; otherwise, of names that differ in letter case, spaces or punctuation
            only, the likeliest.
        on_progress: told now and then how far the search is.

    Raises:
        SettingsError, GenerationError: as ``Generator.generate``; also if there are fewer than n, or the search came
            to its bound, after those found have been given. Those are then still the likeliest.

    >>> from namegen.core.models.ngram import NgramModel
    >>> from namegen.core.data.prefix_tree import PrefixTree
    >>> from namegen.core.data.vocabulary import Vocabulary
    >>> names = ["Anna", "Annika", "Hanna", "Hans"]
    >>> vocabulary = Vocabulary.from_names(names)
    >>> model = NgramModel(PrefixTree.from_names(names, vocabulary), vocabulary.size, order=3)
    >>> next(most_likely(Generator(model, vocabulary), 3, max_length=20, allow_seen=True)).names
    ['Anna', 'Hans', 'Ha']
    """
    walk, judge = generator.as_one().prepare(n, max_length, constraints, allow_seen, allow_repeats)

    def tell(found: int, read: int) -> None:
        on_progress(Searched(found, n, read=read))

    search = BandSearch(walk, judge, ByProbability(), bound=MAX_PREFIXES, tell=tell)
    return _names_of(search, n, generator)


def _names_of(search: BandSearch, n: int, generator: Generator) -> Iterator[NameBatch]:
    names: list[str] = []
    scores: Float64[Array, "names"] = np.zeros(0)
    for found in search.bands(n):  # each has those of the one before, too
        names, scores = found.names, found.marks["score"]
    if names:
        yield generator.batch(names, scores)
    if len(names) < n:
        told = f"names found: {len(names):,} of {n:,} asked for, the likeliest there are; "
        if search.bounded:
            raise GenerationError(
                f"{told}no more within {search.read:,} prefixes: {advice(search.refused, search.judge.constraints)}"
            )
        raise GenerationError(
            f"{told}no other name is possible: ask for fewer, or relax a constraint"
        )
