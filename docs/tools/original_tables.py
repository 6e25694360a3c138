"""The tables of ``docs/results/original.md``, which compare namegen's results with the blog's."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping, Sequence
from math import isnan
from pathlib import Path
from statistics import mean

import blog_results as blog
from blog_results import LISTS

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))  # the package benchmarks isn't installed

from benchmarks.frequencies import LENGTHS, ListFrequencies, agreement  # noqa: E402
from benchmarks.frequencies import read as read_frequencies  # noqa: E402
from namegen.experiments.pairs import Metric  # noqa: E402
from namegen.experiments.report import NONE, Table, percent, spread  # noqa: E402
from namegen.experiments.rows import Algorithm, Generation, Part  # noqa: E402
from namegen.experiments.summary import (  # noqa: E402
    ARGMAX,
    LOSS,
    SAMPLED,
    ListSummary,
    Model,
    best_names,
)

BASELINE = "baseline"
CEILING = "ceiling"
RESULTS = ROOT / "docs" / "results"
SPLIT = "by-row"  # the split that the blog used
OUR_NETWORKS = ("SimpleRNN 2×32", "LSTM 2×32", "GRU 2×32", "SimpleRNN 2×128")
REFERENCES = {BASELINE: "n-gram", CEILING: "ceiling of the held-out part"}
SWEEPS = ("learning-rate", "batch-size", "momentum", "hidden", "cell", "backend", "bptt")

# --- the whole list ---------------------------------------------------------------------------------------------------


def whole_list_table(entries: Sequence[ListSummary]) -> str:
    """Compare both kinds of accuracy on the whole list with the blog's."""
    columns = ["network", *_columns_by_list("sampled", "argmax")]
    rows = [_whole_list_row(network, entries) for network in blog.SAMPLED_ACCURACY]
    return markdown_table(columns, rows)


def _whole_list_row(network: str, entries: Sequence[ListSummary]) -> list[str]:
    """Return a row that compares both accuracies of a network with the blog's, for each list."""
    row = [network]
    for entry in entries:
        sampled = _accuracy_on_whole_list(entry, network, SAMPLED)
        argmax = _accuracy_on_whole_list(entry, network, ARGMAX)
        row.append(format_change(blog.SAMPLED_ACCURACY[network][entry.name], sampled))
        row.append(format_change(blog.ARGMAX_ACCURACY[network][entry.name], argmax))
    return row


def _accuracy_on_whole_list(entry: ListSummary, blog_network: str, metric: Metric) -> float:
    """Return namegen's accuracy with one of the blog's networks, in percent. The ceiling counts as a network."""
    model = CEILING if blog_network == blog.CEILING else blog.NETWORKS[blog_network]
    return 100 * mean(values_of(entry, SPLIT, model, "whole", metric))


# --- other ways to train ----------------------------------------------------------------------------------------------


def training_ways_table(entries: Sequence[ListSummary]) -> str:
    """Compare several ways to train the blog's networks."""
    other_runs = read_csv(RESULTS / "other-ways.csv")
    rows = []
    for network in ("LSTM 2×32", "SimpleRNN 2×32"):
        rows.append(_blog_training_row(network))
        rows.append(_our_training_row(network, entries))
        runs = [run for run in other_runs if run["network"] == network]
        ways = dict.fromkeys(run["way"] for run in runs)
        rows += [_other_training_row(network, way, runs) for way in ways]
    columns = ["network", "how", *_columns_by_list("sampled / argmax", "in the list")]
    return markdown_table(columns, rows, left=2)


def _blog_training_row(network: str) -> list[str]:
    """Return a row with the blog's accuracies and its percentage of generated names that are in the list."""
    blog_network = f"Keras, {network}"
    row = [network, "the blog"]
    for name in LISTS:
        sampled = blog.SAMPLED_ACCURACY[blog_network][name]
        argmax = blog.ARGMAX_ACCURACY[blog_network][name]
        row.append(f"{sampled:.1f} / {argmax:.1f}")
        row.append(f"{blog.RECREATED_NAMES[blog_network][name]:.1f}")
    return row


