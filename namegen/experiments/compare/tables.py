"""The tables, sections and plots of a comparison's report, as an HTML page or as Markdown.

``python -m namegen.experiments.compare.tables DIR/results.json`` prints the report as Markdown.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
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
LISTS_IN_SIGHT = 2  # the sections of further lists are folded
LIKE_FOR_LIKE = "The same training by each backend"
NETWORKS = "Networks and accuracy"
GENERATION = "Generation"
# Percentage points. If the judge finds random letter pairs almost as plausible as real names, its verdict is useless.
LEAST_JUDGE_MARGIN = 10.0
AGAINST_NGRAM = "compared with the n-gram"
TOO_FEW = (
    "Too few names were held out to give a confidence interval for the difference from the n-gram."
)
ONE_DECIMAL = "{:.1f}".format
FOUR_DECIMALS = "{:.4f}".format


# --- networks and accuracy --------------------------------------------------------------------------------------------


def accuracy_table(entry: ListEntry, split: SplitName, metric: Metric = ARGMAX) -> Table:
    """Make a table of one accuracy: every network, the n-gram and the ceiling on each part of the list."""
    values = partial(entry.values, split, metric=metric)
    columns = [Column(name, partial(values, part=part), percent) for part, name in PARTS.items()]
    return _network_table(
        entry,
        split,
        metric,
        title=f"{CRITERIA[metric].words}, split {split}",
        columns=columns,
        note=_split_note(entry, split),
    )


def loss_table(entry: ListEntry, split: SplitName) -> Table:
    """Make a table of each network's loss on the held-out names, and of how it was trained."""
    runs = {network: entry.runs(split, network) for network in entry.networks(split)}

    def parameters(model: str) -> int | None:
        return runs[model][0].parameters if model in runs else None

    def epochs(model: str) -> str | None:
        if model not in runs:
            return None
        return " or ".join(map(str, sorted({run.epochs for run in runs[model]})))

    def best_epochs(model: str) -> list[int]:
        return [run.best_epoch for run in runs.get(model, ())]

    def batch_size(model: str) -> int | None:
        return runs[model][0].batch_size if model in runs else None

    loss = partial(entry.values, split, part="held_out", metric=LOSS)
    columns: list[Column[str]] = [
        Column("parameters", parameters, "{:,}".format),
        Column("epochs", epochs, str),
        Column("best epoch", best_epochs, "{:.0f}".format),
        Column("batch (names)", batch_size, str),
        Column("loss (nats per character)", loss, "{:.3f}".format),
    ]
    title = f"Loss on the held-out names, split {split}"
    return _network_table(entry, split, LOSS, title=title, columns=columns)


def _network_table(
    entry: ListEntry,
    split: SplitName,
    metric: Metric,
    *,
    title: str,
    columns: list[Column[str]],
    note: str = "",
) -> Table:
    """One row per network, then the n-gram and the ceiling; the last column compares each network with the n-gram."""
    networks = entry.networks(split)
    lower_is_better = CRITERIA[metric].lower_is_better
    differences = {name: between(entry, split, name, BASELINE, metric) for name in networks}
    runs = [run for name in networks for run in entry.runs(split, name)]
    notes = [note]
    if any(differences.values()):
        columns = [
            *columns,
            Column(AGAINST_NGRAM, lambda name: in_figures(differences.get(name), metric), str),
        ]
        better = "percentage points; the network is better above 0"
        if lower_is_better:
            better = "the network is better below 0"
        notes.append(
            f"Compared with the n-gram: the network minus the n-gram, on the same held-out names ({better})."
        )
        notes.append(interval_in_words(differences.values()))
    elif any(run.held_out_groups for run in runs):
        notes.append(TOO_FEW)
    labels = {name: entry.called(split, name) for name in (*networks, BASELINE)}
    labels[CEILING] = "lower bound" if lower_is_better else CEILING
    return make_table(
        title,
        [Column("network", labels.__getitem__), *columns],
        [*networks, BASELINE, CEILING],
        note=" ".join(filter(None, notes)),
        references=2,
    )


def _split_note(entry: ListEntry, split: SplitName) -> str:
    reference = entry.reference(split)
    note = f"{reference.seen_percent:.1f}% of the held-out names are also in the training set."
    note += " The n-gram and the ceiling are those of the same part of the list."
    if len({run.seed for run in entry.trainings}) > 1:
        note += " Each number is the mean over the seeds, with their range in brackets."
    if reference.sqrt_duplicates:
        note += (
            " The networks and the n-gram train on a name with c entries about √c times;"
            " the results count all its entries."
        )
    return note


# --- the same training by each backend --------------------------------------------------------------------------------


