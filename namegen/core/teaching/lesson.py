"""A lesson is names that teachers draw, and what they expect behind each of their prefixes.

A student that reads them learns all that its teachers know of a prefix at once, where a list says only what happened to
follow it. The tree makes it exact and cheap: the teachers are read once at each distinct prefix, however many names
pass it.

Source: distillation, Hinton, Vinyals and Dean, 2015.
"""

from __future__ import annotations

from typing import TypeAlias, cast

import numpy as np

from namegen.core.data.batching import BatchMaker
from namegen.core.data.labels import Beginnings
from namegen.core.data.prefix_tree import PrefixTree, SortedNames
from namegen.core.data.vocabulary import BOUNDARY, Vocabulary
from namegen.core.engine import LanguageModel, State
from namegen.core.evaluation.evaluator import chances_at_nodes
from namegen.core.generation.count_splitting import Draws, PrefixFilter, Walk
from namegen.core.generation.sampling import SamplingSettings
from namegen.core.generation.wishes.wishlist import MaxLength, WellFormed, Wishlist
from namegen.core.models import all_log_probabilities
from namegen.core.models.mixture import MixtureModel
from namegen.errors import TrainingError
from namegen.types import Array, Float32, Float64, Int, Int32, Int64

LARGEST_TABLE = 2**27  # chances that are kept: half a GiB, and as much again while they are put in order
TRIES = 4  # to draw fewer names where their prefixes are too many


def make_lesson(
    teachers: MixtureModel, training: PrefixTree, names: int, *, longest: int, rng: np.random.Generator
) -> BatchMaker:
    """Draw names from the teachers, add those of the training part, and ask the teachers about every prefix.

    Args:
        teachers: over the vocabulary of the student.
        training: the names of the list that the student may read.
        names: how many are drawn; fewer where what follows all their prefixes would take more than half a GiB.
        longest: characters of the longest name that is drawn.
        rng: what they are drawn with.

    Returns:
        The names, each as often as it was drawn or stands in the training part, with targets.

    Raises:
        TrainingError: what the teachers draw are no names, or not even the training part fits into memory.
    """
    most = LARGEST_TABLE // teachers.vocabulary_size
    own, count = training.sequences(), training.count[: training.roots]
    beginnings = Beginnings(tuple(training.token[: training.roots].tolist()), tuple((count / count.sum()).tolist()))
    for _ in range(TRIES if training.nodes <= most else 0):
        notes = _Notes(teachers, most)
        try:
            draws = draw(notes, teachers.vocabulary, names, longest=longest, rng=rng, beginnings=beginnings)
        except _TooManyError:
            names //= 2
            continue
        read, _ = SortedNames.from_rows(
            _stacked(own.tokens, *draws.parts),
            np.concatenate((own.counts, draws.counts)),
            np.concatenate((own.beginnings, draws.beginnings)),
        )
        batches = BatchMaker(read, np.repeat(np.arange(len(read.counts)), read.counts))
        if batches.tree.nodes <= most:
            return batches.with_targets(_table(batches.tree, notes, teachers, training))
        names = int(0.9 * names * most / batches.tree.nodes)
    raise TrainingError(
        f"the list has {training.nodes:,} prefixes and {teachers.vocabulary_size:,} characters, and the teachers' "
        "probabilities for them do not fit into memory: train without teachers, or give a shorter list"
    )


def draw(
    teachers: LanguageModel,
    vocabulary: Vocabulary,
    names: int,
    *,
    longest: int,
    rng: np.random.Generator,
    beginnings: Beginnings | None = None,
) -> Draws:
    """Names that the teachers draw. Raises TrainingError: most are none."""
    wishes = Wishlist([WellFormed(), MaxLength(longest)])
    draws = Walk(teachers, PrefixFilter(wishes, vocabulary), beginnings).draw(
        names, rng=rng, sampling=SamplingSettings(max_length=longest)
    )
    if draws.counts.sum() < names / 2:
        raise TrainingError(
            f"only {int(draws.counts.sum()):,} of {names:,} names that the teachers drew end within {longest} "
            "characters: give teachers that have learned names of this kind"
        )
    return draws


