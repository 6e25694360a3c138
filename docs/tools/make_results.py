"""Write the tables of ``docs/results/original.md``, and two CSV files, from the results of ``compare-backends``.

In the page, it replaces everything between ``<!-- table NAME -->`` and ``<!-- end -->``. With ``--check``, it only
checks that the files are up to date.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import fill

import original_tables
from blog_results import LISTS
from options import is_check_requested, write_or_check

from namegen.experiments.report import NONE, Table, escaped
from namegen.experiments.rows import Results, read_results
from namegen.experiments.summary import ListSummary, lists_of
from namegen.experiments.tables import backend_table, make_report, names_table

RESULTS = Path(__file__).parents[1] / "results" / "results.json"
DOCUMENT = RESULTS.with_name("original.md")
# --- the page ---------------------------------------------------------------------------------------------------------


def machine_text(results: Results) -> str:
    """Describe the machine, the versions and the settings."""
    return fill(escaped(" ".join(make_report(results).details)), 120, break_on_hyphens=False)


def verdict_text(results: Results) -> str:
    """Return the beginning of the report."""
    report = make_report(results)
    paragraphs = [fill(escaped(text), 120, break_on_hyphens=False) for text in report.findings]
    return "\n\n".join([escaped(report.headline), *paragraphs])


def page_parts(results: Results, entries: Sequence[ListSummary]) -> dict[str, str]:
    """Return the tables and generated texts of the page, by the names in its comments."""
    return {
        "where": machine_text(results),
        "verdict": verdict_text(results),
        "whole_list": original_tables.whole_list_table(entries),
        "ways": original_tables.training_ways_table(entries),
        "held_out": original_tables.held_out_table(entries),
        "leaks": original_tables.leaks_table(entries),
        "unseen": original_tables.unseen_names_table(entries),
        "width": original_tables.width_table(entries),
        "recreated": original_tables.recreated_names_table(entries),
        "drawing": original_tables.generation_time_table(entries),
        "frequencies": original_tables.frequencies_table(),
        "sweeps": original_tables.sweeps_table(),
    }


def update_page(page: str, results: Results, entries: Sequence[ListSummary]) -> str:
    """Return the page with all its tables and generated texts updated."""
    for name, content in page_parts(results, entries).items():
        page = _replace_part(page, name, content)
    return page


def _replace_part(page: str, name: str, content: str) -> str:
    """Replace the text between two comments of the page."""
    before, start, rest = page.partition(f"<!-- table {name} -->\n")
    _, end, after = rest.partition("<!-- end -->")
    return f"{before}{start}{content}\n{end}{after}"


# --- the CSV files ----------------------------------------------------------------------------------------------------


def csv_files(entries: Sequence[ListSummary]) -> dict[Path, str]:
    """Return the tables that are too large for the page, by path."""
    speeds = {entry.name: backend_table(entry) for entry in entries}
    names = {entry.name: names_table(entry) for entry in entries}
    return {
        RESULTS.with_name("training-speed.csv"): tables_to_csv(speeds),
        RESULTS.with_name("generated-names.csv"): tables_to_csv(names),
    }


def tables_to_csv(tables: Mapping[str, Table]) -> str:
    """Combine the tables of several lists as CSV. If a table doesn't have a column, its cells are empty."""
    columns = ["list"]
    for table in tables.values():
        columns += [column for column in table.columns if column not in columns]
    file = io.StringIO()
    writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
    writer.writeheader()
    for list_name, table in tables.items():
        for row in table.rows:
            writer.writerow({"list": list_name, **_csv_row(table, row)})
    return file.getvalue()


def _csv_row(table: Table, row: Sequence[str]) -> dict[str, str]:
    """Map the columns of a table to the cells of a row. Numbers lose their commas, and dashes become empty cells."""
    words = row[: table.left]
    numbers = [cell.replace(",", "").replace(NONE, "") for cell in row[table.left :]]
    return dict(zip(table.columns, [*words, *numbers], strict=True))


def main(arguments: Sequence[str]) -> None:
    """Write the files, or check them."""
    check = is_check_requested(__doc__, arguments)
    results = read_results(RESULTS)
    entries_by_name = {entry.name: entry for entry in lists_of(results)}
    entries = [entries_by_name[name] for name in LISTS]
    page = update_page(DOCUMENT.read_text(encoding="utf-8"), results, entries)
    write_or_check({DOCUMENT: page, **csv_files(entries)}, check=check)


if __name__ == "__main__":
    main(sys.argv[1:])
