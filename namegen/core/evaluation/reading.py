"""Reading a tree: every distinct prefix of a list once, by any LanguageModel."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from namegen.core.data.prefix_tree import PrefixTree, ranges
from namegen.core.engine import LanguageModel, State
from namegen.core.evaluation.log_probabilities import all_log_probabilities
from namegen.types import Array, Float, Float32, Int

CHUNK_ROWS = 8192  # prefixes that are read at a time
MOST_LOGITS, LOGITS_IN_CACHE = 1 << 22, 1 << 18  # where they have more than the one, so many prefixes as have the other


def read_prefixes(
    model: LanguageModel, tree: PrefixTree, *, chunk_rows: int = CHUNK_ROWS
) -> Iterator[tuple[Int[Array, "B"], Float[Array, "B V"]]]:
    """The nodes of a tree, each once and behind its parent, with the logits of what follows them.

    Between two depths only the states of the nodes that have children are kept, in chunks; and they are read depth
    first, so that few states wait at any time: memory stays flat however long the list is.
    """
    if chunk_rows * model.vocabulary_size > MOST_LOGITS:
        chunk_rows = max(1, LOGITS_IN_CACHE // model.vocabulary_size)
    # Nodes, with the state before them.
    pending: list[tuple[Int[Array, "B"], State]] = [(np.arange(tree.roots), model.initial_state(tree.roots))]
    while pending:
        nodes, state = pending.pop()
        logits, after = model.step(tree.token[nodes], state)
        yield nodes, logits
        edges, rows = ranges(tree.edge_start[nodes], tree.edge_start[nodes + 1])
        children = tree.edge_child[edges]
        inner = children >= 0
        parents, children = rows[inner], children[inner]
        for start in range(0, len(children), chunk_rows):
            part = slice(start, start + chunk_rows)
            pending.append((children[part], model.select(after, parents[part])))


def chances_at_nodes(model: LanguageModel, tree: PrefixTree) -> Float32[Array, "N V"]:
    """What a model expects behind every prefix of a tree."""
    chances = np.empty((tree.nodes, model.vocabulary_size), np.float32)
    for nodes, logits in read_prefixes(model, tree):
        chances[nodes] = np.exp(all_log_probabilities(logits))
    return chances
