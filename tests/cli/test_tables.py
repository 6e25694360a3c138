"""Tables in the terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from namegen.cli.tables import show_table, show_with_ranges, without_ranges
from namegen.experiments.table import Table


def test_a_terminal_leaves_out_ranges_and_keeps_names_whole() -> None:
    table = Table("", ("network", "held-out part"), (("Keras LSTM 2×32 (original)", "45.1 (45.0 to 45.2)"),), left=1)
    assert without_ranges(table).rows == (("Keras LSTM 2×32 (original)", "45.1"),)


GRID = Table(
    "",
    ("setting", "seeds", "argmax %", "nats/char", "seconds"),
    (
        ("learning rate 0.01", "3", "45.1 (45.0 to 45.2)", "2.104 (2.101 to 2.108)", "112.3 (111.8 to 1,130)"),
        ("one\nseed", "1", "44.0", "2.2", "12"),
    ),
)


def shown(width: int, table: Table = GRID) -> list[str]:
    stream = io.StringIO()
    show_with_ranges(Console(file=stream, width=width, highlight=False, markup=False), "a list", table)
    return [line.rstrip() for line in stream.getvalue().splitlines()]


def test_ranges_stand_below_their_means() -> None:
    assert shown(80) == [
        "a list",
        "setting             seeds   argmax %    nats/char      seconds",
        "learning rate 0.01      3       45.1        2.104        112.3",
        "                           45.0–45.2  2.101–2.108  111.8–1,130",
        "one\\nseed               1       44.0          2.2           12",
    ]


@pytest.mark.parametrize(
    ("width", "ranges"),
    [
        (62, ["45.0–45.2", "2.101–2.108", "111.8–1,130"]),
        (61, ["45.0–45.2", "2.101–2.108"]),
        (57, ["45.0–45.2"]),
        (55, []),
    ],
)
def test_ranges_that_have_no_room_are_left_out_from_the_last_on(width: int, ranges: list[str]) -> None:
    lines = shown(width)
    assert max(map(len, lines)) <= width
    assert [word for line in lines for word in line.split() if "–" in word] == ranges
    assert [line.split()[-2:] for line in lines if line.startswith("learning")] == [["2.104", "112.3"]]


def test_a_table_that_has_no_room_at_all_keeps_its_ranges_beside_the_means() -> None:
    assert "  argmax %      45.1 (45.0 to 45.2)" in shown(40)


def test_a_table_without_ranges_has_no_second_lines() -> None:
    assert len(shown(80, without_ranges(GRID))) == 4


@pytest.mark.parametrize("width", [80, 40])
def test_a_row_of_words_alone_that_is_too_wide_keeps_the_heads_of_its_columns(width: int) -> None:
    table = Table("", ("report", "folder", "lists"), (("A", "/" + "z" * 90, "one"), ("B", "y", "\x1btwo")), left=3)
    stream = io.StringIO()
    show_table(Console(file=stream, width=width, highlight=False, markup=False), "joined", table)
    lines = [line.rstrip() for line in stream.getvalue().splitlines()]
    assert max(map(len, lines)) <= width
    assert [line for line in lines if "z" not in line] == [
        *("joined", "A", "  lists   one"),
        *("B", "  folder  y", "  lists   \\x1btwo"),
    ]
    assert lines[2] == "  folder  /" + "z" * (width - 11)