def _our_training_row(network: str, entries: Sequence[ListSummary]) -> list[str]:
    """Return a row with namegen's results of the same network for the first seed."""
    our_network = blog.NETWORKS[f"Keras, {network}"]
    row = [network, "80% of the list, as in the other tables"]
    for entry in entries:
        accuracies = find_model(entry, SPLIT, our_network).runs[0].metrics["whole"]
        row.append(_accuracy_pair(accuracies.accuracy_sampled, accuracies.accuracy_argmax))
        generated_names = best_names(find_generation(entry, our_network, "numpy"))
        row.append(f"{generated_names.recreated_percent:.1f}")
    return row


def _other_training_row(network: str, way: str, runs: Sequence[dict[str, str]]) -> list[str]:
    """Return a row with the results of one way to train a network, for each list.

    The runs are from a CSV file, which has one run for each way and list.
    """
    row = [network, way]
    for list_name in LISTS:
        run = next(run for run in runs if run["way"] == way and run["list"] == list_name)
        sampled = float(run["accuracy_sampled"])
        argmax = float(run["accuracy_argmax"])
        row.append(_accuracy_pair(sampled, argmax))
        row.append(run["recreated_percent"] or NONE)
    return row


def _accuracy_pair(sampled: float, argmax: float) -> str:
    """Format both kinds of accuracy, in percent."""
    return f"{percent(sampled)} / {percent(argmax)}"


# --- held-out names ---------------------------------------------------------------------------------------------------


def held_out_table(entries: Sequence[ListSummary]) -> str:
    """Compare the argmax accuracy on the held-out names with the blog's."""
    columns = ["network", *_columns_by_list("blog", "here")]
    rows = []
    for blog_network, blog_accuracy in blog.HELD_OUT_ACCURACY.items():
        model = blog.NETWORKS[blog_network]
        rows.append(_held_out_row(blog_network, model, entries, blog_accuracy))
    smallest_network = OUR_NETWORKS[0]
    models = {smallest_network: f"{smallest_network}, with `--quick`", **REFERENCES}
    no_results: dict[str, float] = {}  # the blog didn't measure these models
    rows += [_held_out_row(name, model, entries, no_results) for model, name in models.items()]
    return markdown_table(columns, rows)


def _held_out_row(
    name: str, model: str, entries: Sequence[ListSummary], blog_accuracy: Mapping[str, float]
) -> list[str]:
    """Return a row with the blog's accuracy, if it's known, and namegen's accuracy, for each list."""
    row = [name]
    for entry in entries:
        accuracies = values_of(entry, SPLIT, model, "held_out", ARGMAX)
        row.append(format_if_known(blog_accuracy.get(entry.name), ".1f"))
        row.append(spread(accuracies))
    return row


def leaks_table(entries: Sequence[ListSummary]) -> str:
    """Show how many held-out names are also in the training set, and how well the models predict held-out names."""
    columns = ["list", "held-out names in the training set, %", "n-gram", "best network"]
    rows = [_leaks_row(entry) for entry in entries]
    return markdown_table(columns, rows)


def _leaks_row(entry: ListSummary) -> list[str]:
    """Return the row of a list. The best network is the one with the highest accuracy on the held-out names."""
    seen_percent = next(iter(entry.references.values())).seen_percent
    ngram_accuracy = _mean_held_out_accuracy(entry, BASELINE)
    accuracies = {
        model.name: _mean_held_out_accuracy(entry, model.name)
        for model in entry.models(SPLIT)
        if model.runs
    }
    best_network = max(accuracies, key=accuracies.__getitem__)
    best = f"{percent(accuracies[best_network])} ({best_network})"
    return [entry.name, f"{seen_percent:.1f}", percent(ngram_accuracy), best]


def _mean_held_out_accuracy(entry: ListSummary, model: str) -> float:
    """Return the argmax accuracy on the held-out names, averaged over the seeds."""
    return mean(values_of(entry, SPLIT, model, "held_out", ARGMAX))


def width_table(entries: Sequence[ListSummary]) -> str:
    """Show how much more accurate a network with 128 units per layer is than one with 32, with both splits."""
    rows = [_width_row("by-row", entries), _width_row("by-name", entries)]
    return markdown_table(["split", *LISTS], rows)


