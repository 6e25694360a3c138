"""Check the progress display: long commands show their progress, and results stay the same."""

from __future__ import annotations

import io
import os
import pty
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from namegen.cli import display, progress
from namegen.cli.display import Display
from namegen.cli.progress import Progress
from namegen.cli.terminal import Notes
from namegen.events import (
    Ended,
    EpochEnded,
    Event,
    FilledUp,
    ListReady,
    Measuring,
    NoWorkers,
    Planned,
    Running,
    Searched,
    StepBegins,
    TrainingBegins,
    UnderWay,
)
from tests.cli.conftest import invoke

BEGINS = TrainingBegins(
    "numpy", 5, 9, characters=600, epoch=0, step=0, finished=False, ceiling=0.5, network="gru 8"
)


class Clock:
    """A clock that advances only when a test changes it."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Replace the clock of the progress display. The display's thread doesn't redraw anything by itself."""
    standing = Clock()
    for module in (display, progress):
        monkeypatch.setattr(module, "time", standing)
    monkeypatch.setattr(display, "SECONDS_BEFORE", 2)
    monkeypatch.setattr(display, "SECONDS_BETWEEN_FRAMES", 1_000)
    return standing


def standard_error(monkeypatch: pytest.MonkeyPatch, *, is_terminal: bool) -> io.StringIO:
    """Replace standard error with a stream, and return the stream."""
    stream = io.StringIO()
    stream.isatty = lambda: is_terminal  # type: ignore[method-assign]
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    return stream


def words(stream: io.StringIO) -> str:
    """Return the text without colors and cursor movements."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())


def ended(epoch: int, sample: str = "Al", accuracy: float | None = 0.25) -> EpochEnded:
    return EpochEnded(epoch, 9.0, 0.5, 0.01, 2.5, 2.4, accuracy, 0.1, sample, sample_is_new=True)


# --- the display ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_terminal", [True, False])
def test_long_commands_show_progress_on_any_standard_error(
    is_terminal: bool, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = standard_error(monkeypatch, is_terminal=is_terminal)
    with Display(Notes(quiet=False), "reading a\x1b[31m") as shown:
        clock.now += 1.9
        shown.show()
        assert log.getvalue() == ""
        clock.now += 0.2
        shown.show()
        assert words(log).strip() == "reading a\\x1b[31m, 2 s"
        shown(BEGINS)
        shown(Measuring())
        clock.now += 10
        shown(Measuring())
        shown.show()
        assert "measuring the network, 10 s" in words(log)
    if is_terminal:
        assert "\x1b[2K" in log.getvalue().rpartition("10 s")[2], "the progress line wasn't erased"


@pytest.mark.parametrize(("terminal", "is_redrawn"), [("xterm", True), ("dumb", False)])
def test_a_dumb_terminal_gets_no_control_characters(
    terminal: str, is_redrawn: bool, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = standard_error(monkeypatch, is_terminal=True)
    monkeypatch.setenv("TERM", terminal)
    with Display(Notes(quiet=False), "reading") as shown:
        clock.now += 10
        shown.show()
    assert "reading, 10 s" in words(log)
    assert ("\x1b" in log.getvalue()) == is_redrawn


@pytest.mark.parametrize("is_terminal", [True, False])
def test_quiet_prints_nothing(
    is_terminal: bool, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = standard_error(monkeypatch, is_terminal=is_terminal)
    with Display(Notes(quiet=True), "reading") as shown:
        for event in (BEGINS, StepBegins(0, 0), ended(5), Ended("a", trouble="it is gone")):
            clock.now += 1_000
            shown(event)
            shown.show()
    assert log.getvalue() == ""


def test_progress_lines_become_rarer_over_time(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = standard_error(monkeypatch, is_terminal=False)
    said = []
    with Display(Notes(quiet=False), "reading") as shown:
        for second in range(1, 2_000):
            clock.now += 1
            before = log.tell()
            shown.show()
            said += [second] * (log.tell() > before)
    assert said[:4] == [2, 5, 8, 11]
    gaps = [after - before for before, after in pairwise(said)]
    assert gaps == sorted(gaps)
    assert 150 < gaps[-1] < 200


def test_notes_appear_above_the_block_and_results_erase_it(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = standard_error(monkeypatch, is_terminal=True)
    notes = Notes(quiet=False)
    with Display(notes, "reading") as shown:
        clock.now += 3
        shown.show()
        notes("one \x1b name :cat: [b]")
        shown.show()
        with shown.erased():
            assert "\x1b[2K" in log.getvalue().rpartition("reading, 3 s")[2], (
                "the block wasn't erased"
            )
        notes("another")
    assert re.search(r"3 s\s+one \\x1b name :cat: \[b\]\s*\n\s*reading, 3 s", words(log))
    notes("after")
    assert log.getvalue().endswith("after\n")


def test_progress_is_visible_if_standard_error_is_redirected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The export to .tflite redirects standard error to hide TensorFlow's messages."""
    monkeypatch.setattr(display, "SECONDS_BEFORE", 0)
    monkeypatch.setattr(display, "SECONDS_BETWEEN_FRAMES", 0.01)
    monkeypatch.setattr(Notes, "can_draw_over", property(lambda notes: True))
    master, slave = pty.openpty()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with open(slave, "w") as stream:
        monkeypatch.setattr("sys.stderr", stream)
        with Display(Notes(quiet=False), "exporting"):
            os.dup2(nowhere, slave)
            seen = b""
            while b"exporting, 0 s" not in seen:
                seen += os.read(master, 100)
    os.close(master)
    os.close(nowhere)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("describe names.txt", {"reading names.txt", "describing names.txt"}),
        ("evaluate mlb-last names.txt", {"opening mlb-last", "evaluating mlb-last on names.txt"}),
        ("score mlb-last Maddox", {"opening mlb-last", "scoring 1 name"}),
        (
            "generate mlb-last -n 1 --exclude-names names.txt",
            {"reading the names and words to exclude"},
        ),
        (
            "train names.txt --quick --epochs 1 --no-plot",
            {"preparing the run", "measuring the network"},
        ),
    ],
)
def test_long_commands_show_their_current_step(
    line: str, said: set[str], monkeypatch: pytest.MonkeyPatch, small: Path
) -> None:
    (small / "names.txt").write_text("Maddox\nGarcia\nLee\nDiaz\n" * 9)
    started: list[str] = []
    make = Display.__init__
    monkeypatch.setattr(
        Display,
        "__init__",
        lambda one, notes, doing: started.append(doing) or make(one, notes, doing),
    )
    result = invoke(*line.split())
    assert result.exit_code == 0, result.output
    assert not re.search(r", \d+ s", result.stderr)
    assert said <= set(started)


