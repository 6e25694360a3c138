"""Pictures for chapter 4: a list of names as rows, and as the tree of its prefixes.

The background is white and the text is dark, so they look the same on light and dark pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import END_TOKEN, Vocabulary
from namegen.drawings.style import BLUE, FAINT, INK, ORANGE, PAPER, QUIET
from namegen.types import Array, Float64

START = "▷"
STOP = "■"
THINNEST = 0.8  # the width of an edge in points
THICKEST = 6.0


def places(tree: PrefixTree) -> tuple[Float64[Array, "N 2"], Float64[Array, "E 2"]]:
    """Compute where to draw the nodes and the ends of the edges.

    The horizontal position is the depth. Every distinct name gets a line, and a node is halfway between its first and
    its last edge.

    Args:
        tree: The tree of names without labels.

    Returns:
        The positions (across, down) of each node, and of the end of each edge. An edge to a node ends at that node.

    >>> names = ["Al", "Ali"]
    >>> tree = PrefixTree.from_names(names, Vocabulary.from_names(names))
    >>> nodes, ends = places(tree)
    >>> nodes.tolist()  # the start, A, Al, Ali
    [[0.0, 0.5], [1.0, 0.5], [2.0, 0.5], [3.0, 1.0]]
    >>> ends[tree.edge_token == END_TOKEN].tolist()  # Al ends on the first line, and Ali on the second
    [[3.0, 0.0], [4.0, 1.0]]
    """
    layout = _Layout(tree)
    for root in range(tree.roots):
        layout.place(root)
    return layout.nodes, layout.ends


class _Layout:
    """The positions of a tree's nodes and edges, which ``place`` completes."""

    def __init__(self, tree: PrefixTree) -> None:
        self.tree = tree
        depth = np.repeat(np.arange(tree.depth), np.diff(tree.level))  # (N,)
        self.nodes = _positions_at(depth)  # (N, 2)
        self.ends = _positions_at(depth[tree.edge_node] + 1)  # (E, 2)
        self.first_edge = np.searchsorted(tree.edge_node, np.arange(tree.nodes + 1))  # (N + 1,)
        self.line_count = 0

    def place(self, node: int) -> None:
        """Set the vertical positions of a node, of its edges and of everything after them."""
        first = self.first_edge[node]
        after_last = self.first_edge[node + 1]
        for edge in range(first, after_last):
            self.ends[edge, 1] = self._end_height(edge)
        self.nodes[node, 1] = (self.ends[first, 1] + self.ends[after_last - 1, 1]) / 2

    def _end_height(self, edge: int) -> float:
        """Return the vertical position of an edge's end: that of its node, or a new line if a name ends there."""
        child = self.tree.edge_child[edge]
        if child < 0:
            self.line_count += 1
            return self.line_count - 1
        self.place(child)
        return float(self.nodes[child, 1])


def _positions_at(across: np.ndarray) -> Float64[Array, "N 2"]:
    """Return positions whose vertical part is still 0."""
    return np.stack((across, np.zeros(len(across))), axis=1).astype(np.float64)


# --- the tree ---------------------------------------------------------------------------------------------------------


def draw_tree(names: Sequence[str], axes: Axes) -> None:
    """Draw the tree of some names: a circle for each distinct prefix, and on each edge, the number of names.

    Args:
        names: The names. A tree with about thirty nodes is still readable.
        axes: Where to draw.
    """
    vocabulary = Vocabulary.from_names(names)
    tree = PrefixTree.from_names(names, vocabulary)
    nodes, ends = places(tree)
    for edge, end in enumerate(ends):
        start = nodes[tree.edge_node[edge]]
        _draw_edge(axes, start, end, int(tree.edge_count[edge]), int(tree.count.max()))
        if tree.edge_token[edge] == END_TOKEN:
            _write(axes, end, STOP, fontsize=8, color=QUIET, zorder=4)
    for position, token in zip(nodes, tree.token.tolist(), strict=True):
        letter = START if token == END_TOKEN else vocabulary.decode([token])
        _draw_node(axes, position, letter)
    axes.set_xlim(-0.5, ends[:, 0].max() + 0.5)
    axes.set_ylim(ends[:, 1].max() + 0.6, -0.6)
    axes.set_axis_off()


def _draw_edge(axes: Axes, start: np.ndarray, end: np.ndarray, count: int, max_count: int) -> None:
    """Draw an edge with its count. The more names it has, the thicker it is."""
    width = THINNEST + (THICKEST - THINNEST) * count / max_count
    across, down = np.stack((start, end)).T
    axes.plot(across, down, color=BLUE, linewidth=width, solid_capstyle="round", zorder=1)
    # The edges of a node are further apart near their ends.
    position = start + 0.6 * (end - start)
    box = {"boxstyle": "round,pad=0.15", "facecolor": PAPER, "edgecolor": "none"}
    _write(axes, position, f"{count:,}", fontsize=8, color=INK, bbox=box, zorder=2)


def _draw_node(axes: Axes, position: np.ndarray, letter: str) -> None:
    """Draw a circle with the last letter of a prefix."""
    axes.scatter(*position, s=260, facecolor=PAPER, edgecolor=BLUE, linewidth=1.5, zorder=3)
    _write(axes, position, letter, fontsize=10, color=INK, zorder=4)


def _write(axes: Axes, position: Sequence[float] | np.ndarray, text: str, **style: Any) -> None:
    """Write a text centered at a position. A dollar sign doesn't start a formula."""
    across, down = position
    axes.text(across, down, text, ha="center", va="center", parse_math=False, **style)


# --- the rows ---------------------------------------------------------------------------------------------------------


def draw_rows(names: Sequence[str], axes: Axes) -> None:
    """Draw names as a padded batch, with different colors for new prefixes, known prefixes and padding.

    Args:
        names: The names, one per row.
        axes: Where to draw.
    """
    seen: set[str] = set()
    columns = max(map(len, names)) + 1
    for row, name in enumerate(names):
        _draw_prefixes(axes, row, name, seen)
        for column in range(len(name) + 1, columns):
            _draw_square(axes, column, row, PAPER, hatch="////")
    axes.set_xlim(-0.6, columns - 0.4)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_aspect("equal")
    axes.set_axis_off()


def _draw_prefixes(axes: Axes, row: int, name: str, seen: set[str]) -> None:
    """Draw a square with the last letter of each prefix of a name, and add the prefixes to the seen ones."""
    for column, letter in enumerate([START, *name]):
        prefix = name[:column]
        _draw_square(axes, column, row, FAINT if prefix in seen else ORANGE)
        _write(axes, (column, row), letter, color=INK)
        seen.add(prefix)


def _draw_square(axes: Axes, column: int, row: int, color: str, hatch: str | None = None) -> None:
    """Draw the square of a position in the batch."""
    corner = (column - 0.45, row - 0.45)
    square = Rectangle(corner, 0.9, 0.9, facecolor=color, edgecolor=QUIET, hatch=hatch)
    axes.add_patch(square)
