"""Make the report of a comparison or a sweep from its rows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import inf
from statistics import mean, median
from typing import NamedTuple

from namegen.errors import counted
from namegen.experiments import figures
from namegen.experiments.pairs import Metric
from namegen.experiments.report import (
    NONE,
    Plot,
    Report,
    Section,
    Table,
    file_names,
    isolated,
    make_table,
    percent,
    seconds,
    spread,
    whole,
)
from namegen.experiments.rows import ALGORITHMS, PARTS, Names, Part, Results, Training
from namegen.experiments.summary import (
    ARGMAX,
    LOSS,
    SAMPLED,
    ListSummary,
    Model,
    best_names,
    lists_of,
    missing_results,
    quality_findings,
    show_difference,
    show_ratio,
    speed_findings,
    speed_ratio,
)

NOT_COMPARED = "No network was timed with two backends."
BUSY = 0.5  # other processes that need a core; more of them make times unreliable
KINDS: dict[str, Metric] = {"argmax": ARGMAX, "sampled": SAMPLED}
MOST_OFTEN = 5
LEAST_JUDGE_MARGIN = 10.0  # percentage points between real names and random letter pairs


def make_report(results: Results) -> Report:
    """Make the report of a comparison or a sweep."""
    speeds = speed_findings(results)
    quality = quality_findings(results)
    is_comparison = results.command == "compare-backends"
    headline = (speeds or [NOT_COMPARED]) if is_comparison else quality
    headline_text = " ".join(headline[:2]) or "No run has finished."
    lists = lists_of(results)
    sections = []
    for each, file_name in zip(lists, file_names([each.name for each in lists]), strict=True):
        sections += list_sections(each, file_name)
    return Report(
        title="Backends compared" if is_comparison else "Settings compared",
        headline=headline_text + quick_note(results),
        findings=[*headline[2:], *quality] if is_comparison else quality[2:],
        warnings=[*missing_results(results), *busy_warnings(results)],
        details=measured_where(results),
        sections=sections,
    )


def quick_note(results: Results) -> str:
    """State for how many epochs a quick comparison trained its networks."""
    runs = [run for each in lists_of(results) for _, run in each.trainings("network")]
    if not results.options.get("quick") or not runs:
        return ""
    epochs = " or ".join(str(number) for number in sorted({run.epochs for run in runs}))
    return f" A quick comparison: the networks were trained for only {epochs} epochs."


def busy_warnings(results: Results) -> list[str]:
    """Warn if other programs needed the processor while backends were timed."""
    timed = [run for each in lists_of(results) for _, run in each.trainings("backend", "timing")]
    loads = [run.load for run in timed if run.load is not None]
    if not loads or median(loads) - 1 <= BUSY:
        return []
    return [
        f"Other programs were running during the timings (load average {median(loads):.1f}), so the speeds are less "
        "reliable than their intervals suggest. To measure again, use an idle machine and another output folder."
    ]


def measured_where(results: Results) -> list[str]:
    """Describe the machines, the versions and the settings."""
    machines = {f"{row.machine.processor}, {counted(row.machine.cores, 'core')}, {row.machine.system}": 0
                for row in results.rows if row.machine}  # fmt: skip
    known = {f"{name} {number}": 0 for row in results.rows for name, number in row.versions.items()
             if number}  # fmt: skip
    options = [f"{name} {value}" for name, value in results.options.items() if value is not None]
    return [
        f"Machine: {'; '.join(machines)}. Each job ran in its own process, and timed jobs ran alone.",
        f"Versions: {', '.join(known)}.",
        f"Settings: {', '.join(options)}.",
        "The results are from the epoch with the lowest loss on the held-out names. The original's networks use the "
        "epoch with the highest accuracy.",
        "The parentheses after a difference or a ratio contain its 95% confidence interval. All other parentheses "
        "contain the lowest and the highest value over the seeds or rounds.",
    ]


def list_sections(each: ListSummary, file_name: str) -> list[Section]:
    """Make the sections about one list, with its name in the titles. Sections without results are omitted."""
    sections: list[Section] = []
    reference = next(iter(each.references.values()), None)
    facts = ""
    if reference:
        ceiling = percent(reference.parts["whole"].ceiling.accuracy_argmax)
        facts = (
            f"The list has {reference.names:,} names, {reference.distinct_names:,} of them different. No model can "
            f"predict more than {ceiling}% of its characters, which is the ceiling of the list."
        )
    if (reference and reference.generated) or each.generations:
        sections.append(Section(f"{each.name}: new names", facts, (), (samples_table(each),)))
    runs_by_network: dict[str, dict[str, list[Training]]] = {}
    for row, run in each.trainings("backend"):
        runs_by_network.setdefault(row.job.network, {})[row.job.backend] = [run]
    if runs_by_network:
        plots = []
        for number, (network, lines) in enumerate(runs_by_network.items(), start=1):
            draw = partial(figures.curves_figure, lines, {})
            plots.append(Plot(f"{file_name}-curves-{number}", f"{each.name}: {network}", draw))
        about = (
            "Each backend trains the same network, from the same initial weights, on the same batches. The learning "
            "rate is a third of the other networks' rate."
        )
        title = f"{each.name}: the same training by each backend"
        sections.append(Section(title, about, plots, (backend_table(each),)))
    for split in each.splits:
        models = each.models(split)
        networks = {model.name: model.runs for model in models if model.runs}
        levels: dict[str, dict[str, float]] = {figures.LOSS: {}, figures.ACCURACY: {}}
        accuracies: dict[str, dict[str, list[float]]] = {}
        accuracy_levels: dict[str, float] = {}
        for model in models:
            bars = {words: model.values("held_out", metric) for words, metric in KINDS.items()}
            if model.runs:
                accuracies[model.name] = bars
                continue
            accuracy_levels |= {f"{model.name}, {words}": mean(bars[words]) for words in bars}
            levels[figures.ACCURACY][model.name] = mean(bars["argmax"])
            levels[figures.LOSS][model.name] = mean(model.values("held_out", LOSS) or [inf])
        draw_curves = partial(figures.curves_figure, networks, levels)
        draw_bars = partial(figures.accuracy_figure, accuracies, accuracy_levels)
        plots = [
            Plot(
                f"{file_name}-learning-{split}",
                f"{each.name}: learning curves, {split}",
                draw_curves,
            ),
            Plot(f"{file_name}-accuracy-{split}", f"{each.name}: accuracy, {split}", draw_bars),
        ]
        about = (
            "argmax: how often the most likely next character is right. sampled: how often a character drawn from the "
            "model's probabilities is right."
        )
        tables = (held_out_table(each, models), parts_table(models))
        sections.append(Section(f"{each.name}: networks, {split}", about, plots, tables))
    if each.generations:
        lengths = {"the list": reference.lengths} if reference else {}
        for row, generation in each.generations:
            lengths[row.job.network] = best_names(generation).lengths
        draw_lengths = partial(figures.lengths_figure, lengths)
        plots = [Plot(f"{file_name}-lengths", f"{each.name}: lengths of the names", draw_lengths)]
        sections.append(Section(f"{each.name}: generation", "", plots, (names_table(each),)))
    return sections


# --- training ---------------------------------------------------------------------------------------------------------


def backend_table(each: ListSummary) -> Table:
    """Make a table of the time and memory that each backend needs for the same networks and batches."""
    items = []
    for (network, batch_size), backends in each.speeds().items():
        first = next(iter(backends.values()))
        for backend, rounds in backends.items():
            ratio = speed_ratio(first, rounds) if rounds is not first else None
            items.append((network, backend, batch_size, list(rounds.values()), ratio))
    return make_table(
        "Time and memory of the backends",
        {
            "network": lambda item: item[0],
            "backend": lambda item: item[1],
            "batch (names)": lambda item: f"{item[2]:,}",
            "seconds per epoch": lambda item: spread(
                [run.seconds_per_epoch for run in item[3]], seconds, median
            ),
            "times as fast as the first": lambda item: show_ratio(item[4]) if item[4] else NONE,
            "start-up (s)": lambda item: spread(
                [run.start_up_seconds for run in item[3]], seconds, median
            ),
            "compilation (s)": lambda item: spread(
                [run.compilation_seconds for run in item[3]], seconds, median
            ),
            "peak memory (MiB)": lambda item: spread(
                [run.peak_memory_mib for run in item[3]], "{:,.0f}".format, median
            ),
            "largest loss difference (nats)": lambda item: spread(
                [each.curve_distance(item[0], item[1])], "{:.4f}".format
            ),
        },
        items,
        "Medians of several rounds, in which the backends took turns. The loss difference is the largest distance of "
        "the backend's validation losses from the first backend's.",
        left=2,
    )


def held_out_table(each: ListSummary, models: list[Model]) -> Table:
    """Make a table of every model's metrics on the held-out names."""
    references = [model for model in models if not model.runs]
    ngram = references[0] if references else None
    reference = next(iter(each.references.values()), None)
    note = "Below 0, the network is better than the n-gram." if ngram else ""
    if reference and reference.seen_percent:
        note += (
            f" {reference.seen_percent:.1f}% of the held-out names are also in the training set."
        )

    def against_ngram(model: Model) -> str:
        return show_difference(model.minus(ngram) if ngram and model.runs else None)

    return make_table(
        "Held-out names",
        {
            "network": lambda model: model.name,
            "argmax (%)": lambda model: spread(model.values("held_out", ARGMAX)),
            "sampled (%)": lambda model: spread(model.values("held_out", SAMPLED)),
            "loss (nats)": lambda model: spread(model.values("held_out", LOSS), "{:.3f}".format),
            "loss minus the n-gram's": against_ngram,
            "seeds": lambda model: str(len(model.runs)) if model.runs else NONE,
            "best epoch": lambda model: spread(
                [run.best_epoch for run in model.runs], "{:.0f}".format
            ),
            "epochs": lambda model: spread([run.epochs for run in model.runs], "{:.0f}".format),
            "parameters": lambda model: spread(
                [run.parameters for run in model.runs], "{:,.0f}".format
            ),
            "seconds": lambda model: spread([run.seconds for run in model.runs], seconds),
        },
        models,
        note.strip(),
        references=len(references),
    )


