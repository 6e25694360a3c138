"""Write the tables of ``docs/results/original.md``, and three CSV files, from the results of ``compare-backends``.

In the page, it replaces everything between ``<!-- table NAME -->`` and ``<!-- end -->``. With ``--check``, it only
checks that the files are up to date.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from textwrap import fill

import original_tables
from blog_results import LISTS
from options import is_check_requested, write_or_check

from namegen.documents import from_plain
from namegen.experiments.compare.document import Comparison, ListEntry
from namegen.experiments.compare.name_tables import generated_names_table, speed_table
from namegen.experiments.compare.network_tables import like_for_like_table
from namegen.experiments.compare.tables import verdict_blocks
from namegen.experiments.report import NONE, Table, markdown

RESULTS = Path(__file__).parents[1] / "results" / "results.json"
DOCUMENT = RESULTS.with_name("original.md")
# These models generate the same kind of names as "numpy, count-splitting".
SAME_NAMES = {
    "numpy, one by one",
    "keras, one by one",
    "keras, count-splitting",
    "tflite step, one by one",
    "tflite step, count-splitting",
    "tflite generate, one by one",
}

# --- the page ---------------------------------------------------------------------------------------------------------


def machine_text(results: Comparison) -> str:
    """Describe the machine, the versions, the seeds and the commit."""
    machine = results.machine
    libraries = [f"{name} {version}" for name, version in results.versions.items() if version]
    seeds = ", ".join(str(seed) for seed in results.seeds)
    return (
        f"{machine.processor}, {machine.cores} cores, {machine.memory_gib} GiB, {machine.system}; one thread each. "
        f"{', '.join(libraries)}. Seeds {seeds}; commit {', '.join(results.commits)}."
    )


def verdict_text(results: Comparison) -> str:
    """Return the beginning of the report, with wrapped lines."""
    blocks = []
    for block in markdown(verdict_blocks(results)):
        is_table = "| " in block
        blocks.append(block if is_table else fill(block, 120, break_on_hyphens=False))
    return "\n\n".join(blocks)


def page_parts(results: Comparison, entries: Sequence[ListEntry]) -> dict[str, str]:
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


def update_page(page: str, results: Comparison, entries: Sequence[ListEntry]) -> str:
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


def csv_files(results: Comparison, entries: Sequence[ListEntry]) -> dict[Path, str]:
    """Return the tables that are too large for the page, by path."""
    training_speed = {}
    generation_speed = {}
    generated_names = {}
    for entry in entries:
        training_speed[entry.name] = like_for_like_table(entry)
        generation_speed[entry.name] = speed_table(entry, results.generated_names)
        generated_names[entry.name] = _different_names_table(entry, results.generated_names)
    return {
        RESULTS.with_name("training-speed.csv"): tables_to_csv(training_speed),
        RESULTS.with_name("generation-speed.csv"): tables_to_csv(generation_speed),
        RESULTS.with_name("generated-names.csv"): tables_to_csv(generated_names),
    }


def _different_names_table(entry: ListEntry, names: int) -> Table:
    """Return the table of generated names without the models that generate the same kind of names."""
    table = generated_names_table(entry, names)
    rows = []
    for row in table.rows:
        _, model, *_ = row
        if model not in SAME_NAMES:
            rows.append(row)
    return replace(table, rows=tuple(rows))


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
    results = from_plain(Comparison, json.loads(RESULTS.read_text(encoding="utf-8")))
    entries_by_name = {entry.name: entry for entry in results.lists}
    entries = [entries_by_name[name] for name in LISTS]
    page = update_page(DOCUMENT.read_text(encoding="utf-8"), results, entries)
    write_or_check({DOCUMENT: page, **csv_files(results, entries)}, check=check)


if __name__ == "__main__":
    main(sys.argv[1:])