def _width_row(split: str, entries: Sequence[ListSummary]) -> list[str]:
    """Return a row with the gain in accuracy with one split, for each list."""
    row: list[str] = [split]
    for entry in entries:
        wide = find_model(entry, split, "SimpleRNN 2×128")
        gain = wide.minus(find_model(entry, split, "SimpleRNN 2×32"), ARGMAX)
        if gain is None:
            row.append(NONE)
        else:
            mean_gain, low, high = [f"{100 * value:+.1f}".replace("-", "−") for value in gain]
            row.append(f"{mean_gain} ({low} to {high})")
    return row


def unseen_names_table(entries: Sequence[ListSummary]) -> str:
    """Show the results on held-out names that aren't in the training set."""
    columns = ["network", *_columns_by_list("argmax", "nats per character")]
    rows = [_unseen_names_row(network, network, entries) for network in OUR_NETWORKS]
    rows += [_unseen_names_row(name, model, entries) for model, name in REFERENCES.items()]
    return markdown_table(columns, rows)


def _unseen_names_row(name: str, model: str, entries: Sequence[ListSummary]) -> list[str]:
    """Return a row with the accuracy and the loss of a network, the n-gram or the ceiling, for each list."""
    row = [name]
    for entry in entries:
        for metric in (ARGMAX, LOSS):
            values = values_of(entry, "by-name", model, "held_out", metric)
            row.append(spread(values, "{:.3f}".format if metric == LOSS else percent))
    return row


# --- generated names --------------------------------------------------------------------------------------------------


def recreated_names_table(entries: Sequence[ListSummary]) -> str:
    """Compare the share of generated names that are in the list with the blog's."""
    rows = [_recreated_names_row(network, entries) for network in blog.RECREATED_NAMES]
    return markdown_table(["network", *LISTS], rows)


def _recreated_names_row(blog_network: str, entries: Sequence[ListSummary]) -> list[str]:
    """Return a row that compares the percentages of one of the blog's networks, for each list."""
    row = [blog_network]
    for entry in entries:
        generated_names = best_names(find_generation(entry, blog.NETWORKS[blog_network], "numpy"))
        blog_percent = blog.RECREATED_NAMES[blog_network][entry.name]
        row.append(format_change(blog_percent, generated_names.recreated_percent))
    return row


def generation_time_table(entries: Sequence[ListSummary]) -> str:
    """Compare the seconds for 10,000 names with the blog's."""
    columns = ["model", *_columns_by_list("blog", "one by one", "splitting")]
    rows = [_generation_time_row(time, entries) for time in blog.GENERATION_TIMES]
    return markdown_table(columns, rows)


def _generation_time_row(
    blog_time: blog.GenerationTime, entries: Sequence[ListSummary]
) -> list[str]:
    """Return a row with the blog's time, and namegen's times with both algorithms, for each list."""
    row = [blog_time.method]
    for entry in entries:
        generation = find_generation(entry, blog_time.network, blog_time.model)
        row.append(format_if_known(blog_time.seconds.get(entry.name), "g"))
        row.append(_format_seconds(generation, "one_by_one"))
        row.append(_format_seconds(generation, "count_splitting"))
    return row


def _format_seconds(generation: Generation, algorithm: Algorithm) -> str:
    """Format the time of an algorithm, or a dash if the model doesn't support the algorithm."""
    if algorithm not in generation.algorithms:
        return NONE
    return f"{generation.algorithms[algorithm].seconds or 0:.3f}"


def frequencies_table() -> str:
    """Show how well the frequencies of generated names agree with the list, for each length."""
    frequencies_by_list = {frequencies.name: frequencies for frequencies in read_frequencies()}
    columns = _columns_by_list("% of the list", "% of the names drawn", "correlation")
    rows = []
    for length in LENGTHS:
        row = [str(length)]
        for list_name in LISTS:
            row += _frequency_cells(frequencies_by_list[list_name], length)
        rows.append(row)
    return markdown_table(["characters", *columns], rows)