class _TooManyError(Exception):
    """There is no room for more notes."""


# The teachers' state, and which note was made of each prefix, (B,); −1 before the first.
_NoteState: TypeAlias = tuple[State, Int64[Array, "B"]]


class _Notes:
    """The teachers as a LanguageModel that notes what it says of each prefix, so that none has to be read again.

    Args:
        teachers: whom it asks.
        most: notes that it has room for.

    Attributes:
        chances: of each step, ``(B, V)``.
        parent, token: of each note: the note of the prefix that is one shorter, −1 for none, and its last token.
    """

    def __init__(self, teachers: MixtureModel, most: int) -> None:
        self.teachers, self.vocabulary_size, self._most = teachers, teachers.vocabulary_size, most
        self.chances: list[Float32[Array, "B V"]] = []
        self.parent: list[Int64[Array, "B"]] = []
        self.token: list[Int32[Array, "B"]] = []
        self._count = 0

    def initial_state(self, rows: int) -> _NoteState:
        """Nothing has been read."""
        return self.teachers.initial_state(rows), np.full(rows, -1)

    def step(self, tokens: Int32[Array, "B"], state: State) -> tuple[Float64[Array, "B V"], _NoteState]:
        """As the teachers do it."""
        inner, note = cast(_NoteState, state)
        if self._count + len(tokens) > self._most:
            raise _TooManyError
        logits, after = self.teachers.step(tokens, inner)
        self.chances.append(np.exp(all_log_probabilities(logits)).astype(np.float32))
        self.parent.append(note)
        self.token.append(tokens)
        here = np.arange(self._count, self._count + len(tokens))
        self._count += len(tokens)
        return logits, (after, here)

    def select(self, state: State, rows: Int[Array, "K"]) -> _NoteState:
        """Gather rows."""
        inner, note = cast(_NoteState, state)
        return self.teachers.select(inner, rows), note[rows]


def _table(tree: PrefixTree, notes: _Notes, teachers: MixtureModel, training: PrefixTree) -> Float32[Array, "N V"]:
    """What the teachers expect behind every prefix of a lesson: noted as they drew, or read in the training part."""
    table = np.empty((tree.nodes, teachers.vocabulary_size), np.float32)
    table[_same_prefixes(tree, training.parent, training.token)] = chances_at_nodes(teachers, training)
    places = _same_prefixes(tree, np.concatenate(notes.parent), np.concatenate(notes.token))
    start = 0
    for chances in notes.chances:
        here = places[start : start + len(chances)]
        table[here[here >= 0]] = chances[here >= 0]
        start += len(chances)
    return table


def _same_prefixes(tree: PrefixTree, parent: Int64[Array, "M"], token: Int32[Array, "M"]) -> Int64[Array, "M"]:
    """The node of a tree for each of some prefixes, given by the one that is a token shorter (−1: none, it is a
    beginning) and that token; −1 where the tree has no such node.
    """
    size = int(max(tree.edge_token.max(), token.max())) + 1
    edges = tree.edge_node * size + tree.edge_token
    roots = tree.token[: tree.roots]  # rising
    root = np.minimum(np.searchsorted(roots, token), len(roots) - 1)
    node = np.where((parent < 0) & (roots[root] == token), root, -1)
    waiting, known = np.flatnonzero(parent >= 0), parent < 0
    while len(waiting):  # a depth at a time
        is_next = known[parent[waiting]]
        rows, waiting = waiting[is_next], waiting[~is_next]
        wanted = node[parent[rows]] * size + token[rows]
        edge = np.minimum(np.searchsorted(edges, wanted), len(edges) - 1)
        node[rows] = np.where(edges[edge] == wanted, tree.edge_child[edge], -1)
        known[rows] = True
    return node


def _stacked(*tables: Int32[Array, "_ _"]) -> Int32[Array, "rows T"]:
    """Rows of several lengths in one table, the boundary behind each."""
    longest = max(table.shape[1] for table in tables)
    rows = [np.pad(table, ((0, 0), (0, longest - table.shape[1])), constant_values=BOUNDARY) for table in tables]
    return np.concatenate(rows).astype(np.int32)
