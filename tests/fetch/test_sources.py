"""The two sources: what is read from files of their form, and files of another."""

from __future__ import annotations

import json

import pytest

from namegen.core.data.players import Player
from namegen.errors import FetchError, SettingsError
from namegen.fetch.companies import clean_name, fetch_companies, needs_contact, read_companies
from namegen.fetch.download import Downloader
from namegen.fetch.players import FILES, fetch_players, read_register
from tests.fetch.conftest import HEADER, QUICK, Source, companies, cut, fails, person, register

PEOPLE = register(
    person("Roberts", "Brianna"),
    person("Griffey", "Ken", "Jr.", (1989, 2010)),
    person("de la Cruz", "Elly", years=(2023, 2025)),
    person("Ramírez", "Alexei", years=(2008, 2016)),
    person("Achter", "A. J.", years=(2014, 2016)),
    person('"Abad"', "Andy", years=(2001, 2006)),
    person("Fulmer", "Carson", years=(2016, "")),
    person("Nobody", "Rob", years=("19x0", 1990)),
    person("", "Ghost", years=(1901, 1901)),
    person("Plus+", "Rob", years=(1901, 1901)),
    person("Bell\x07", "Rob", years=(1901, 1901)),
)


def read(url: str) -> list[str]:
    with Downloader(manners=QUICK) as downloader:
        return fetch_players(downloader, url).lines()


def serve_register(source: Source) -> str:
    for number, name in enumerate(FILES):
        source.serve(f"/data/{name}", register(person(f"Name{number}", "Al", years=(1900 + number, 1950))))
    source.serve("/data/people-3.csv", PEOPLE)
    return f"{source.address}/data/"


def test_players_with_years_in_the_line_format_of_the_project(tmp_path):
    (tmp_path / "people.csv").write_bytes(PEOPLE)
    with Downloader(manners=QUICK) as downloader:
        fetched = fetch_players(downloader, str(tmp_path / "people.csv"))
    assert fetched.lines() == [
        "Andy Abad  (2001-2006)",
        "A.J. Achter  (2014-2016)",
        "Elly de la Cruz  (2023-2025)",
        "Ken Griffey Jr.  (1989-2010)",
        "Alexei Ramírez  (2008-2016)",
    ]
    assert [Player.from_line(line) for line in fetched.lines()] == fetched.players
    assert fetched.lines("last")[2:4] == ["de la Cruz", "Griffey"]
    assert fetched.lines("first")[:2] == ["Andy", "A.J."]
    assert fetched.dropped == {"without years": 2, "without a name": 2, "with a name that is none": 1}


def test_all_files_of_a_register_are_read_from_a_mirror_and_from_a_folder(source, tmp_path):
    lines = read(serve_register(source))
    assert len(lines) == 15 + 5
    assert [path for path, _, _ in source.requests] == [f"/data/{name}" for name in FILES]
    for name in FILES:
        (tmp_path / name).write_bytes(source.answers and PEOPLE)
    assert len(read(str(tmp_path))) == 16 * 5
    (tmp_path / "people-f.csv").unlink()
    with pytest.raises(FetchError, match=r"people-f\.csv"):
        read(str(tmp_path))


def test_one_missing_file_is_no_list(source):
    url = serve_register(source)
    source.serve("/data/people-e.csv", fails(404))
    with pytest.raises(FetchError, match=r"people-e\.csv: the server answers 404"):
        read(url)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "has no column name_last"),
        (b"name_last,name_first\nSmith,Bo\n", "has no column name_suffix, mlb_played_first, mlb_played_last"),
        (b"<html>\n<body>Sign in</body></html>", "has no column"),
        (PEOPLE[:-30], "line 12: .* cells where the first row has 17"),
        (f'{HEADER}\n"a"b,c\n'.encode(), "not CSV"),
        (f'{HEADER}\n"never closed\n'.encode(), "not CSV|cells where"),
        (b"\xff\xfe\x00", "not text in UTF-8"),
        (register(person("Roberts", "Brianna")), "no player of the major leagues"),
        (register("x" * 140_000), "not CSV"),
    ],
)
def test_files_of_another_form_are_one_sentence(source, content, said):
    with pytest.raises(FetchError, match=said) as caught:
        read(source.serve("/people.csv", content))
    assert "\n" not in str(caught.value)


def test_a_byte_order_mark_and_other_line_ends_are_read():
    people = PEOPLE.decode().replace("\n", "\r\n")
    assert [player for player in read_register(people, "here") if isinstance(player, Player)]