def parts_table(models: list[Model]) -> Table:
    """Make a table of both accuracies on each part of the list."""
    columns = {"network": lambda model: model.name}
    for kind, metric in KINDS.items():
        for part, words in PARTS.items():
            columns[f"{words}, {kind} (%)"] = partial(_accuracy_cell, part=part, metric=metric)
    references = len([model for model in models if not model.runs])
    return make_table("Accuracy on each part of the list", columns, models, references=references)


def _accuracy_cell(model: Model, part: Part, metric: Metric) -> str:
    return spread(model.values(part, metric))


# --- generated names --------------------------------------------------------------------------------------------------


class Drawn(NamedTuple):
    """The names that a model generated."""

    network: str
    maker: str  # the backend and the algorithm
    requested: int
    names: Names


def generated_by(each: ListSummary) -> list[Drawn]:
    """List all generated names: those of the networks, then those of the n-gram and the Markov chains."""
    drawn = []
    for row, generation in each.generations:
        for algorithm, names in generation.algorithms.items():
            maker = f"{row.job.model}, {ALGORITHMS[algorithm]}"
            drawn.append(Drawn(row.job.network, maker, row.job.names, names))
    for reference in list(each.references.values())[:1]:
        labels = {
            "ngram": f"{reference.baseline_order}-gram",
            "chain": "a Markov chain of order 4",
            "pairs": "pairs of letters",
        }
        for model, names in reference.generated.items():
            drawn.append(Drawn(labels[model], ALGORITHMS["count_splitting"], 0, names))
    return drawn