@dataclass(frozen=True)
class SpeedRow:
    """The speed of one backend, and of the first backend with the same network and batches."""

    speed: Speed
    first: Speed

    def peak_memory(self) -> list[float]:
        """The peak memory of each round, in MiB."""
        return self.speed.each(lambda timing: timing.peak_memory_mib)

    def compilation(self) -> list[float]:
        """The seconds of compilation in each round."""
        return self.speed.each(lambda timing: timing.compilation_seconds)

    def start_up(self) -> list[float]:
        """The seconds from the start of the process to a loaded backend, in each round."""
        return self.speed.each(lambda timing: timing.start_up_seconds)

    def ratio(self) -> str | None:
        """The faster of both backends, and how many times as fast it is; None in the first backend's row."""
        if self.speed is self.first:
            return None
        lead = Lead.of(self.speed, self.first)
        return None if lead is None else f"{lead.faster}: {lead.ratio}"


SPEED_COLUMNS: tuple[Column[SpeedRow], ...] = (
    Column("network", lambda row: row.speed.network),
    Column("backend", lambda row: row.speed.engine),
    Column("batch (names)", lambda row: row.speed.batch_sizes[0], "{:,}".format),
    Column("seconds per epoch", lambda row: row.speed.seconds_per_epoch, seconds, median),
    Column("times as fast", SpeedRow.ratio, str),
    Column("start-up (s)", SpeedRow.start_up, seconds, median),
    Column("compilation (s)", SpeedRow.compilation, seconds, median),
    Column("peak memory (MiB)", SpeedRow.peak_memory, "{:,.0f}".format, median),
)


def like_for_like_table(entry: ListEntry) -> Table:
    """Make a table of the time and memory that each backend needs for the same networks and batches."""
    rows = [
        SpeedRow(speed, of_engines[0]) for of_engines in speeds([entry]) for speed in of_engines
    ]
    note = ""
    if max(len(row.speed.rounds) for row in rows) > 1:
        note = "Each number is the median of several rounds, in which the backends took turns, with its range. "
    note += f"{NONE}: the first backend, or memory that wasn't measured for this batch size alone."
    return make_table(LIKE_FOR_LIKE, SPEED_COLUMNS, rows, note)


# --- generation -------------------------------------------------------------------------------------------------------


def speed_table(entry: ListEntry, names: int) -> Table:
    """Make a table of how many names per second each model draws with each algorithm."""

    def rate(algorithm: Algorithm, model: Generation) -> float | None:
        figures = model.algorithms.get(algorithm)
        return None if figures is None else figures.names_per_second

    def first_seconds(algorithm: Algorithm, model: Generation) -> float | None:
        figures = model.algorithms.get(algorithm)
        return None if figures is None else figures.first_seconds

    rates: list[Column[Generation]] = []
    first_times: list[Column[Generation]] = []
    for algorithm, label in ALGORITHMS.items():
        rates.append(Column(f"{label} (names per second)", partial(rate, algorithm), whole))
        first_times.append(
            Column(f"first time, {label} (s)", partial(first_seconds, algorithm), seconds)
        )
    columns: list[Column[Generation]] = [
        Column("network", lambda model: model.network),
        Column("model", lambda model: model.model),
        *rates,
        *first_times,
        Column("start-up (s)", lambda model: model.start_up_seconds, seconds),
    ]
    note = (
        "The fastest of several runs; the first run, which includes compilation, doesn't count."
        " The sampling loop of tflite generate is in the file."
    )
    return make_table(f"Names per second ({names:,} names)", columns, entry.generation, note)


@dataclass(frozen=True)
class NamesRow:
    """The names that one model generated."""

    network: str
    method: str  # the backend and the algorithm that drew the names
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
    """Make a table of how many generated names are new, distinct and plausible, and how close their n-grams are."""
    rows = [
        NamesRow(model.network, f"{model.model}, {ALGORITHMS[algorithm]}", figures)
        for model in entry.generation
        for algorithm, figures in model.algorithms.items()
    ]
    notes = [_divergence_note(entry)]
    columns = list(NAME_COLUMNS)
    baselines: list[NamesRow] = []
    if entry.references:
        reference = entry.references[0]
        baselines = [
            NamesRow(name, "count-splitting", figures) for name, figures in reference.names.items()
        ]
        trouble = why_not_plausible(reference)
        if trouble:
            columns.remove(PLAUSIBLE)
        notes.append(trouble or _judge_note(reference))
        notes.append(_chance_note(names))
    return make_table(
        "What the generated names are like",
        columns,
        rows + baselines,
        note=" ".join(notes),
        references=len(baselines),
    )


