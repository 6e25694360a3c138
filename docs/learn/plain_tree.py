"""The code of chapter 4 in one file: the loss and gradient of ``plain.py``, with each distinct prefix computed once.

Names that start alike share their first states. For Al, Ali and Al, ``plain.py`` makes ten steps, but there are only
four distinct prefixes. So four steps are enough, if the program counts what follows each prefix:

    node   prefix    parent   counts of what follows
     0     (start)     −1     A 3
     1     A            0     l 3
     2     Al           1     i 1, end token 2
     3     Ali          2     end token 1

Three things change compared with ``plain.py``:

- The loop runs over the *levels* of the tree, which are the prefixes of one length. All nodes of a level are computed
  at once, as the rows of an array.
- The state before a node is the state at its parent.
- A node that n names pass counts n times. Its loss is ``−Σ_v counts[v] log p[v]``, and its gradient with respect to the
  logits is the sum of n gradients of ``plain.py``, ``n p − counts``.

namegen's engine (``recurrent.py``) does the same with two more shortcuts. It computes ``before @ U`` once for all
children of a prefix. In the backward pass, it adds up the children first and multiplies the sum by U afterwards.

N is the number of nodes and n the number of nodes in one level. The other letters are those of ``plain.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from plain import END, START, Tensors, softmax

from namegen.types import Array, Float, Int64


@dataclass(frozen=True)
class Tree:
    """The distinct prefixes of a list of names, ordered by length."""

    token: Int64[Array, "N"]  # the id that each node reads, which is the last one of its prefix
    parent: Int64[Array, "N"]  # the node of the prefix without its last id; −1 for the root
    counts: Int64[Array, "N V"]  # how often each id follows each node
    levels: list[Int64[Array, "n"]]  # the nodes of each length


def build_tree(names: Sequence[Sequence[int]], V: int) -> Tree:
    """Find all distinct prefixes of some names, and count what follows each of them.

    Args:
        names: the ids of each name's characters.
        V: the number of ids.

    >>> tree = build_tree([[1, 3], [1, 3, 2], [1, 3]], 4)  # Al, Ali, Al
    >>> tree.token.tolist(), tree.parent.tolist(), tree.counts[2].tolist()
    ([0, 1, 3, 2], [-1, 0, 1, 2], [2, 0, 1, 0])
    """
    counts: dict[tuple[int, ...], Array] = {}
    for name in names:
        for t, target in enumerate([*name, END]):
            prefix = tuple(name[:t])
            counts.setdefault(prefix, np.zeros(V, np.int64))[target] += 1
    prefixes = sorted(counts, key=lambda prefix: (len(prefix), prefix))
    node_of = {prefix: node for node, prefix in enumerate(prefixes)}
    lengths = np.array([len(prefix) for prefix in prefixes])
    return Tree(
        token=np.array([prefix[-1] if prefix else START for prefix in prefixes]),
        parent=np.array([node_of[prefix[:-1]] if prefix else -1 for prefix in prefixes]),
        counts=np.array([counts[prefix] for prefix in prefixes]),
        levels=[np.flatnonzero(lengths == length) for length in range(lengths.max() + 1)],
    )


def forward(
    p: Tensors, tree: Tree
) -> tuple[float, Float[Array, "N_and_start H"], Float[Array, "N V"]]:
    """Compute all states from the root down.

    Returns:
        The sum of all names' losses in nats; the state at each node, followed by the state before the start token,
        zeros, which parent −1 finds; and the probability of each id after each node.
    """
    N = len(tree.token)
    h = np.zeros((N + 1, len(p["U"])))
    for level in tree.levels:
        before = h[tree.parent[level]]  # (n, H)
        pre = p["K"][tree.token[level]] + before @ p["U"] + p["b"]  # (n, H)
        h[level] = np.tanh(pre)
    logits = h[:N] @ p["W"] + p["b_out"]  # (N, V)
    probabilities = softmax(logits)
    loss = -np.sum(tree.counts * np.log(probabilities))
    return float(loss), h, probabilities


def backward(
    p: Tensors, tree: Tree, h: Float[Array, "N_and_start H"], probabilities: Float[Array, "N V"]
) -> Tensors:
    """Compute the derivative of the loss with respect to every parameter, from the longest prefixes up.

    The comment on each line shows the forward line that it undoes.
    """
    N = len(tree.token)
    d = {array: np.zeros_like(values) for array, values in p.items()}
    n = tree.counts.sum(axis=1, keepdims=True)  # (N, 1), how many names pass each node
    d_logits = n * probabilities - tree.counts  # loss = −Σ counts log softmax(logits)
    d["W"] += h[:N].T @ d_logits  # logits = h @ W + b_out
    d["b_out"] += d_logits.sum(axis=0)  # logits = … + b_out
    d_h = np.zeros_like(h)
    d_h[:N] = d_logits @ p["W"].T  # logits = h @ W + …
    for level in reversed(
        tree.levels
    ):  # the children of a level have already added their share to its d_h
        token = tree.token[level]
        parent = tree.parent[level]
        before = h[parent]  # (n, H)
        d_pre = d_h[level] * (1 - h[level] ** 2)  # h = tanh(pre)
        np.add.at(d["K"], token, d_pre)  # pre = K[token] + …: nodes with the same token add up
        d["U"] += before.T @ d_pre  # pre = … + before @ U + …
        d["b"] += d_pre.sum(axis=0)  # pre = … + b
        np.add.at(d_h, parent, d_pre @ p["U"].T)  # before = h[parent]: the children add up
    return d


def loss_and_gradient(p: Tensors, names: Sequence[Sequence[int]]) -> tuple[float, Tensors]:
    """Compute the same as ``plain.loss_and_gradient``.

    Returns:
        The sum of all names' losses in nats, and the gradient of that sum divided by the number of characters.
    """
    tree = build_tree(names, V=len(p["K"]))
    loss, h, probabilities = forward(p, tree)
    gradient = backward(p, tree, h, probabilities)
    characters = tree.counts.sum()  # every character and every end token follows some prefix
    return loss, {array: values / characters for array, values in gradient.items()}