def names_table(each: ListSummary) -> Table:
    """Make a table of how fast each model generates names, and of how many are new, distinct and plausible."""
    columns: dict[str, Callable[[Drawn], str]] = {
        "network": lambda drawn: drawn.network,
        "drawn by": lambda drawn: drawn.maker,
        "names per second": lambda drawn: (
            whole(drawn.requested / drawn.names.seconds) if drawn.names.seconds else NONE
        ),
        "first time (s)": lambda drawn: spread([drawn.names.first_seconds], seconds),
        "in the list (%)": lambda drawn: f"{drawn.names.recreated_percent:.1f}",
        "new (%)": lambda drawn: f"{drawn.names.new_percent:.1f}",
        "plausible (%)": lambda drawn: spread([drawn.names.plausible_percent], "{:.1f}".format),
        "distinct (%)": lambda drawn: f"{drawn.names.unique_percent:.1f}",
        "drawn most often": lambda drawn: ", ".join(
            f"{isolated(name)} ×{count}" for name, count in drawn.names.duplicates[:MOST_OFTEN]
        ),
    }
    note = "The speed is that of the fastest call. The first one, which includes compilation, doesn't count."
    items = generated_by(each)
    baselines = [drawn for drawn in items if not drawn.requested]
    if baselines:
        [reference] = list(each.references.values())[:1]
        pairs = reference.generated["pairs"].plausible_percent
        note += (
            f" The judge of plausible names was trained on {reference.judge_names:,} held-out names"
        )
        if pairs is None or pairs > 90 - LEAST_JUDGE_MARGIN:
            del columns["plausible (%)"]
            note += ", which is too few"
        note += "."
    return make_table("Generated names", columns, items, note, left=2, references=len(baselines))


def samples_table(each: ListSummary) -> Table:
    """Make a table of ten new names from each network and from the n-gram."""
    samples = {drawn.network: drawn.names.new_names for drawn in generated_by(each)}
    rows = tuple((network, ", ".join(names)) for network, names in samples.items())
    return Table("Names that aren't in the training set", ("drawn by", "names"), rows, left=2)
