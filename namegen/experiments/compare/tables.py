"""The report of a comparison: its figures in tables, each declared once, and its plots; as a page or as Markdown.

``python -m namegen.experiments.compare.tables DIR/results.json`` prints it as Markdown.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import zip_longest
from pathlib import Path
from statistics import median

from namegen.core.data.corpus import FEWEST_TO_COMPARE, SHORT_LIST
from namegen.documents import to_plain
from namegen.errors import ResultsError, counted
from namegen.experiments.compare.document import (
    ALGORITHMS,
    BASELINE,
    CEILING,
    ODDEST,
    PARTS,
    Algorithm,
    Comparison,
    Generation,
    ListEntry,
    NameFigures,
    Reference,
    SplitName,
    read_comparison,
)
from namegen.experiments.compare.pairs import NORMAL, between, in_figures, interval_in_words
from namegen.experiments.compare.quietness import Quietness
from namegen.experiments.compare.speed import Lead, Speed, speeds
from namegen.experiments.compare.verdict import verdict
from namegen.experiments.machine import code_in_words
from namegen.experiments.report import (
    ARGMAX,
    CRITERIA,
    LOSS,
    NONE,
    SAMPLED,
    Block,
    Column,
    Section,
    Table,
    Text,
    file_names,
    listed,
    make_table,
    markdown,
    more,
    percent,
    plots,
    seconds,
    whole,
    write_page,
)
from namegen.experiments.trained import Metric

TITLE = "namegen: the backends compared"
LISTS_IN_SIGHT = 2  # of which each has its page; those after them are folded
LIKE_FOR_LIKE, NETWORKS, GENERATION = "Like for like", "Networks and accuracy", "Generation"
TOLD_APART = 10.0  # points, at least, between real names and what pairs of letters make: else a judge is not heard
AGAINST_NGRAM = "against the n-gram"
TOO_FEW = "How far the networks are from the n-gram is not told: there are too few held-out names for an interval."


# --- networks and accuracy --------------------------------------------------------------------------------------------


def accuracy_table(entry: ListEntry, split: SplitName, metric: Metric = ARGMAX) -> Table:
    """The networks on each part of the list, beside that part's n-gram and ceiling."""
    values = partial(entry.values, split, metric=metric)
    columns = [Column(name, partial(values, part=part), percent) for part, name in PARTS.items()]
    title = f"{CRITERIA[metric].words}, split {split}"
    return _of_networks(entry, split, metric, title, columns, _note(entry, split))


def loss_table(entry: ListEntry, split: SplitName) -> Table:
    """Loss on the held-out part, and how each network was trained."""
    runs = {network: entry.runs(split, network) for network in entry.networks(split)}
    held_out = partial(entry.values, split, part="held_out", metric=LOSS)

    def epochs(who: str) -> str | None:
        return (
            " or ".join(map(str, sorted({run.epochs for run in runs[who]})))
            if who in runs
            else None
        )

    columns: list[Column[str]] = [
        Column(
            "parameters",
            lambda who: runs[who][0].parameters if who in runs else None,
            "{:,}".format,
        ),
        Column("epochs", epochs, str),
        Column(
            "best epoch", lambda who: [run.best_epoch for run in runs.get(who, ())], "{:.0f}".format
        ),
        Column("batch (names)", lambda who: runs[who][0].batch_size if who in runs else None, str),
        Column("held-out loss (nats per character)", held_out, "{:.3f}".format),
    ]
    return _of_networks(entry, split, LOSS, f"Loss on the held-out part, split {split}", columns)


def _of_networks(
    entry: ListEntry,
    split: SplitName,
    metric: Metric,
    title: str,
    columns: list[Column[str]],
    note: str = "",
) -> Table:
    """A row a network, then the n-gram and the ceiling; the last column tells how far each is from the n-gram, as far
    as that is known.
    """
    networks, lower = entry.networks(split), CRITERIA[metric].lower_is_better
    apart = {network: between(entry, split, network, BASELINE, metric) for network in networks}
    notes = [note]
    if any(apart.values()):
        columns = [
            *columns,
            Column(AGAINST_NGRAM, lambda who: in_figures(apart.get(who), metric), str),
        ]
        better = (
            "below 0 the network is better"
            if lower
            else "in points of per cent; above 0 it is better"
        )
        notes += [
            f"Against the n-gram: the network minus the n-gram, on the same held-out names ({better})."
        ]
        notes += [interval_in_words(apart.values())]
    elif any(run.held_out_groups for network in networks for run in entry.runs(split, network)):
        notes.append(TOO_FEW)
    called = {who: entry.called(split, who) for who in (*networks, BASELINE)}
    called[CEILING] = f"{'lower bound' if lower else CEILING} of that part"
    name = Column("network", called.__getitem__)
    return make_table(
        title, [name, *columns], [*networks, BASELINE, CEILING], " ".join(filter(None, notes)), 2
    )


