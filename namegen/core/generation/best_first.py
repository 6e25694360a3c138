"""Best first: the likeliest names of a model, exactly, without drawing any.

A name is never likelier than its beginning, so the search is one by bands (``bands.py``): of all prefixes above a floor
of probability, which goes down until n names lie above it. Those are then the n likeliest of all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from namegen.core.generation.advice import advice
from namegen.core.generation.bands import BandSearch, Marks
from namegen.core.generation.count_splitting import Open, Walk
from namegen.core.generation.generator import Generator
from namegen.core.generation.name_batch import NameBatch
from namegen.core.generation.watching import OnProgress
from namegen.core.generation.wishes.wishlist import Wishlist
from namegen.errors import GenerationError
from namegen.types import Array, Float, Float64

MOST_PREFIXES = 1_000_000  # that a search reads before it gives up: some seconds


def likeliest(
    generator: Generator,
    n: int,
    *,
    max_length: int,
    wishes: Wishlist | None = None,
    allow_seen: bool = False,
    allow_repeats: bool = False,
    on_progress: OnProgress | None = None,
) -> Iterator[NameBatch]:
    """Give the n likeliest names, the likeliest first: exactly those that reading every name would find.

    Args:
        generator: the model, its characters, and the names that are not new.
        n: how many.
        max_length: characters of the longest name that is given.
        wishes: what each name must keep.
        allow_seen: names of the list too.
        allow_repeats: each spelling is a name; otherwise, of names that differ in letter case, spaces or punctuation
            only, the likeliest.
        on_progress: called now and then with the names found so far, of which some may still be refused or give
            way to likelier ones, and the prefixes read so far.

    Raises:
        SettingsError, GenerationError: as ``Generator.generate``; also if there are fewer than n, or the search came
            to its bound, after those found have been given. Those are then still the likeliest.

    >>> from namegen.core.evaluation.ngram import NgramModel
    >>> from namegen.core.data.prefix_tree import PrefixTree
    >>> from namegen.core.data.vocabulary import Vocabulary
    >>> names = ["Anna", "Annika", "Hanna", "Hans"]
    >>> vocabulary = Vocabulary.from_names(names)
    >>> model = NgramModel(PrefixTree.from_names(names, vocabulary), vocabulary.size, order=3)
    >>> next(likeliest(Generator(model, vocabulary), 3, max_length=20, allow_seen=True)).names
    ['Anna', 'Hans', 'Ha']
    """
    walk, judge = generator.as_one().prepare(n, max_length, wishes, allow_seen, allow_repeats)
    search = BandSearch(walk, judge, ByProbability(), bound=MOST_PREFIXES, on_progress=on_progress)
    return _search(search, n, generator)


class ByProbability:
    """The order of the likeliest names: a rank is a log-probability, nats."""

    def start(self, walk: Walk) -> tuple[Open, Marks]:
        """At the one beginning."""
        start = walk.start(1)
        return start, {"rank": start.score}

    def read(
        self, logits: Float[Array, "B V"], steps: Float64[Array, "B V"], marks: Marks, lowest: float = -math.inf
    ) -> Marks:
        """The prefix's and the step's are added."""
        return {"rank": steps + marks["rank"][:, None]}


def _search(search: BandSearch, n: int, generator: Generator) -> Iterator[NameBatch]:
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
                f"{told}no more within {search.read:,} prefixes: {advice(search.refused, search.judge.wishes)}"
            )
        raise GenerationError(f"{told}no other name is possible: ask for fewer, or relax a wish")
