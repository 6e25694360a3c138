"""Write the tables of ``docs/results/original.md``, and three CSV files, from the results of ``compare-backends``.

In the page, it replaces everything between ``<!-- table NAME -->`` and ``<!-- end -->``. The blog's own results are
constants here, in percent and seconds. With ``--check``, only check that the files are up to date.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import isnan
from pathlib import Path
from statistics import mean
from textwrap import fill

from options import check_asked, write_or_check

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))  # benchmarks is no part of what is installed

from benchmarks.frequencies import LENGTHS, agreement  # noqa: E402
from benchmarks.frequencies import read as read_frequencies  # noqa: E402
from namegen.documents import from_plain  # noqa: E402
from namegen.experiments.compare import pairs  # noqa: E402
from namegen.experiments.compare.document import (  # noqa: E402
    BASELINE,
    CEILING,
    Algorithm,
    Comparison,
    Generation,
    ListEntry,
    SplitName,
)
from namegen.experiments.compare.name_tables import (  # noqa: E402
    generated_names_table,
    speed_table,
)
from namegen.experiments.compare.network_tables import like_for_like_table  # noqa: E402
from namegen.experiments.compare.pairs import in_figures  # noqa: E402
from namegen.experiments.compare.tables import verdict_blocks  # noqa: E402
from namegen.experiments.report import ARGMAX, NONE, Table, markdown, percent, spread  # noqa: E402
from namegen.experiments.trained import Metric  # noqa: E402

RESULTS = ROOT / "docs" / "results" / "results.json"
DOCUMENT = RESULTS.with_name("original.md")
BLOCK = re.compile(r"<!-- table (\w+) -->\n.*?<!-- end -->", re.DOTALL)
LISTS = ("mlb-first", "mlb-last")
# What draws names of the same kind as "numpy, count-splitting": other engines, and another way.
SAME_NAMES = {
    "numpy, one by one",
    *(
        f"{model}, {way}"
        for model in ("keras", "tflite step")
        for way in ("one by one", "count-splitting")
    ),
    "tflite generate, one by one",
}
SPLIT: SplitName = "by-row"  # as the blog drew it
THEIR_CEILING = "theoretical maximum"

# The blog's figures: network there → what it is called here, then those for first names and for last names.
NETWORKS = {
    "scratch NumPy, SimpleRNN 2×32": "scratch 2×32 (original)",
    "Keras, SimpleRNN 2×32": "Keras SimpleRNN 2×32 (original)",
    "Keras, LSTM 2×32": "Keras LSTM 2×32 (original)",
    "Keras, SimpleRNN 2×128": "Keras SimpleRNN 2×128 (original)",
}
WHOLE_SAMPLED = {
    "scratch NumPy, SimpleRNN 2×32": (44.8, 26.8),
    "Keras, SimpleRNN 2×32": (48.0, 30.3),
    "Keras, LSTM 2×32": (48.8, 34.4),
    "Keras, SimpleRNN 2×128": (52.5, 43.9),
    THEIR_CEILING: (54.1, 53.6),
}
WHOLE_ARGMAX = {
    "scratch NumPy, SimpleRNN 2×32": (56.9, 40.0),
    "Keras, SimpleRNN 2×32": (59.0, 43.7),
    "Keras, LSTM 2×32": (59.8, 47.0),
    "Keras, SimpleRNN 2×128": (62.1, 54.6),
    THEIR_CEILING: (62.7, 60.1),
}
HELD_OUT_ARGMAX = {"Keras, SimpleRNN 2×32": (58.2, 42.3), "Keras, LSTM 2×32": (58.9, 44.8)}
RECREATED = {
    "scratch NumPy, SimpleRNN 2×32": (63.1, 9.0),
    "Keras, SimpleRNN 2×32": (72.7, 14.5),
    "Keras, LSTM 2×32": (75.8, 21.3),
    "Keras, SimpleRNN 2×128": (88.6, 49.8),
}
OWN_NETWORKS = ("SimpleRNN 2×32", "LSTM 2×32", "GRU 2×32", "SimpleRNN 2×128")
# Seconds for 10,000 names: what drew them there → the network and the model here that is nearest to it.
DRAWING = {
    "scratch": ((5.8, 7.5), "scratch 2×32 (original)", "numpy"),
    "Keras, graph mode": ((267, 373), "SimpleRNN 2×32", "keras"),
    "TensorFlow Lite, the step": ((166, 177), "SimpleRNN 2×32", "tflite step"),
    "TensorFlow Lite, the loop inside": (None, "SimpleRNN 2×32", "tflite generate"),
}

SWEEPS = ("learning-rate", "batch-size", "momentum", "hidden", "cell", "backend", "bptt")
REFERENCES = {BASELINE: "n-gram", CEILING: "ceiling of the held-out part"}


def whole_list(entries: Sequence[ListEntry]) -> str:
    """Both kinds of accuracy over the whole list."""
    columns = ["network", *(f"{name}, {kind}" for name in LISTS for kind in ("sampled", "argmax"))]
    figures: dict[Metric, dict[str, tuple[float, float]]]
    figures = {"accuracy_sampled": WHOLE_SAMPLED, "accuracy_argmax": WHOLE_ARGMAX}
    rows = []
    for network in WHOLE_SAMPLED:
        row = [network]
        for place, entry in enumerate(entries):
            for figure, theirs in figures.items():
                row.append(beside(theirs[network][place], ours_of_whole(entry, network, figure)))
        rows.append(row)
    return table(columns, rows)


def ours_of_whole(entry: ListEntry, network: str, figure: Metric) -> float:
    """Our accuracy of one of the blog's networks, or of the ceiling, over the whole list, in percent."""
    if network == THEIR_CEILING:
        return 100 * mean(entry.values(SPLIT, "ceiling", "whole", figure))
    return 100 * mean(entry.values(SPLIT, NETWORKS[network], "whole", figure))