def _frequency_cells(frequencies: ListFrequencies, length: int) -> list[str]:
    """Return the percentage of names with a certain length in the list and among the generated names.

    The third cell is the correlation between the frequencies of the names in both. Each group contains names that occur
    equally often.
    """
    groups = [group for group in frequencies.alike if group.length == length]
    listed = sum(group.listed * group.names for group in groups)
    generated = sum(group.drawn * group.names for group in groups)
    correlation = agreement(frequencies, length)
    return [
        percent(listed / frequencies.entries),
        percent(generated / frequencies.generated),
        NONE if isnan(correlation) else f"{correlation:.2f}",
    ]


# --- sweeps -----------------------------------------------------------------------------------------------------------


def sweeps_table() -> str:
    """Show the accuracy on held-out names and the training time for each setting of the sweeps."""
    columns = ["sweep", "setting", *_columns_by_list("argmax", "seconds")]
    rows = []
    for sweep in SWEEPS:
        rows += _sweep_rows(sweep)
    return markdown_table(columns, rows, left=2)


def _sweep_rows(sweep: str) -> list[list[str]]:
    """Return a row for each value of the setting that a sweep varies."""
    runs = read_csv(RESULTS / f"sweep-{sweep}.csv")
    setting = _swept_setting(runs[0])
    short_setting = setting.rpartition(".")[2].replace("_", " ")
    rows = []
    for value in dict.fromkeys(run[setting] for run in runs):
        runs_with_value = [run for run in runs if run[setting] == value]
        rows.append([sweep, f"{short_setting} {value}", *_sweep_cells(runs_with_value)])
    return rows


def _swept_setting(run: dict[str, str]) -> str:
    """Return the column with the setting that a sweep varies. It's the backend if there is no other one."""
    for column in run:
        if column.startswith(("training.", "network.")):
            return column
    return "backend"


def _sweep_cells(runs: Sequence[dict[str, str]]) -> list[str]:
    """Return the accuracy and the average seconds of some runs, for each list."""
    cells = []
    for list_name in LISTS:
        runs_of_list = [run for run in runs if run["list"] == list_name]
        accuracies = [float(run["held_out_accuracy_argmax"]) for run in runs_of_list]
        seconds = mean(float(run["seconds"]) for run in runs_of_list)
        cells += [spread(accuracies), f"{seconds:.1f}"]
    return cells


# --- helpers ----------------------------------------------------------------------------------------------------------


def read_csv(path: Path) -> list[dict[str, str]]:
    """Read the rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def find_model(entry: ListSummary, split: str, name: str) -> Model:
    """Return a network, the n-gram (``BASELINE``) or the ceiling (``CEILING``)."""
    *networks, ngram, ceiling = entry.models(split)
    models = {model.name: model for model in networks} | {BASELINE: ngram, CEILING: ceiling}
    return models[name]


def values_of(entry: ListSummary, split: str, name: str, part: Part, metric: Metric) -> list[float]:
    """Return a metric of a model on one part of the list, for each seed."""
    values = find_model(entry, split, name).values(part, metric)
    return list(dict.fromkeys(values)) if name in REFERENCES else values


def find_generation(entry: ListSummary, network: str, model: str) -> Generation:
    """Return the results for the names that a network generated with a backend."""
    return next(
        generation
        for row, generation in entry.generations
        if row.job.network == network and row.job.model == model
    )


def format_if_known(value: float | None, number_format: str) -> str:
    """Format a number, or a missing number as a dash."""
    return NONE if value is None else format(value, number_format)


def format_change(blog_value: float, our_value: float) -> str:
    """Format the blog's value, namegen's value and the difference."""
    difference = round(our_value - blog_value, 1) + 0  # + 0 turns -0.0 into 0.0
    return f"{blog_value:.1f} → {our_value:.1f} ({difference:+.1f})"


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Write a Markdown table without a title."""
    row_tuples = tuple(tuple(row) for row in rows)
    markdown = Table("", tuple(columns), row_tuples, left=left).markdown()
    _, _, table = markdown.partition("\n\n")
    return table


def _columns_by_list(*headings: str) -> list[str]:
    """Return column headings for each list, such as ``mlb-first, argmax``."""
    columns = []
    for list_name in LISTS:
        columns += [f"{list_name}, {heading}" for heading in headings]
    return columns
