"""Choosing: which of the new names that a model draws are offered.

Readers take far more of the names that the model itself finds likely, so a new name is offered if its *merit* reaches a
bar: its log-probability, where the first three tokens count half, as otherwise the likeliest names would nearly all
begin alike. Longer names are less likely, and some labels have fewer names to choose from, so each length of each label
has a bar of its own, which as many of its new names reach as the share says. So the lengths, and the shares of the
labels, stay near the model's own; but the smallest share has no short names of a label. Listed names have no part in
it: over all draws, the likeliest are mostly those.

Readers also take more of the names whose 4-grams all stand in the list (``core/data/fourgrams.py``). Where a model
knows these, no other names are offered (but labelled ones of one word with one other inside), and the bars are lower,
so that the share is what it says, or all that are allowed.

The bars are measured once, when a model is trained, and belong to its record; those of a blend when it first draws.
``docs/results/blind.md`` has what readers said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from namegen.core.data.fourgrams import FourGrams
from namegen.core.data.labels import Beginnings
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.shapes import MOST_NAMES
from namegen.core.data.vocabulary import BOUNDARY
from namegen.core.generation.generator import Generator
from namegen.core.generation.sampling import SamplingSettings
from namegen.core.network.bars import SHARES, Bars
from namegen.types import Array, Bool, Float64, Int64

SHARE, SMALL_SHARE = 0.05, 0.02  # the small one of short lists, and where a 4-gram may be missing
FEWEST_OFFERED = 100  # names of a short list, that another seed gives others
DRAWN, MIN_DRAWN = 20_000, 1_000  # names: of all labels together; of each, if it has a bar of its own
MAX_CHARACTERS = 600_000  # fewer where the names are so long that more characters would be drawn
MAX_LABELS = 100  # of more labels, the names of all have the same bars
NEAREST, SHARE_NEAREST = 200, 0.02  # names, at least, by which the bar of a length is set: those of the nearest lengths
NEAREST_ALLOWED = 50  # of them, at least, with allowed 4-grams: a bar that a handful sets is set by chance
UNUSUAL = 0.01  # the share of the list's names, or its label's, that may be shorter than any that is offered
SHORT = 0.25  # the share of a label's names that may be shorter than any of the smallest share


def default_share(distinct_names: int, fourgrams: FourGrams | None, new_names: int) -> float:
    """The share of its new names that a model offers unless another is asked for: less where a 4-gram may be missing,
    or of a short list, but of one that makes few names as much as makes ``FEWEST_OFFERED``, up to a half.

    Args:
        distinct_names: of the list.
        fourgrams: those of the model.
        new_names: different ones that it drew.
    """
    if distinct_names < MOST_NAMES:
        return min(max(SMALL_SHARE, round(FEWEST_OFFERED / max(new_names, 1), 2)), SHARES[-1])
    return SMALL_SHARE if fourgrams is not None and fourgrams.lacking else SHARE


def usual_shortest(tree: PrefixTree) -> dict[int, tuple[int, int]]:
    """By what names begin with: characters of the shortest name that a list has not just by chance, and of the shortest
    in the smallest share. Of a label's short new names readers take fewer than of others, so that share has none.
    """
    ended, found = tree.edge_node[tree.edge_token == BOUNDARY], {}
    lengths, root = tree.depth_of[ended], tree.root_of[ended]
    for place, token in enumerate(tree.token[: tree.roots].tolist()):
        unusual = (UNUSUAL, UNUSUAL if token == BOUNDARY else SHORT)
        usual, first = np.quantile(lengths[root == place], unusual, method="lower").tolist()
        found[token] = usual, first
    return found


def measure_bars(
    generator: Generator,
    *,
    shortest: Mapping[int, tuple[int, int]],
    longest: int,
    rng: np.random.Generator,
    proceed: Callable[[], bool] = lambda: True,
) -> Bars | None:
    """Draw new names from a model, and see how likely it finds them.

    Args:
        generator: of the model; knows which names are new (all are, where it knows none).
        shortest: as ``usual_shortest`` says; any, where it says nothing.
        longest: of the longest.
        rng: what names are drawn with.
        proceed: asked before the names of each label are drawn; False ends it.

    Returns:
        The bars; None where it was ended.
    """
    parts = [generator]
    if 1 < len(generator.beginnings.tokens) <= MAX_LABELS:
        parts = [replace(generator, beginnings=Beginnings.single(token)) for token in generator.beginnings.tokens]
    rows_a_name = getattr(generator.model, "rows_per_prefix", 1)  # of a blend with labels: it reads all of them
    most = max(min(DRAWN, MAX_CHARACTERS // longest) // rows_a_name, MIN_DRAWN)
    each = max(min(MIN_DRAWN, most), most // len(parts))
    found = []
    for part in parts:
        if not proceed():
            return None
        found.append(_new_names(part, each, longest, rng))
    table, least = _bars(found, range(1, longest + 1)), min(shortest.values(), default=(1, 1))
    for bars, part in zip(table, parts, strict=True):
        usual, first = min(shortest.get(token, least) for token in part.beginnings.tokens)
        bars[:, : usual - 1] = bars[0, : first - 1] = np.inf
    return Bars(table.astype(np.float16), sum(len(lengths) for lengths, _, _ in found))


def _new_names(
    generator: Generator, n: int, longest: int, rng: np.random.Generator
) -> tuple[Int64[Array, "new"], Float64[Array, "new"], Bool[Array, "new"]]:
    """Of the different new names among n that are drawn, the lengths, the merits, and which have allowed 4-grams."""
    nothing_known = generator.known_names is None
    walk, judge = generator.prepare(n, longest, None, nothing_known, allow_repeats=True, shaped=True)
    draws = walk.draw(n, rng=rng, sampling=SamplingSettings(max_length=longest))
    rows, _, _ = judge.keep(draws.names(generator.vocabulary), draws.counts)
    lengths = np.concatenate([np.zeros(0, np.int64), *(np.full(len(part), part.shape[1]) for part in draws.parts)])
    allowed = np.ones(len(lengths), bool)
    if generator.fourgrams is not None and len(lengths):
        beginnings = np.split(draws.beginnings, np.cumsum([len(part) for part in draws.parts])[:-1])
        allowed = np.concatenate(list(map(generator.fourgrams.allows_whole, draws.parts, beginnings)))
    return lengths[rows], draws.merit[rows], allowed[rows]


def _bars(
    found: Sequence[tuple[Int64[Array, "_"], Float64[Array, "_"], Bool[Array, "_"]]], lengths: range
) -> Float64[Array, "labels S longest"]:
    """What each share of the names of some lengths reaches, by what ``_new_names`` gave of each label.

    The merits of a label fall along a line of its own as names grow longer, and lie around it as widely as is its own,
    too. By how many such widths some lie above it hangs on the length and hardly on the label: it is taken from the
    names of all labels together, as one has few long names. How many may be offered hangs on the label as well.
    """
    lines = np.array([_line(of, merits) for of, merits, _ in found])
    widths = np.concatenate(
        [
            (merits - level - slope * of) / width
            for (of, merits, _), (level, slope, width) in zip(found, lines, strict=True)
        ]
    )
    level, slope, width = lines.T[:, :, None]  # (labels, 1) each
    all_lengths, may_be = (np.concatenate([one[place] for one in found]) for place in (0, 2))
    table = np.full((len(found), len(SHARES), lengths.stop - 1), np.inf)
    allowed = np.array([[_share(of_label)] for _, _, of_label in found])  # (labels, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        wanted = np.array(SHARES) * (_share(may_be) / allowed)  # (labels, SHARES), as if all allowed as many
    many = min(max(NEAREST, int(SHARE_NEAREST * len(widths))), len(widths))
    for length in lengths if many else ():
        distance = np.abs(all_lengths - length)
        near = distance <= max(_nth(distance, many), _nth(distance[may_be], NEAREST_ALLOWED))
        some = widths[near & may_be]
        if len(some):
            above = np.quantile(some, np.maximum(1 - wanted * near.sum() / len(some), 0))
            table[:, :, length - 1] = level + slope * length + width * above
    return table


def _share(some: Bool[Array, "K"]) -> float:
    return float(some.mean()) if len(some) else 0.0


def _nth(distances: Int64[Array, "K"], n: int) -> int:
    """The n-th smallest; the largest where there are fewer, 0 where there are none."""
    return int(np.sort(distances)[:n].max(initial=0))


def _line(lengths: Int64[Array, "new"], merits: Float64[Array, "new"]) -> tuple[float, float, float]:
    """The line through the merits of a label: its level, its slope, and how widely the merits lie around it; a level of
    ∞ where the label has no new name.
    """
    if not len(lengths):
        return np.inf, 0.0, 1.0
    spread = np.var(lengths)
    slope = float(np.mean((lengths - lengths.mean()) * merits) / spread) if spread else 0.0  # of one more character
    level = float(merits.mean() - slope * lengths.mean())
    return level, slope, float(np.std(merits - slope * lengths)) or 1.0