@pytest.mark.parametrize(
    "arguments",
    [
        ("generate", "mlb-first", "-n", "40", "--contains", "a", "--sort", "likely"),
        ("generate", "mlb-first", "--most-likely", "30"),
        ("players", "-n", "50"),
        ("people", "-n", "50"),
        ("companies", "-n", "50"),
    ],
    ids=" ".join,
)
def test_searches_show_progress_and_return_the_same_names(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, small: Path
) -> None:
    arguments += () if "--most-likely" in arguments else ("--seed", "1")
    plain = invoke(*arguments)
    assert plain.exit_code == 0
    told: list[Event] = []
    monkeypatch.setattr(Notes, "can_draw_over", property(lambda notes: not notes.quiet))
    for setting in ("SECONDS_BEFORE", "SECONDS_BETWEEN_FRAMES"):
        monkeypatch.setattr(display, setting, 0.001)
    take = Progress.take
    monkeypatch.setattr(Progress, "take", lambda one, event: told.append(event) or take(one, event))
    assert invoke(*arguments).stdout == plain.stdout
    assert {type(event) for event in told} == {Searched}
    wanted = next(int(value) for value in arguments if value.isdigit())
    assert all(
        event.found <= event.wanted == wanted for event in told if isinstance(event, Searched)
    )
    assert invoke(*arguments, "--quiet").stderr == ""


# --- the text ---------------------------------------------------------------------------------------------------------


def told(*events: Event, is_block: bool = False) -> tuple[Progress, list[str]]:
    """Return the progress after these events, and the lines that they printed."""
    progress = Progress("", is_block=is_block)
    return progress, [sentence for event in events for sentence in progress.take(event)]


