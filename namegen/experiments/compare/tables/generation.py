"""The tables of the section "Generation": how fast names are drawn, and what they are like."""

from __future__ import annotations

from itertools import zip_longest

from namegen.experiments.compare.document import ListEntry
from namegen.experiments.compare.measured import Divergences, ListFacts
from namegen.experiments.compare.selection import ALGORITHMS, drawings_of_networks
from namegen.experiments.table import NONE, Table, seconds, whole


def speed_table(entry: ListEntry, names: int) -> Table:
    """Names a second by every model and algorithm."""
    rows = []
    for one in entry.generation:
        found = [one.algorithms.get(name) for name in ALGORITHMS]
        speeds = [whole(None if drawn is None else drawn.names_per_second) for drawn in found]
        first = [seconds(None if drawn is None else drawn.first_seconds) for drawn in found]
        rows.append((one.network, one.model, *speeds, *first, seconds(one.start_up_seconds)))
    columns = ("network", "model", *(f"{name} (names a second)" for name in ALGORITHMS.values()))
    columns += (*(f"first time, {name} (s)" for name in ALGORITHMS.values()), "start-up (s)")
    note = f"{names:,} names, as text; median of several drawings after a first one, which compiles. One by one: the "
    note += "names side by side, each read to its end; tflite generate: the loop inside the file."
    return Table(f"Names a second, {names:,} drawn", columns, tuple(rows), note, left=2)


def drawn_table(entry: ListEntry) -> Table:
    """What the names are like: how many are of the list, how many differ, how near their n-grams are."""
    rows: list[tuple[str, ...]] = []
    for one in entry.generation:
        for name, shown in ALGORITHMS.items():
            drawn = one.algorithms.get(name)
            if drawn is not None:
                figures = (f"{drawn.recreated_percent:.1f}", f"{drawn.unique_percent:.1f}")
                rows.append((one.network, f"{one.model}, {shown}", *figures, *_bits(drawn.divergence_bits)))
    facts = entry.facts
    if facts is not None:
        unique = f"{100 * facts.distinct_names / facts.names:.1f}"
        rows.append(("the list itself", "two halves of it", NONE, unique, *_bits(facts.divergence_of_halves_bits)))
    columns = ("network", "drawn by", "in the list (%)", "unique (%)", "letters", "pairs", "triples")
    note = "In the list: letter case and punctuation apart. Last three: Jensen–Shannon divergence in bits (0 is the "
    note += "same) of the n-grams (the ends of names are characters too) from one half of the list; the other half "
    note += "shows what chance alone makes."
    emphasised = frozenset[int]() if facts is None else frozenset((len(rows) - 1,))
    return Table("What the generated names are like", columns, tuple(rows), note, left=2, emphasised=emphasised)


def _bits(found: Divergences) -> list[str]:
    return [f"{value:.4f}" for value in found.values()]


def lengths_table(entry: ListEntry, facts: ListFacts, names: int) -> Table:
    """Share of the names of each length, in the list and as each network draws them."""
    drawings = {network: drawn.lengths for network, drawn in drawings_of_networks(entry).items()}
    longest = max(int(length) for found in (facts.lengths, *drawings.values()) for length in found)
    total = sum(facts.lengths.values())
    rows = []
    for length in range(1, longest + 1):
        shares = [facts.lengths.get(str(length), 0) / total]
        shares += [found.get(str(length), 0) / names for found in drawings.values()]
        if any(shares):
            rows.append((str(length), *(f"{100 * share:.2f}" for share in shares)))
    return Table("Names by their length (%)", ("characters", "the list", *drawings), tuple(rows))


def duplicates_table(entry: ListEntry) -> Table:
    """The names that each network drew most often."""
    drawings = drawings_of_networks(entry)
    shown = [[f"{name} ×{count}" for name, count in found.duplicates] for found in drawings.values()]
    rows = zip_longest(*shown, fillvalue="")
    counts = ", ".join(f"{network} {found.duplicated_names:,}" for network, found in drawings.items())
    note = f"Different names that were drawn more than once: {counts}."
    return Table("Drawn more than once, the commonest first", tuple(drawings), tuple(rows), note, left=len(drawings))
