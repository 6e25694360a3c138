"""Tables are whole in a narrow terminal; the lines of what takes long come late, in a terminal only, and go."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from unicodedata import east_asian_width

import pytest

from namegen.api.teachers import TeacherAtWork
from namegen.cli import COMMANDS, progress, terminal
from namegen.cli.compare import print_summary
from namegen.cli.progress import Lines, LiveBlock
from namegen.cli.report import show_table, show_with_ranges, without_ranges
from namegen.cli.score import _print_coloured, coloured
from namegen.cli.terminal import Notes, SearchLine, Waiting, aligned, beside, clock, columns, fitted, one_line
from namegen.core.evaluation.scoring import NameScore
from namegen.core.settings import DataSettings
from namegen.core.training.progress import EpochRecord
from namegen.documents import from_plain
from namegen.experiments.compare.document import Comparison, Trouble
from namegen.experiments.table import Table
from tests.cli.conftest import invoke
from tests.core.training.small_runs import SHORT, make_run

ROOT = Path(__file__).parents[2]
ERASED = "\r\x1b[K"
ROWS = [("on held-out names", "nats/char", "argmax accuracy"), ("  this network", "2.5840", "22.1%")]
GRID = Table(
    "",
    ("setting", "seeds", "argmax %", "nats/char", "seconds"),
    (
        ("learning rate 0.01", "3", "45.1 (45.0 to 45.2)", "2.104 (2.101 to 2.108)", "112.3 (111.8 to 1,130)"),
        ("one\nseed", "1", "44.0", "2.2", "12"),
    ),
)


@pytest.fixture
def place(small: Path) -> Path:
    """A folder with a list, and the small models."""
    (small / "names.txt").write_text("Maddox\nGarcia\nLee\nDiaz\nさくら\n" * 9)
    return small


def width(line: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in line)


# --- tables -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wide", [40, 80])
@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_stays_within_the_terminal(command: str, wide: int) -> None:
    """But for an option that is wider alone, and examples, which are to be copied."""
    lines = invoke(*command.split(), "--help", wide=wide).stdout.splitlines()
    whole = [line for line in lines if not line.startswith(("    namegen ", "  --"))]
    assert max(map(len, whole)) <= wide
    texts = [line for line in lines if line.startswith("      ")]
    assert wide > 40 or max(map(len, texts)) > 30, "the text of an option has the whole width"


@pytest.mark.parametrize(("wide", "names"), [(40, "names.txt"), (80, "companies")])
def test_results_stay_within_the_terminal(wide: int, names: str, place: Path) -> None:
    for line in (f"ceiling {names}", f"evaluate mlb-first {names}", f"describe {names}", "lists", "configs"):
        result = invoke(*line.split(), wide=wide)
        assert result.exit_code == 0, result.output
        assert max(map(width, result.stdout.splitlines())) <= wide


def test_a_description_has_two_columns_where_there_is_room_and_few_rows(place: Path) -> None:
    (place / "many.txt").write_text("Al\n" * 5 + "Bo\n" * 2 + "Maximilian-Johann\n")
    for wide, title in ((80, "Length of a name in characters            Commonest letters"), (79, "Commonest letters")):
        lines = invoke("describe", "many.txt", wide=wide).stdout.splitlines()
        assert title in lines
    rows = re.findall(r"(?m)^(16-17|once|twice|\S+ times) +(\d) ", "\n".join(lines))
    assert rows == [("16-17", "1"), ("once", "1"), ("twice", "1"), ("3-9 times", "1")]


def test_the_shipped_models_stay_within_the_terminal() -> None:
    assert max(map(len, invoke("models", wide=40).stdout.splitlines())) <= 40


def test_a_table_that_is_too_wide_has_its_cells_below_their_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    heading = "  this network\n    nats/char        2.5840\n    argmax accuracy   22.1%"
    assert fitted(ROWS) == f"on held-out names\n{heading}"
    long = fitted([("a", "b"), ("x", "y " * 20)], left=2)
    assert long.splitlines()[2:] == ["     y y"]
    assert beside("name", "a " * 20, "b").splitlines()[0] == "name"
    monkeypatch.setenv("COLUMNS", "200")
    assert columns() == 80
    assert [line.split()[-1] for line in fitted(ROWS).splitlines()] == ["accuracy", "22.1%"]
    assert beside("name", "a", "b") == "name  a\n      b"
    assert aligned([("ゆき", "1"), ("Al", "10")]) == "ゆき   1\nAl    10"


def test_ranges_stand_below_their_means(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    show_with_ranges("a list", GRID)
    assert capsys.readouterr().out.splitlines() == [
        "a list",
        "setting             seeds   argmax %    nats/char      seconds",
        "learning rate 0.01      3       45.1        2.104        112.3",
        "                           45.0–45.2  2.101–2.108  111.8–1,130",
        "one\\nseed               1       44.0          2.2           12",
    ]
    table = Table("", ("network", "held-out part"), (("Keras LSTM 2×32 (original)", "45.1 (45.0 to 45.2)"),), left=1)
    assert without_ranges(table).rows == (("Keras LSTM 2×32 (original)", "45.1"),)


@pytest.mark.parametrize(
    ("wide", "ranges"),
    [
        (62, ["45.0–45.2", "2.101–2.108", "111.8–1,130"]),
        (61, ["45.0–45.2", "2.101–2.108"]),
        (57, ["45.0–45.2"]),
        (55, []),
        (40, ["45.1 (45.0 to 45.2)"]),  # no room for a table: beside their means
    ],
)
def test_ranges_that_have_no_room_are_left_out_from_the_last_on(
    wide: int, ranges: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(wide))
    show_with_ranges("a list", GRID)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= wide
    if wide == 40:
        assert f"  argmax %      {ranges[0]}" in lines
    else:
        assert [word for line in lines for word in line.split() if "–" in word] == ranges
        assert [line.split()[-2:] for line in lines if line.startswith("learning")] == [["2.104", "112.3"]]


@pytest.mark.parametrize("wide", [80, 40])
def test_the_summary_of_a_comparison_stays_within_the_terminal(
    wide: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(wide))
    results = json.loads((ROOT / "docs" / "results" / "results.json").read_text(encoding="utf-8"))
    print_summary(replace(from_plain(Comparison, results), failed=(Trouble("x\x1b", "y"),)))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= wide
    assert {"Which engine trains faster?", "failed: x\\x1b: y"} <= set(lines)
    for told in ("characters/s", "one by one", "mlb-last: the same training by each"):
        assert told in "\n".join(lines)


def test_a_row_of_words_that_is_too_wide_keeps_the_heads_of_its_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    table = Table("", ("report", "folder", "lists"), (("A", "/" + "z" * 90, "one"), ("B", "y", "\x1btwo")), left=3)
    show_table("joined", table)
    lines = capsys.readouterr().out.splitlines()
    words = ["joined", "A", "  lists   one", "B", "  folder  y", "  lists   \\x1btwo"]
    assert [line for line in lines if "z" not in line] == words
    assert lines[2] == "  folder  /" + "z" * 29


def test_a_scored_name_is_whole_and_coloured_by_its_surprise(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    name = "Bartholomew Alexander Maximilian \x1bd"
    surprises = (0.5, 2.0, 4.0, 6.0, 20.0)
    bits = (surprises * 8)[: len(name) + 1]
    score = NameScore(name, tuple(-value * 0.6931471805599453 for value in bits), percentile=None)
    codes = re.findall(r"\x1b\[(\d\d)m(?:\x1b\[(1)m)?(\w)", coloured(score))
    assert codes[:5] == [("32", "", "B"), ("36", "", "a"), ("33", "", "r"), ("31", "", "t"), ("35", "1", "h")]
    _print_coloured([score])
    out = capsys.readouterr().out
    assert "Bartholomew␣Alexander␣Maximilian␣\\x1bd·" in out
    assert "bits per character" in out
    assert "unknown" in out


# --- lines that are drawn over ----------------------------------------------------------------------------------------


class Clock:
    """Time that stands still until it is moved."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