def _note(entry: ListEntry, split: SplitName) -> str:
    reference = entry.reference(split)
    note = f"Share of the held-out names that are also in the training part, in %: {reference.seen_percent:.1f}."
    if len({run.seed for run in entry.trainings}) > 1:
        note += " All figures are means over the seeds, with the range of the seeds in brackets."
    if reference.sqrt_duplicates:
        note += " Networks and n-gram read a name with c entries about √c times; the figures count all its entries."
    return note


# --- like for like ----------------------------------------------------------------------------------------------------


def like_for_like_table(entry: ListEntry) -> Table:
    """Every engine, the same networks, the same batches: time and memory, and what was learned."""
    rows = [(one, of_engines[0]) for of_engines in speeds([entry]) for one in of_engines]
    several = max(len(one.rounds) for one, _ in rows) > 1
    note = (
        "Medians of rounds, in which the backends took turns (ratios, too), with their range. "
        if several
        else ""
    )
    note += (
        f"{NONE}: the first backend itself, or memory that is not known of this batch size alone."
    )
    return make_table("The same training by each backend", SPEED_COLUMNS, rows, note)


def times_as_fast(row: tuple[Speed, Speed]) -> str | None:
    """The faster of an engine and the first one, with its ratio to the other."""
    speed, first = row
    lead = None if speed is first else Lead.of(speed, first)
    return None if lead is None else f"{lead.faster}: {lead.ratio}"


# Of an engine, beside the first one of its network and batches.
SPEED_COLUMNS: tuple[Column[tuple[Speed, Speed]], ...] = (
    Column("network", lambda row: row[0].network),
    Column("engine", lambda row: row[0].engine),
    Column("batch (names)", lambda row: row[0].batch_sizes[0], "{:,}".format),
    Column("seconds per epoch", lambda row: row[0].seconds_per_epoch, seconds, median),
    Column("times as fast", times_as_fast, str),
    Column(
        "start-up (s)", lambda row: row[0].each(lambda one: one.start_up_seconds), seconds, median
    ),
    Column(
        "compilation (s)",
        lambda row: row[0].each(lambda one: one.compilation_seconds),
        seconds,
        median,
    ),
    Column(
        "peak memory (MiB)",
        lambda row: row[0].each(lambda one: one.peak_memory_mib),
        "{:,.0f}".format,
        median,
    ),
)


# --- generation -------------------------------------------------------------------------------------------------------


def speed_table(entry: ListEntry, names: int) -> Table:
    """Names per second by every model and algorithm."""
    columns = [
        Column[Generation]("network", lambda one: one.network),
        Column("model", lambda one: one.model),
    ]
    for figure, head, show in (
        ("names_per_second", "{} (names per second)", whole),
        ("first_seconds", "first time, {} (s)", seconds),
    ):
        columns += [
            Column(head.format(way), partial(_drawing, name, figure), show)
            for name, way in ALGORITHMS.items()
        ]
    columns.append(Column("start-up (s)", lambda one: one.start_up_seconds, seconds))
    note = "The fastest of several drawings, after a first that compiles. tflite generate: its loop is in the file."
    return make_table(f"Names per second, {names:,} drawn", columns, entry.generation, note)


def _drawing(algorithm: Algorithm, figure: str, one: Generation) -> float | None:
    found = one.algorithms.get(algorithm)
    return None if found is None else getattr(found, figure)


Drawn = tuple[
    str, str, NameFigures
]  # what a row of names is of, how they were drawn, what they are like
PLAUSIBLE = Column[Drawn]("plausible (%)", lambda row: row[2].plausible_percent, "{:.1f}".format)
NAME_COLUMNS: tuple[Column[Drawn], ...] = (
    Column("network", lambda row: row[0]),
    Column("drawn by", lambda row: row[1]),
    Column("in the list (%)", lambda row: row[2].recreated_percent, "{:.1f}".format),
    Column("new (%)", lambda row: row[2].new_percent, "{:.1f}".format),
    PLAUSIBLE,
    Column("distinct (%)", lambda row: row[2].unique_percent, "{:.1f}".format),
    Column("letters", lambda row: row[2].divergence_bits["1"], "{:.4f}".format),
    Column("pairs", lambda row: row[2].divergence_bits["2"], "{:.4f}".format),
    Column("triples", lambda row: row[2].divergence_bits["3"], "{:.4f}".format),
)


