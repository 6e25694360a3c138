"""The line of a command that takes long: late, in a terminal only, and gone at the end."""

from __future__ import annotations

import io
import os
import pty
import re
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from namegen import models
from namegen.cli import cli, waiting
from namegen.cli.terminal import Notes
from namegen.cli.waiting import SECONDS_BEFORE, Waiting
from tests.small_models import small_models

ERASED = "\r\x1b[K"


def drawn(monkeypatch: pytest.MonkeyPatch, doing: str, *, seconds: float = 0.1, quiet: bool = False) -> str:
    """What a terminal gets while something lasts so long."""
    terminal = io.StringIO()
    terminal.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with Waiting(Notes(quiet), doing) as line:
        time.sleep(seconds)
    line.__exit__()  # once more changes nothing
    return terminal.getvalue()


def test_nothing_is_said_within_two_seconds(monkeypatch):
    assert SECONDS_BEFORE == 2
    assert drawn(monkeypatch, "reading") == ""


def test_it_says_what_and_for_how_long_and_goes(monkeypatch):
    monkeypatch.setattr(waiting, "SECONDS_BEFORE", 0)
    monkeypatch.setattr(waiting, "SECONDS_BETWEEN", 0.02)
    nothing, *frames, last = drawn(monkeypatch, "reading a\x1b[31m").split(ERASED)
    assert (nothing, last) == ("", "")
    assert len(frames) > 1
    assert set(frames) == {"reading a\\x1b[31m, 0 s"}
    assert len(drawn(monkeypatch, "x" * 500).split(ERASED)[1]) < 80
    assert drawn(monkeypatch, "reading", quiet=True) == ""
    log = io.StringIO()
    monkeypatch.setattr("sys.stderr", log)
    with Waiting(Notes(quiet=False), "reading"):
        time.sleep(0.05)
    assert log.getvalue() == ""


def test_it_is_seen_where_standard_error_is_held_back(monkeypatch):
    """As the export to .tflite does it, so that TensorFlow's own words are not seen."""
    monkeypatch.setattr(waiting, "SECONDS_BEFORE", 0)
    monkeypatch.setattr(Notes, "can_draw_over", property(lambda notes: True))
    master, terminal = pty.openpty()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with open(terminal, "w") as stream:
        monkeypatch.setattr("sys.stderr", stream)
        with Waiting(Notes(quiet=False), "exporting"):
            seen = os.read(master, 100)
            os.dup2(nowhere, terminal)
            time.sleep(0.02)
    assert b"exporting, 0 s" in seen
    assert os.read(master, 100).endswith(ERASED.encode())
    os.close(master)
    os.close(nowhere)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("describe", "names.txt"), {"reading names.txt", "describing names.txt"}),
        (("ceiling", "names.txt"), {"reading names.txt", "computing the ceiling of names.txt"}),
        (("evaluate", "mlb-last", "names.txt"), {"opening mlb-last", "evaluating mlb-last on names.txt"}),
        (("score", "mlb-last", "Maddox"), {"opening mlb-last", "scoring 1 name"}),
        (("export-web", "mlb-last", "--out", "a.html"), {"writing a.html"}),
        (("generate", "mlb-last", "-n", "1", "--avoid", "names.txt"), {"reading the files of --banned and --avoid"}),
        (("train", "names.txt", "--effort", "quick", "--epochs", "1", "--no-plot"), {"measuring the network"}),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_long_commands_have_it(
    arguments: tuple[str, ...], said: set[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(models, "_FOLDER", small_models())
    monkeypatch.chdir(tmp_path)
    (tmp_path / "names.txt").write_text("Maddox\nGarcia\nLee\nDiaz\n" * 9)

    def run(*more: str) -> Result:
        result = CliRunner().invoke(cli, [*arguments, *more])
        assert result.exit_code == 0, result.output
        return result

    monkeypatch.setattr(Notes, "can_draw_over", property(lambda notes: not notes.quiet))
    started: list[str] = []
    begin = Waiting.__enter__

    def noted(line: Waiting) -> Waiting:
        started.append(line._doing)
        return begin(line)

    monkeypatch.setattr(Waiting, "__enter__", noted)
    monkeypatch.setattr(waiting, "SECONDS_BEFORE", 1000)  # however busy the machine is
    assert not re.search(r", \d+ s", run().stderr)
    assert said <= set(started)
