"""The table of counts in the documents is what the attacks say that they try."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[1] / "docs" / "develop" / "reliability.md"
# The row's first words → the files whose tries it adds up, some of them with the tests that it counts.
ROWS: dict[str, tuple[str, ...]] = {
    "models: bytes": ("test_checkpoints.py",),
    "what a model says": ("test_shown.py",),
    "states of": ("test_states.py",),
    "lists: text": ("test_lists.py",),
    "configs, tables": ("test_configs.py",),
    "what long commands": ("test_kept.py",),
    "`.tflite`": ("test_tflite.py",),
    "wishes, expressions": ("test_wishes.py",),
    "answers and addresses": ("test_fetch.py",),
    "sentences of": ("test_grammars.py",),
    "addresses of a page": ("test_addresses.py",),
    "inputs led": ("test_guided.py",),
    "trainings that are killed, NumPy": (
        "test_kills.py::test_numpy_at_every_write",
        "test_kills.py::test_numpy_at_random",
    ),
    "trainings that are killed, Keras": ("test_kills.py::test_keras_at_a_write_and_at_random",),
    "sweeps": ("test_kills.py::test_a_sweep_at_every_write",),
    "comparisons": ("test_kills.py::test_a_comparison_at_every_write_and_at_random",),
    "two of everything": ("test_together.py::test_two_sweeps",),
    "calls of each of 8 threads, NumPy": ("test_threads.py::CALLS ",),
    "calls of each of 8 threads, Keras": ("test_threads.py::test_of_the_keras_engine",),
    "lines of": ("test_sizes.py::LINES ",),
}
TRIES = re.compile(r"landing=([\d_]+), hour=([\d_]+)")


def planned(places: tuple[str, ...]) -> list[int]:
    """The tries on a landing, and in an hour, that these places of the code ask for."""
    found = []
    for place in places:
        file, _, name = place.partition("::")
        text = (HERE / file).read_text(encoding="utf-8")
        if name.startswith("test_"):
            text = text.partition(f"def {name}(")[2].partition("\ndef ")[0]
        elif name:
            text = next(line for line in text.split("\n") if line.startswith(name))
        found += TRIES.findall(text)
    assert found, places
    return [sum(int(pair[column]) for pair in found) for column in (0, 1)]


@pytest.mark.parametrize("row", ROWS)
def test_a_row_of_the_table_says_what_is_tried(row: str) -> None:
    [line] = [line for line in DOCUMENT.read_text(encoding="utf-8").split("\n") if line.startswith(f"| {row}")]
    told = [int(cell.replace(",", "")) for cell in re.findall(r"\| ([\d,]+) (?=\|)", line)]
    assert told == planned(ROWS[row])


def test_each_reader_is_tried_ten_thousand_times_in_an_hour() -> None:
    readers = ("models: bytes", "states of", "lists: text", "configs, tables", "what long commands", "`.tflite`")
    for row in (*readers, "wishes, expressions", "answers and addresses"):
        assert planned(ROWS[row])[1] >= 10_000, row


def test_every_row_of_the_table_is_looked_at() -> None:
    table = DOCUMENT.read_text(encoding="utf-8").partition("## What is counted")[2].split("\n")
    rows = [line.removeprefix("| ") for line in table if line.startswith("| ")][2:]
    assert [row for row in rows if not row.startswith(tuple(ROWS))] == []
    assert len(rows) == len(ROWS)