def test_training_shows_its_data_progress_and_last_epoch(clock: Clock) -> None:
    ready = ListReady(
        ("1 empty line was dropped", ""),
        training=90,
        names_per_epoch=70,
        validation=9,
        test=None,
        labels=2,
    )
    at, said = told(ready, BEGINS)
    assert said == [
        "1 empty line was dropped",
        "",
        "90 names to train on (square-root weighting of duplicates: 70), 2 labels, 9 held out",
        "5 epochs of 9 steps, backend numpy, gru 8",
    ]
    assert at.view().in_a_line() == "epoch 1/5  -:-- left  preparing the backend"
    at.take(StepBegins(0, 0))
    clock.now += 10
    assert at.take(ended(1)) == ()
    line = "epoch 2/5  0:40 left  loss 2.5000  held-out accuracy 25.0% (ceiling 50.0%)"
    assert at.view().in_a_line() == line
    at.take(StepBegins(1, 3))
    assert at.view().bar == (1 + 3 / 9, 5)
    assert (at.view().details[2:], at.view().lines) == (["Al (new)", "1,200 characters/s"], [])
    for epoch in range(2, 5):
        at.take(ended(epoch, f"name {epoch}\x1b"))
    assert at.view().lines == ["name 3\\x1b (new)  name 2\\x1b (new)  Al (new)"]
    [last] = at.take(ended(5))
    assert last.startswith("epoch 5/5  loss 2.5000")


def test_a_resumed_run_ignores_earlier_epochs_in_its_estimate(clock: Clock) -> None:
    begins = TrainingBegins("numpy", 5, 10, 600, epoch=3, step=5, finished=False, ceiling=None)
    at, _ = told(begins, StepBegins(3, 5))
    clock.now += 10
    at.take(StepBegins(4, 0))
    assert at.view().in_a_line() == "epoch 5/5  0:20 left"
    _, said = told(
        TrainingBegins("numpy", 5, 10, 600, epoch=5, step=0, finished=True, ceiling=None)
    )
    assert "already complete" in said[0]


def test_finished_runs_are_counted_and_time_left_is_estimated(clock: Clock) -> None:
    at, said = told(Planned("run", 12, 1, "tcp://a:1"), NoWorkers(), NoWorkers())
    assert said[0] == "12 runs, 1 of them already done, on the scheduler tcp://a:1"
    assert said[1].startswith("the scheduler has no worker yet")
    assert len(said) == 2
    at.take(
        Running(tuple(UnderWay(f"gru {number}\x1b", 1, 4 * (number == 0)) for number in range(10)))
    )
    view = at.view()
    assert replace(view, lines=()).in_a_line() == "1/12  10 running, 1 left"
    assert [*view.lines][:2] == ["gru 0\\x1b  epoch 1/4", "gru 1\\x1b"]
    assert [*view.lines][-1] == "and 2 more"
    clock.now += 2
    said = "2/12  gru 0: 25.0% held-out in 2.0 s  (10 left, about 0:20)"
    assert at.take(Ended("gru 0", 2.0, accuracy=0.25)) == [said]
    clock.now += 5  # a slow run doesn't increase the estimate
    assert at.view().after.endswith(", about 0:15")
    assert at.take(Ended("gru 1", 2.0, "the device is gone"))[0].startswith(
        "3/12  gru 1: the device is gone  (9 left"
    )
    assert told(Planned("run", 2), Ended("gru 2"), is_block=True)[1][1] == "1/2  gru 2: done"


def test_a_search_shows_the_names_found_and_drawn() -> None:
    for event, line in (
        (Searched(0, 9), "0 of 9 names found"),
        (Searched(1_000, 2_000, 3_000), "1,000 of 2,000 names found  3,000 names drawn"),
        (Searched(1, 2, 3, 4_000), "1 of 2 names found  3 names drawn  4,000 prefixes read"),
    ):
        assert told(event)[0].view().in_a_line() == line


def test_a_search_reports_that_most_names_missed_the_threshold() -> None:
    _, said = told(Searched(3, 20, 4_000), FilledUp(20, filled=17))
    assert said == [
        "17 of these 20 names score below the usual threshold, because too few names reach it"
    ]
