"""A lesson: names that teachers draw, and what they expect behind each of their prefixes.

A student that reads them learns all that its teachers know of a prefix at once, where a list says only what happened to
follow it. The tree makes it exact and cheap: the teachers are read once at each distinct prefix, however many names
pass it.

Source: distillation, Hinton, Vinyals and Dean, 2015.
"""

from __future__ import annotations

import numpy as np

from namegen.core.data.batching import BatchMaker
from namegen.core.data.prefix_tree import PrefixTree, SortedNames
from namegen.core.data.vocabulary import BOUNDARY
from namegen.core.evaluation.mixture import MixtureModel
from namegen.core.evaluation.reading import chances_at_nodes
from namegen.core.generation.count_splitting import Walk
from namegen.core.generation.prefix_filter import PrefixFilter
from namegen.core.generation.sampling import SamplingSettings
from namegen.core.generation.wishes.length import MaxLength
from namegen.core.generation.wishes.well_formed import WellFormed
from namegen.core.generation.wishes.wishlist import Wishlist
from namegen.errors import TrainingError
from namegen.types import Array, Float32, Int, Int32, Int64

LARGEST_TABLE = 2**28  # chances that are kept: 1 GiB
TRIES = 4  # to draw fewer names where their prefixes are too many


def make_lesson(
    teachers: MixtureModel, training: PrefixTree, names: int, *, longest: int, rng: np.random.Generator
) -> BatchMaker:
    """Draw names from the teachers, add those of the training part, and ask the teachers about every prefix.

    Args:
        teachers: over the vocabulary of the student.
        training: the names of the list that the student may read.
        names: how many are drawn; fewer where the table of what follows all their prefixes would take more than 1 GiB.
        longest: characters of the longest name that is drawn.
        rng: what they are drawn with.

    Returns:
        The names, each as often as it was drawn or stands in the training part, with targets.

    Raises:
        TrainingError: what the teachers draw are no names, or not even the training part fits into memory.
    """
    most = LARGEST_TABLE // teachers.vocabulary_size
    own = training.sequences()
    for _ in range(TRIES):
        tokens, counts = draw(teachers, names, longest=longest, rng=rng)
        sorted_names, _ = SortedNames.from_rows(_stacked(own.tokens, tokens), np.concatenate((own.counts, counts)))
        batches = BatchMaker.of_sorted(
            sorted_names, np.repeat(np.arange(len(sorted_names.counts)), sorted_names.counts)
        )
        if batches.tree.nodes <= most:
            expected = chances_at_nodes(teachers, batches.tree)
            return batches.with_targets(_Expected(expected))
        names = int(0.9 * names * most / batches.tree.nodes)
    raise TrainingError(
        f"the list has {training.nodes:,} prefixes and {teachers.vocabulary_size:,} characters, more than fit into "
        "memory as what teachers expect behind each: train without teachers, or give a shorter list"
    )


def draw(
    teachers: MixtureModel, names: int, *, longest: int, rng: np.random.Generator
) -> tuple[Int32[Array, "R T"], Int64[Array, "R"]]:
    """Names as rows of ids, ended by the boundary, and how often each was drawn. Raises TrainingError."""
    wishes = Wishlist([WellFormed(), MaxLength(longest)])
    draws = Walk(teachers, PrefixFilter(wishes, teachers.vocabulary)).draw(
        names, rng=rng, sampling=SamplingSettings(max_length=longest)
    )
    if draws.counts.sum() < names / 2:
        raise TrainingError(
            f"of {names:,} names that the teachers drew, {int(draws.counts.sum()):,} end within {longest} characters: "
            "give teachers that have learned names of this kind"
        )
    return draws.tokens, draws.counts


class _Expected:
    """The targets of batches that are cut out of a tree: what its teachers expect."""

    def __init__(self, chances: Float32[Array, "N V"]) -> None:
        self.chances = chances

    def __call__(self, batch: PrefixTree, nodes: Int[Array, "N"]) -> Float32[Array, "N V"]:
        of_batch: Float32[Array, "N V"] = self.chances.take(nodes, axis=0)
        return of_batch


def _stacked(*tables: Int32[Array, "_ _"]) -> Int32[Array, "rows T"]:
    """Rows of several lengths in one table, the boundary behind each."""
    longest = max(table.shape[1] for table in tables)
    rows = [np.pad(table, ((0, 0), (0, longest - table.shape[1])), constant_values=BOUNDARY) for table in tables]
    return np.concatenate(rows).astype(np.int32)
