"""The tables of a comparison: ``python -m namegen.experiments.compare.tables DIR/results.json`` prints them."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

from namegen.documents import UnsetType
from namegen.errors import ResultsError
from namegen.experiments.compare import selection
from namegen.experiments.compare.document import Comparison, ListEntry, Reference, Training, read_comparison
from namegen.experiments.compare.measurements import Divergences, ListFacts, NameFigures, SplitName
from namegen.experiments.compare.pairs import NORMAL, Figure, against_counting, in_figures, interval_in_words
from namegen.experiments.compare.verdict import measured_where, troubles, verdict
from namegen.experiments.table import (
    NONE,
    Table,
    escaped,
    escaped_sentence,
    mebibytes,
    percent,
    seconds,
    spread,
    spread_around_median,
    whole,
)

SPLITS_IN_WORDS: dict[SplitName, str] = {
    "names": "repeats may stand on both sides (as in the original)",
    "unique": "no name on both sides",
}


# What is compared with counting, beside what a table tells.
FIGURES: dict[selection.Metric, Figure] = {"accuracy_argmax": "argmax", "accuracy_sampled": "sampled"}
AGAINST_COUNTING = "against counting"
TOO_FEW = "How far the networks are from counting is not told: there are too few held-out names for an interval."


def accuracy_table(entry: ListEntry, split: SplitName, figure: selection.Metric = "accuracy_argmax") -> Table:
    """The networks on each part of the list, beside that part's n-gram and ceiling."""
    rows = [
        (network, *(spread(selection.network_values(entry, split, network, part, figure)) for part in selection.PARTS))
        for network in selection.network_names(entry, split)
    ]
    for whose, name in _references(entry, split):
        values = (selection.reference_values(entry, split, part, whose, figure) for part in selection.PARTS)
        rows.append((name, *(spread(found) for found in values)))
    what = "The likeliest next character is right" if figure == "accuracy_argmax" else "A drawn character is right"
    table = Table(
        f"{what} (%): split {split}, {SPLITS_IN_WORDS[split]}",
        ("network", *selection.PARTS.values()),
        tuple(rows),
        _note(entry, split),
        emphasised=frozenset((len(rows) - 2, len(rows) - 1)),
    )
    return _against_counting(table, entry, split, FIGURES[figure])


def _against_counting(table: Table, entry: ListEntry, split: SplitName, figure: Figure) -> Table:
    """The table with a column more: how far each network is from counting on the held-out part, as far as that is
    known.
    """
    found = [against_counting(entry, split, network, figure) for network in selection.network_names(entry, split)]
    if not any(found):
        measured = any(run.held_out_groups for run in entry.trainings if run.split == split)
        return replace(table, note=f"{table.note} {TOO_FEW}".strip()) if measured else table
    cells = [*(in_figures(one, figure) for one in found), NONE, NONE]
    rows = tuple((*row, cell) for row, cell in zip(table.rows, cells, strict=True))
    better = "below 0 the network is better" if figure == "loss" else "in points of per cent; above 0 it is better"
    said = f"Against counting: the network minus the n-gram, on the same held-out names ({better})."
    note = " ".join(filter(None, (table.note, said, interval_in_words(found))))
    return replace(table, columns=(*table.columns, AGAINST_COUNTING), rows=rows, note=note)


def _references(entry: ListEntry, split: SplitName) -> tuple[tuple[selection.Whose, str], ...]:
    """The last rows of each table."""
    return (("baseline", f"{selection.baseline_name(entry, split)} (counting)"), ("ceiling", "ceiling of that part"))


def _note(entry: ListEntry, split: SplitName) -> str:
    references = [one for one in entry.references if one.split == split]
    seen = [one.seen_percent for one in references]
    shown = spread(seen, lambda value: f"{value:.1f}")
    note = f"Share of the held-out names that are also in the training part, in %: {shown}."
    note += " All figures are means over the seeds, with the range of the seeds in brackets." if len(seen) > 1 else ""
    if any(one.repeats_damped for one in references):
        note += " Networks and n-gram read a name with c entries about √c times; the figures count all its entries."
    return note


