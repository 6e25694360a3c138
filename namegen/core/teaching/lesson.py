"""Targets beyond what followed a prefix: smoothed towards counting, or what teachers expect.

A network that is told of each prefix only what followed it in the list learns the names of a short list by heart. The
usual remedy mixes the uniform distribution into the targets (Szegedy et al., 2016); here it is the distribution of a
Kneser–Ney n-gram of the same names, which knows what else could have followed; of names with labels, of an n-gram that
keeps the labels apart. What is held out has no part in it.
``docs/results/quality.md`` shows what it is worth.

A lesson is names that teachers draw, and what they expect behind each of their prefixes.

A student that reads them learns all that its teachers know of a prefix at once, where a list says only what happened to
follow it. The tree makes it exact and cheap: the teachers are read once at each distinct prefix, however many names
pass it.

Source: distillation, Hinton, Vinyals and Dean, 2015.
"""

from __future__ import annotations

from itertools import pairwise, starmap
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
from namegen.core.models.ngram import KNESER_NEY, NgramModel, node_contexts
from namegen.errors import SettingsError, TrainingError, setting
from namegen.types import Array, Float32, Float64, Int, Int32, Int64

ORDER = 8  # a Kneser–Ney n-gram loses nothing by being longer than it need be
LARGEST_TARGETS = 2**28  # chances that are kept: 1 GiB
LABEL_ORDER = 5  # characters of a context, where the names of each label are counted apart
WEIGHT_OF_LABEL, WEIGHT_OF_ALL = 12.0, 2.0  # of what a shorter context says, in names
OWN_SHARE = 0.9  # of that, what the label says itself; the rest is what the names of all labels say


def smoothed(batches: BatchMaker, vocabulary_size: int, share: float) -> BatchMaker:
    """Batches with targets that lean on counting.

    Args:
        batches: the names of an epoch.
        vocabulary_size: ``V``.
        share: of counting in a target, above 0 and at most 1; the rest is what follows in the batch itself.

    Raises:
        SettingsError: the chances of all prefixes would take too much memory.
    """
    tree = batches.tree
    if not fits(tree.nodes, vocabulary_size):
        raise SettingsError(
            f"{setting('label_smoothing')} is {share:g}, and this list has {tree.nodes:,} prefixes and "
            f"{vocabulary_size:,} characters, whose table of probabilities does not fit into memory: leave it out"
        )
    if tree.roots > 1 and 4 * tree.nodes * vocabulary_size <= LARGEST_TARGETS:  # it keeps several such tables
        return batches.with_targets(counting_of_labels(tree, vocabulary_size), share)
    counting = NgramModel(tree, vocabulary_size, ORDER, KNESER_NEY)
    return batches.with_targets(chances_at_nodes(counting, tree), share)


def counting_of_labels(tree: PrefixTree, vocabulary_size: int) -> Float32[Array, "N V"]:
    """What counting expects behind each prefix, the names of each label counted apart, and all of them together.

    An n-gram that takes a label for the first character forgets it as soon as its context is longer than it reaches.
    Here every context of a label leans on the next shorter one of the same label, and both on the same context of all
    names, so that a label of few names learns from the others what it has not got itself.
    """
    root, depth = np.arange(tree.nodes), np.repeat(np.arange(tree.depth), np.diff(tree.level))  # (N,)
    for rows in starmap(slice, pairwise(tree.level[1:].tolist())):
        root[rows] = root[tree.parent[rows]]

    def counted(context: Int64[Array, "N"], shorter: Array, weight: float) -> Float32[Array, "N V"]:
        """What follows each context, with the weight of so many names on what a shorter one says."""
        edges = context[tree.edge_node] * vocabulary_size + tree.edge_token
        count = np.bincount(edges, tree.edge_count, (context.max() + 1) * vocabulary_size).astype(np.float32)
        count = count.reshape(-1, vocabulary_size)
        mixed: Float32[Array, "N V"] = (count[context] + weight * shorter) / (count.sum(axis=1)[context, None] + weight)
        return mixed

    uniform = np.full((1, vocabulary_size), 1 / vocabulary_size, np.float32)
    of_all = counted(np.zeros(tree.nodes, np.int64), uniform, WEIGHT_OF_ALL)
    own = counted(root, OWN_SHARE * uniform + (1 - OWN_SHARE) * of_all, WEIGHT_OF_LABEL)
    mine, every = root, np.zeros(tree.nodes, np.int64)
    for length, token in enumerate(node_contexts(tree, LABEL_ORDER), start=1):
        read = np.where(depth < length, BOUNDARY, token)
        mine, every = (np.unique(one * vocabulary_size + read, return_inverse=True)[1] for one in (mine, every))
        longer = (depth >= length - 1)[:, None]  # a shorter prefix has no longer context
        of_all = np.where(longer, counted(every, of_all, WEIGHT_OF_ALL), of_all)
        shorter = OWN_SHARE * own + (1 - OWN_SHARE) * of_all
        own = np.where(longer, counted(mine, shorter, WEIGHT_OF_LABEL), own)
    return own


def fits(nodes: int, vocabulary_size: int) -> bool:
    """Whether the chances at each prefix can be kept."""
    return nodes * vocabulary_size <= LARGEST_TARGETS


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