def generated_names_table(entry: ListEntry, names: int) -> Table:
    """What the names are like: how many are of the list, new, different and plausible, how near their n-grams are."""
    rows: list[Drawn] = [
        (one.network, f"{one.model}, {ALGORITHMS[name]}", found)
        for one in entry.generation
        for name, found in one.algorithms.items()
    ]
    reference, references = next(iter(entry.references), None), 0
    note, left_out = (
        "Letters, pairs, triples: the Jensen–Shannon divergence from one half of the list, in bits",
        None,
    )
    if entry.facts is not None:
        of_halves = [f"{value:.4f}" for value in entry.facts.divergence_of_halves_bits.values()]
        note += f"; that of the other half, by chance alone: {listed(of_halves)}"
    note += "."
    if reference is not None:
        rows += [(name, "count-splitting", found) for name, found in reference.names.items()]
        references = len(reference.names)
        why = why_not_plausible(reference)
        left_out = PLAUSIBLE if why else None
        points = 100 * NORMAL * math.sqrt(0.25 / names)  # of a half; less of any other share
        note += f" {why or f'The judge of plausible names has counted {reference.judge_names:,} held-out names.'} With "
        note += f"{names:,} names drawn, chance moves a share by at most {points:.1f} points (95% interval). They are "
        note += (
            "names of one network each: what another seed of training would change is not in it."
        )
    columns = [column for column in NAME_COLUMNS if column is not left_out]
    return make_table("What the generated names are like", columns, rows, note, references)


def why_not_plausible(reference: Reference) -> str:
    """Why nobody can say which names are plausible, in a sentence; empty where somebody can.

    A judge that has counted few names takes what pairs of letters make for names: its figures would say nothing.
    """
    known, real = reference.judge_names, 100 * (1 - ODDEST)
    pairs = reference.ngram_names.get("pairs")
    if pairs is None or pairs.plausible_percent is None:
        return f"Which names are plausible is not told: the judge would know {known:,} names, which are too few."
    if pairs.plausible_percent > real - TOLD_APART:
        return (
            f"Which names are plausible is not told: the judge knows {known:,} names, and calls "
            f"{pairs.plausible_percent:.0f}% of the names that pairs of letters make plausible, nearly as many as of "
            f"real names ({real:.0f}%)."
        )
    return ""


def samples(entry: ListEntry) -> Table:
    """Ten new names of each network, and of the n-gram."""
    drawn = {network: found.new_names for network, found in entry.generated.items()}
    drawn |= {
        name: found.new_names
        for one in entry.references[:1]
        for name, found in [*one.names.items()][:1]
    }
    rows = tuple((name, ", ".join(names)) for name, names in drawn.items() if names)
    return Table(
        f"New names, {entry.name}", ("drawn by", "names that the training part lacks"), rows, left=2
    )


def duplicates_table(entry: ListEntry) -> Table:
    """The names that each network generated most often."""
    generated = entry.generated
    shown = [
        [f"{name} ×{count}" for name, count in found.duplicates] for found in generated.values()
    ]
    counts = ", ".join(
        f"{network} {found.duplicated_names:,}" for network, found in generated.items()
    )
    note = f"How many names were drawn more than once: {counts}."
    rows = tuple(zip_longest(*shown, fillvalue=NONE))
    return Table(
        "Drawn more than once, the commonest first",
        tuple(generated),
        rows,
        note,
        left=len(generated),
    )


# --- the report -------------------------------------------------------------------------------------------------------


def verdict_blocks(results: Comparison) -> list[Block]:
    """The beginning of the report: the headline, the sentences, and the best network of each list."""
    found = verdict(results)
    blocks: list[Block] = [
        Text(found.headline, "headline"),
        Text(found.speed, "missing" if found.is_noisy else ""),
        *(Text(said) for said in (found.quality, found.names) if said),
    ]
    return [*blocks, found.table] if found.table.rows else blocks


def measured_where(results: Comparison) -> list[str]:
    """Machine, threads, versions, seeds, commit; a sentence each."""
    machine = results.machine
    memory = f", {machine.memory_gib:g} GiB" if machine.memory_gib else ""
    found = ", ".join(
        f"{name} {version or '(not installed)'}" for name, version in results.versions.items()
    )
    commits = f"; commit {' and '.join(results.commits)}" if results.commits else ""
    codes = "; ".join(
        f"{name} ({code_in_words(code)})" for name, code in results.engine_codes.items()
    )
    return [
        f"Measured on {machine.processor} ({counted(machine.cores, 'core')}{memory}, {machine.system}), each "
        f"measurement in a process of its own with {counted(results.threads, 'thread')}; what is timed ran alone.",
        *_quietness_in_words(Quietness.of(results)),
        f"{found}{commits}.",
        f"Backends: {codes}.",
        f"Seeds {', '.join(map(str, results.seeds))}, split by the seed {results.split_seed}; "
        f"{results.validation:.0%} of each list held out. The figures are those of the epoch with the lowest held-out "
        "loss (for the original's networks, with the highest held-out accuracy, as in the original).",
    ]