def ways(entries: Sequence[ListEntry]) -> str:
    """The blog's networks, trained in several ways."""
    with (RESULTS.parent / "other-ways.csv").open(encoding="utf-8", newline="") as stream:
        found = list(csv.DictReader(stream))
    rows = []
    for short in ("LSTM 2×32", "SimpleRNN 2×32"):
        network = f"Keras, {short}"
        blog, here = [], []
        for place, entry in enumerate(entries):
            blog += [pair(WHOLE_SAMPLED[network][place], WHOLE_ARGMAX[network][place])]
            blog += [f"{RECREATED[network][place]:.1f}"]
            seed = entry.runs(SPLIT, NETWORKS[network])[0].figures.whole
            drawn = generation(entry, NETWORKS[network], "numpy").best
            here += [
                pair(100 * seed.accuracy_sampled, 100 * seed.accuracy_argmax),
                f"{drawn.recreated_percent:.1f}",
            ]
        rows += [
            [short, "the blog", *blog],
            [short, "80% of the list, as in the other tables", *here],
        ]
        for way in dict.fromkeys(one["way"] for one in found if one["network"] == short):
            row = [short, way]
            for name in LISTS:
                one = next(
                    each
                    for each in found
                    if (each["network"], each["way"], each["list"]) == (short, way, name)
                )
                row.append(
                    pair(100 * float(one["accuracy_sampled"]), 100 * float(one["accuracy_argmax"]))
                )
                row.append(one["recreated_percent"] or NONE)
            rows.append(row)
    columns = [
        "network",
        "how",
        *(f"{name}, {what}" for name in LISTS for what in ("sampled / argmax", "in the list")),
    ]
    return table(columns, rows, left=2)


def pair(sampled: float, argmax: float) -> str:
    """Format both kinds of accuracy, in percent."""
    return f"{sampled:.1f} / {argmax:.1f}"


def held_out(entries: Sequence[ListEntry]) -> str:
    """Argmax accuracy on the held-out part, with the range over seeds."""
    rows = []
    for network, theirs in HELD_OUT_ARGMAX.items():
        row = [network]
        for place, entry in enumerate(entries):
            ours = entry.values(SPLIT, NETWORKS[network], "held_out", "accuracy_argmax")
            row += [f"{theirs[place]:.1f}", spread(ours)]
        rows.append(row)
    own = (
        spread(entry.values(SPLIT, OWN_NETWORKS[0], "held_out", "accuracy_argmax"))
        for entry in entries
    )
    rows.append(
        [
            f"{OWN_NETWORKS[0]}, with `--quick`",
            *(cell for ours in own for cell in (NONE, ours)),
        ]
    )
    for whose, name in REFERENCES.items():
        values = (entry.values(SPLIT, whose, "held_out", "accuracy_argmax") for entry in entries)
        rows.append([name, *(cell for found in values for cell in (NONE, spread(found)))])
    return table(
        ["network", *(f"{name}, {whose}" for name in LISTS for whose in ("blog", "here"))], rows
    )


def leaks(entries: Sequence[ListEntry]) -> str:
    """How many held-out names are also in the training set, and how well the n-gram and a network predict them."""
    rows = []
    for entry in entries:
        seen = mean(run.seen_percent for run in entry.references if run.split == "by-row")
        ngram = mean(entry.values("by-row", BASELINE, "held_out", "accuracy_argmax"))
        network, accuracy = best_network(entry, "by-row")
        rows.append([entry.name, f"{seen:.1f}", percent(ngram), f"{percent(accuracy)} ({network})"])
    columns = ["list", "held-out names in the training set, %", "n-gram", "best network"]
    return table(columns, rows)


