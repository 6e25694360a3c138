"""The tables of a comparison, made once from ``results.json``: as HTML, as Markdown and in the terminal."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from namegen.experiments.compare.results import network_order
from namegen.experiments.table import NONE as NONE
from namegen.experiments.table import Table as Table
from namegen.experiments.table import escaped as escaped
from namegen.experiments.table import mebibytes as mebibytes
from namegen.experiments.table import percent as percent
from namegen.experiments.table import seconds as seconds
from namegen.experiments.table import spread as spread
from namegen.experiments.table import whole as whole

Document = dict[str, Any]
PARTS = {"training": "training part", "held_out": "held-out part", "whole": "whole list"}
SPLITS = {
    "names": "repeats may stand on both sides (as the original)",
    "unique": "no name on both sides",
}
ALGORITHMS = {"one_by_one": "one by one", "count_splitting": "count-splitting"}


# --- the tables of a list ---------------------------------------------------------------------------------------------


def like_for_like_table(entry: Document) -> Table:
    """Both engines, the same networks, the same batches: time and memory, and what was learned."""
    rows: list[tuple[str, ...]] = []
    for run in like_for_like_runs(entry):
        timing = run["timing"]
        rows.append(
            (
                run["network"],
                run["engine"],
                seconds(timing["seconds_per_epoch"]),
                whole(timing["chars_per_second"]),
                seconds(timing["start_up_seconds"]),
                seconds(timing["compilation_seconds"]),
                seconds(timing["first_epoch_seconds"]),
                mebibytes(timing["peak_memory_mib"]),
                percent(run["figures"]["held_out"]["accuracy_argmax"]),
            )
        )
    columns = (
        *("network", "engine", "seconds an epoch", "characters a second", "start-up (s)", "compilation (s)"),
        *("first epoch (s)", "peak memory (MiB)", "held-out argmax (%)"),
    )
    note = "Seconds an epoch: inside training, median of the epochs after the first. Start-up: from the start of the "
    note += "process to an engine that is made, its libraries loaded."
    return Table("The same training by each engine", columns, tuple(rows), note, left=2)


def like_for_like_runs(entry: Document) -> list[Document]:
    """The trainings that are compared engine by engine."""
    return [run for run in entry["trainings"] if "like_for_like" in run["roles"]]


def distance_table(entry: Document) -> Table:
    """How far the loss curves of the engines are apart."""
    rows = [
        (
            one["network"],
            " and ".join(one["largest_distance"]["engines"]),
            f"{one['largest_distance']['distance_nats']:.6f}",
            one["largest_distance"]["curve"].partition("_")[0].replace("validation", "held-out"),
            str(one["largest_distance"]["epoch"]),
        )
        for one in entry["like_for_like"]
        if one["largest_distance"]
    ]
    columns = ("network", "engines", "largest distance (nats a character)", "of the curve", "at epoch")
    return Table("How far the loss curves are apart", columns, tuple(rows), left=2)


def curve_table(runs: Sequence[Document]) -> Table:
    """Every epoch of the engines' curves: the numbers of the plot."""
    columns: list[str] = ["epoch"]
    for run in runs:
        columns += [f"{run['engine']}: {what}" for what in ("training loss", "held-out loss", "seconds", "argmax (%)")]
    rows = []
    for place, epoch in enumerate(runs[0]["history"]["epoch"]):
        row = [str(epoch)]
        for run in runs:
            history = run["history"]
            if place >= len(history["epoch"]):
                row += [NONE] * 4
                continue
            row += [f"{history[f'{part}_loss_nats_per_char'][place]:.4f}" for part in ("training", "validation")]
            row += [seconds(history["seconds"][place]), percent(history["validation_accuracy_argmax"][place])]
        rows.append(tuple(row))
    return Table(f"Every epoch, {runs[0]['network']}", tuple(columns), tuple(rows), "Losses in nats a character.")


def network_names(entry: Document, split: str) -> list[str]:
    """The networks that were trained on this split by the NumPy engine, in the order of every table."""
    names = {run["network"] for run in entry["trainings"] if _is_network(run, split)}
    return sorted(names, key=network_order)


def _is_network(run: Document, split: str) -> bool:
    return run["split"] == split and "network" in run["roles"]


def network_values(entry: Document, split: str, network: str, part: str, figure: str) -> list[float]:
    """A figure of a network on a part of the list, one for each seed."""
    runs = (run for run in entry["trainings"] if _is_network(run, split) and run["network"] == network)
    return [run["figures"][part][figure] for run in runs]


def reference_values(entry: Document, split: str, part: str, whose: str, figure: str) -> list[float]:
    """The same figure of the ceiling or the baseline of that part, one for each seed."""
    return [one["parts"][part][whose][figure] for one in entry["references"] if one["split"] == split]


