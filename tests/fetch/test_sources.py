"""The sources and ``namegen fetch``: a list in a file, or one sentence and no file."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from namegen.baseball.players import Player
from namegen.cli import cli
from namegen.errors import FetchError
from namegen.fetch.download import Downloader
from namegen.fetch.sources import PLAYERS_FILES, clean_name, fetch_players, needs_contact, read_companies, read_register
from namegen.lists import load_bundled, read_names
from tests.fetch.conftest import HEADER, QUICK, companies, person, register
from tests.fetch.rude import plain

PEOPLE = register(
    person("Roberts", "Brianna"),
    person("Griffey", "Ken", "Jr.", (1989, 2010)),
    person("de la Cruz", "Elly", years=(2023, 2025)),
    person("Ramírez", "Alexei", years=(2008, 2016)),
    person("Achter", "A. J.", years=(2014, 2016)),
    person('"Abad"', "Andy", years=(2001, 2006)),
    person("Fulmer", "Carson", years=(2016, "")),
    person("Turned", "Round", years=(2016, 2015)),
    person("Nobody", "Rob", years=("19x0", 1990)),
    person("", "Ghost", years=(1901, 1901)),
    person("Plus+", "Rob", years=(1901, 1901)),
    person("Bell\x07", "Rob", years=(1901, 1901)),
    person("Line\u2028", "Rob", years=(1901, 1901)),
    person("Long" * 250, "Rob", years=(1901, 1901)),
)
LINES = [
    "Andy Abad  (2001-2006)",
    "A.J. Achter  (2014-2016)",
    "Elly de la Cruz  (2023-2025)",
    "Ken Griffey Jr.  (1989-2010)",
    "Rob Line  (1901-1901)",  # a line separator is a space, and ends no row
    "Alexei Ramírez  (2008-2016)",
]
LISTED = companies(
    [320193, "Apple Inc.", "AAPL", "Nasdaq"],
    [313616, "DANAHER CORP /DE/", "DHR", "NYSE"],
    [313616, "DANAHER CORP /DE/", "DHR-PB", "nyse"],
    [1, "Over Counter Ltd", "OVCL", "OTC"],
    [2, "Unlisted Ltd", "UNL", None],
    [3, "  Zoë \n Corp ", "ZOE", "NYSE"],
    [4, "", "NIL", "NYSE"],
    [5, "Bell\x07 Inc", "BEL", "NYSE"],
    [6, None, "NON", "NYSE"],
)


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def fetch(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["fetch", *arguments])


def fetched(*arguments: str) -> str:
    result = fetch(*arguments, "--out", "list.txt", "--force")
    assert result.exit_code == 0, result.output
    return Path("list.txt").read_text()


def refused(result: Result, said: str, code: int = 1) -> None:
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    assert said in result.stderr.strip().split("\n")[-1]
    assert result.stdout == ""


def test_players_with_years_in_the_line_format_of_the_project(source):
    url = source.serve("people.csv", plain(PEOPLE))
    result = fetch("players", "--out", "players.txt", "--url", url)
    assert Path("players.txt").read_text().splitlines() == LINES
    assert [Player.from_line(line).full_name for line in LINES][3] == "Ken Griffey Jr."
    assert result.stdout.startswith(f"{len(LINES)} lines: players.txt\nsource: Chadwick")
    assert result.stderr.startswith(f"{source.address}/people.csv\n")
    for reason in ("3 without years", "3 without a name", "1 with a name that is none"):
        assert f"left out: {reason}" in result.stderr
    assert fetched("players", "--part", "first", "--url", url).split("\n")[:2] == ["Andy", "A.J."]
    assert fetched("players", "--part", "last", "--url", url).split("\n")[2:4] == ["de la Cruz", "Griffey"]
    from namegen.core.settings import DataSettings

    assert len(read_names(DataSettings(names="list.txt")).names) == len(LINES)


def test_all_files_of_a_register_are_read_from_a_mirror_and_from_a_folder(source, tmp_path):
    for number, name in enumerate(PLAYERS_FILES):
        row = person(f"Name{number}", "Al", years=(1900 + number, 1950))
        source.serve(f"data/{name}", plain(PEOPLE if number == 3 else register(row)))
    url = f"{source.address}/data/"
    result = fetch("players", "--out", "players.txt", "--url", url)
    assert len(Path("players.txt").read_text().splitlines()) == 15 + len(LINES)
    assert [asked.split(b" ")[1].decode() for asked in source.requests] == [f"/data/{name}" for name in PLAYERS_FILES]
    assert f"{source.address}/data/people-2.csv (3 of 16)" in result.stderr
    source.serve("data/people-e.csv", plain(b"", status="404 No"))
    refused(fetch("players", "--out", "none.txt", "--url", url), "people-e.csv: the server answers 404")
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in PLAYERS_FILES:
        (folder / name).write_bytes(PEOPLE)
    downloader = Downloader(manners=QUICK)
    assert len(fetch_players(downloader, str(folder)).lines) == 16 * len(LINES)
    (folder / "people-f.csv").unlink()
    with pytest.raises(FetchError, match=r"people-f\.csv"):
        fetch_players(downloader, str(folder))
    assert not Path("none.txt").exists()


@pytest.mark.parametrize(
    ("what", "content", "said"),
    [
        ("players", b"", "no column name_last"),
        ("players", b"name_last,name_first\nSmith,Bo\n", "no column name_suffix, mlb_played_first, mlb_played_last"),
        ("players", PEOPLE[:-30], "line 15 is damaged or cut short"),
        ("players", f'{HEADER}\n"a"b,c\n'.encode(), "line 2 is damaged"),
        ("players", f'{HEADER}\n"never closed\n'.encode(), "is damaged"),
        ("players", register(person("Roberts", "Brianna")), "no player of the major leagues"),
        ("companies", b"", "not JSON"),
        ("companies", b"[" * 100_000, "not JSON"),
        ("companies", b'{"0": {"cik_str": 320193, "title": "Apple Inc."}}', "not of the form"),
        ("companies", b'{"fields": ["name", "exchange"], "data": {}}', "not of the form"),
        ("companies", b'{"fields": ["name", "exchange"], "data": [["Acme"]]}', "row 1 is another"),
        ("companies", b'{"fields": ["name", "exchange"], "data": [["Acme", "OTC"]]}', "no company"),
        ("companies", b"\xff", "not text in UTF-8"),
    ],
)
def test_files_of_another_form_are_one_sentence_and_leave_the_old_list(what, content, said):
    Path("here.csv").write_bytes(content)
    Path("old.txt").write_text("old\n")
    refused(fetch(what, "--out", "old.txt", "--force", "--url", "here.csv"), said)
    assert sorted(os.listdir()) == ["here.csv", "old.txt"]
    assert Path("old.txt").read_text() == "old\n"


def test_a_byte_order_mark_and_other_line_ends_are_read():
    people = PEOPLE.decode().replace("\n", "\r\n")
    assert [player for player in read_register(people, "here") if isinstance(player, Player)]


def test_companies_of_the_two_exchanges_each_once_without_tags(source):
    url = source.serve("c.json", [plain(LISTED)[:300]], plain(LISTED))  # cut off on its way
    result = fetch("companies", "--out", "c.txt", "--url", url, "--json")
    assert Path("c.txt").read_text().splitlines() == ["Apple Inc.", "DANAHER CORP", "Zoë Corp"]
    report = json.loads(result.stdout)
    assert (report["lines"], report["out"]) == (3, "c.txt")
    assert report["dropped"] == {"on other exchanges or on none": 2, "without a name": 3}
    assert "trying again in 0 s" in result.stderr
    assert "--sameness companies" in fetch("companies", "--out", "d.txt", "--url", url).stderr
    assert fetch("companies", "--out", "e.txt", "--url", url, "--quiet").stderr == ""
    listed = companies(["NYSE", "Acme"], fields=("exchange", "name"))  # columns go by their names
    assert read_companies(listed.decode(), "here").lines == ["Acme"]


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("DANAHER CORP /DE/", "DANAHER CORP"),
        ("US BANCORP \\DE\\", "US BANCORP"),
        ("OLD CO /DE/ /NEW/", "OLD CO"),
        ("HOLDINGS LTD /FI", "HOLDINGS LTD"),
        ("Cadeler A/S", "Cadeler A/S"),
        ("M/I HOMES, INC.", "M/I HOMES, INC."),
        ("/DE/", ""),
        ("A" * 1000, "A" * 1000),
        ("A" * 1001, ""),
        ("A" + " /DE/" * 100_000, ""),  # not searched for one after the other, which took minutes
    ],
)
def test_tags_go_and_slashes_of_names_stay(name, cleaned):
    assert clean_name(name) == cleaned


def test_names_of_the_bundled_list_are_clean():
    assert [name for name in load_bundled("companies").names if clean_name(name) != name] == []


def test_only_the_sec_itself_needs_a_contact():
    assert needs_contact(None)
    assert needs_contact("https://sec.gov/a.json")
    assert needs_contact("https://www.sec.gov/files/company_tickers_exchange.json")
    assert not needs_contact("https://mirror.example/sec.gov.json")
    assert not needs_contact("https://notsec.gov/a.json")
    assert not needs_contact("company_tickers_exchange.json")
    refused(fetch("companies", "--out", "c.txt"), "give your e-mail address with --contact", 2)


def test_what_cannot_be_written_is_said_before_anything_is_fetched(source):
    url = source.serve("c.json", plain(LISTED))
    Path("list.txt").write_text("mine\n")
    refused(fetch("companies", "--out", "list.txt", "--url", url), "list.txt exists already")
    refused(fetch("companies", "--out", "no/such/list.txt", "--url", url), "there is no folder no/such")
    Path("folder").mkdir()
    refused(fetch("companies", "--out", "folder", "--url", url, "--force"), "folder is a folder")
    assert source.requests == []
    assert Path("list.txt").read_text() == "mine\n"
    assert fetch("companies", "--out", "list.txt", "--url", url, "--force").exit_code == 0
    assert Path("list.txt").read_text().startswith("Apple")


def test_a_file_that_has_come_to_be_meanwhile_is_kept(monkeypatch):
    Path("here.json").write_bytes(LISTED)
    read = Downloader.read

    def slowly(self: Downloader, place: str) -> bytes:
        Path("c.txt").write_text("mine\n")
        return read(self, place)

    monkeypatch.setattr(Downloader, "read", slowly)
    refused(fetch("companies", "--out", "c.txt", "--url", "here.json"), "c.txt exists already")
    assert Path("c.txt").read_text() == "mine\n"


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
    monkeypatch.setattr("builtins.open", lambda path, *rest, **options: locked(path) or read(path, *rest, **options))
    refused(fetch(what, "--out", "locked/new.txt", "--url", "here.csv"), "cannot look at 'locked/new.txt'")
    refused(fetch(what, "--out", "new.txt", "--url", "locked/here.csv"), "cannot read locked/here.csv: Permission")
    assert os.listdir() == ["here.csv"]


def test_wrong_usage_is_exit_code_2():
    for part in ("last", "player"):
        refused(fetch("companies", "--out", "x.txt", "--part", part), "--part is only for players", 2)
    for arguments in (["players"], ["nothing", "--out", "x"], ["players", "--out", "x", "--url", "ftp://example.org/"]):
        refused(fetch(*arguments), "", 2)
