"""Decide what the report of a comparison or a sweep contains: its sentences, tables and plots."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from statistics import mean, median

from namegen.errors import counted
from namegen.experiments import plots
from namegen.experiments.document import Plot, Report, Section, Table
from namegen.experiments.jobs import describe_settings
from namegen.experiments.ratios import Ratio
from namegen.experiments.rows import Results, Training
from namegen.experiments.summary import (
    ARGMAX,
    LOSS,
    SAMPLED,
    ListSummary,
    lists_of,
    speed_ratio,
    timings_of,
)
from namegen.experiments.text import (
    NONE,
    file_words,
    percent,
    ratio_text,
    spread,
    three_digits,
)

IN_HEADLINE = 2  # sentences
BUSY = 1.5  # a load average; with a higher one, other programs need the cores, too


def make_report(results: Results) -> Report:
    """Make the report of a comparison or a sweep."""
    sentences = [*speed_findings(results), *quality_findings(results)]
    headline = sentences[:IN_HEADLINE] or ["No run has finished."]
    epochs = [
        row.result.epochs
        for row in results.rows
        if isinstance(row.result, Training) and row.job.kind == "network"
    ]
    if results.options.get("quick") and epochs:
        most = counted(max(epochs), "epoch")
        headline.append(f"A quick comparison: the networks were trained for only {most}.")

    sections: list[Section] = []
    prefixes: set[str] = set()
    for number, each in enumerate(lists_of(results), start=1):
        words = file_words(Path(each.name).stem)
        is_unique = words and words not in prefixes
        prefix = words if is_unique else f"{words or 'list'}-{number}"
        prefixes.add(prefix)
        sections += list_sections(each, prefix)
    return Report(
        title="Settings compared" if results.command == "sweep" else "Backends compared",
        headline=" ".join(headline),
        findings=sentences[IN_HEADLINE:],
        warnings=warnings_about(results),
        details=details_of(results),
        sections=sections,
    )


# --- sentences --------------------------------------------------------------------------------------------------------


def speed_findings(results: Results) -> list[str]:
    """Compare the first backend with each of the others, for each network, with the ratio and its interval."""
    findings = []
    for network, by_backend in timings_of(results.rows).items():
        first, *others = by_backend
        for other in others:
            faster, slower = first, other
            ratio = speed_ratio(by_backend[first], by_backend[other])
            if ratio is None:
                continue
            if ratio.mean < 1:
                faster, slower = other, first
                ratio = Ratio(1 / ratio.mean, 1 / ratio.high, 1 / ratio.low)
            text = f"{network}: {faster} trains {ratio_text(ratio)} times as fast as {slower}."
            if ratio.low <= 1:
                text += " The difference isn't clear."
            findings.append(text)
    return findings


def quality_findings(results: Results) -> list[str]:
    """Name the best network of each list and split, and the losses that it's compared with."""
    findings = []
    for each in lists_of(results):
        for split, networks in each.networks().items():
            best = min(networks, key=lambda model: model.mean(LOSS))
            text = (
                f"{each.name}, {split}: the best network is {best.name}, with a loss of {best.mean(LOSS):.3f} nats on "
                "held-out names"
            )
            references = each.reference_models(split)
            losses = [f"{model.name}: {model.mean(LOSS):.3f}" for model in references]
            findings.append(f"{text} ({', '.join(losses)})." if losses else f"{text}.")
    return findings


def warnings_about(results: Results) -> list[str]:
    """List missing results, with one sentence for each backend and reason, and unreliable speeds."""
    jobs: dict[tuple[str, str, str], list[str]] = {}
    for row in results.rows:
        if row.status != "done":
            jobs.setdefault((row.status, row.job.backend, row.why), []).append(row.job.label)
    warnings = []
    for (status, backend, why), labels in jobs.items():
        more = f" and {len(labels) - 1} more" if len(labels) > 1 else ""
        warnings.append(f"{status.capitalize()} ({backend}): {labels[0]}{more}: {why}.")
    if results.jobs_left:
        left = counted(results.jobs_left, "job")
        warnings.append(f"{left} haven't run yet. Run the same command to continue.")

    loads = [
        row.result.load
        for row in results.rows
        if row.job.is_timed and isinstance(row.result, Training) and row.result.load is not None
    ]
    if loads and median(loads) > BUSY:
        warnings.append(
            f"Other programs were running during the timings (load average {median(loads):.1f}), so the speeds are "
            "less reliable than their intervals suggest. To measure again, use an idle machine and another output "
            "folder."
        )
    return warnings


