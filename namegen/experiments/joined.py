"""``namegen report``: several comparisons and sweeps on one page, side by side where they have a list in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from string import ascii_uppercase
from typing import Any, cast

from namegen.drawings.style import drawing_style
from namegen.errors import ResultsError, counted
from namegen.experiments.compare import selection
from namegen.experiments.compare.document import COMPARISONS, Comparison
from namegen.experiments.compare.html import Plot, both_widths, list_reports, page_environment, whole
from namegen.experiments.compare.measurements import ReferencePart
from namegen.experiments.compare.verdict import listed
from namegen.experiments.kept import read_document
from namegen.experiments.list_names import list_names
from namegen.experiments.machine import code_in_words
from namegen.experiments.sweep import results as sweeps
from namegen.experiments.sweep.document import SWEEPS, HeldOut, Results
from namegen.experiments.sweep.figures import sweep_detail, sweep_figure, sweep_title
from namegen.experiments.sweep.grid import LIST, OF_THE_RUN
from namegen.experiments.sweep.grid import shown as axis_value
from namegen.experiments.table import NONE, Table, percent, seconds, spread, spread_around_median
from namegen.experiments.trained import PlainMetrics
from namegen.files import check_output, is_folder, write_whole

RESULTS, TEMPLATE = "results.json", "joined.html"
KIND, MACHINE = "kind", ("processor", "cores", "memory_gib", "system")
# What a table of two reports or more shows: a figure, in words, and as text.
FIGURES: dict[str, tuple[str, Callable[[float], str]]] = {
    "accuracy_argmax": ("the likeliest next character is right (%)", percent),
    "loss_nats_per_char": ("loss (nats per character)", "{:.3f}".format),
}
SPEED = "seconds an epoch, and the ratio to the first engine; compare the ratios between reports, not the seconds"
REFERENCES = ("counting", "ceiling")
Cells = dict[str, str]  # what a row is called → its text
Part = HeldOut | ReferencePart


@dataclass(frozen=True)
class Source:
    """One of the reports that are joined.

    Attributes:
        letter: what the joined report calls it.
        path: its folder, or its file, as it was given.
        results: of a comparison or of a sweep.
    """

    letter: str
    path: str
    results: Comparison | Results

    @property
    def kind(self) -> str:
        """What it is, in words; in a quick look networks learn less."""
        if isinstance(self.results, Results):
            return "sweep"
        quick = f" (a quick look, {counted(self.results.quick_epochs or 0, 'epoch')})" if self.results.quick else ""
        return f"comparison{quick}"

    @property
    def lists(self) -> tuple[str, ...]:
        """What its lists are called."""
        if isinstance(self.results, Results):
            return tuple(list_names(sweeps.lists_of(self.results)).values())
        return tuple(entry.name for entry in self.results.lists)


def read_sources(paths: Sequence[str]) -> list[Source]:
    """Read the results of each folder; one that is given twice counts once.

    Args:
        paths: folders with a ``results.json``, or such files.

    Raises:
        ResultsError: one cannot be read, is something else, or is damaged.
    """
    files: dict[Path, tuple[str, Path]] = {}
    for path in paths:
        file = Path(path) / RESULTS if is_folder(Path(path), ResultsError) else Path(path)
        files.setdefault(file.resolve(), (path, file))
    letters = [*ascii_uppercase, *(f"R{number}" for number in range(27, len(files) + 1))]
    return [
        Source(letter, path, cast("Comparison | Results", read_document(file, COMPARISONS | SWEEPS)))
        for letter, (path, file) in zip(letters, files.values(), strict=False)
    ]


def write_joined(sources: Sequence[Source], out: Path, *, force: bool = False) -> None:
    """Write the page.

    Args:
        sources: what is joined, at least one.
        out: the file.
        force: it may be written over.

    Raises:
        OutputError: it exists, or cannot be written.
    """
    check_output(out, example="joined.html", force=force)
    page = page_environment([name for source in sources for name in source.lists]).get_template(TEMPLATE)
    text = page.render(
        sources=sources_table(sources),
        differences=differences_table(sources),
        cautions=cautions(sources),
        across=list(tables_across(sources)),
        parts=[_part(source) for source in sources],
    )
    write_whole(out, text.encode())


# --- what differs -----------------------------------------------------------------------------------------------------


def sources_table(sources: Sequence[Source]) -> Table:
    """What was joined."""
    rows = tuple((one.letter, one.path, one.kind, ", ".join(one.lists)) for one in sources)
    return Table("What was joined", ("report", "folder", "kind", "lists"), rows, left=4)


def differences_table(sources: Sequence[Source]) -> Table:
    """A row for everything that is not the same in all reports, a column for each report."""
    found = [facts(source) for source in sources]
    rows = tuple((name, *(one.get(name, NONE) for one in found)) for name in _differing(found))
    columns = ("what", *(source.letter for source in sources))
    return Table("What differs between them", columns, rows, f"{NONE}: not noted.", left=len(sources) + 1)


def cautions(sources: Sequence[Source]) -> list[str]:
    """What the differences mean for a reader who compares the figures; sentences."""
    differing = _differing([facts(source) for source in sources])
    said = ["Compare times within a report, not between reports."]
    if len({one.kind for one in sources if isinstance(one.results, Comparison)}) > 1:
        said.append("Their networks trained for different numbers of epochs: do not compare what they have learned.")
    if differing:
        said.append(f"These differ: {listed(differing)}.")
    return said if len(sources) > 1 else []


def _differing(found: Sequence[Mapping[str, str]]) -> list[str]:
    """What is not the same in all reports that note it."""
    names = dict.fromkeys(name for one in found for name in one)
    return [name for name in names if len({one[name] for one in found if name in one}) > 1]


def facts(source: Source) -> dict[str, str]:
    """Where, with what and how a report was measured: what it is called → its value, in words; of a sweep every one."""
    results = source.results
    if isinstance(results, Results):
        machines = [run.machine for run in results.runs if run.machine]
        versions = [run.versions for run in results.runs if run.versions]
        commits = [run.commit for run in results.runs]
        base = {
            path: (value,)
            for table, held in asdict(results.base).items()
            for name, value in held.items()
            if (path := f"{table}.{name}") not in OF_THE_RUN
        }
        settings = {**base, "run.threads": (results.base.run.threads or 1,), **results.axes}  # others run beside it
        del settings[LIST]
    else:
        machines, versions, commits = [vars(results.machine)], [results.versions], [*results.commits]
        settings = {"run.threads": (results.threads,), "training.seed": results.seeds}
        settings |= {"data.split_seed": (results.split_seed,), "data.validation": (results.validation,)}
    found = {KIND: source.kind, "commit": _each(commits)}
    for noted in ([{name: one.get(name) for name in MACHINE} for one in machines], versions):
        found |= {
            name: _each(one.get(name) for one in noted) for name in dict.fromkeys(name for one in noted for name in one)
        }
    found |= {f"engine {name}": code_in_words(code) for name, code in results.engine_codes.items()}
    return found | {path: _each(values) for path, values in settings.items()}


def _each(values: Iterable[Any]) -> str:
    return " and ".join(dict.fromkeys(NONE if value is None else axis_value(value) for value in values)) or NONE


# --- side by side -----------------------------------------------------------------------------------------------------


def tables_across(sources: Sequence[Source]) -> Iterator[Table]:
    """For each list of two comparisons, or of two sweeps: accuracy, loss and speed, a column for each report."""
    found: dict[tuple[str, str], list[tuple[str, str, Cells]]] = {}
    for source in sources:
        results = source.results
        cells = _of_sweep(results) if isinstance(results, Results) else _of_comparison(results)
        for of_list, called, what, rows in cells:
            found.setdefault((of_list, what), []).append((source.letter, called, rows))
    for (_, what), reports in found.items():
        if len(reports) > 1:  # else its report says it all
            names = dict.fromkeys(name for _, _, rows in reports for name in rows)
            last = [name for name in REFERENCES if name in names]
            order = [*(name for name in names if name not in last), *last]
            rows_ = tuple((name, *(rows.get(name, NONE) for _, _, rows in reports)) for name in order)
            title = f"{' = '.join(dict.fromkeys(called for _, called, _ in reports))}, {what}"
            emphasised = frozenset(range(len(order) - len(last), len(order)))
            yield Table(title, ("what", *(letter for letter, _, _ in reports)), rows_, emphasised=emphasised)


def _figures(what: str, rows: dict[str, list[PlainMetrics]], parts: Sequence[Part]) -> Iterator[tuple[str, Cells]]:
    """A table for each figure: that of each row, that of counting and that of the ceiling."""
    rows = {**rows, "counting": [part.baseline for part in parts], "ceiling": [part.ceiling for part in parts]}
    for figure, (said, show) in FIGURES.items():
        values = {name: [getattr(one, figure) for one in metrics] for name, metrics in rows.items()}
        yield (
            f"{what}: {said}",
            {name: spread([value for value in found if value is not None], show) for name, found in values.items()},
        )


def _of_comparison(results: Comparison) -> Iterator[tuple[str, str, str, Cells]]:
    """The fingerprint of each list, what it is called, what a table shows, and its cells."""
    for entry in results.lists:
        for split in selection.splits(entry):
            names = selection.network_names(entry, split)
            rows = {
                name: [run.figures.held_out for run in selection.network_runs(entry, split, name)] for name in names
            }
            parts = [one.parts.held_out for one in entry.references if one.split == split]
            for what, cells in _figures(f"held-out part, split {split}", rows, parts):
                yield entry.fingerprint, entry.name, what, cells
        cells = {}
        for (network, batch), (first, *others) in selection.by_network_and_batch(selection.speeds(entry)).items():
            for one in (first, *others):
                said = f"{spread_around_median(one.seconds_per_epoch, seconds)} s"
                ratios = one.ratios(first) if one is not first else []
                said += f", {selection.Ratio.of(ratios)} × {first.engine}" if ratios else ""
                cells[f"{network}, {one.engine}, batches of {batch:,}"] = said
        if cells:
            yield entry.fingerprint, entry.name, SPEED, cells


def _of_sweep(results: Results) -> Iterator[tuple[str, str, str, Cells]]:
    """The same; lists of sweeps are known by their names."""
    for path, name in list_names(sweeps.lists_of(results)).items():
        settings = sweeps.by_setting(results, path)
        rows = {setting: [run.figures.held_out for run in sweeps.trained(runs)] for setting, runs in settings.items()}
        parts = sweeps.reference_parts(sweeps.trained(run for runs in settings.values() for run in runs))
        for what, cells in _figures("sweeps, held-out part", rows, parts):
            yield name, name, what, cells


# --- each report ------------------------------------------------------------------------------------------------------


def _part(source: Source) -> dict[str, object]:
    """What the template shows of one source."""
    results = source.results
    if isinstance(results, Comparison):
        part = {**whole(results), "lists": list_reports(results, None, prefix=f"{source.letter}p"), "sweeps": []}
    else:
        left = [f"{results.left:,} runs of the sweep are still to be made."] if results.left else []
        why = dict.fromkeys(f"{run.status}: {run.why}" for run in sweeps.untrained(results))
        with drawing_style():
            lists = [_sweep(results, name, f"{source.letter}s{n}") for n, name in enumerate(sweeps.lists_of(results))]
        part = {"verdict": [], "where": [], "troubles": [*left, *why], "lists": [], "sweeps": lists}
    about = f"sweep of {sweeps.axes_in_words(results)}" if isinstance(results, Results) else source.kind
    return {**part, "letter": source.letter, "title": f"{source.letter}: {', '.join([about, *source.lists])}"}


def _sweep(results: Results, name: str, prefix: str) -> dict[str, object]:
    """The table of a list, and its plot for wide screens and for narrow ones; no plot where no run has figures."""
    table = sweeps.setting_table(results, name)
    table = replace(table, title=f"{table.title}: on the held-out names")
    if not sweeps.trained_by_setting(results, name):
        return {"table": table, "plot": None}
    title = sweep_title(results, name)
    figures = sweep_figure(results, name), sweep_figure(results, name, narrow=True)
    wide, narrow = both_widths(*figures, prefix, title)
    plot = Plot(wide, narrow, title, sweep_detail(results, name), narrow_note="", folded=False)
    return {"table": table, "plot": plot}