@contextlib.contextmanager
def in_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Standard error says that it is a terminal."""
    stream = io.StringIO()
    stream.isatty = lambda: True  # type: ignore[method-assign]
    with monkeypatch.context() as patch:
        patch.setattr("sys.stderr", stream)
        patch.setenv("TERM", "xterm")
        yield stream


def test_a_line_that_is_drawn_over_is_one_line_and_a_clock_rounds_before_it_carries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert [clock(seconds) for seconds in (0.4, 59.6, 3_599.6)] == ["0:00", "1:00", "1:00:00"]
    monkeypatch.setattr(terminal, "columns_of_notes", lambda: 40)
    assert one_line("x" * 39) == "x" * 39
    assert one_line("x" * 40) == "x" * 38 + "…"


def test_the_line_of_a_search_comes_late_and_goes_before_names_and_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    time_now = Clock()
    monkeypatch.setattr(terminal, "time", time_now)
    with in_terminal(monkeypatch) as stream:
        search = SearchLine(Notes(quiet=False), 100_000)
        with contextlib.suppress(KeyError), search as line:
            assert line.on_progress is not None
            for seconds, found, drawn in ((1.99, 0, 900), (0.02, 0, 1_000), (0, 0, 1_100), (0.21, 12_000, 25_000)):
                time_now.now += seconds
                line.on_progress(found, drawn)
                assert bool(stream.getvalue()) == (drawn > 900)
            line.clear()
            assert stream.getvalue().endswith(ERASED)
            time_now.now += 0.21
            line.on_progress(12_001, 25_000)
            raise KeyError
    frames = ["0 of 100,000 names, 1,000 drawn", "12,000 of 100,000 names, 25,000 drawn", ""]
    frames += ["12,001 of 100,000 names, 25,000 drawn", ""]
    assert stream.getvalue() == "".join(ERASED + frame for frame in frames)


def test_there_is_none_where_it_cannot_be_drawn_over(monkeypatch: pytest.MonkeyPatch) -> None:
    with in_terminal(monkeypatch):
        assert Notes(quiet=False).can_draw_over
        assert SearchLine(Notes(quiet=True), 9).on_progress is None
        monkeypatch.setenv("TERM", "dumb")
        assert SearchLine(Notes(quiet=False), 9).on_progress is None
    monkeypatch.setattr("sys.stderr", io.StringIO())
    assert SearchLine(Notes(quiet=False), 9).on_progress is None


@pytest.mark.parametrize(
    ("arguments", "counted"),
    [
        (("generate", "mlb-first", "-n", "40", "--contains", "a", "--sort", "likely"), r"of 40 names, [\d,]+ drawn"),
        (("generate", "mlb-first", "--best", "30"), r"of 30 names, [\d,]+ prefixes read"),
        (("players", "-n", "50"), r"of 50 players, [\d,]+ last names drawn"),
        (("people", "-n", "50"), r"of 50 people, [\d,]+ people drawn"),
        (("companies", "-n", "50"), r"of 50 names, [\d,]+ drawn"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_every_search_shows_it_and_gives_the_same_names(
    arguments: tuple[str, ...], counted: str, monkeypatch: pytest.MonkeyPatch, place: Path
) -> None:
    arguments += () if "--best" in arguments else ("--seed", "1")
    plain = invoke(*arguments)
    monkeypatch.setattr(Notes, "can_draw_over", property(lambda notes: not notes.quiet))
    monkeypatch.setattr(terminal, "SECONDS_BEFORE", 0)
    monkeypatch.setattr(terminal, "SECONDS_BETWEEN_FRAMES", 0)
    monkeypatch.setattr(Waiting, "_draw", lambda line: None)
    shown = invoke(*arguments)
    assert shown.exit_code == plain.exit_code == 0
    assert shown.stdout == plain.stdout
    nothing, *frames = shown.stderr.split(ERASED)
    assert plain.stderr == nothing == frames[-1] == ""
    assert len(frames) > 2
    for frame in filter(None, frames):
        assert re.fullmatch(rf"[\d,]+ {counted}", frame)
    assert invoke(*arguments, "--quiet").stderr == ""


def waited(doing: str, seconds: float = 0.1, *, quiet: bool = False) -> None:
    with Waiting(Notes(quiet), doing) as line:
        time.sleep(seconds)
    line.__exit__()  # once more changes nothing


def test_the_line_of_a_command_says_what_and_for_how_long_and_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    with in_terminal(monkeypatch) as stream:
        waited("reading")
        assert stream.getvalue() == "", "within two seconds"
        monkeypatch.setattr(terminal, "SECONDS_BEFORE", 0)
        monkeypatch.setattr(terminal, "SECONDS_BETWEEN", 0.02)
        waited("reading a\x1b[31m")
        waited("reading", quiet=True)
        nothing, *frames, last = stream.getvalue().split(ERASED)
        assert (nothing, last) == ("", "")
        assert len(frames) > 1
        assert set(frames) == {"reading a\\x1b[31m, 0 s"}
        waited("x" * 500)
        assert len(stream.getvalue().split(ERASED)[-2]) < 80
    monkeypatch.setattr("sys.stderr", log := io.StringIO())
    waited("reading", 0.05)
    assert log.getvalue() == ""


def test_it_is_seen_where_standard_error_is_held_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the export to .tflite does it, so that TensorFlow's own words are not seen."""
    monkeypatch.setattr(terminal, "SECONDS_BEFORE", 0)
    monkeypatch.setattr(Notes, "can_draw_over", property(lambda notes: True))
    master, slave = pty.openpty()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with open(slave, "w") as stream:
        monkeypatch.setattr("sys.stderr", stream)
        with Waiting(Notes(quiet=False), "exporting"):
            seen = os.read(master, 100)
            os.dup2(nowhere, slave)
            time.sleep(0.02)
    assert b"exporting, 0 s" in seen
    assert os.read(master, 100).endswith(ERASED.encode())
    os.close(master)
    os.close(nowhere)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("describe names.txt", {"reading names.txt", "describing names.txt"}),
        ("evaluate mlb-last names.txt", {"opening mlb-last", "evaluating mlb-last on names.txt"}),
        ("score mlb-last Maddox", {"opening mlb-last", "scoring 1 name"}),
        ("generate mlb-last -n 1 --avoid names.txt", {"reading the files of names that are not wanted"}),
        ("train names.txt --effort quick --epochs 1 --no-plot", {"measuring the network"}),
    ],
)
def test_long_commands_have_it(line: str, said: set[str], monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    monkeypatch.setattr(Notes, "can_draw_over", property(lambda notes: not notes.quiet))
    started: list[str] = []
    begin = Waiting.__enter__

    def noted(one: Waiting) -> Waiting:
        started.append(one._doing)
        return begin(one)

    monkeypatch.setattr(Waiting, "__enter__", noted)
    monkeypatch.setattr(terminal, "SECONDS_BEFORE", 1000)  # however busy the machine is
    result = invoke(*line.split())
    assert result.exit_code == 0, result.output
    assert not re.search(r", \d+ s", result.stderr)
    assert said <= set(started)


# --- how a training is going ------------------------------------------------------------------------------------------


RECORD = EpochRecord(1, 1.0, 1.0, 0.01, 2.5, None, None, None, "Al", sample_is_new=True)


def test_the_longer_a_training_takes_the_rarer_are_its_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "time", time_now := Clock())
    run = make_run(replace(SHORT, epochs=5), data=DataSettings(repeats="damped"))
    lines, at = Lines(Notes(quiet=False)), run.progress
    lines.ready(run)
    for epoch, seconds in enumerate((200, 5, 16, 1.5, 0.1), 1):
        lines.on_step(at, 0, 9)
        time_now.now += seconds
        at.epoch = epoch
        at.history.append(RECORD)
        lines.on_epoch(at)
    said = capsys.readouterr().err
    batches, training = run.parts.batches.name_count, run.parts.training.name_count
    assert f"{training} names to learn from (repeats damped to {batches}), " in said
    told = [("1", "13:20"), ("3", "2:27"), ("5", "0:00")]
    assert re.findall(r"epoch (\d)/5  loss 2.5000  (\S+) left", said) == told


def test_a_block_is_drawn_five_times_a_second_and_once_more_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "time", time_now := Clock())
    frames: list[object] = []
    live = SimpleNamespace(update=lambda frame, refresh: frames.append(frame), console=SimpleNamespace(width=80))
    monkeypatch.setattr(progress, "start_live", lambda: live)
    run = make_run()
    block, at = LiveBlock(Notes(quiet=True)), run.progress
    block.ready(run)

    def draws(tell: Callable[..., None], *told: object) -> bool:
        before = len(frames)
        tell(*told)
        return len(frames) > before

    for tell, *told in ((block.on_teachers, [TeacherAtWork("1", 1, 2)]), (block.on_step, at, 0, 9)):
        for seconds, drawn in ((0.3, True), (0.1, False), (0.15, True)):
            time_now.now += seconds
            assert draws(tell, *told) == drawn
    at.history.append(RECORD)
    for at.epoch in (1, 4):
        assert draws(block.on_epoch, at) == (at.epoch == run.trainer.epochs)