def loss_table(entry: ListEntry, split: SplitName) -> Table:
    """Loss on the held-out part, and how each network was trained."""
    rows: list[tuple[str, ...]] = []
    for network in selection.network_names(entry, split):
        runs = selection.network_runs(entry, split, network)
        losses = selection.network_values(entry, split, network, "held_out", "loss_nats_per_char")
        loss = spread(losses, "{:.3f}".format)
        epochs = " or ".join(map(str, sorted({run.epochs for run in runs})))
        best = spread([float(run.best_epoch) for run in runs], "{:.0f}".format)
        rows.append((network, f"{runs[0].parameters:,}", epochs, best, str(runs[0].batch_size), loss))
    for whose, name in _references(entry, split):
        values = selection.reference_values(entry, split, "held_out", whose, "loss_nats_per_char")
        rows.append((name, *[NONE] * 4, spread(values, "{:.3f}".format)))
    columns = ("network", "parameters", "epochs", "best epoch", "batch (names)", "held-out loss (nats per character)")
    emphasised = frozenset((len(rows) - 2, len(rows) - 1))
    table = Table(f"Loss on the held-out part, split {split}", columns, tuple(rows), emphasised=emphasised)
    return _against_counting(table, entry, split, "loss")


def like_for_like_table(entry: ListEntry) -> Table:
    """Every engine, the same networks, the same batches: time and memory, and what was learned."""
    learned = {
        (network, run.engine): run.figures.held_out.accuracy_argmax
        for network, runs in selection.like_for_like_by_network(entry).items()
        for run in runs
    }
    rows = []
    most = 1
    for (network, batch_size), of_engines in selection.by_network_and_batch(selection.speeds(entry)).items():
        for one in of_engines:
            most = max(most, len(one.rounds))
            per_epoch, start_up, compilation, memory = (
                spread_around_median(values, show) if values else NONE
                for values, show in (
                    (one.seconds_per_epoch, seconds),
                    ([each.start_up_seconds for each in one.rounds], seconds),
                    ([each.compilation_seconds for each in one.rounds], seconds),
                    ([each.peak_memory_mib for each in one.rounds if each.peak_memory_mib is not None], mebibytes),
                )
            )
            accuracy = percent(learned[network, one.engine]) if one.own_batch else NONE
            size, speed = f"{batch_size:,}", whole(one.chars_per_second)
            rows.append((network, one.engine, size, per_epoch, speed, start_up, compilation, memory, accuracy))
    columns = (
        *("network", "engine", "batch (names)", "seconds per epoch", "characters per second", "start-up (s)"),
        *("compilation (s)", "peak memory (MiB)", "held-out, likeliest right (%)"),
    )
    note = "Seconds per epoch: in training only, the median of all epochs but the first. Start-up: from the start of "
    note += "the process until its libraries are loaded and the engine is made."
    if most > 1:
        note += (
            " Each figure is the median of several rounds, in which the engines took turns; in brackets their range."
        )
    return Table("The same training by each engine", columns, tuple(rows), note, left=2)


def distance_table(entry: ListEntry) -> Table:
    """How far the loss curves of the engines are apart."""
    rows = [
        (
            one.network,
            " and ".join(one.largest_distance.engines),
            f"{one.largest_distance.distance_nats:.6f}",
            one.largest_distance.curve.partition("_")[0].replace("validation", "held-out"),
            str(one.largest_distance.epoch),
        )
        for one in entry.like_for_like
        if one.largest_distance is not None
    ]
    columns = ("network", "engines", "largest distance (nats per character)", "curve", "at epoch")
    return Table("How far the loss curves are apart", columns, tuple(rows), left=2)


def curve_tables(entry: ListEntry) -> list[Table]:
    """The curves of each network."""
    return [curve_table(runs) for runs in selection.like_for_like_by_network(entry).values()]


def curve_table(runs: Sequence[Training]) -> Table:
    """Every epoch of the engines' curves: the numbers of the plot."""
    columns: list[str] = ["epoch"]
    for run in runs:
        columns += [f"{run.engine}: {what}" for what in ("training loss", "held-out loss", "seconds", "argmax (%)")]
    rows = []
    for place, epoch in enumerate(runs[0].history.epoch):
        row = [str(epoch)]
        for run in runs:
            history = run.history
            if place >= len(history.epoch):
                row += [NONE] * 4
                continue
            losses = (history.training_loss_nats_per_char[place], history.validation_loss_nats_per_char[place])
            row += [NONE if loss is None else f"{loss:.4f}" for loss in losses]
            row += [seconds(history.seconds[place]), percent(history.validation_accuracy_argmax[place])]
        rows.append(tuple(row))
    return Table(f"Every epoch, {runs[0].network}", tuple(columns), tuple(rows), "Losses in nats per character.")


NEW, PLAUSIBLE = "new (%)", "plausible (%)"