def baseline_name(entry: Document, split: str) -> str:
    """The n-gram by its order."""
    orders = sorted({one["baseline_order"] for one in entry["references"] if one["split"] == split})
    return f"{' or '.join(map(str, orders))}-gram"


def accuracy_table(entry: Document, split: str, figure: str = "accuracy_argmax") -> Table:
    """The networks on each part of the list, beside that part's n-gram and ceiling."""
    rows = [
        (network, *(spread(network_values(entry, split, network, part, figure)) for part in PARTS))
        for network in network_names(entry, split)
    ]
    references = (("baseline", f"{baseline_name(entry, split)} (counting)"), ("ceiling", "ceiling of that part"))
    for whose, name in references:
        values = (reference_values(entry, split, part, whose, figure) for part in PARTS)
        rows.append((name, *(spread(found) for found in values)))
    seen = [one["seen_percent"] for one in entry["references"] if one["split"] == split]
    what = "The likeliest next character is right" if figure == "accuracy_argmax" else "A drawn character is right"
    note = f"Held-out names that stand in the training part too, in %: {spread(seen, lambda value: f'{value:.1f}')}."
    note += " Mean of the seeds, and their range in brackets." if len(seen) > 1 else ""
    if any(one["repeats_damped"] for one in entry["references"] if one["split"] == split):
        note += " Networks and n-gram read a name of c entries about √c times; all entries are judged."
    return Table(
        f"{what} (%): split {split}, {SPLITS[split]}",
        ("network", *PARTS.values()),
        tuple(rows),
        note,
        emphasised=frozenset((len(rows) - 2, len(rows) - 1)),
    )


def loss_table(entry: Document, split: str) -> Table:
    """Loss on the held-out part, and how each network was trained."""
    rows: list[tuple[str, ...]] = []
    for network in network_names(entry, split):
        runs = [run for run in entry["trainings"] if _is_network(run, split) and run["network"] == network]
        loss = network_values(entry, split, network, "held_out", "loss_nats_per_char")
        epochs = sorted({run["epochs"] for run in runs})
        best = spread([run["best_epoch"] for run in runs], lambda value: f"{value:.0f}")
        rows.append(
            (
                network,
                f"{runs[0]['parameters']:,}",
                " or ".join(map(str, epochs)),
                best,
                str(runs[0]["batch_size"]),
                spread(loss, lambda value: f"{value:.3f}"),
            )
        )
    for whose, name in (("baseline", f"{baseline_name(entry, split)} (counting)"), ("ceiling", "ceiling of that part")):
        values = reference_values(entry, split, "held_out", whose, "loss_nats_per_char")
        rows.append((name, *[NONE] * 4, spread(values, lambda value: f"{value:.3f}")))
    columns = ("network", "parameters", "epochs", "best epoch", "batch (names)", "held-out loss (nats a character)")
    emphasised = frozenset((len(rows) - 2, len(rows) - 1))
    return Table(f"Loss on the held-out part, split {split}", columns, tuple(rows), emphasised=emphasised)


def speed_table(entry: Document, names: int) -> Table:
    """Names a second by every model and algorithm."""
    rows = []
    for one in entry["generation"]:
        found = [one["algorithms"].get(name) for name in ALGORITHMS]
        speeds = [whole(None if drawn is None else drawn["names_per_second"]) for drawn in found]
        first = [seconds(None if drawn is None else drawn["first_seconds"]) for drawn in found]
        rows.append((one["network"], one["model"], *speeds, *first, seconds(one["start_up_seconds"])))
    columns = ("network", "model", *(f"{name} (names a second)" for name in ALGORITHMS.values()))
    columns += (*(f"first time, {name} (s)" for name in ALGORITHMS.values()), "start-up (s)")
    note = f"{names:,} names, as text; median of several drawings after a first one, which compiles. One by one: the "
    note += "names side by side, each read to its end; tflite generate: the loop inside the file."
    return Table(f"Names a second, {names:,} drawn", columns, tuple(rows), note, left=2)


def drawn_table(entry: Document) -> Table:
    """What the names are like: how many are of the list, how many differ, how near their n-grams are."""
    rows = []
    for one in entry["generation"]:
        for name, shown in ALGORITHMS.items():
            drawn = one["algorithms"].get(name)
            if drawn is not None:
                figures = (f"{drawn['recreated_percent']:.1f}", f"{drawn['unique_percent']:.1f}")
                rows.append((one["network"], f"{one['model']}, {shown}", *figures, *_bits(drawn["divergence_bits"])))
    if entry["facts"]:
        facts = entry["facts"]
        unique = f"{100 * facts['distinct_names'] / facts['names']:.1f}"
        halves = _bits(facts["divergence_of_halves_bits"])
        rows.append(("the list itself", "two halves of it", NONE, unique, *halves))
    columns = ("network", "drawn by", "in the list (%)", "unique (%)", "letters", "pairs", "triples")
    note = "In the list: letter case and punctuation apart. Last three: Jensen–Shannon divergence in bits (0 is the "
    note += "same) of the n-grams (the ends of names are characters too) from one half of the list; the other half "
    note += "shows what chance alone makes."
    emphasised = frozenset((len(rows) - 1,)) if entry["facts"] else frozenset[int]()
    return Table("What the generated names are like", columns, tuple(rows), note, left=2, emphasised=emphasised)