def best_network(entry: ListEntry, split: SplitName) -> tuple[str, float]:
    """The network with the best argmax accuracy on the held-out part, and this accuracy."""
    accuracies = {
        network: mean(entry.values(split, network, "held_out", "accuracy_argmax"))
        for network in entry.networks(split)
    }
    best = max(accuracies, key=accuracies.__getitem__)
    return best, accuracies[best]


def width(entries: Sequence[ListEntry]) -> str:
    """How much a network with 128 units per layer gains over one with 32, with both splits."""
    splits: tuple[SplitName, ...] = ("by-row", "by-name")
    rows = [
        [split, *(in_figures(_gain_of_width(entry, split), ARGMAX) for entry in entries)]
        for split in splits
    ]
    return table(["split", *LISTS], rows)


def _gain_of_width(entry: ListEntry, split: SplitName) -> pairs.Difference:
    return pairs.between(entry, split, "SimpleRNN 2×128", "SimpleRNN 2×32", ARGMAX)


def unseen(entries: Sequence[ListEntry]) -> str:
    """Results on the held-out part with the split by name."""
    figures: dict[str, tuple[Metric, Callable[[float], str]]]
    figures = {
        "argmax": ("accuracy_argmax", percent),
        "nats per character": ("loss_nats_per_char", "{:.3f}".format),
    }
    wanted = [(entry, figure, show) for entry in entries for figure, show in figures.values()]
    rows = []
    for network in OWN_NETWORKS:
        found = [
            (entry.values("by-name", network, "held_out", figure), show)
            for entry, figure, show in wanted
        ]
        rows.append([network, *(spread(ours, show) for ours, show in found)])
    for whose, name in REFERENCES.items():
        found = [
            (entry.values("by-name", whose, "held_out", figure), show)
            for entry, figure, show in wanted
        ]
        rows.append([name, *(spread(ours, show) for ours, show in found)])
    return table(["network", *(f"{name}, {what}" for name in LISTS for what in figures)], rows)


def recreated(entries: Sequence[ListEntry]) -> str:
    """The share of 10,000 generated names that are in the list."""
    rows = []
    for network, theirs in RECREATED.items():
        row = [network]
        for place, entry in enumerate(entries):
            drawn = generation(entry, NETWORKS[network], "numpy").best
            row.append(beside(theirs[place], drawn.recreated_percent))
        rows.append(row)
    return table(["network", *LISTS], rows)


def drawing(entries: Sequence[ListEntry]) -> str:
    """The seconds for 10,000 names with each algorithm."""
    ways: tuple[Algorithm, ...] = ("one_by_one", "count_splitting")
    columns = [
        "model",
        *(f"{name}, {what}" for name in LISTS for what in ("blog", "one by one", "splitting")),
    ]
    rows = []
    for what, (theirs, network, model) in DRAWING.items():
        row = [what]
        for place, entry in enumerate(entries):
            algorithms = generation(entry, network, model).algorithms
            found = [algorithms.get(name) for name in ways]
            row.append(NONE if theirs is None else f"{theirs[place]:g}")
            row += [NONE if one is None else f"{one.seconds:.3f}" for one in found]
        rows.append(row)
    return table(columns, rows)


def sweeps(entries: Sequence[ListEntry]) -> str:
    """The held-out accuracy and the time of each setting in the sweeps."""
    rows = []
    for name in SWEEPS:
        with (RESULTS.parent / f"sweep-{name}.csv").open(encoding="utf-8", newline="") as stream:
            runs = list(csv.DictReader(stream))
        axis = next(
            (column for column in runs[0] if column.startswith(("training.", "network."))),
            "backend",
        )
        for value in dict.fromkeys(run[axis] for run in runs):
            row = [name, f"{axis.rpartition('.')[2].replace('_', ' ')} {value}"]
            for of_list in LISTS:
                mine = [run for run in runs if run[axis] == value and run["list"] == of_list]
                row.append(spread([float(run["held_out_accuracy_argmax"]) for run in mine]))
                row.append(f"{mean(float(run['seconds']) for run in mine):.1f}")
            rows.append(row)
    columns = (
        "sweep",
        "setting",
        *(f"{name}, {what}" for name in LISTS for what in ("argmax", "seconds")),
    )
    return table(columns, rows, left=2)


