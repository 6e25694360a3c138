"""``namegen report``: several comparisons and sweeps on one page, side by side where they have a list in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from string import ascii_uppercase
from typing import Any, cast

from namegen.errors import ResultsError, counted
from namegen.experiments.compare.document import COMPARISONS, Comparison
from namegen.experiments.compare.tables import accuracy_table, comparison_blocks, like_for_like_table, loss_table
from namegen.experiments.kept import read_document
from namegen.experiments.machine import code_in_words
from namegen.experiments.report import ARGMAX, CRITERIA, LOSS, NONE, Block, Section, Table, Text, write_page
from namegen.experiments.sweep import results as sweeps
from namegen.experiments.sweep.document import SWEEPS, Results
from namegen.experiments.sweep.grid import LIST, OF_THE_RUN
from namegen.experiments.sweep.grid import shown as axis_value
from namegen.experiments.trained import list_names
from namegen.files import check_output, is_folder

RESULTS, TITLE = "results.json", "namegen: reports joined"
KIND, REFERENCES = "kind", ("n-gram", "ceiling")
SPEED = "seconds an epoch, and the ratio to the first engine; compare the ratios between reports, not the seconds"
Cells = dict[str, str]  # what a row is called → its text


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
    differences, across = differences_table(sources), tuple(tables_across(sources))
    blocks: list[Block] = [sources_table(sources), *(Text(sentence) for sentence in cautions(sources))]
    if differences.rows:
        blocks.append(Section(differences.title, (differences,), "plain"))
    if across:
        blocks.append(Section("Side by side", across))
    elif len(sources) > 1:
        blocks.append(Text("No list stands in two comparisons or in two sweeps, so nothing is put side by side."))
    blocks.append(Section("Each report", tuple(_report(one, len(sources) == 1) for one in sources)))
    write_page(out, TITLE, blocks)


def _report(source: Source, alone: bool) -> Section:
    """One report, whole; folded beside others."""
    results, letter = source.results, source.letter
    if isinstance(results, Results):
        about, blocks = f"sweep of {sweeps.axes_in_words(results)}", list(_of_sweep(results))
    else:
        about, blocks = source.kind, comparison_blocks(results, f"{letter}-list-")
    title = f"{letter}: {', '.join([about, *source.lists])}"
    return Section(title, tuple(blocks), "" if alone else "whole", f"report-{letter}")


def _of_sweep(results: Results) -> Iterator[Block]:
    """What went wrong; then the plot and the table of each list."""
    from namegen.experiments.sweep.figures import list_plots

    if results.left:
        yield Text(f"{results.left:,} runs of the sweep are still to be made.", "missing")
    for why in dict.fromkeys(f"{run.status}: {run.why}" for run in sweeps.untrained(results)):
        yield Text(why, "missing")
    plots = list_plots(results)
    for of_list in sweeps.lists_of(results):
        if of_list in plots:
            yield plots[of_list]
        table = sweeps.setting_table(results, of_list)
        yield replace(table, title=f"{table.title}: on the held-out names")


# --- what differs -----------------------------------------------------------------------------------------------------


def sources_table(sources: Sequence[Source]) -> Table:
    """What was joined."""
    rows = tuple((one.letter, one.path, one.kind, ", ".join(one.lists)) for one in sources)
    return Table("What was joined", ("report", "folder", "kind", "lists"), rows, left=4)


def differences_table(sources: Sequence[Source]) -> Table:
    """A row for everything that is not the same in all reports, a column for each report."""
    found = [facts(source) for source in sources]
    names = dict.fromkeys(name for one in found for name in one)
    differing = [name for name in names if len({one[name] for one in found if name in one}) > 1]
    rows = tuple((name, *(one.get(name, NONE) for one in found)) for name in differing)
    columns = ("what", *(source.letter for source in sources))
    return Table("What differs between them", columns, rows, f"{NONE}: not noted.", left=len(sources) + 1)


def cautions(sources: Sequence[Source]) -> list[str]:
    """What the differences mean for a reader who compares the figures; sentences."""
    said = ["Compare times within a report, not between reports."]
    if len({one.kind for one in sources if isinstance(one.results, Comparison)}) > 1:
        said.append("Their networks trained for different numbers of epochs: do not compare what they have learned.")
    return said if len(sources) > 1 else []


def facts(source: Source) -> Cells:
    """Where, with what and how a report was measured: what it is called → its value, in words; of a sweep every one."""
    results = source.results
    noted: list[Mapping[str, object]]
    settings: dict[str, Any]
    if isinstance(results, Results):
        noted = [{**vars(run.machine), **run.versions, "commit": run.commit} for run in results.runs if run.machine]
        tables = asdict(results.base)
        settings = {f"{table}.{name}": [value] for table in tables for name, value in tables[table].items()}
        settings = {path: value for path, value in settings.items() if path not in OF_THE_RUN}
        settings |= {"run.threads": [results.base.run.threads or 1], **results.axes}  # others run beside it
        del settings[LIST]
    else:
        of_all = {**vars(results.machine), **results.versions}
        noted = [{**of_all, "commit": commit} for commit in results.commits or [None]]
        settings = {"run.threads": [results.threads], "training.seed": results.seeds}
        settings |= {"data.split_seed": [results.split_seed], "data.validation": [results.validation]}
    found = {KIND: source.kind}
    names = dict.fromkeys(name for one in noted for name in one)
    found |= {name: _each(one.get(name) for one in noted) for name in names}
    found |= {f"engine {name}": code_in_words(code) for name, code in results.engine_codes.items()}
    return found | {path: _each(values) for path, values in settings.items()}


def _each(values: Iterable[Any]) -> str:
    return " and ".join(dict.fromkeys(NONE if value is None else axis_value(value) for value in values)) or NONE


# --- side by side -----------------------------------------------------------------------------------------------------


def tables_across(sources: Sequence[Source]) -> Iterator[Table]:
    """For each list of two comparisons, or of two sweeps: accuracy, loss and speed, a column for each report.

    What stands in a column is that of a table of the report itself.
    """
    found: dict[tuple[str, str], list[tuple[str, str, Cells]]] = {}
    for source in sources:
        for of_list, called, what, table, columns in _tables(source.results):
            found.setdefault((of_list, what), []).append((source.letter, called, _cells(table, columns)))
    for (_, what), reports in found.items():
        if len(reports) > 1:  # else its report says it all
            names = dict.fromkeys(name for _, _, rows in reports for name in rows)
            last = [name for name in REFERENCES if name in names]
            order = [*(name for name in names if name not in last), *last]
            rows_ = tuple((name, *(rows.get(name, NONE) for _, _, rows in reports)) for name in order)
            title = f"{' = '.join(dict.fromkeys(called for _, called, _ in reports))}, {what}"
            yield Table(title, ("what", *(letter for letter, _, _ in reports)), rows_, references=len(last))


def _tables(results: Comparison | Results) -> Iterator[tuple[str, str, str, Table, tuple[str, ...]]]:
    """What a list is known by (a comparison's by its names, a sweep's by what it is called), what it is called, what is
    shown, the table that has it, and in which columns.
    """
    if isinstance(results, Results):
        for path, name in list_names(sweeps.lists_of(results)).items():
            for column, metric in (("argmax %", ARGMAX), ("nats/char", LOSS)):
                what = f"sweeps, held-out part: {CRITERIA[metric].words}"
                yield name, name, what, sweeps.setting_table(results, path), (column,)
        return
    for entry in results.lists:
        known = entry.fingerprint, entry.name
        for split in entry.splits:
            what = f"held-out part, split {split}: "
            yield *known, what + CRITERIA[ARGMAX].words, accuracy_table(entry, split), ("held-out part",)
            yield *known, what + CRITERIA[LOSS].words, loss_table(entry, split), ("held-out loss (nats per character)",)
        if entry.like_for_like:
            yield *known, SPEED, like_for_like_table(entry), ("seconds per epoch", "times as fast")


def _cells(table: Table, columns: Sequence[str]) -> Cells:
    """Of each row what it is called, and what it has in some columns."""
    first, places = len(table.rows) - table.references, [table.columns.index(column) for column in columns]
    words = 2 + ("batch (names)" in table.columns) if "engine" in table.columns else 1
    called = [", ".join(row[:words]) for row in table.rows[:first]]
    return {
        name: ", ".join(row[place] for place in places if row[place] != NONE) or NONE
        for name, row in zip([*called, *REFERENCES], table.rows, strict=False)
    }
