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
    """Smooth the training targets towards the predictions of an n-gram of the same names.

    The network then learns what could follow each prefix, and not only what follows it in a short list.

    Args:
        batches: The names of an epoch.
        vocabulary_size: ``V``.
        share: The n-gram's share of each target, above 0 and at most 1. The rest is what follows
            the prefix in the batch itself.

    Raises:
        SettingsError: The probabilities for all prefixes don't fit into memory.
    """
    tree = batches.tree
    if not fits_in_memory(tree.nodes, vocabulary_size):
        raise SettingsError(
            f"{setting('label_smoothing')} is {share:g}, but the probabilities of {vocabulary_size:,} "
            f"characters after {tree.nodes:,} prefixes don't fit into memory: remove the setting"
        )
    has_labels = tree.roots > 1
    if has_labels and fits_in_memory(TABLES_OF_LABELLED_NAMES * tree.nodes, vocabulary_size):
        predictions = ngram_by_label(tree, vocabulary_size)
    else:
        ngram = NgramModel(tree, vocabulary_size, ORDER, KNESER_NEY)
        predictions = chances_at_nodes(ngram, tree)
    return batches.with_targets(predictions, share)


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

    The context of a prefix is its last characters, up to five. An ordinary n-gram reads the label as the first
    character, so it forgets the label as soon as the prefix is longer than its context. Here, each context of a label
    is interpolated with two others: the next shorter context of the same label, and the same context of all names. So
    a label with few names learns from the other labels.

    Args:
        tree: The names, as the N distinct prefixes. Each root is a label.
        vocabulary_size: ``V``.

    Returns:
        The probabilities of the next character after each prefix.
    """
    # Contexts are numbered, and prefixes with the same number have the same context. At first, contexts are empty, so
    # all prefixes have the same one, or all prefixes of a label.
    context: Int64[Array, "N"] = np.zeros(tree.nodes, np.int64)  # among all names
    context_in_label: Int64[Array, "N"] = tree.root_of  # among those of the same label
    # What follows each prefix, predicted from all names, and mostly from the names of its label.
    expected = np.full((tree.nodes, vocabulary_size), 1 / vocabulary_size, np.float32)  # (N, V)
    expected_by_label = expected  # (N, V)

    depth = tree.depth_of  # (N,)
    last_tokens = node_contexts(tree, LONGEST_CONTEXT)
    for length in range(LONGEST_CONTEXT + 1):
        # Make each context one character longer. The number of a context and of a character together are a new number.
        if length > 0:
            is_before_the_name = depth < length  # (N,)
            added = np.where(is_before_the_name, END_TOKEN, next(last_tokens))  # (N,)
            context = _renumbered(context * vocabulary_size + added)
            context_in_label = _renumbered(context_in_label * vocabulary_size + added)
        has_context = (depth >= length - 1)[:, None]  # (N, 1); the start token is part of a context
        # Interpolate with the predictions of the shorter contexts.
        longer = _interpolated(tree, context, shorter=expected, weight=WEIGHT_OF_ALL)  # (N, V)
        expected = np.where(has_context, longer, expected)
        mixed = SHARE_OF_LABEL * expected_by_label + (1 - SHARE_OF_LABEL) * expected  # (N, V)
        longer = _interpolated(tree, context_in_label, shorter=mixed, weight=WEIGHT_OF_LABEL)
        expected_by_label = np.where(has_context, longer, expected_by_label)
    return expected_by_label


def _interpolated(
    tree: PrefixTree,
    context: Int64[Array, "N"],
    *,
    shorter: Float32[Array, "_ V"],
    weight: float,
) -> Float32[Array, "N V"]:
    """Interpolate what followed each context with the prediction of the next shorter context.

    Args:
        tree: The names.
        context: The number of each prefix's context.
        shorter: The prediction of the shorter context, one row for each prefix or one for all.
        weight: How many names the shorter context counts as.
    """
    # Count how often each token followed each context, in a table with a row per context. Its cells are counted as one
    # long array, so the cell in row r and column v has the number r · V + v.
    vocabulary_size = shorter.shape[1]
    contexts = context.max() + 1  # C
    cell = context[tree.edge_node] * vocabulary_size + tree.edge_token  # (E,)
    flat_counts = np.bincount(cell, tree.edge_count, minlength=contexts * vocabulary_size)
    counts = flat_counts.astype(np.float32).reshape(contexts, vocabulary_size)  # (C, V)
    totals = counts.sum(axis=1)  # (C,)
    # Each prefix gets the row of its context.
    mixed: Float32[Array, "N V"] = (counts[context] + weight * shorter) / (
        totals[context, None] + weight
    )
    return mixed


def _renumbered(values: Int64[Array, "N"]) -> Int64[Array, "N"]:
    """Replace each distinct value by its rank, counted from 0, so that the numbers stay small."""
    return np.unique(values, return_inverse=True)[1]
