"""The results of a sweep: the document of ``results.json``, the table of ``results.csv``, and a line a setting.

``docs/sweep.md`` explains the fields.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import isclose
from statistics import mean
from typing import Any

from namegen.escaping import safe_cell
from namegen.experiments.sweep.grid import ENGINE, LIST, SEED, Grid, SweepRun, axis_name, label, shown
from namegen.experiments.table import NONE, Table, seconds, spread, whole

Document = dict[str, Any]
FORMAT_VERSION = 1
FIGURES = ("loss_nats_per_char", "bits_per_char", "accuracy_argmax", "accuracy_sampled")
CURVES = ("seconds", "validation_accuracy_argmax", "validation_accuracy_sampled", "validation_loss_nats_per_char")


def make_results(grid: Grid, runs: Sequence[SweepRun], outcomes: Mapping[str, Document]) -> Document:
    """Put what has come of the runs in order; a run that is still to be made is counted only."""
    return {
        "format": "namegen sweep",
        "format_version": FORMAT_VERSION,
        "axes": {path: list(values) for path, values in grid.axes.items()},
        "base": asdict(grid.base),
        "left": sum(run.key not in outcomes for run in runs),
        "plots": [],
        "runs": [_run(run, outcomes[run.key]) for run in runs if run.key in outcomes],
    }


def _run(run: SweepRun, outcome: Document) -> Document:
    done = outcome["status"] == "done"
    return {
        "run": run.key,
        "list": run.corpus.source,
        "backend": run.config.run.backend,
        "seed": run.config.training.seed,
        "settings": run.settings,
        "model": f"runs/{outcome['file']}.safetensors" if done else None,
        **{name: value for name, value in outcome.items() if name != "file"},
    }


def table_csv(results: Document) -> str:
    """The table as CSV, a row a run; a cell that a spreadsheet would take for a formula is quoted."""
    axes = [path for path in results["axes"] if path not in (LIST, ENGINE, SEED)]
    columns = ["list", "backend", *axes, "seed", "status", "parameters", "batch_size", "epochs", "best_epoch"]
    columns += ["seconds", "chars_per_second"]
    columns += [f"{part}_{figure}" for part in ("training", "held_out") for figure in FIGURES]
    columns += [f"held_out_{whose}_{figure}" for whose in ("ceiling", "baseline") for figure in FIGURES]
    columns += ["held_out_baseline_order", "model", "why"]
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, lineterminator="\n", restval="")
    writer.writeheader()
    for run in results["runs"]:
        writer.writerow({column: safe_cell(value) for column, value in _row(run, axes).items()})
    return stream.getvalue()


def _row(run: Document, axes: Sequence[str]) -> Document:
    row: Document = {name: run[name] for name in ("list", "backend", "seed", "status")}
    row |= {path: _cell(run["settings"][path]) for path in axes}
    row["why"] = run.get("why", "")
    if run["status"] != "done":
        return row
    row |= {name: run[name] for name in ("parameters", "batch_size", "epochs", "best_epoch", "model")}
    row |= {name: run["timing"][name] for name in ("seconds", "chars_per_second")}
    for part, figures in run["figures"].items():
        row |= {f"{part}_{figure}": figures[figure] for figure in FIGURES}
    for whose in ("ceiling", "baseline"):
        row |= {f"held_out_{whose}_{figure}": run["held_out"][whose][figure] for figure in FIGURES}
    row["held_out_baseline_order"] = run["held_out"]["baseline_order"]
    return row


def _cell(value: Any) -> Any:
    return value if isinstance(value, int | float | str) and not isinstance(value, bool) else shown(value)


# --- a line a setting -------------------------------------------------------------------------------------------------


def lists_of(results: Document) -> list[str]:
    """The lists of a sweep, in the order of the table."""
    return list(dict.fromkeys(run["list"] for run in results["runs"]))


def by_setting(results: Document, of_list: str) -> dict[str, list[Document]]:
    """The runs of a list by what its plot has a line for: all axes but the list and the seed."""
    found: dict[str, list[Document]] = {}
    for run in results["runs"]:
        if run["list"] == of_list:
            found.setdefault(setting(run), []).append(run)
    return found


def setting(run: Document) -> str:
    """What the runs that differ by their seed alone have in common.

    >>> setting({"settings": {"data.names": "x", "training.momentum": 0.9, "training.seed": 1}})
    'momentum 0.9'
    """
    own = {path: value for path, value in run["settings"].items() if path not in (LIST, SEED)}
    return label(own) or "all seeds"


def done(runs: Sequence[Document]) -> list[Document]:
    """Those that have figures."""
    return [run for run in runs if run["status"] == "done"]


def curve(runs: Sequence[Document], column: str) -> list[list[float]]:
    """A column of the histories, by epoch: the values of the seeds, as far as all of them have come."""
    histories = [run["history"][column] for run in runs]
    return [list(values) for values in zip(*histories, strict=False)]


def setting_table(results: Document, of_list: str) -> Table:
    """A row a setting: what it reached on the held-out part, and how long it took; last the n-gram and the ceiling."""
    rows: list[tuple[str, ...]] = []
    for name, runs in by_setting(results, of_list).items():
        good = done(runs)
        row = [name, str(len(good))]
        row += [spread([run["figures"]["held_out"][figure] for run in good]) for figure in FIGURES[2:]]
        row.append(spread([run["figures"]["held_out"]["loss_nats_per_char"] for run in good], "{:.3f}".format))
        row.append(spread([run["timing"]["seconds"] for run in good], seconds))
        speeds = [run["timing"]["chars_per_second"] for run in good if run["timing"]["chars_per_second"] is not None]
        row.append(whole(mean(speeds)) if speeds else NONE)
        rows.append(tuple(row))
    references = reference_parts(done([run for run in results["runs"] if run["list"] == of_list]))
    for whose in ("baseline", "ceiling") if references else ():
        figures = [[part[whose][figure] for part in references] for figure in (*FIGURES[2:], FIGURES[0])]
        name = baseline_name(references) if whose == "baseline" else "ceiling"
        rows.append((name, NONE, *map(spread, figures[:2]), spread(figures[2], "{:.3f}".format), NONE, NONE))
    columns = ("setting", "seeds", "argmax %", "sampled %", "nats/char", "seconds", "chars/s")
    emphasised = frozenset(range(len(rows) - (2 if references else 0), len(rows)))
    return Table(of_list, columns, tuple(rows), emphasised=emphasised)


def reference_parts(runs: Sequence[Document]) -> list[Document]:
    """The held-out parts that the runs of a list stand beside, one for each seed; none where settings change them."""
    parts: dict[int, Document] = {}
    for run in runs:
        part = parts.setdefault(run["seed"], run["held_out"])
        for whose in ("ceiling", "baseline"):
            for figure in FIGURES:  # another processor may round the last digit otherwise
                if not isclose(part[whose][figure], run["held_out"][whose][figure], rel_tol=1e-9):
                    return []
    return list(parts.values())


def baseline_name(parts: Sequence[Document]) -> str:
    """The n-gram by its order."""
    return f"{' or '.join(sorted({str(part['baseline_order']) for part in parts}))}-gram"


def axes_in_words(results: Document) -> str:
    """Which settings a sweep varies."""
    return ", ".join(axis_name(path) for path in results["axes"] if path not in (LIST, SEED)) or "the seed"
