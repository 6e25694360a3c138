"""Pictures of chapter 4: a list of names as rows, and as the tree of its prefixes.

Both are drawn into axes that the caller gives. The background is white and the ink dark, so that they read alike on a
light and on a dark page.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import END_TOKEN, Vocabulary
from namegen.drawings.style import BLUE, FAINT, INK, ORANGE, PAPER, QUIET
from namegen.types import Array, Float64

START, STOP = "▷", "■"
THINNEST, THICKEST = 0.8, 6.0  # line widths, points


def places(tree: PrefixTree) -> tuple[Float64[Array, "N 2"], Float64[Array, "E 2"]]:
    """Where each node stands, and where each edge ends: across by depth, downwards in the order of the names.

    The names that end get a line each; a node stands halfway between the first and the last of what follows it.

    Args:
        tree: of names without labels.

    Returns:
        (across, down) of each node, and of the end of each edge; an edge that leads to a node ends there.

    >>> names = ["Al", "Ali"]
    >>> tree = PrefixTree.from_names(names, Vocabulary.from_names(names))
    >>> nodes, ends = places(tree)
    >>> nodes.tolist()                             # the start, A, Al, Ali
    [[0.0, 0.5], [1.0, 0.5], [2.0, 0.5], [3.0, 1.0]]
    >>> ends[tree.edge_token == END_TOKEN].tolist()  # Al stops on the first line, Ali on the second
    [[3.0, 0.0], [4.0, 1.0]]
    """
    depth = np.repeat(np.arange(tree.depth), np.diff(tree.level))
    nodes = np.stack((depth, np.zeros(tree.nodes)), axis=1).astype(np.float64)
    ends = np.stack((depth[tree.edge_node] + 1, np.zeros(len(tree.edge_node))), axis=1).astype(
        np.float64
    )
    first_edge = np.searchsorted(tree.edge_node, np.arange(tree.nodes + 1))
    line = 0

    def place(node: int) -> None:
        nonlocal line
        edges = range(first_edge[node], first_edge[node + 1])
        for edge in edges:
            child = tree.edge_child[edge]
            if child < 0:
                ends[edge, 1] = line
                line += 1
            else:
                place(child)
                ends[edge, 1] = nodes[child, 1]
        nodes[node, 1] = (ends[edges[0], 1] + ends[edges[-1], 1]) / 2

    for root in range(tree.roots):
        place(root)
    return nodes, ends


def draw_tree(tree: PrefixTree, vocabulary: Vocabulary, axes: Axes) -> None:
    """Draw a small tree: a circle for each distinct prefix; on each edge, how many names go that way.

    Args:
        tree: of names without labels; some thirty nodes still read well.
        vocabulary: its characters.
        axes: where to draw; they are cleared of ticks and frame.
    """
    nodes, ends = places(tree)
    most = int(tree.count.max())
    for edge, end in enumerate(ends):
        start, count = nodes[tree.edge_node[edge]], int(tree.edge_count[edge])
        width = THINNEST + (THICKEST - THINNEST) * count / most
        axes.plot(
            *np.stack((start, end)).T, color=BLUE, linewidth=width, solid_capstyle="round", zorder=1
        )
        across, down = start + 0.6 * (
            end - start
        )  # nearer to the end, where edges of one node are further apart
        axes.text(
            across,
            down,
            f"{count:,}",
            ha="center",
            va="center",
            fontsize=8,
            color=INK,
            bbox={"boxstyle": "round,pad=0.15", "facecolor": PAPER, "edgecolor": "none"},
            zorder=2,
        )
        if tree.edge_token[edge] == END_TOKEN:
            axes.text(
                end[0], end[1], STOP, ha="center", va="center", fontsize=8, color=QUIET, zorder=4
            )
    for node, (across, down) in enumerate(nodes):
        token = int(tree.token[node])
        text = START if token == END_TOKEN else vocabulary.decode([token])
        axes.scatter(across, down, s=260, facecolor=PAPER, edgecolor=BLUE, linewidth=1.5, zorder=3)
        axes.text(
            across,
            down,
            text,
            ha="center",
            va="center",
            fontsize=10,
            color=INK,
            zorder=4,
            parse_math=False,
        )
    lines = ends[:, 1].max()
    axes.set_xlim(-0.5, ends[:, 0].max() + 0.5)
    axes.set_ylim(lines + 0.6, -0.6)
    axes.set_axis_off()


def draw_rows(names: Sequence[str], axes: Axes) -> None:
    """Draw names as a padded batch: what each row computes for the first time, what an earlier row has computed, and
    what is padding.

    Args:
        names: a row each, from the top down.
        axes: where to draw; they are cleared of ticks and frame.
    """
    seen: set[str] = set()
    columns = max(map(len, names)) + 1
    for row, name in enumerate(names):
        for column in range(columns):
            prefix = name[:column]
            padding = column > len(name)
            face = PAPER if padding else FAINT if prefix in seen else ORANGE
            corner = (column - 0.45, row - 0.45)
            axes.add_patch(
                Rectangle(
                    corner,
                    0.9,
                    0.9,
                    facecolor=face,
                    edgecolor=QUIET,
                    hatch="////" if padding else None,
                )
            )
            if not padding:
                text = START if column == 0 else name[column - 1]
                axes.text(column, row, text, ha="center", va="center", color=INK, parse_math=False)
                seen.add(prefix)
    axes.set_xlim(-0.6, columns - 0.4)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_aspect("equal")
    axes.set_axis_off()