LISTED = companies(
    [320193, "Apple Inc.", "AAPL", "Nasdaq"],
    [313616, "DANAHER CORP /DE/", "DHR", "NYSE"],
    [313616, "DANAHER CORP /DE/", "DHR-PB", "NYSE"],
    [1, "Over Counter Ltd", "OVCL", "OTC"],
    [2, "Unlisted Ltd", "UNL", None],
    [3, "  Zoë \n Corp ", "ZOE", "NYSE"],
    [4, "", "NIL", "NYSE"],
    [5, "Bell\x07 Inc", "BEL", "NYSE"],
    [6, None, "NON", "NYSE"],
)


def test_companies_of_the_two_exchanges_each_once_without_tags(source):
    with Downloader(manners=QUICK) as downloader:
        fetched = fetch_companies(downloader, source.serve("/c.json", LISTED))
    assert fetched.names == ["Apple Inc.", "DANAHER CORP", "Zoë Corp"]
    assert fetched.dropped == {"on other exchanges or on none": 2, "without a name": 3}


def test_columns_go_by_their_names():
    listed = companies(["NYSE", "Acme"], fields=("exchange", "name"))
    assert read_companies(listed.decode(), "here").names == ["Acme"]


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("DANAHER CORP /DE/", "DANAHER CORP"),
        ("BARNES GROUP INC/DE/", "BARNES GROUP INC"),
        ("US BANCORP \\DE\\", "US BANCORP"),
        ("OLD CO /DE/ /NEW/", "OLD CO"),
        ("HOLDINGS LTD /FI", "HOLDINGS LTD"),
        ("Cadeler A/S", "Cadeler A/S"),
        ("Anheuser-Busch InBev SA/NV", "Anheuser-Busch InBev SA/NV"),
        ("20/20 Biolabs, Inc.", "20/20 Biolabs, Inc."),
        ("M/I HOMES, INC.", "M/I HOMES, INC."),
        ("/DE/", ""),
    ],
)
def test_tags_go_and_slashes_of_names_stay(name, cleaned):
    assert clean_name(name) == cleaned


def test_names_of_the_bundled_list_are_clean():
    from namegen.lists import load_bundled

    names = load_bundled("companies").names
    assert [name for name in names if clean_name(name) != name] == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not JSON"),
        (LISTED[:-20], "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not of the form"),
        (b'{"0": {"cik_str": 320193, "ticker": "AAPL", "title": "Apple Inc."}}', "not of the form"),
        (b'{"fields": ["name", "exchange"], "data": {}}', "not of the form"),
        (b'{"fields": ["name", "exchange"], "data": [["Acme"]]}', "row 1 is another"),
        (b'{"fields": ["name", "exchange"], "data": ["Acme"]}', "row 1 is another"),
        (b'{"fields": ["name", "exchange"], "data": [["Acme", "OTC"]]}', "no company of the NYSE or Nasdaq"),
        (b"\xff", "not text in UTF-8"),
    ],
)
def test_lists_of_another_form_are_one_sentence(tmp_path, content, said):
    (tmp_path / "c.json").write_bytes(content)
    with Downloader() as downloader, pytest.raises(FetchError, match=said) as caught:
        fetch_companies(downloader, str(tmp_path / "c.json"))
    assert "\n" not in str(caught.value)


def test_only_the_sec_itself_needs_a_contact():
    assert needs_contact(None)
    assert needs_contact("https://www.sec.gov/files/company_tickers_exchange.json")
    assert not needs_contact("https://mirror.example/sec.gov.json")
    assert not needs_contact("company_tickers_exchange.json")
    with Downloader() as downloader, pytest.raises(SettingsError, match="give your e-mail address with contact"):
        fetch_companies(downloader)


def test_a_list_cut_off_on_its_way_is_asked_for_again(source):
    url = source.serve("/c.json", cut(LISTED, 50), LISTED)
    with Downloader(manners=QUICK) as downloader:
        assert len(fetch_companies(downloader, url).names) == 3
    assert json.loads(LISTED)["fields"][0] == "cik"


def test_a_name_of_very_many_tags_is_no_name() -> None:
    """And is not searched for them one after the other, which took minutes."""
    assert clean_name("A" + " /DE/" * 100) == "A"
    assert clean_name("A" + " /DE/" * 100_000) == ""
