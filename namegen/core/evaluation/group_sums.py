"""How well a model predicts each part of a list's names: what an interval over names is made of.

Two models are compared on the same names, so their difference has to be known name by name, or nearly. The distinct
names are dealt by a hash into groups; the sums of each group are a few hundred numbers however long the list is, and
drawing groups anew (``namegen/experiments/compare/pairs.py``) tells how much of a difference is due to which names
happen to be held out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from namegen.core.data.digests import digests
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.engine import LanguageModel
from namegen.core.evaluation.evaluator import AccuracyEvaluator, name_sums
from namegen.types import Array, Float64, Int64

GROUP_BITS = 6
GROUPS = 1 << GROUP_BITS


@dataclass(frozen=True, eq=False)
class GroupSums:
    """Sums over the names of each group; a name that stands several times in the list counts as often.

    Attributes:
        characters: to be predicted, the end of each name included.
        nats: minus the log-probability of them all.
        hits: characters that were the likeliest.
        sampled: the probabilities of the true characters.
    """

    characters: Int64[Array, "groups"]
    nats: Float64[Array, "groups"]
    hits: Int64[Array, "groups"]
    sampled: Float64[Array, "groups"]


def group_sums(model: LanguageModel, tree: PrefixTree, vocabulary: Vocabulary) -> GroupSums:
    """What a model makes of each group of a list's names.

    Args:
        model: what is evaluated.
        tree: the list.
        vocabulary: its characters.

    >>> from namegen.core.evaluation.counting import NgramModel
    >>> names = ["Al", "Ali", "Al", "Bo"]
    >>> vocabulary = Vocabulary.from_names(names)
    >>> tree = PrefixTree.from_names(names, vocabulary)
    >>> int(group_sums(NgramModel(tree, vocabulary.size, 2), tree, vocabulary).characters.sum())
    13
    """
    scores = AccuracyEvaluator(model).edge_scores(tree)
    of_edges = np.stack((-scores.log_probability, scores.is_argmax, np.exp(scores.log_probability)), axis=1)  # (E, 3)
    sequences = tree.sequences()
    group = groups_of(vocabulary.decode_all(sequences.tokens))

    def total(of_names: Array) -> Float64[Array, "groups"]:
        summed: Float64[Array, "groups"] = np.bincount(group, sequences.counts * of_names, minlength=GROUPS)
        return summed

    nats, hits, sampled = map(total, name_sums(tree, of_edges).T)
    characters = total(sequences.lengths + 1)  # whole numbers, which a float64 holds exactly
    return GroupSums(characters.astype(np.int64), nats, hits.astype(np.int64), sampled)


def groups_of(names: Sequence[str]) -> Int64[Array, "names"]:
    """The group of each name, from 0 on; letter case and punctuation do not count, nor does the split.

    >>> groups_of(["Bob", "bob", "Al"]).tolist()
    [36, 36, 43]
    """
    return (digests(names) >> np.uint64(64 - GROUP_BITS)).astype(np.int64)
