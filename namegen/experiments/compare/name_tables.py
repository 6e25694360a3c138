"""The report's tables about the speed of generation and about the generated names."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from namegen.experiments.compare.document import (
    ALGORITHMS,
    ODDEST,
    Algorithm,
    Generation,
    GenerationFigures,
    ListEntry,
    NameFigures,
    Reference,
)
from namegen.experiments.compare.pairs import NORMAL
from namegen.experiments.report import NONE, Column, Table, listed, make_table, seconds, whole

# Percentage points. If the judge finds random letter pairs almost as plausible as real names, its verdict is useless.
LEAST_JUDGE_MARGIN = 10.0
ONE_DECIMAL = "{:.1f}".format
FOUR_DECIMALS = "{:.4f}".format


# --- speed ------------------------------------------------------------------------------------------------------------


def speed_table(entry: ListEntry, names: int) -> Table:
    """Make a table of how many names per second each model generates with each algorithm."""
    columns: list[Column[Generation]] = [
        Column("network", lambda model: model.network),
        Column("model", lambda model: model.model),
        *[_speed_column(algorithm) for algorithm in ALGORITHMS],
        *[_first_time_column(algorithm) for algorithm in ALGORITHMS],
        Column("start-up (s)", lambda model: model.start_up_seconds, seconds),
    ]
    note = (
        "Each speed is that of the fastest of several runs. The first run, which includes compilation, doesn't count."
        " The sampling loop of tflite generate is in the exported file."
    )
    return make_table(f"Names per second ({names:,} names)", columns, entry.generation, note)


def _speed_column(algorithm: Algorithm) -> Column[Generation]:
    """Make the column with the speed of one algorithm. The cell of a model without this algorithm is empty."""

    def names_per_second(model: Generation) -> float | None:
        figures = model.algorithms.get(algorithm)
        return None if figures is None else figures.names_per_second

    return Column(f"{ALGORITHMS[algorithm]} (names per second)", names_per_second, whole)


def _first_time_column(algorithm: Algorithm) -> Column[Generation]:
    """Make the column with the time of an algorithm's first call, which includes compilation."""

    def first_seconds(model: Generation) -> float | None:
        figures = model.algorithms.get(algorithm)
        return None if figures is None else figures.first_seconds

    return Column(f"first time, {ALGORITHMS[algorithm]} (s)", first_seconds, seconds)


# --- statistics -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NamesRow:
    """The names that one model generated."""

    network: str
    method: str  # the backend and the algorithm that generated the names
    figures: NameFigures


PLAUSIBLE = Column[NamesRow](
    "plausible (%)", lambda row: row.figures.plausible_percent, ONE_DECIMAL
)
NAME_COLUMNS: tuple[Column[NamesRow], ...] = (
    Column("network", lambda row: row.network),
    Column("drawn by", lambda row: row.method),
    Column("in the list (%)", lambda row: row.figures.recreated_percent, ONE_DECIMAL),
    Column("new (%)", lambda row: row.figures.new_percent, ONE_DECIMAL),
    PLAUSIBLE,
    Column("distinct (%)", lambda row: row.figures.unique_percent, ONE_DECIMAL),
    Column("letters", lambda row: row.figures.divergence_bits["1"], FOUR_DECIMALS),
    Column("pairs", lambda row: row.figures.divergence_bits["2"], FOUR_DECIMALS),
    Column("triples", lambda row: row.figures.divergence_bits["3"], FOUR_DECIMALS),
)


def generated_names_table(entry: ListEntry, names: int) -> Table:
    """Make a table of how many generated names are new, distinct and plausible, and how their n-grams differ.

    Args:
        entry: the list.
        names: the number of names that each model generated.
    """
    reference = entry.references[0] if entry.references else None
    network_rows = list(_network_rows(entry))
    ngram_rows = list(_ngram_rows(reference)) if reference else []
    columns = list(NAME_COLUMNS)
    if reference and why_not_plausible(reference):
        columns.remove(PLAUSIBLE)
    return make_table(
        "What the generated names are like",
        columns,
        network_rows + ngram_rows,
        note=" ".join(_notes(entry, reference, names)),
        references=len(ngram_rows),
    )