def _bits(found: Document) -> list[str]:
    return [f"{value:.4f}" for value in found.values()]


def best_drawing(one: Document) -> Document:
    """A model's names by count-splitting, or else as it draws them."""
    found: Document = one["algorithms"].get("count_splitting") or one["algorithms"]["one_by_one"]
    return found


def lengths_table(entry: Document, names: int) -> Table:
    """Share of the names of each length, in the list and as each network draws them."""
    drawings = {one["network"]: best_drawing(one)["lengths"] for one in entry["generation"] if one["model"] == "numpy"}
    original = entry["facts"]["lengths"]
    longest = max(int(length) for found in (original, *drawings.values()) for length in found)
    total = sum(original.values())
    rows = []
    for length in range(1, longest + 1):
        shares = [original.get(str(length), 0) / total]
        shares += [found.get(str(length), 0) / names for found in drawings.values()]
        if any(shares):
            rows.append((str(length), *(f"{100 * share:.2f}" for share in shares)))
    return Table("Names by their length (%)", ("characters", "the list", *drawings), tuple(rows))


def duplicates_table(entry: Document) -> Table:
    """The names that each network drew most often."""
    drawings = {one["network"]: best_drawing(one) for one in entry["generation"] if one["model"] == "numpy"}
    longest = max((len(found["duplicates"]) for found in drawings.values()), default=0)
    rows = [
        tuple(
            f"{found['duplicates'][place][0]} ×{found['duplicates'][place][1]}"
            if place < len(found["duplicates"])
            else ""
            for found in drawings.values()
        )
        for place in range(longest)
    ]
    counts = ", ".join(f"{network} {found['duplicated_names']:,}" for network, found in drawings.items())
    note = f"Different names that were drawn more than once: {counts}."
    return Table("Drawn more than once, the commonest first", tuple(drawings), tuple(rows), note, left=len(drawings))


def list_tables(entry: Document, results: Document) -> dict[str, list[Table]]:
    """All tables of a list, section by section; a section without figures is not there."""
    sections: dict[str, list[Table]] = {}
    if like_for_like_runs(entry):
        sections["Like for like"] = [like_for_like_table(entry), distance_table(entry)]
    splits = dict.fromkeys(one["split"] for one in entry["references"])
    accuracy: list[Table] = []
    for split in splits:
        if network_names(entry, split):
            accuracy += [accuracy_table(entry, split), accuracy_table(entry, split, "accuracy_sampled")]
            accuracy.append(loss_table(entry, split))
    if accuracy:
        sections["Networks and accuracy"] = accuracy
    if entry["generation"]:
        sections["Generation"] = [speed_table(entry, results["generated_names"]), drawn_table(entry)]
        if entry["facts"] and any(one["model"] == "numpy" for one in entry["generation"]):
            sections["Generation"] += [lengths_table(entry, results["generated_names"]), duplicates_table(entry)]
    return {name: [table for table in tables if table.rows] for name, tables in sections.items()}


def markdown(results: Document) -> str:
    """All tables, and where they were measured, as Markdown."""
    from namegen.experiments.compare.words import findings, measured_where, statement

    points = "\n".join(f"- {escaped(point)}" for point in findings(results))
    parts = [statement(results), *filter(None, [points]), *measured_where(results)]
    for entry in results["lists"]:
        parts.append(f"## {escaped(entry['name'])}")
        for section, tables in list_tables(entry, results).items():
            parts += [f"### {section}", *(table.markdown() for table in tables)]
    return "\n\n".join(parts)


def main(arguments: Iterable[str] | None = None) -> None:
    """``python -m namegen.experiments.compare.tables DIR/results.json`` prints all tables as Markdown."""
    parser = argparse.ArgumentParser(prog="python -m namegen.experiments.compare.tables", description=main.__doc__)
    parser.add_argument("results", type=Path, help="the results.json of a comparison")
    path = parser.parse_args(None if arguments is None else list(arguments)).results
    try:
        results = json.loads(path.read_text(encoding="utf-8"))
        if results["format"] != "namegen comparison":
            raise ValueError
    except OSError as error:
        parser.error(f"cannot read {path}: {error.strerror}")
    except (ValueError, KeyError, TypeError):
        parser.error(f"{path} is not the results.json of a comparison: give the one of namegen compare-backends")
    print(markdown(results))


if __name__ == "__main__":
    main()
