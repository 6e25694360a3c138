"""Packing: the distinct names of a batch, laid one behind the other into lanes, in chunks of a fixed size.

A compiled program wants fixed shapes, names come in every length. So a step reads ``LANES`` names side by side, a chunk
of ``CHUNK`` characters at a time; a name takes as many chunks of its lane as it needs, and the next name of the lane
begins where it has ended. Every list of names then runs through one and the same compiled chunk, however long its
longest name is, and little is padded: a chunk's last places, and the lanes' ends.

    lane 0    M a x i m i l i   a n ■ . . . . .   A l ■ . . . . .     ■ STOP
    lane 1    A l e x a n d e   r ■ . . . . . .   B o b ■ . . . .     . padding, counts for nothing

Measured on one core (2×32 SimpleRNN, Adam, batches built meanwhile; million characters a second):

    lanes × chunk            64×8   64×6   64×4   128×8   32×8
    first names, batch 512   1.43   1.43   1.28   1.54    1.26
    last names, batch 512    1.13   1.01   1.01   1.40    0.98
    first names, batch 128   0.70   0.75   0.76   0.57    0.72

64×8 loses nowhere much. Of the other forms, with the same compiled step: rows padded to the longest name of the list
make 0.5 times as much; rows sorted by length, in tiles of 64 with a compiled branch for each of four lengths, 1.07
times, but they compile for 5 seconds instead of 2, and a list with longer names compiles more. Plain Keras on padded
rows makes 0.26 (``benchmarks/train_keras.py``): the engine is 5.7 times as fast, and 15 to 19 times as fast as the
way of the blog.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from namegen.core.data.batching import Batch
from namegen.types import Array, Bool, Int, Int32, Int64

LANES = 64
CHUNK = 8


@dataclass(frozen=True, eq=False)
class Packing:
    """The names of one update in chunks. ``Q`` chunks follow one another, each ``LANES`` wide, ``CHUNK`` steps long.

    Attributes:
        tokens: ``CHUNK + 1`` tokens: all but the last are read, all but the first are to be predicted.
        used: how many of the predictions count; the rest is padding.
        weight: how often the name stands in the batch; 0 where a lane is empty.
        follows: whether the chunk goes on with the name of the same lane in the chunk before.
        nodes: the node of the batch's tree whose next token is predicted; 0 where there is no prediction.
        replayed: after so many chunks no name goes on any more: what the way back has to know of the states.
    """

    tokens: Int32[Array, "Q lanes columns"]
    used: Int32[Array, "Q lanes"]
    weight: Int64[Array, "Q lanes"]
    follows: Bool[Array, "Q lanes"]
    nodes: Int64[Array, "Q lanes chunk"]
    replayed: int

    @property
    def chunks(self) -> int:
        """``Q``."""
        return len(self.tokens)


def pack(batch: Batch, lanes: int = LANES, chunk: int = CHUNK) -> Packing:
    """Lay the distinct names of a batch into lanes; the same batch always lies in the same way."""
    rows = batch.sequences()
    tokens, lengths, counts, nodes = rows.tokens, rows.lengths, rows.counts, rows.nodes
    needed = lengths // chunk + 1  # chunks of each name, its STOP counted
    order = np.argsort(-needed, kind="stable")
    tokens, lengths, counts, nodes, needed = (each[order] for each in (tokens, lengths, counts, nodes, needed))
    first, lane, chunks = place(needed, lanes)

    name = np.repeat(np.arange(len(needed)), needed)  # one entry a chunk of a name
    part = np.arange(len(name)) - np.repeat(np.cumsum(needed) - needed, needed)  # which of its chunks
    at = first[name] + part, lane[name]
    padded = np.zeros((len(needed), int(needed[0]) * chunk + 1), np.int32)
    padded[:, 0] = rows.beginnings[order]
    padded[:, 1 : tokens.shape[1] + 1] = tokens
    columns = part[:, None] * chunk + np.arange(chunk + 1)

    packing = Packing(
        tokens=np.zeros((chunks, lanes, chunk + 1), np.int32),
        used=np.zeros((chunks, lanes), np.int32),
        weight=np.zeros((chunks, lanes), np.int64),
        follows=np.zeros((chunks, lanes), bool),
        nodes=np.zeros((chunks, lanes, chunk), np.int64),
        replayed=int((at[0] * (part > 0)).max()),
    )
    packing.tokens[at] = padded[name[:, None], columns]
    packing.used[at] = np.minimum(lengths[name] + 1 - part * chunk, chunk)
    packing.weight[at] = counts[name]
    packing.follows[at] = part > 0
    reached = np.zeros((len(needed), int(needed[0]) * chunk), np.int64)
    reached[:, : nodes.shape[1]] = nodes
    packing.nodes[at] = reached[name[:, None], columns[:, :-1]]
    return packing


def place(needed: Int[Array, "R"], lanes: int) -> tuple[Int64[Array, "R"], Int64[Array, "R"], int]:
    """Where each name begins: its first chunk and its lane; and how many chunks there are in all.

    Args:
        needed: chunks of each name, falling.
        lanes: how many stand side by side.

    Names of several chunks come first, as many at a time as there are lanes, the longest to the emptiest lane. Names
    of one chunk fill the places that are left.
    """
    first, lane = np.empty(len(needed), np.int64), np.empty(len(needed), np.int64)
    height = np.zeros(lanes, np.int64)
    long = int((needed > 1).sum())
    for start in range(0, long, lanes):
        names = slice(start, min(long, start + lanes))
        emptiest = np.argsort(height, kind="stable")[: names.stop - start]
        first[names], lane[names] = height[emptiest], emptiest
        height[emptiest] += needed[names]
    chunks = max(int(height.max()), -(-int(needed.sum()) // lanes))
    free = np.argwhere(np.arange(chunks)[:, None] >= height)[: len(needed) - long]
    first[long:], lane[long:] = free[:, 0], free[:, 1]
    return first, lane, chunks
