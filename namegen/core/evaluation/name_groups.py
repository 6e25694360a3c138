"""Results of a model on groups of a list's names, which confidence intervals are computed from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from namegen.core.data.normalization import hash_names
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.engine import LanguageModel
from namegen.core.evaluation.evaluator import AccuracyEvaluator, name_sums
from namegen.types import Array, Float64, Int64

GROUP_BITS = 6
GROUPS = 1 << GROUP_BITS


def group_sums(
    model: LanguageModel, tree: PrefixTree, vocabulary: Vocabulary
) -> dict[str, Int64[Array, "groups"] | Float64[Array, "groups"]]:
    """Evaluate a model on each group of a list's names, for confidence intervals by bootstrap.

    A name that occurs several times in the list also counts several times.

    Args:
        model: Any LanguageModel.
        tree: The list.
        vocabulary: Its vocabulary.

    Returns:
        ``characters``: The number of characters and end tokens.
        ``nats``: The sum of their negative log-probabilities.
        ``hits``: How many of them were the most likely prediction.
        ``sampled``: The sum of their probabilities.

    >>> from namegen.core.models.ngram import NgramModel
    >>> names = ["Al", "Ali", "Al", "Bo"]
    >>> vocabulary = Vocabulary.from_names(names)
    >>> tree = PrefixTree.from_names(names, vocabulary)
    >>> int(group_sums(NgramModel(tree, vocabulary.size, 2), tree, vocabulary)["characters"].sum())
    13
    """
    log_probability, is_argmax = AccuracyEvaluator(model).edge_scores(tree)
    edge_values = np.stack((-log_probability, is_argmax, np.exp(log_probability)), axis=1)  # (E, 3)
    nats, hits, sampled = name_sums(tree, edge_values).T  # (names,) each
    names = tree.sequences()
    groups = groups_of(vocabulary.decode_all(names.tokens))  # (names,)
    characters = _sum_by_group(groups, names.counts * (names.lengths + 1))
    return {
        "characters": characters.astype(np.int64),
        "hits": _sum_by_group(groups, names.counts * hits).astype(np.int64),
        "nats": _sum_by_group(groups, names.counts * nats),
        "sampled": _sum_by_group(groups, names.counts * sampled),
    }


def _sum_by_group(groups: Int64[Array, "names"], values: Array) -> Float64[Array, "groups"]:
    """Sum the values of each group's names."""
    sums: Float64[Array, "groups"] = np.bincount(groups, values, minlength=GROUPS)
    return sums


def groups_of(names: Sequence[str]) -> Int64[Array, "names"]:
    """Return the group of each name, from 0 to ``GROUPS − 1``: the first bits of its hash.

    Names that differ only in letter case or punctuation have the same group, whatever the split.

    >>> groups_of(["Bob", "bob", "Al"]).tolist()
    [36, 36, 43]
    """
    return (hash_names(names) >> np.uint64(64 - GROUP_BITS)).astype(np.int64)
