"""Label smoothing: training targets that lean on an n-gram of the same names.

A network that only sees which character followed each prefix memorizes a short list. The usual
remedy mixes the uniform distribution into the targets (Szegedy et al., 2016). Here, the distribution
of a Kneser–Ney n-gram of the training set is mixed in, because it knows which other characters could
have followed. If names have labels, the n-gram keeps the labels apart. Held-out names play no part.
``docs/results/quality.md`` shows what label smoothing is worth.
"""

from __future__ import annotations

import numpy as np

from namegen.core.data.batching import BatchMaker
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import END_TOKEN
from namegen.core.evaluation.evaluator import chances_at_nodes
from namegen.core.models.ngram import KNESER_NEY, NgramModel, node_contexts
from namegen.errors import SettingsError, setting
from namegen.types import Array, Float32, Int64

LARGEST_TABLE = 2**28  # probabilities in a table, which takes 1 GiB

# The n-gram of names without labels. A longer Kneser–Ney n-gram is no worse than a shorter one.
ORDER = 8

# The n-gram of labelled names.
LONGEST_CONTEXT = 5  # characters
WEIGHT_OF_LABEL = 12.0  # how many names the shorter context counts as, among those of one label
WEIGHT_OF_ALL = 2.0  # the same among all names
SHARE_OF_LABEL = (
    0.9  # what the label's own shorter context contributes; all names contribute the rest
)
TABLES_OF_LABELLED_NAMES = 4  # that are in memory at the same time


def smooth_targets(batches: BatchMaker, vocabulary_size: int, share: float) -> BatchMaker:
    """Give batches targets that are smoothed towards an n-gram of the same names.

    Args:
        batches: The names of an epoch.
        vocabulary_size: ``V``.
        share: The n-gram's share of each target, above 0 and at most 1. The rest is what follows
            the prefix in the batch itself.

    Returns:
        The same batches, with targets.

    Raises:
        SettingsError: The probabilities for all prefixes don't fit into memory.
    """
    tree = batches.tree
    if not fits_in_memory(tree.nodes, vocabulary_size):
        raise SettingsError(
            f"{setting('label_smoothing')} is {share:g}, but the probabilities of {vocabulary_size:,} "
            f"characters after {tree.nodes:,} prefixes don't fit into memory: leave it out"
        )
    has_labels = tree.roots > 1
    if has_labels and fits_in_memory(TABLES_OF_LABELLED_NAMES * tree.nodes, vocabulary_size):
        expected = ngram_by_label(tree, vocabulary_size)
    else:
        ngram = NgramModel(tree, vocabulary_size, ORDER, KNESER_NEY)
        expected = chances_at_nodes(ngram, tree)
    return batches.with_targets(expected, share)


def fits_in_memory(nodes: int, vocabulary_size: int) -> bool:
    """Check whether the next-character probabilities of all prefixes fit into memory.

    Args:
        nodes: The number of prefixes.
        vocabulary_size: ``V``.

    >>> fits_in_memory(100_000, 50), fits_in_memory(100_000, 20_000)
    (True, False)
    """
    return nodes * vocabulary_size <= LARGEST_TABLE


def ngram_by_label(tree: PrefixTree, vocabulary_size: int) -> Float32[Array, "N V"]:
    """Predict what follows each prefix, with an n-gram that keeps the labels apart.

    An ordinary n-gram reads the label as the first character, so it forgets the label as soon as the
    prefix is longer than its context. Here, each context of a label leans on the next shorter context
    of the same label, and also on the same context of all names. So a label with few names learns
    from the other labels.

    Args:
        tree: The names. Each root is a label.
        vocabulary_size: ``V``.

    Returns:
        The probabilities of the next character after each prefix.
    """
    depth = tree.depth_of  # (N,)
    uniform = np.full((1, vocabulary_size), 1 / vocabulary_size, np.float32)  # (1, V)

    # The empty context, then one character more in each round. Prefixes with the same number have
    # the same context.
    context_of_all = np.zeros(tree.nodes, np.int64)  # (N,)
    context_of_label = tree.root_of  # (N,)
    of_all = _interpolated(tree, context_of_all, shorter=uniform, weight=WEIGHT_OF_ALL)
    shorter = _leaning_on_all(uniform, of_all)
    of_label = _interpolated(tree, context_of_label, shorter=shorter, weight=WEIGHT_OF_LABEL)

    for length, token in enumerate(node_contexts(tree, LONGEST_CONTEXT), start=1):
        is_before_the_name = depth < length  # (N,)
        added = np.where(is_before_the_name, END_TOKEN, token)  # (N,)
        context_of_all = _numbered(context_of_all * vocabulary_size + added)
        context_of_label = _numbered(context_of_label * vocabulary_size + added)

        has_context = (depth >= length - 1)[:, None]  # (N, 1); the start token is part of a context
        longer = _interpolated(tree, context_of_all, shorter=of_all, weight=WEIGHT_OF_ALL)
        of_all = np.where(has_context, longer, of_all)  # (N, V)
        shorter = _leaning_on_all(of_label, of_all)
        longer = _interpolated(tree, context_of_label, shorter=shorter, weight=WEIGHT_OF_LABEL)
        of_label = np.where(has_context, longer, of_label)  # (N, V)
    return of_label


def _interpolated(
    tree: PrefixTree,
    context: Int64[Array, "N"],
    *,
    shorter: Float32[Array, "_ V"],
    weight: float,
) -> Float32[Array, "N V"]:
    """Mix what followed each context with the prediction of the next shorter context.

    Args:
        tree: The names.
        context: The number of each prefix's context.
        shorter: The prediction of the shorter context, one row for each prefix or one for all.
        weight: How many names the shorter context counts as.
    """
    vocabulary_size = shorter.shape[1]
    contexts = context.max() + 1  # C
    followed_by = context[tree.edge_node] * vocabulary_size + tree.edge_token  # (E,)
    flat_count = np.bincount(followed_by, tree.edge_count, minlength=contexts * vocabulary_size)
    count = flat_count.astype(np.float32).reshape(contexts, vocabulary_size)  # (C, V)
    total = count.sum(axis=1)  # (C,)
    mixed: Float32[Array, "N V"] = (count[context] + weight * shorter) / (
        total[context, None] + weight
    )
    return mixed


def _leaning_on_all(
    of_label: Float32[Array, "_ V"],
    of_all: Float32[Array, "_ V"],
) -> Float32[Array, "_ V"]:
    """Mix the prediction from a label's own names with the prediction from all names."""
    return SHARE_OF_LABEL * of_label + (1 - SHARE_OF_LABEL) * of_all


def _numbered(values: Int64[Array, "N"]) -> Int64[Array, "N"]:
    """Number the distinct values from 0, and give each entry its number."""
    return np.unique(values, return_inverse=True)[1]
