"""The tables of the section "Generation": how fast names are generated, and what they are like."""

from __future__ import annotations

import math
from itertools import zip_longest

from namegen.documents import UnsetType
from namegen.experiments.compare.document import ListEntry, Reference
from namegen.experiments.compare.measured import Divergences, ListFacts, NameFigures
from namegen.experiments.compare.pairs import NORMAL
from namegen.experiments.compare.selection import (
    ALGORITHMS,
    REAL_PLAUSIBLE,
    counting_reference,
    generated_by_network,
    names_of_counting,
    why_not_plausible,
)
from namegen.experiments.table import NONE, Table, seconds, whole

NEW, PLAUSIBLE = "new (%)", "plausible (%)"


def speed_table(entry: ListEntry, names: int) -> Table:
    """Names per second by every model and algorithm."""
    rows = []
    for one in entry.generation:
        found = [one.algorithms.get(name) for name in ALGORITHMS]
        speeds = [whole(None if one is None else one.names_per_second) for one in found]
        first = [seconds(None if one is None else one.first_seconds) for one in found]
        rows.append((one.network, one.model, *speeds, *first, seconds(one.start_up_seconds)))
    columns = ("network", "model", *(f"{name} (names per second)" for name in ALGORITHMS.values()))
    columns += (*(f"first time, {name} (s)" for name in ALGORITHMS.values()), "start-up (s)")
    note = f"{names:,} names, as text: the median of several drawings, after a first one that compiles. One by one: "
    note += "many names side by side, each read to its end. tflite generate: the loop is inside the file."
    return Table(f"Names per second, {names:,} drawn", columns, tuple(rows), note, left=2)


def generated_names_table(entry: ListEntry, names: int) -> Table:
    """What the names are like: how many are of the list, new, different and plausible, how near their n-grams are."""
    reference, facts = counting_reference(entry), entry.facts
    rows: list[tuple[str, ...]] = []
    for one in entry.generation:
        for name, shown in ALGORITHMS.items():
            generated = one.algorithms.get(name)
            if generated is not None:
                rows.append((one.network, f"{one.model}, {shown}", *_name_figures(generated)))
    told = len(rows)
    for counting, found in ({} if reference is None else names_of_counting(reference)).items():
        rows.append((counting, "count-splitting", *_name_figures(found)))
    if facts is not None:
        unique = f"{100 * facts.distinct_names / facts.names:.1f}"
        bits = _bits(facts.divergence_of_halves_bits)
        rows.append(("the list itself", "two halves of it", NONE, NONE, unique, NONE, *bits))
    columns = ("network", "drawn by", "in the list (%)", NEW, "distinct (%)", PLAUSIBLE, "letters", "pairs", "triples")
    note = "In the list: letter case and punctuation do not count. Letters, pairs, triples: the Jensen–Shannon "
    note += "divergence, in bits, of these n-grams from those of one half of the list (0 is the same; the end of a "
    note += "name counts as a character). The last row is the other half, which differs by chance alone."
    left_out = {NEW, PLAUSIBLE}
    if reference is not None:
        why = why_not_plausible(reference)
        left_out = {PLAUSIBLE} if why else set()
        note += f" New: not in the training part, so a held-out name is new. {why or _judge_in_words(reference)}"
        note += f" {_chance_in_words(names, plausible=not why)}"
    kept = [place for place, column in enumerate(columns) if column not in left_out]
    return Table(
        "What the generated names are like",
        tuple(columns[place] for place in kept),
        tuple(tuple(row[place] for place in kept) for row in rows),
        note,
        left=2,
        emphasised=frozenset(range(told, len(rows))),
    )


def _chance_in_words(names: int, *, plausible: bool) -> str:
    """How far a share of names that are drawn independently may be from that of all names that there are."""
    points = 100 * NORMAL * math.sqrt(0.25 / names)  # of a half; less of any other share
    more = "; that of plausible ones within more, as only new names count" if plausible else ""
    return (
        f"With {names:,} names drawn, chance moves the share in the list, and that of new ones, by at most "
        f"{points:.1f} points (95% interval){more}. They are names of one network each: what another seed of training "
        "would change is not in it."
    )


def _name_figures(found: NameFigures) -> list[str]:
    new, plausible = (_per_cent(value) for value in (found.new_percent, found.plausible_percent))
    listed, unique = _per_cent(found.recreated_percent), _per_cent(found.unique_percent)
    return [listed, new, unique, plausible, *_bits(found.divergence_bits)]


def _per_cent(value: float | UnsetType | None) -> str:
    return f"{value:.1f}" if isinstance(value, float | int) else NONE


def _judge_in_words(reference: Reference) -> str:
    """How it is judged which names are plausible."""
    return (
        "Plausible: of the new names, each once, those whose characters a judge finds likelier than those of the "
        f"oddest tenth of real names. The judge has counted the {reference.judge_names:,} held-out names that the "
        "training part lacks, so none that a network has learned; names of the training part say what is odd. It finds "
        f"{REAL_PLAUSIBLE:.0f}% of real names plausible; pairs of letters (each letter drawn by the one before it "
        "alone) show how many it finds plausible that are none. As it counts itself, it may be a little kind to "
        "counting."
    )


def _bits(found: Divergences) -> list[str]:
    return [f"{value:.4f}" for value in found.values()]


def lengths_table(entry: ListEntry, facts: ListFacts, names: int) -> Table:
    """Share of the names of each length, in the list and as each network generates them."""
    generated = {network: found.lengths for network, found in generated_by_network(entry).items()}
    longest = max(int(length) for found in (facts.lengths, *generated.values()) for length in found)
    total = sum(facts.lengths.values())
    rows = []
    for length in range(1, longest + 1):
        shares = [facts.lengths.get(str(length), 0) / total]
        shares += [found.get(str(length), 0) / names for found in generated.values()]
        if any(shares):
            rows.append((str(length), *(f"{100 * share:.2f}" for share in shares)))
    return Table("Names by their length (%)", ("characters", "the list", *generated), tuple(rows))


def duplicates_table(entry: ListEntry) -> Table:
    """The names that each network generated most often."""
    generated = generated_by_network(entry)
    shown = [[f"{name} ×{count}" for name, count in found.duplicates] for found in generated.values()]
    rows = zip_longest(*shown, fillvalue="")
    counts = ", ".join(f"{network} {found.duplicated_names:,}" for network, found in generated.items())
    note = f"How many names were drawn more than once: {counts}."
    return Table("Drawn more than once, the commonest first", tuple(generated), tuple(rows), note, left=len(generated))