def _divergence_note(entry: ListEntry) -> str:
    note = (
        "Letters, pairs, triples: the Jensen–Shannon divergence from one half of the list, in bits"
    )
    if entry.facts is None:
        return f"{note}."
    of_halves = [f"{value:.4f}" for value in entry.facts.divergence_of_halves_bits.values()]
    return f"{note}. By chance alone, the other half of the list has {listed(of_halves)}."


def _judge_note(reference: Reference) -> str:
    return f"The model that judges which names are plausible was trained on {reference.judge_names:,} held-out names."


def _chance_note(names: int) -> str:
    points = 100 * NORMAL * math.sqrt(0.25 / names)  # for a share of a half, the worst case
    return (
        f"With {names:,} names drawn, chance changes a percentage by at most {points:.1f} points (95% confidence"
        " interval). Only one run of each network generated names, so the interval doesn't include the effect of the"
        " training seed."
    )


def why_not_plausible(reference: Reference) -> str:
    """Explain in a sentence why the report doesn't show which names are plausible; empty if it does.

    A judge that was trained on few names can't tell real names from random letter pairs.
    """
    known = reference.judge_names
    pairs = reference.ngram_names.get("pairs")
    if pairs is None or pairs.plausible_percent is None:
        return (
            f"Too few names were held out ({known:,}) to judge which generated names are plausible."
        )
    real_percent = 100 * (1 - ODDEST)
    if pairs.plausible_percent > real_percent - LEAST_JUDGE_MARGIN:
        return (
            f"It isn't clear which names are plausible: the judge, trained on {known:,} names, accepts "
            f"{pairs.plausible_percent:.0f}% of the names made of random letter pairs, almost as many as of real names "
            f"({real_percent:.0f}%)."
        )
    return ""


def samples(entry: ListEntry) -> Table:
    """Make a table of ten new names from each network, and from the n-gram in the last row."""
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
    columns = [
        [f"{name} ×{count}" for name, count in figures.duplicates] for figures in generated.values()
    ]
    counts = [f"{network} {figures.duplicated_names:,}" for network, figures in generated.items()]
    return Table(
        title="Names drawn more than once, the most frequent first",
        columns=tuple(generated),
        rows=tuple(zip_longest(*columns, fillvalue=NONE)),
        note=f"Number of names that were drawn more than once: {', '.join(counts)}.",
        left=len(generated),
    )


# --- the report -------------------------------------------------------------------------------------------------------


def verdict_blocks(results: Comparison) -> list[Block]:
    """Make the start of the report: the headline, the sentences, and the best network of each list."""
    summary = verdict(results)
    blocks: list[Block] = [
        Text(summary.headline, "headline"),
        Text(summary.speed, "missing" if summary.is_noisy else ""),
    ]
    blocks += [Text(sentence) for sentence in (summary.quality, summary.names) if sentence]
    if summary.table.rows:
        blocks.append(summary.table)
    return blocks


def measured_where(results: Comparison) -> list[str]:
    """List the machine, threads, versions, backends and seeds, one sentence each."""
    machine = results.machine
    memory = f", {machine.memory_gib:g} GiB" if machine.memory_gib else ""
    hardware = f"{machine.processor} ({counted(machine.cores, 'core')}{memory}, {machine.system})"
    versions = [
        f"{name} {version or '(not installed)'}" for name, version in results.versions.items()
    ]
    commits = f"; commit {' and '.join(results.commits)}" if results.commits else ""
    codes = [f"{name} ({code_in_words(code)})" for name, code in results.engine_codes.items()]
    return [
        f"Measured on {hardware}. Each measurement ran in its own process with "
        f"{counted(results.threads, 'thread')}; timed measurements ran alone.",
        *_quietness_in_words(Quietness.of(results)),
        f"{', '.join(versions)}{commits}.",
        f"Backends: {'; '.join(codes)}.",
        f"Seeds {', '.join(map(str, results.seeds))}; split seed {results.split_seed}; "
        f"{results.validation:.0%} of each list held out. The results are from the epoch with the lowest held-out "
        "loss (for the original networks, with the highest held-out accuracy, as in the original).",
    ]


def _quietness_in_words(quietness: Quietness) -> Iterator[str]:
    """Describe how quiet the machine was; nothing if nothing was timed."""
    if quietness.drift is None:
        return
    sentence = (
        "In nine of ten measurements, a fixed computation took at most "
        f"{quietness.drift:.2f} times its shortest time"
    )
    if quietness.other_cores is not None:
        sentence += f", and other processes kept at most {quietness.other_cores:.1f} cores busy"
    yield f"{sentence}."


