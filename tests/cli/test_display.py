"""Check the progress display: long commands show their progress, and results stay the same."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from namegen.cli import cli, display
from namegen.cli.display import Display
from namegen.cli.terminal import QUIET
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
)
from tests.cli.conftest import invoke

BEGINS = TrainingBegins(
    "numpy", 5, 9, characters=600, epoch=0, step=0, finished=False, ceiling=0.5, network="gru 8"
)
LIST = ListReady(
    ("1 empty line was dropped", ""),
    training=90,
    names_per_epoch=70,
    validation=9,
    test=None,
    labels=0,
)


def ended(epoch: int) -> EpochEnded:
    return EpochEnded(epoch, 9.0, 0.5, 0.01, 2.5, 2.4, 0.25, 0.1, "Al\x1b", sample_is_new=True)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], io.StringIO]:
    """Return a function that replaces standard error with a stream, and make the display show everything at once."""
    monkeypatch.setattr(display, "SECONDS_BEFORE", 0)
    monkeypatch.setattr(display, "SECONDS_BETWEEN_FRAMES", 0.01)
    monkeypatch.setattr(display, "SECONDS_BETWEEN_LINES", 0.01)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")

    def replaced(is_terminal: bool) -> io.StringIO:
        stream = io.StringIO()
        stream.isatty = lambda: is_terminal  # type: ignore[method-assign]
        monkeypatch.setattr("sys.stderr", stream)
        return stream

    return replaced


def words(stream: io.StringIO) -> str:
    """Return the text without colors and cursor movements."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())


def wait_for(text: str, stream: io.StringIO) -> None:
    for _ in range(1_000):
        if text in words(stream):
            return
        time.sleep(0.01)
    raise AssertionError(words(stream))


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_run_shows_its_list_its_epochs_and_its_last_result(
    is_terminal: bool, log: Callable[[bool], io.StringIO]
) -> None:
    stream = log(is_terminal)
    with Display("reading a\x1b[31m") as shown:
        wait_for("reading a\\x1b[31m", stream)
        for event in (LIST, BEGINS):
            shown(event)
        wait_for("preparing the backend", stream)
        shown(StepBegins(0, 0))
        shown(ended(1))
        shown(StepBegins(1, 3))
        wait_for("epoch 2/5", stream)
        wait_for("held-out accuracy 25.0% (ceiling 50.0%), Al\\x1b (new)", stream)
        shown(ended(5))
        shown(Measuring())
        wait_for("measuring the network", stream)
        with shown.erased():
            length = len(stream.getvalue())
            time.sleep(0.05)
            assert len(stream.getvalue()) == length, "the bar is drawn between results"
    text = words(stream)
    for line in (
        "1 empty line was dropped",
        "90 names to train on (square-root weighting of duplicates: 70), 9 held out",
        "5 epochs of 9 steps, backend numpy, gru 8",
        "epoch 5/5: loss 2.5000, held-out accuracy 25.0% (ceiling 50.0%), Al\\x1b (new)",
    ):
        assert line in text
    assert ("\x1b[2K" in stream.getvalue()) == is_terminal, "only a bar is erased"


def test_a_dumb_terminal_gets_no_control_characters(
    log: Callable[[bool], io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = log(True)
    monkeypatch.setenv("TERM", "dumb")
    with Display("reading"):
        wait_for("reading  0 s", stream)
    assert "\x1b" not in stream.getvalue()


def test_quiet_prints_nothing(log: Callable[[bool], io.StringIO]) -> None:
    stream = log(True)
    context = click.Context(cli)
    context.meta[QUIET] = True
    with context, Display("reading") as shown:
        for event in (BEGINS, StepBegins(0, 0), ended(5), Ended("a", trouble="it is gone")):
            shown(event)
        time.sleep(0.05)
    assert stream.getvalue() == ""


def test_parallel_jobs_are_counted_and_their_results_printed(
    log: Callable[[bool], io.StringIO],
) -> None:
    stream = log(False)
    jobs = tuple(f"gru {number}\x1b" for number in range(5))
    with Display() as shown:
        for event in (Planned(12, 1, "tcp://a:1"), NoWorkers(), NoWorkers(), Running(jobs)):
            shown(event)
        wait_for("gru 0\\x1b, gru 1", stream)
        shown(Ended("gru 0", 2.0, accuracy=0.25))
        shown(Ended("gru 1", 2.0, "the device is gone"))
        shown(Ended("gru 2"))
    lines = words(stream).splitlines()
    for line in (
        "12 jobs, 1 of them already done, on the scheduler tcp://a:1",
        "2/12  gru 0: 25.0% held-out in 2.0 s",
        "3/12  gru 1: the device is gone",
        "4/12  gru 2: done",
    ):
        assert line in lines
    assert sum("no worker yet" in line for line in lines) == 1
    assert any("and 2 more" in line for line in lines)


@pytest.mark.parametrize(
    "line",
    [
        "generate mlb-first -n 40 --contains a --sort likely --seed 1",
        "generate mlb-first --most-likely 30",
        "people -n 20 --seed 1",
    ],
)
def test_searches_show_progress_and_return_the_same_names(
    line: str, monkeypatch: pytest.MonkeyPatch, small: Path
) -> None:
    arguments = line.split()
    plain = invoke(*arguments)
    assert plain.exit_code == 0
    told: list[Event] = []
    monkeypatch.setattr(display, "can_draw_over", lambda: True)
    monkeypatch.setattr(display, "SECONDS_BEFORE", 0.001)
    monkeypatch.setattr(display, "SECONDS_BETWEEN_FRAMES", 0.001)
    call = Display.__call__
    monkeypatch.setattr(
        Display, "__call__", lambda one, event: told.append(event) or call(one, event)
    )
    assert invoke(*arguments).stdout == plain.stdout
    assert {type(event) for event in told} == {Searched}
    assert invoke(*arguments, "--quiet").stderr == ""


def test_a_search_reports_that_most_names_missed_the_threshold(
    log: Callable[[bool], io.StringIO],
) -> None:
    stream = log(False)
    with Display() as shown:
        shown(Searched(3, 20, 4_000))
        wait_for("3 of 20 names found", stream)
        shown(FilledUp(20, filled=17))
    assert "names below the usual score threshold: 17 of 20" in words(stream)