def _quietness_in_words(found: Quietness) -> Iterator[str]:
    """Say how quiet the machine was; nothing if nothing was timed."""
    if found.drift is not None:
        said = "In nine of ten measurements, a fixed computation took at most "
        said += f"{found.drift:.2f} times its shortest time"
        if found.other_cores is not None:
            said += f", and other processes kept at most {found.other_cores:.1f} cores busy"
        yield f"{said}."


def troubles(results: Comparison) -> list[str]:
    """What was left out and how to get it, and what failed; a sentence each."""
    found = (("Left out", results.left_out), ("Failed", results.failed))
    return [f"{how}: {one.what}: {one.why}." for how, of_kind in found for one in of_kind]


def comparison_blocks(results: Comparison) -> list[Block]:
    """All of a comparison's report."""
    names = [samples(entry) for entry in results.lists]
    folds = ["whole" if place >= LISTS_IN_SIGHT else "" for place in range(len(results.lists))]
    return [
        *verdict_blocks(results),
        *(table for table in names if table.rows),
        *(Text(sentence, "missing") for sentence in troubles(results)),
        Section(
            "Where and how it was measured",
            tuple(Text(one, "where") for one in measured_where(results)),
            "plain",
        ),
        *(
            Section(entry.name, tuple(_of_list(entry, results)), fold, f"list-{place}")
            for place, (entry, fold) in enumerate(zip(results.lists, folds, strict=True))
        ),
    ]


def _of_list(entry: ListEntry, results: Comparison) -> Iterator[Block]:
    """What a report tells of a list; a section without figures is not there."""
    from namegen.experiments.compare.figures import accuracy_plots, curve_plots, generation_plots

    engines = [*results.engines, *(engine for one in results.lists for engine in one.engines)]
    facts, names, like_for_like = entry.facts, results.generated_names, entry.like_for_like
    if facts is not None:
        yield Text(
            f"{facts.names:,} names, {facts.distinct_names:,} of them distinct: {facts.characters:,} characters to "
            "predict (an end counts as one). No model can predict more of them than the list's ceiling, "
            f"{percent(facts.ceiling.accuracy_argmax)}%."
        )
        if FEWEST_TO_COMPARE <= facts.distinct_names < SHORT_LIST:
            yield Text(
                "The networks of this comparison learn from this list alone; namegen train begins a list of fewer than "
                f"{SHORT_LIST} different names from a base, if that suits it."
            )
    if like_for_like:
        about = "The same network, start and batches, trained by each backend, at a third of the learning rate of the "
        about += "networks below, so their figures differ. Accuracy (argmax): the likeliest next character is right."
        yield _section(
            LIKE_FOR_LIKE, about, list(curve_plots(entry, engines)), [like_for_like_table(entry)]
        )
    if entry.splits:
        about = "How often the likeliest next character is right (argmax), and how often one drawn by the network's "
        about += "probabilities is (sampled)."
        tables = []
        for split in entry.splits:
            tables += [
                accuracy_table(entry, split),
                accuracy_table(entry, split, SAMPLED),
                loss_table(entry, split),
            ]
        yield _section(NETWORKS, about, list(accuracy_plots(entry, engines)), tables)
    if entry.generation:
        about = (
            "How fast names are drawn, one by one or by splitting counts, and what they are like."
        )
        tables = [
            speed_table(entry, names),
            generated_names_table(entry, names),
            duplicates_table(entry),
        ]
        yield _section(GENERATION, about, list(generation_plots(entry, names, engines)), tables)


def _section(title: str, about: str, plots_: Sequence[Block], tables: Sequence[Table]) -> Section:
    """The first plot is in sight, the rest is folded: the verdict sums it up."""
    filled = [table for table in tables if table.rows]
    return Section(title, (Text(about, "about"), *plots_[:1], *more(title, [*plots_[1:], *filled])))


def write_report(results: Comparison, path: Path) -> None:
    """Write the report as a page, and its plots as PNG beside it. Raises OutputError."""
    blocks = comparison_blocks(results)
    write_page(
        path, TITLE, blocks, json.dumps(to_plain(results), ensure_ascii=True, allow_nan=False)
    )
    slugs = dict(
        zip(
            (one.name for one in results.lists),
            file_names([one.name for one in results.lists]),
            strict=True,
        )
    )
    for plot in plots(blocks):
        plot.write(path.parent / f"{slugs[plot.of]}-{plot.key}.png")


def main(arguments: Iterable[str] | None = None) -> None:
    """Read the arguments, and print."""
    parser = argparse.ArgumentParser(
        prog="python -m namegen.experiments.compare.tables", description=__doc__
    )
    parser.add_argument("results", type=Path, help="the results.json of a comparison")
    path = parser.parse_args(None if arguments is None else list(arguments)).results
    try:
        print("\n\n".join(markdown(comparison_blocks(read_comparison(path)))))
    except ResultsError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