def troubles(results: Comparison) -> list[str]:
    """List the measurements that were skipped (and how to get them) or that failed, one sentence each."""
    skipped = [f"Skipped: {trouble.what}: {trouble.why}." for trouble in results.left_out]
    failed = [f"Failed: {trouble.what}: {trouble.why}." for trouble in results.failed]
    return skipped + failed


def comparison_blocks(results: Comparison) -> list[Block]:
    """Make the whole report of a comparison."""
    tables = [samples(entry) for entry in results.lists]
    where = [Text(sentence, "where") for sentence in measured_where(results)]
    blocks = verdict_blocks(results)
    blocks += [table for table in tables if table.rows]
    blocks += [Text(sentence, "missing") for sentence in troubles(results)]
    blocks.append(Section("Where and how it was measured", tuple(where), "plain"))
    for number, entry in enumerate(results.lists):
        content = tuple(_list_blocks(entry, results))
        fold = "whole" if number >= LISTS_IN_SIGHT else ""
        blocks.append(Section(entry.name, content, fold=fold, anchor=f"list-{number}"))
    return blocks


def _list_blocks(entry: ListEntry, results: Comparison) -> Iterator[Block]:
    """The report of one list; a section without results is left out."""
    engines = [*results.engines, *(engine for each in results.lists for engine in each.engines)]
    yield from _list_facts(entry)
    if entry.like_for_like:
        yield _like_for_like_section(entry, engines)
    if entry.splits:
        yield _networks_section(entry, engines)
    if entry.generation:
        yield _generation_section(entry, engines, results.generated_names)


def _list_facts(entry: ListEntry) -> Iterator[Text]:
    """Describe the size of a list."""
    facts = entry.facts
    if facts is None:
        return
    yield Text(
        f"{facts.names:,} names, {facts.distinct_names:,} of them distinct: {facts.characters:,} characters to "
        "predict, counting the end of each name as one. No model can predict more than "
        f"{percent(facts.ceiling.accuracy_argmax)}% of them, the ceiling of the list."
    )
    if FEWEST_TO_COMPARE <= facts.distinct_names < SHORT_LIST:
        yield Text(
            "The networks of this comparison are trained on this list alone. For a list of fewer than "
            f"{SHORT_LIST} different names, namegen train fine-tunes a pretrained base model if one fits the list."
        )


def _like_for_like_section(entry: ListEntry, engines: Sequence[str]) -> Section:
    from namegen.experiments.compare.figures import curve_plots

    about = (
        "Each backend trains the same network from the same start on the same batches. The learning rate is a third of"
        " that of the networks below, so the results differ from theirs. Accuracy (argmax) is how often the likeliest"
        " next character is right."
    )
    return _section(
        LIKE_FOR_LIKE, about, list(curve_plots(entry, engines)), [like_for_like_table(entry)]
    )


def _networks_section(entry: ListEntry, engines: Sequence[str]) -> Section:
    from namegen.experiments.compare.figures import accuracy_plots

    about = (
        "How often the likeliest next character is right (argmax), and how often a character drawn from the network's"
        " probabilities is right (sampled)."
    )
    tables: list[Table] = []
    for split in entry.splits:
        tables.append(accuracy_table(entry, split))
        tables.append(accuracy_table(entry, split, SAMPLED))
        tables.append(loss_table(entry, split))
    return _section(NETWORKS, about, list(accuracy_plots(entry, engines)), tables)


def _generation_section(entry: ListEntry, engines: Sequence[str], names: int) -> Section:
    from namegen.experiments.compare.figures import generation_plots

    about = "How fast names are drawn, one by one or with count-splitting, and what they are like."
    tables = [
        speed_table(entry, names),
        generated_names_table(entry, names),
        duplicates_table(entry),
    ]
    return _section(GENERATION, about, list(generation_plots(entry, names, engines)), tables)


def _section(title: str, about: str, plots_: Sequence[Block], tables: Sequence[Table]) -> Section:
    """A section that shows its first plot and folds the rest."""
    folded = [*plots_[1:], *(table for table in tables if table.rows)]
    return Section(title, (Text(about, "about"), *plots_[:1], *more(title, folded)))


def write_report(results: Comparison, path: Path) -> None:
    """Write the report as an HTML page, and its plots as PNG files next to it.

    Raises:
        OutputError: a file can't be written.
    """
    blocks = comparison_blocks(results)
    document = json.dumps(to_plain(results), ensure_ascii=True, allow_nan=False)
    write_page(path, TITLE, blocks, document)
    names = [entry.name for entry in results.lists]
    file_name = dict(zip(names, file_names(names), strict=True))
    for plot in plots(blocks):
        plot.write(path.parent / f"{file_name[plot.of]}-{plot.key}.png")


def main(arguments: Iterable[str] | None = None) -> None:
    """Print the report of a ``results.json`` as Markdown."""
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
