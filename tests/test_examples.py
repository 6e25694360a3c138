"""Check that ``examples/fetch_lists.py`` writes a list for ``namegen train``, or prints a clear error."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

from namegen.lists import read_names

PROGRAM = Path(__file__).parents[1] / "examples" / "fetch_lists.py"
REGISTER = """\
name_last,name_first,name_suffix,mlb_played_first,mlb_played_last
Griffey,Ken,Jr.,1989,2010
Griffey,Ken,Sr.,1973,1991
"de la  Cruz",Elly,,2023,
Achter,A. J.,,2014,2016
Roberts,Brianna,,,
Ramírez,,,1934,1934
"""
COMPANIES = {
    "fields": ["cik", "name", "ticker", "exchange"],
    "data": [
        [1, "Apple Inc.", "AAPL", "Nasdaq"],
        [2, "DANAHER CORP /DE/", "DHR", "NYSE"],
        [2, "DANAHER CORP /DE/", "DHR-PB", "NYSE"],
        [3, "US  BANCORP \\DE\\", "USB", "NYSE"],
        [4, "OLD CO /DE/ /NEW/", "OLD", "NYSE"],
        [5, "HOLDINGS LTD /FI", "FI", "NYSE"],
        [6, "Cadeler A/S", "CDLR", "NYSE"],
        [7, "M/I HOMES, INC.", "MHO", "NYSE"],
        [8, "Over The Counter Ltd", "OTC", "OTC"],
        [9, "Unlisted Ltd", "UNL", None],
    ],
}


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import the example, and replace its URLs with files in the current folder."""
    spec = importlib.util.spec_from_file_location("fetch_lists", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.REGISTER_URL = f"{tmp_path.as_uri()}/people-{{}}.csv"
    module.REGISTER_FILES = "0f"
    module.COMPANIES_URL = f"{tmp_path.as_uri()}/companies.json"
    monkeypatch.chdir(tmp_path)
    Path("people-0.csv").write_text(REGISTER, encoding="utf-8")
    Path("people-f.csv").write_text(REGISTER, encoding="utf-8-sig", newline="\r\n")
    Path("companies.json").write_text(json.dumps(COMPANIES))
    return module


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ("first-names", ["A.J.", "Elly", "Ken", "Ken"]),
        ("last-names", ["Achter", "Griffey", "Griffey", "Ramírez", "de la Cruz"]),
    ],
)
def test_player_names_are_kept_with_their_duplicates(
    program: ModuleType, which: str, expected: list[str]
) -> None:
    program.main([which, "list.txt"])
    assert list(read_names("list.txt").names) == sorted(2 * expected)


def test_companies_are_unique_and_have_no_state_tags(program: ModuleType) -> None:
    program.main(["companies", "list.txt", "--contact", "me@example.org"])
    assert list(read_names("list.txt").names) == [
        "Apple Inc.",
        "Cadeler A/S",
        "DANAHER CORP",
        "HOLDINGS LTD",
        "M/I HOMES, INC.",
        "OLD CO",
        "US BANCORP",
    ]


@pytest.mark.parametrize(
    ("which", "file", "content", "error"),
    [
        ("first-names", "people-f.csv", "", "ValueError('no names found')"),
        ("companies", "companies.json", '{"0": {"title": "Apple Inc."}}', "KeyError('data')"),
        ("companies", "companies.json", json.dumps(COMPANIES)[:-9], "JSONDecodeError("),
    ],
)
def test_a_changed_source_format_is_reported(
    program: ModuleType, which: str, file: str, content: str, error: str
) -> None:
    """The old list stays."""
    Path("people-0.csv").write_text(REGISTER.splitlines()[0])
    Path(file).write_text(content)
    Path("list.txt").write_text("old\n")
    with pytest.raises(SystemExit) as stopped:
        program.main([which, "list.txt", "--contact", "me@example.org"])
    assert f"its format has changed ({error}" in str(stopped.value)
    assert Path("list.txt").read_text() == "old\n"