def frequencies(entries: Sequence[ListEntry]) -> str:
    """How well the frequencies of generated names agree with the list, by length."""
    measured = {one.name: one for one in read_frequencies()}
    rows = []
    for length in LENGTHS:
        row = [f"{length}"]
        for name in LISTS:
            alike = [one for one in measured[name].alike if one.length == length]
            found = agreement(measured[name], length)
            row += [
                f"{100 * sum(one.listed * one.names for one in alike) / measured[name].entries:.1f}",
                f"{100 * sum(one.drawn * one.names for one in alike) / measured[name].generated:.1f}",
                NONE if isnan(found) else f"{found:.2f}",
            ]
        rows.append(row)
    what = ("% of the list", "% of the names drawn", "correlation")
    return table(["characters", *(f"{name}, {each}" for name in LISTS for each in what)], rows)


def generation(entry: ListEntry, network: str, model: str) -> Generation:
    """The generation results of a network with a model."""
    return next(one for one in entry.generation if (one.network, one.model) == (network, model))


def beside(theirs: float, ours: float) -> str:
    """Format both values and their difference."""
    return f"{theirs:.1f} → {ours:.1f} ({round(ours - theirs, 1) + 0:+.1f})"  # + 0: no -0.0


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Write a Markdown table without a title."""
    made = Table("", tuple(columns), tuple(map(tuple, rows)), left=left)
    return made.markdown().partition("\n\n")[2]


def where(results: Comparison) -> str:
    """The machine, the versions and the commit."""
    machine = results.machine
    libraries = ", ".join(
        f"{name} {version}" for name, version in results.versions.items() if version
    )
    return (
        f"{machine.processor}, {machine.cores} cores, {machine.memory_gib} GiB, {machine.system}; one thread each. "
        f"{libraries}. Seeds {', '.join(map(str, results.seeds))}; commit {', '.join(results.commits)}."
    )


def verdict_table(results: Comparison) -> str:
    """The beginning of the report, with wrapped lines."""
    blocks = markdown(verdict_blocks(results))
    return "\n\n".join(
        text if "| " in text else fill(text, 120, break_on_hyphens=False) for text in blocks
    )


OF_ALL: dict[str, Callable[[Comparison], str]] = {"where": where, "verdict": verdict_table}
BLOCKS: dict[str, Callable[[Sequence[ListEntry]], str]] = {
    "whole_list": whole_list,
    "ways": ways,
    "held_out": held_out,
    "leaks": leaks,
    "unseen": unseen,
    "width": width,
    "recreated": recreated,
    "drawing": drawing,
    "frequencies": frequencies,
    "sweeps": sweeps,
}


def csv_tables(results: Comparison, entries: Sequence[ListEntry]) -> dict[Path, str]:
    """The tables that are too large for the page: training, generation speed, and generated names."""
    names = {entry.name: generated_names_table(entry, results.generated_names) for entry in entries}
    different = {
        name: replace(made, rows=tuple(row for row in made.rows if row[1] not in SAME_NAMES))
        for name, made in names.items()
    }
    made = {
        "training-speed.csv": {entry.name: like_for_like_table(entry) for entry in entries},
        "generation-speed.csv": {
            entry.name: speed_table(entry, results.generated_names) for entry in entries
        },
        "generated-names.csv": different,
    }
    return {RESULTS.with_name(file): csv_text(of_lists) for file, of_lists in made.items()}


def csv_text(tables: Mapping[str, Table]) -> str:
    """Combine the tables of several lists. A column that a list doesn't have is empty."""
    columns = dict.fromkeys(column for made in tables.values() for column in made.columns)
    stream = io.StringIO()
    writer = csv.DictWriter(stream, ["list", *columns], restval="", lineterminator="\n")
    writer.writeheader()
    for name, made in tables.items():
        for row in made.rows:
            numbers = [cell.replace(",", "").replace(NONE, "") for cell in row[made.left :]]
            cells = [*row[: made.left], *numbers]
            writer.writerow({"list": name, **dict(zip(made.columns, cells, strict=True))})
    return stream.getvalue()


def filled(text: str, results: Comparison, entries: Sequence[ListEntry]) -> str:
    """Return the page with all tables updated."""

    def updated(block: re.Match[str]) -> str:
        name = block[1]
        content = OF_ALL[name](results) if name in OF_ALL else BLOCKS[name](entries)
        return f"<!-- table {name} -->\n{content}\n<!-- end -->"

    return BLOCK.sub(updated, text)


def main(arguments: Sequence[str]) -> None:
    """Write the files, or check them."""
    check = check_asked(__doc__, arguments)
    results = from_plain(Comparison, json.loads(RESULTS.read_text(encoding="utf-8")))
    entries = [next(entry for entry in results.lists if entry.name == name) for name in LISTS]

    made = {
        DOCUMENT: filled(DOCUMENT.read_text(encoding="utf-8"), results, entries),
        **csv_tables(results, entries),
    }
    write_or_check(made, check=check)


if __name__ == "__main__":
    main(sys.argv[1:])
