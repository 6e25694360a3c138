"""The loss and gradients of ``plain.py`` on a prefix tree: each distinct prefix is computed once. Read it second.

Names that start alike share their first states. For Al, Ali and Al, ``plain.py`` makes ten steps, but there are only
four distinct prefixes, so four steps are enough if the program counts what follows each prefix:

    node   prefix    parent   counts of what follows
     0     (START)     −1     A 3
     1     A            0     l 3
     2     Al           1     i 1, STOP 2
     3     Ali          2     STOP 1

Three things change compared with ``plain.py``:

- The loop runs over the *levels* of the tree, the prefixes of one length, instead of the characters of one name. All
  nodes of a level are computed at once, as the rows of an array.
- The state before a node is the state at its parent.
- A node that n names pass counts n times. Its loss is ``−Σ_v counts[v] log p[v]``. Each name contributes the gradient
  of ``plain.py``, p minus 1 at the id that follows; the sum of n of them is ``n p − counts``.

The engine (``recurrent.py``) does the same with two more shortcuts. It computes ``before U`` once for all children of a
prefix. In the backward pass, it adds up the children first and multiplies the sum by U afterwards.

N is the number of nodes and n the number of nodes in one level. The parameters and the other letters are those of
``plain.py``. To see how many steps the tree saves:

    python -m namegen.backends.numpy_engine.plain_tree
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import numpy as np

from namegen.backends.numpy_engine import plain
from namegen.backends.numpy_engine.plain import START, STOP, Tensors
from namegen.types import Array, Float, Int64

Prefix: TypeAlias = tuple[int, ...]  # ids


@dataclass(frozen=True)
class Tree:
    """The distinct prefixes of a list of names, ordered by length."""

    # The id that each node reads: the last character of its prefix. The root reads START.
    token: Int64[Array, "N"]
    # The node of the prefix without its last character. −1 for the root.
    parent: Int64[Array, "N"]
    # How often each id follows each node.
    counts: Int64[Array, "N V"]
    # The nodes of each length, as slices: level t has the prefixes of t characters.
    levels: list[slice]


class States(NamedTuple):
    """The results of the forward pass that the backward pass needs."""

    # The state at each node. The last row is the state before START, zeros, so that parent −1 finds it.
    h: Float[Array, "N+1 H"]
    # The probability of each id as the next one.
    p: Float[Array, "N V"]


def build_tree(names: Sequence[Sequence[int]], V: int) -> Tree:
    """Find all distinct prefixes of some names, and count what follows each of them.

    Args:
        names: the ids of each name's characters.
        V: the number of ids.

    >>> tree = build_tree([[1, 3], [1, 3, 2], [1, 3]], 4)  # Al, Ali, Al
    >>> tree.token.tolist(), tree.parent.tolist(), tree.counts[2].tolist()
    ([0, 1, 3, 2], [-1, 0, 1, 2], [2, 0, 1, 0])
    """
    following = count_following(names)
    prefixes = sorted(following, key=lambda prefix: (len(prefix), prefix))
    node_of = {prefix: node for node, prefix in enumerate(prefixes)}
    counts = np.zeros((len(prefixes), V), np.int64)
    for prefix, next_ids in following.items():
        for next_id, count in next_ids.items():
            counts[node_of[prefix], next_id] = count
    return Tree(
        token=np.array([prefix[-1] if prefix else START for prefix in prefixes]),
        parent=np.array([node_of[prefix[:-1]] if prefix else -1 for prefix in prefixes]),
        counts=counts,
        levels=levels_of(prefixes),
    )


def count_following(names: Sequence[Sequence[int]]) -> dict[Prefix, Counter[int]]:
    """Count which ids follow each prefix.

    >>> count_following([[1], [1, 3]])[(1,)]
    Counter({0: 1, 3: 1})
    """
    following: dict[Prefix, Counter[int]] = defaultdict(Counter)
    for name in names:
        for length, next_id in enumerate([*name, STOP]):
            prefix = tuple(name[:length])
            following[prefix][next_id] += 1
    return following


def levels_of(prefixes: Sequence[Prefix]) -> list[slice]:
    """Return a slice for the prefixes of each length. They are sorted by length.

    >>> levels_of([(), (1,), (2,), (1, 3)])
    [slice(0, 1, None), slice(1, 3, None), slice(3, 4, None)]
    """
    lengths = [len(prefix) for prefix in prefixes]
    starts = np.searchsorted(lengths, range(lengths[-1] + 2)).tolist()  # where each level starts
    return [slice(start, end) for start, end in pairwise(starts)]


def softmax(logits: Float[Array, "N V"]) -> Float[Array, "N V"]:
    """Turn each row of logits into probabilities, as in ``plain.py``."""
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    p: Array = exponentials / exponentials.sum(axis=1, keepdims=True)
    return p


def forward(parameters: Tensors, tree: Tree) -> tuple[float, States]:
    """Compute all states from the root down.

    Returns:
        The sum of all names' losses in nats, and the results that ``backward`` needs.
    """
    K, U, b, W, c = parameters.values()
    nodes = len(tree.token)
    h = np.zeros((nodes + 1, len(U)))  # (N + 1, H)
    for level in tree.levels:
        before = h[tree.parent[level]]  # (n, H)
        a = K[tree.token[level]] + before @ U + b  # (n, H)
        h[level] = np.tanh(a)
    logits = h[:nodes] @ W + c  # (N, V)
    p = softmax(logits)  # (N, V)
    loss = -np.sum(tree.counts * np.log(p))
    return float(loss), States(h, p)


def backward(parameters: Tensors, tree: Tree, states: States) -> Tensors:
    """Compute the derivative of the loss with respect to every parameter, from the longest prefixes up.

    The comment on each line shows the forward line that it undoes.
    """
    gradient = {name: np.zeros_like(values) for name, values in parameters.items()}
    d_h = undo_output(parameters, tree, states, gradient)  # (N + 1, H)
    undo_levels(parameters, tree, states.h, d_h, gradient)
    return gradient


def undo_output(
    parameters: Tensors, tree: Tree, states: States, gradient: Tensors
) -> Float[Array, "_ H"]:
    """Undo the output layer for all nodes at once. Add to its gradient, and return d loss / d h."""
    W = parameters["output.kernel"]
    h, p = states
    nodes = len(tree.token)
    names = tree.counts.sum(axis=1, keepdims=True)  # (N, 1), how many names pass each node
    d_logits = names * p - tree.counts  # p = softmax(logits); loss = −Σ counts log p
    gradient["output.kernel"] += h[:nodes].T @ d_logits  # logits = h W + c
    gradient["output.bias"] += d_logits.sum(axis=0)  # logits = … + c
    d_h = np.zeros_like(h)  # (N + 1, H)
    d_h[:nodes] = d_logits @ W.T  # logits = h W + …
    return d_h


def undo_levels(
    parameters: Tensors,
    tree: Tree,
    h: Float[Array, "_ H"],
    d_h: Float[Array, "_ H"],
    gradient: Tensors,
) -> None:
    """Undo the recurrent layer, level by level from the longest prefixes up, and add to its gradient.

    When the loop reaches a level, all children have already added their share to its ``d_h``.
    """
    U = parameters["rnn.0.recurrent_kernel"]
    for level in reversed(tree.levels):
        before = h[tree.parent[level]]  # (n, H)
        d_a = d_h[level] * (1 - h[level] ** 2)  # h = tanh(a)
        # a = K[token] + …: nodes with the same token add up
        np.add.at(gradient["rnn.0.kernel"], tree.token[level], d_a)
        gradient["rnn.0.recurrent_kernel"] += before.T @ d_a  # a = … + before U + …
        gradient["rnn.0.bias"] += d_a.sum(axis=0)  # a = … + b
        d_before = d_a @ U.T  # a = … + before U + …
        np.add.at(d_h, tree.parent[level], d_before)  # before = h[parent]: the children add up


def loss_and_gradient(parameters: Tensors, names: Sequence[Sequence[int]]) -> tuple[float, Tensors]:
    """Compute the same as ``plain.loss_and_gradient``.

    Returns:
        The sum of all names' losses in nats, and the gradient of that sum divided by the number of characters.

    >>> parameters = plain.new_parameters(4, 5, np.random.default_rng(0))
    >>> names = [[1, 3], [1, 3, 2], [1, 3]]
    >>> round(loss_and_gradient(parameters, names)[0], 9)
    16.278091451
    >>> round(plain.loss_and_gradient(parameters, names)[0], 9)
    16.278091451
    """
    tree = build_tree(names, V=len(parameters["rnn.0.kernel"]))
    loss, states = forward(parameters, tree)
    gradient = backward(parameters, tree, states)
    characters = tree.counts.sum()  # every character and every STOP follows some prefix
    return loss, {name: values / characters for name, values in gradient.items()}


def comparison(names: Sequence[str]) -> str:
    """Compare the loop of ``plain.py`` with the tree, in one sentence.

    >>> comparison(["Al", "Ali", "Al"])
    '10 steps name by name, 4 on the tree; the losses differ by less than 1e-09'
    """
    characters = sorted(set("".join(names)))
    encoded = plain.encode(names, characters)
    V = len(characters) + 1
    parameters = plain.new_parameters(V, 16, np.random.default_rng(0))
    loss_of_loop = sum(plain.forward(parameters, name)[0] for name in encoded)
    tree = build_tree(encoded, V)
    loss = forward(parameters, tree)[0]
    assert abs(loss - loss_of_loop) < 1e-9
    return (
        f"{tree.counts.sum()} steps name by name, {len(tree.token)} on the tree; "
        "the losses differ by less than 1e-09"
    )


if __name__ == "__main__":
    print(comparison(plain.NAMES))
