"""The line that says how a search for names is going: late, in a terminal only, and gone before any name."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from namegen import models
from namegen.cli import cli, search_line
from namegen.cli.progress import SECONDS_BETWEEN_FRAMES
from namegen.cli.search_line import SECONDS_BEFORE, SearchLine
from namegen.cli.terminal import Notes
from tests.small_models import small_models

ERASED = "\r\x1b[K"


class Terminal(io.StringIO):
    """A stream that says that it is one."""

    def isatty(self) -> bool:
        return True


class Clock:
    """Time that stands still until it is moved."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(search_line, "time", clock)
    return clock


def in_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Standard error from here on. (Not a fixture: pytest puts its own in place once those are made.)"""
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    return terminal


def test_it_comes_after_two_seconds_and_not_at_every_call(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = in_terminal(monkeypatch)
    with SearchLine(Notes(quiet=False), 100_000) as line:
        assert line.on_progress is not None
        clock.now += SECONDS_BEFORE - 0.01
        line.on_progress(0, 900)
        line.clear()
        assert terminal.getvalue() == ""
        clock.now += 0.02
        line.on_progress(0, 1_000)
        line.on_progress(0, 1_100)
        clock.now += SECONDS_BETWEEN_FRAMES + 0.01
        line.on_progress(12_000, 25_000)
    frames = ["0 of 100,000 names, 1,000 drawn", "12,000 of 100,000 names, 25,000 drawn", ""]
    assert terminal.getvalue() == "".join(ERASED + frame for frame in frames)
    assert SECONDS_BEFORE == 2


def test_it_is_taken_away_before_names_and_at_an_error(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = in_terminal(monkeypatch)
    line = SearchLine(Notes(quiet=False), 9, "players", "last names drawn")
    assert line.on_progress is not None
    clock.now += 5
    line.on_progress(1, 2)
    line.clear()
    assert terminal.getvalue().endswith(f"1 of 9 players, 2 last names drawn{ERASED}")
    clock.now += 5
    line.on_progress(3, 4)
    with contextlib.suppress(KeyError), line:
        raise KeyError
    assert terminal.getvalue().endswith(f"3 of 9 players, 4 last names drawn{ERASED}")


def test_there_is_none_where_it_cannot_be_drawn_over(monkeypatch: pytest.MonkeyPatch) -> None:
    in_terminal(monkeypatch)
    assert SearchLine(Notes(quiet=True), 9).on_progress is None
    monkeypatch.setenv("TERM", "dumb")
    assert SearchLine(Notes(quiet=False), 9).on_progress is None
    monkeypatch.setenv("TERM", "xterm")
    assert SearchLine(Notes(quiet=False), 9).on_progress is not None
    monkeypatch.setattr("sys.stderr", io.StringIO())
    assert SearchLine(Notes(quiet=False), 9).on_progress is None


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, [*arguments, *(() if "--best" in arguments else ("--seed", "1"))])


@pytest.mark.parametrize(
    ("arguments", "counted"),
    [
        (("generate", "mlb-first", "-n", "300"), r"of 300 names, [\d,]+ drawn"),
        (("generate", "mlb-first", "-n", "40", "--contains", "a", "--min-length", "4"), r"of 40 names, [\d,]+ drawn"),
        (("generate", "mlb-first", "-n", "300", "--sort", "likely", "--json"), r"of 300 names, [\d,]+ drawn"),
        (("generate", "mlb-first", "--best", "30"), r"of 30 names, [\d,]+ prefixes read"),
        (("players", "-n", "50"), r"of 50 players, [\d,]+ last names drawn"),
        (("companies", "-n", "50"), r"of 50 names, [\d,]+ drawn"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_every_search_shows_it_and_gives_the_same_names(
    arguments: tuple[str, ...], counted: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(models, "_FOLDER", small_models())
    monkeypatch.chdir(tmp_path)
    plain = run(*arguments)
    monkeypatch.setattr(Notes, "can_draw_over", property(lambda notes: not notes.quiet))
    assert run(*arguments).stderr == plain.stderr == ""  # no search here takes two seconds
    monkeypatch.setattr(search_line, "SECONDS_BEFORE", 0)
    monkeypatch.setattr(search_line, "SECONDS_BETWEEN_FRAMES", 0)
    shown = run(*arguments)
    assert shown.exit_code == plain.exit_code == 0
    assert shown.stdout == plain.stdout
    nothing, *frames = shown.stderr.split(ERASED)
    assert nothing == frames[-1] == ""
    assert len(frames) > 2
    for frame in filter(None, frames):
        assert re.fullmatch(rf"[\d,]+ {counted}", frame)
    assert run(*arguments, "--quiet").stderr == ""