def details_of(results: Results) -> list[str]:
    """Describe the machines, the versions and the settings."""
    machines = dict.fromkeys(
        f"{row.machine.processor}, {counted(row.machine.cores, 'core')}, {row.machine.system}"
        for row in results.rows
        if row.machine is not None
    )
    versions = dict.fromkeys(
        f"{library} {version}" for row in results.rows for library, version in row.versions.items()
    )
    options = {name: value for name, value in results.options.items() if value}
    return [
        f"Machine: {'; '.join(machines)}. Each job ran in its own process, and timed jobs ran alone.",
        f"Versions: {', '.join(versions)}.",
        f"Settings: {describe_settings(options)}.",
        "The results are from the epoch with the lowest loss on the held-out names. The original's networks use the "
        "epoch with the highest accuracy.",
        "The parentheses after a ratio contain its 95% confidence interval. All other parentheses contain the lowest "
        "and the highest value over the seeds or rounds.",
    ]


# --- sections ---------------------------------------------------------------------------------------------------------


def list_sections(each: ListSummary, prefix: str) -> list[Section]:
    """Make the sections about one list. Sections without results are omitted.

    Args:
        each: the results of the list.
        prefix: the start of the file names of its plots.
    """
    sections = []
    if timings_of(each.rows):
        sections.append(backend_section(each, prefix))
    for split in each.networks():
        sections.append(network_section(each, split, prefix))
    if each.generations():
        sections.append(names_section(each, prefix))
    return sections


def backend_section(each: ListSummary, prefix: str) -> Section:
    """Show the learning curves, the time and the memory of each backend with the same networks."""
    curves = []
    for place, (network, by_backend) in enumerate(timings_of(each.rows).items(), start=1):
        # All rounds of a backend have the same losses, so the first one is enough.
        lines = {backend: list(rounds.values())[:1] for backend, rounds in by_backend.items()}
        draw = partial(plots.curves_figure, lines, [])
        curves.append(Plot(f"{prefix}-curves-{place}", f"{each.name}: {network}", draw))
    return Section(
        f"{each.name}: the same network, trained by each backend",
        "Each backend trains the same network, from the same initial weights, on the same batches. The learning "
        "rate is a third of the other networks' rate.",
        curves,
        [backend_table(each)],
    )


def network_section(each: ListSummary, split: str, prefix: str) -> Section:
    """Show the learning curves and the accuracy of the networks that were trained on one type of split."""
    networks = each.networks()[split]
    references = each.reference_models(split)
    lines = {model.name: model.runs for model in networks}
    learning = partial(plots.curves_figure, lines, references)
    bars = partial(plots.accuracy_figure, networks, references)
    about = (
        "argmax: how often the most likely next character is right. sampled: how often a character drawn from the "
        "model's probabilities is right. ceiling: the best result that any model can reach."
    )
    for reference in each.references(split)[:1]:
        different = f"{reference.distinct_names:,} of them different"
        about += f" The list has {counted(reference.names, 'name')}, {different}."
    return Section(
        f"{each.name}: networks, {split}",
        about,
        [
            Plot(f"{prefix}-learning-{split}", f"{each.name}: learning curves, {split}", learning),
            Plot(f"{prefix}-accuracy-{split}", f"{each.name}: accuracy, {split}", bars),
        ],
        [held_out_table(each, split)],
    )