def _network_rows(entry: ListEntry) -> Iterator[NamesRow]:
    """Yield a row for each network, backend and algorithm."""
    for model in entry.generation:
        for algorithm, figures in model.algorithms.items():
            method = f"{model.model}, {ALGORITHMS[algorithm]}"
            yield NamesRow(model.network, method, figures)


def _ngram_rows(reference: Reference) -> Iterator[NamesRow]:
    """Yield a row for the n-gram and for each Markov chain."""
    for model, figures in reference.names.items():
        yield NamesRow(model, ALGORITHMS["count_splitting"], figures)


def _notes(entry: ListEntry, reference: Reference | None, names: int) -> Iterator[str]:
    """Yield the notes below the table of generated names."""
    yield _divergence_note(entry)
    if reference is not None:
        yield why_not_plausible(reference) or _judge_note(reference)
        yield _chance_note(names)


def _divergence_note(entry: ListEntry) -> str:
    """Explain the columns with divergences. If the list was measured, add the divergence of its two halves."""
    note = (
        "The last three columns are the Jensen–Shannon divergence from the letters, pairs and triples of one half of"
        " the list, in bits."
    )
    if entry.facts is None:
        return note
    of_halves = [f"{value:.4f}" for value in entry.facts.divergence_of_halves_bits.values()]
    return f"{note} By chance alone, the other half of the list has {listed(of_halves)}."


def _judge_note(reference: Reference) -> str:
    return f"The model that decides which names are plausible was trained on {reference.judge_names:,} held-out names."


def _chance_note(names: int) -> str:
    """Explain how much the percentages depend on chance. It assumes 50%, which is the worst case."""
    standard_error = math.sqrt(0.5 * 0.5 / names)
    points = 100 * NORMAL * standard_error
    return (
        f"With {names:,} names drawn, chance changes a percentage by at most {points:.1f} points (95% confidence"
        " interval). The effect of the training seed isn't included, because only one run of each network generated"
        " names."
    )


def why_not_plausible(reference: Reference) -> str:
    """Explain in a sentence why the report doesn't show which names are plausible, or return "" if it does.

    A judge that was trained on few names can't tell real names from random letter pairs.
    """
    judge_names = f"{reference.judge_names:,}"
    pairs = reference.ngram_names.get("pairs")
    if pairs is None or pairs.plausible_percent is None:
        return f"Only {judge_names} names were held out, too few to judge which generated names are plausible."
    real_percent = 100 * (1 - ODDEST)
    if pairs.plausible_percent <= real_percent - LEAST_JUDGE_MARGIN:
        return ""
    return (
        f"The table doesn't show which names are plausible, because the judge can't tell: trained on {judge_names} "
        f"names, it accepts {pairs.plausible_percent:.0f}% of the names made of random letter pairs, and "
        f"{real_percent:.0f}% of real names."
    )


# --- examples ---------------------------------------------------------------------------------------------------------


def samples(entry: ListEntry) -> Table:
    """Make a table of ten new names from each network. The last row has names from the n-gram."""
    names = {network: figures.new_names for network, figures in entry.generated.items()}
    if entry.references:
        reference = entry.references[0]
        ngram = reference.ngram_names.get("ngram")
        if ngram is not None:
            names[f"{reference.baseline_order}-gram"] = ngram.new_names
    rows = [(model, ", ".join(new_names)) for model, new_names in names.items() if new_names]
    return Table(
        title=f"New names, {entry.name}",
        columns=("drawn by", "names that aren't in the training set"),
        rows=tuple(rows),
        left=2,
    )


def duplicates_table(entry: ListEntry) -> Table:
    """Make a table of the names that each network generated most often."""
    generated = entry.generated
    columns = [_duplicates(figures) for figures in generated.values()]
    counts = [
        f"{figures.duplicated_names:,} by {network}" for network, figures in generated.items()
    ]
    return Table(
        title="Names drawn more than once, the most frequent first",
        columns=tuple(generated),
        rows=tuple(zip_longest(*columns, fillvalue=NONE)),
        note=f"Number of different names that were drawn more than once: {', '.join(counts)}.",
        left=len(generated),
    )


def _duplicates(figures: GenerationFigures) -> list[str]:
    """Return a network's most frequent names and their counts as table cells."""
    return [f"{name} ×{count}" for name, count in figures.duplicates]