def speed_table(entry: ListEntry, names: int) -> Table:
    """Names per second by every model and algorithm."""
    rows = []
    for one in entry.generation:
        found = [one.algorithms.get(name) for name in selection.ALGORITHMS]
        speeds = [whole(None if one is None else one.names_per_second) for one in found]
        first = [seconds(None if one is None else one.first_seconds) for one in found]
        rows.append((one.network, one.model, *speeds, *first, seconds(one.start_up_seconds)))
    columns = ("network", "model", *(f"{name} (names per second)" for name in selection.ALGORITHMS.values()))
    columns += (*(f"first time, {name} (s)" for name in selection.ALGORITHMS.values()), "start-up (s)")
    note = f"{names:,} names, as text: the median of several drawings, after a first one that compiles. One by one: "
    note += "many names side by side, each read to its end. tflite generate: the loop is inside the file."
    return Table(f"Names per second, {names:,} drawn", columns, tuple(rows), note, left=2)


def generated_names_table(entry: ListEntry, names: int) -> Table:
    """What the names are like: how many are of the list, new, different and plausible, how near their n-grams are."""
    reference, facts = selection.counting_reference(entry), entry.facts
    rows: list[tuple[str, ...]] = []
    for one in entry.generation:
        for name, shown in selection.ALGORITHMS.items():
            generated = one.algorithms.get(name)
            if generated is not None:
                rows.append((one.network, f"{one.model}, {shown}", *_name_figures(generated)))
    told = len(rows)
    for counting, found in ({} if reference is None else selection.names_of_counting(reference)).items():
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
        why = selection.why_not_plausible(reference)
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
        "training part lacks, so none that a network has learned; names of the training part say what is odd. "
        f"It finds {selection.REAL_PLAUSIBLE:.0f}% of real names plausible; pairs of letters (each letter drawn by the "
        "one before it alone) show how many it finds plausible that are none. As it counts itself, it may be a little "
        "kind to counting."
    )


def _bits(found: Divergences) -> list[str]:
    return [f"{value:.4f}" for value in found.values()]


def lengths_table(entry: ListEntry, facts: ListFacts, names: int) -> Table:
    """Share of the names of each length, in the list and as each network generates them."""
    generated = {network: found.lengths for network, found in selection.generated_by_network(entry).items()}
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
    generated = selection.generated_by_network(entry)
    shown = [[f"{name} ×{count}" for name, count in found.duplicates] for found in generated.values()]
    rows = zip_longest(*shown, fillvalue="")
    counts = ", ".join(f"{network} {found.duplicated_names:,}" for network, found in generated.items())
    note = f"How many names were drawn more than once: {counts}."
    return Table("Drawn more than once, the commonest first", tuple(generated), tuple(rows), note, left=len(generated))


LIKE_FOR_LIKE_SECTION, NETWORKS_SECTION, GENERATION_SECTION = "Like for like", "Networks and accuracy", "Generation"


def list_tables(entry: ListEntry, results: Comparison) -> dict[str, list[Table]]:
    """All tables of a list by the title of their section; a section without figures is not there."""
    sections: dict[str, list[Table]] = {}
    if selection.like_for_like_runs(entry):
        sections[LIKE_FOR_LIKE_SECTION] = [like_for_like_table(entry), distance_table(entry)]
    accuracy: list[Table] = []
    for split in selection.splits(entry):
        if selection.network_names(entry, split):
            accuracy += [accuracy_table(entry, split), accuracy_table(entry, split, "accuracy_sampled")]
            accuracy.append(loss_table(entry, split))
    if accuracy:
        sections[NETWORKS_SECTION] = accuracy
    if entry.generation:
        names = results.generated_names
        sections[GENERATION_SECTION] = [speed_table(entry, names), generated_names_table(entry, names)]
        if entry.facts is not None and selection.generated_by_network(entry):
            sections[GENERATION_SECTION] += [lengths_table(entry, entry.facts, names), duplicates_table(entry)]
    return {name: [table for table in tables if table.rows] for name, tables in sections.items()}


def markdown(results: Comparison) -> str:
    """All of it; text from lists and from messages is escaped."""
    rows = tuple((line.question, " ".join(line.answers)) for line in verdict(results))
    parts = [
        Table("The verdict", ("question", "answer"), rows, left=2).markdown(),
        *map(escaped_sentence, (*measured_where(results), *troubles(results))),
    ]
    for entry in results.lists:
        parts.append(f"## {escaped(entry.name)}")
        for section, tables in list_tables(entry, results).items():
            parts += [f"### {escaped(section)}", *(table.markdown() for table in tables)]
    return "\n\n".join(parts)


def main(arguments: Iterable[str] | None = None) -> None:
    """Read the arguments, and print."""
    parser = argparse.ArgumentParser(prog="python -m namegen.experiments.compare.tables", description=__doc__)
    parser.add_argument("results", type=Path, help="the results.json of a comparison")
    path = parser.parse_args(None if arguments is None else list(arguments)).results
    try:
        print(markdown(read_comparison(path)))
    except ResultsError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