def names_section(each: ListSummary, prefix: str) -> Section:
    """Show the lengths of the generated names, the first new ones, and the speed."""
    lengths = {network: generation.lengths for network, _, generation in each.generations()}
    for reference in each.references()[:1]:
        lengths = {"the list": reference.lengths, **lengths}
    draw = partial(plots.lengths_figure, lengths)
    plot = Plot(f"{prefix}-lengths", f"{each.name}: lengths of the names", draw)
    title = f"{each.name}: generated names"
    return Section(title, "", [plot], [samples_table(each), names_table(each)])


def backend_table(each: ListSummary) -> Table:
    """Make a table of the time and memory that each backend needs for the same networks and batches."""
    cells = []
    for network, by_backend in timings_of(each.rows).items():
        first = next(iter(by_backend.values()))
        first_losses = next(iter(first.values())).history.validation_loss_nats_per_char
        for backend, rounds in by_backend.items():
            runs = list(rounds.values())
            ratio = speed_ratio(rounds, first) if rounds is not first else None
            losses = zip(first_losses, runs[0].history.validation_loss_nats_per_char, strict=False)
            distances = [abs(a - b) for a, b in losses if a is not None and b is not None]
            cells.append(
                {
                    "network": network,
                    "backend": backend,
                    "seconds per epoch": spread(run.seconds_per_epoch for run in runs),
                    "times as fast as the first": ratio_text(ratio) if ratio else NONE,
                    "start-up (s)": spread(run.start_up_seconds for run in runs),
                    "compilation (s)": spread(run.compilation_seconds for run in runs),
                    "peak memory (MiB)": spread(
                        (run.peak_memory_mib for run in runs), "{:,.0f}".format
                    ),
                    "largest loss difference (nats)": f"{max(distances, default=0):.4f}",
                }
            )
    note = (
        "Means over several rounds, in which the backends took turns. The loss difference is the largest distance of "
        "the backend's validation losses from the first backend's."
    )
    return Table("Time and memory of the backends", cells, note, left=2)


def held_out_table(each: ListSummary, split: str) -> Table:
    """Make a table of every model's metrics on the held-out names."""
    references = each.reference_models(split)
    cells = []
    for model in (*each.networks()[split], *references):
        cells.append(
            {
                "network": model.name,
                "argmax (%)": spread(model.values(ARGMAX), percent),
                "sampled (%)": spread(model.values(SAMPLED), percent),
                "loss (nats)": spread(model.values(LOSS), "{:.3f}".format),
                "seeds": str(len(model.runs) or NONE),
                "best epoch": spread((run.best_epoch for run in model.runs), "{:.0f}".format),
                "epochs": spread((run.epochs for run in model.runs), "{:.0f}".format),
                "parameters": spread((run.parameters for run in model.runs), "{:,.0f}".format),
                "seconds": spread(run.seconds for run in model.runs),
            }
        )
    note = ""
    seen_percent = mean([reference.seen_percent for reference in each.references(split)] or [0])
    if seen_percent:
        note = f"{seen_percent:.1f}% of the held-out names are also in the training set."
    return Table("Held-out names", cells, note, references=len(references))


def names_table(each: ListSummary) -> Table:
    """Make a table of how fast each backend generates names, and of how many are in the list and distinct."""
    cells = []
    for network, backend, generation in each.generations():
        row = {
            "network": network,
            "backend": backend,
            "in the list (%)": f"{generation.recreated_percent:.1f}",
            "distinct (%)": f"{generation.unique_percent:.1f}",
        }
        for way, speed in generation.names_per_second.items():
            row[f"names per second, {way}"] = three_digits(speed)
        cells.append(row)
    note = "The speed is that of the fastest call. The first one, which includes compilation, doesn't count."
    return Table("Generated names", cells, note, left=2, references=1)


def samples_table(each: ListSummary) -> Table:
    """Make a table of the first new names from each network and from the n-gram."""
    samples = {network: generation.new_names for network, _, generation in each.generations()}
    cells = [{"network": network, "names": ", ".join(names)} for network, names in samples.items()]
    return Table("The first names that aren't in the list", cells, left=2)
