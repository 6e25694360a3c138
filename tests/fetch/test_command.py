"""``namegen fetch``: a list in a file, or one sentence and no file."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from namegen.cli import cli
from namegen.fetch import download
from namegen.lists import read_names
from tests.fetch.conftest import QUICK, companies, cut, fails, person, register

PEOPLE = register(person("Griffey", "Ken", "Jr.", (1989, 2010)), person("Smith", "Bo", years=(1990, 1995)))
LISTED = companies([1, "Apple Inc.", "AAPL", "Nasdaq"], [2, "DANAHER CORP /DE/", "DHR", "NYSE"], [3, "X", "X", "OTC"])


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(download, "Manners", lambda: QUICK)


def fetch(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["fetch", *arguments])


def refused(result: Result, said: str, code: int = 1) -> None:
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    assert said in result.stderr.strip().split("\n")[-1]
    assert result.stdout == ""


def test_players_and_companies_from_a_server(source):
    result = fetch("players", "--out", "players.txt", "--url", source.serve("/people.csv", PEOPLE))
    assert result.exit_code == 0, result.output
    assert Path("players.txt").read_text() == "Ken Griffey Jr.  (1989-2010)\nBo Smith  (1990-1995)\n"
    assert result.stdout.startswith("2 lines: players.txt\nsource: Chadwick")
    assert result.stderr == f"{source.address}/people.csv\n"
    result = fetch("companies", "--out", "companies.txt", "--url", source.serve("/c.json", LISTED), "--json")
    assert json.loads(result.stdout)["lines"] == 2
    assert json.loads(result.stdout)["dropped"] == {"on other exchanges or on none": 1}
    assert Path("companies.txt").read_text() == "Apple Inc.\nDANAHER CORP\n"


def test_a_part_of_the_players_is_a_list_to_train_on(source):
    from namegen.core.settings import DataSettings

    url = source.serve("/people.csv", PEOPLE)
    assert fetch("players", "--out", "last.txt", "--part", "last", "--url", url, "--quiet").stderr == ""
    assert read_names(DataSettings(names="last.txt")).names == ("Griffey", "Smith")
    for part in ("last", "player"):
        refused(fetch("companies", "--out", "x.txt", "--part", part), "--part is only for players", 2)


def test_a_file_that_exists_is_kept_unless_it_is_to_be_replaced(source):
    Path("list.txt").write_text("mine\n")
    url = source.serve("/c.json", LISTED)
    refused(fetch("companies", "--out", "list.txt", "--url", url), "list.txt exists already")
    assert source.requests == []
    assert Path("list.txt").read_text() == "mine\n"
    assert fetch("companies", "--out", "list.txt", "--url", url, "--force").exit_code == 0
    assert Path("list.txt").read_text().startswith("Apple")


def test_what_cannot_be_written_is_said_before_anything_is_fetched(source):
    url = source.serve("/c.json", LISTED)
    refused(fetch("companies", "--out", "no/such/list.txt", "--url", url), "there is no folder no/such")
    Path("folder").mkdir()
    refused(fetch("companies", "--out", "folder", "--url", url, "--force"), "folder is a folder")
    assert source.requests == []


@pytest.mark.parametrize("what", ["players", "companies"])
def test_places_that_may_not_be_looked_at_are_one_sentence(what, monkeypatch):
    """Or that have no name that a system would take."""
    Path("here.csv").write_bytes(PEOPLE)
    for out, url in (("x" * 300, "here.csv"), ("x" * 300 + "/a", "here.csv"), ("new.txt", "x" * 300)):
        refused(fetch(what, "--out", out, "--url", url), "File name too long")
    look, read = os.stat, io.open

    def locked(path: object) -> None:
        if "locked" in str(path):
            raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "stat", lambda path, *rest, **options: locked(path) or look(path, *rest, **options))
    monkeypatch.setattr(io, "open", lambda path, *rest, **options: locked(path) or read(path, *rest, **options))
    out = fetch(what, "--out", "locked/new.txt", "--url", "here.csv")
    refused(out, "cannot look at 'locked/new.txt': Permission denied")
    refused(
        fetch(what, "--out", "new.txt", "--url", "locked/here.csv"), "cannot read locked/here.csv: Permission denied"
    )
    assert os.listdir() == ["here.csv"]


@pytest.mark.parametrize("answer", [fails(500), fails(404), cut(LISTED, 50), LISTED[:40]])
def test_failure_leaves_no_file_and_keeps_the_old_one(source, answer):
    url = source.serve("/c.json", answer)
    refused(fetch("companies", "--out", "new.txt", "--url", url), "namegen: ")
    Path("old.txt").write_text("old\n")
    refused(fetch("companies", "--out", "old.txt", "--url", url, "--force"), "namegen: ")
    assert os.listdir() == ["old.txt"]
    assert Path("old.txt").read_text() == "old\n"


def test_waiting_is_told(source):
    result = fetch("companies", "--out", "c.txt", "--url", source.serve("/c.json", fails(500), LISTED))
    assert "the server answers 500; trying again in 0 s" in result.stderr


def test_the_sec_is_not_asked_without_a_contact():
    refused(fetch("companies", "--out", "c.txt"), "give your e-mail address with --contact", 2)


def test_wrong_usage_is_exit_code_2():
    for arguments in (["players"], ["nothing", "--out", "x"], ["players", "--out", "x", "--url", "ftp://example.org/"]):
        refused(fetch(*arguments), "", 2)


def test_a_bar_in_a_terminal(source, monkeypatch):
    from namegen.cli import fetch as command
    from namegen.cli.terminal import Notes

    monkeypatch.setattr(
        "sys.stderr",
        type("Terminal", (), {"isatty": lambda self: True, "write": lambda *_: 0, "flush": lambda *_: None})(),
    )
    monkeypatch.setenv("TERM", "xterm")
    with command.show_progress(Notes(quiet=False)) as bar, download.Downloader(manners=QUICK, watcher=bar) as loader:
        assert type(bar).__name__ == "Bar"
        assert loader.read(source.serve("/c.json", fails(500), LISTED), number=1, files=2) == LISTED
    with command.show_progress(Notes(quiet=True)) as lines:
        assert type(lines).__name__ == "Lines"
