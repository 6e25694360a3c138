"""Check that ``namegen pseudonymize`` replaces the names in one column of a table."""

from __future__ import annotations

import pytest

from namegen.pseudonymize import Pseudonyms
from tests.cli.conftest import Program
from tests.cli.test_help import LOADED, loaded_modules

KEY = bytes(range(32))
OPTIONS = ("--column", "first", "--pool", "pool.txt", "--key-file", "my.key")
ARGUMENTS = ("pseudonymize", "table.csv", *OPTIONS)
TABLE = '\ufefffirst,"a ""q""\r\n"\r\n{Ann},=1+1\r\n{Bob, Jr},\r\n\r\n{Ann},"a\rb"\r\n,7\r\n'
GIVEN = {"{Ann}": " Ann ", "{Bob, Jr}": '"Bob, Jr"'}
NAMES = ["Ada", "=Bo", "Cy, Jr"]


@pytest.fixture
def place(program: Program) -> Program:
    program.write("pool.txt", "Ada\r\n=Bo\nCy, Jr\n\nAda")
    program.write("table.csv", filled(GIVEN))
    program.write("my.key", KEY).chmod(0o600)
    return program


def filled(names: dict[str, str]) -> str:
    text = TABLE
    for value, name in names.items():
        text = text.replace(value, name)
    return text


def test_one_column_is_replaced_and_the_rest_is_unchanged(place: Program) -> None:
    """NumPy isn't loaded. Formulas from the pool are escaped, but formulas in the table stay unchanged."""
    written = {"Ada": "Ada", "=Bo": "'=Bo", "Cy, Jr": '"Cy, Jr"'}
    names = Pseudonyms(pool=NAMES, key=KEY)
    expected = {value: written[names.of(value[1:-1])] for value in GIVEN}
    done = place.fresh(*ARGUMENTS, "--out", "out.csv", before=LOADED)
    assert "numpy" not in loaded_modules(done)
    assert "2 different values in 3 rows" in done.err
    assert (place.folder / "out.csv").read_bytes().decode() == filled(expected)
    other = ("pseudonymize", "-", "--column", "b", *OPTIONS[2:], "--quiet")
    done = place(*other, stdin=b'a; b\nx,y;Ann\n"z ";\n').done()
    assert (done.out, done.err) == (f"a; b\nx,y;{expected['{Ann}']}\nz ;\n".replace('"', ""), "")
    assert place(*other, stdin=b'b\n""\n').out == 'b\n""\n'
    done = place(*other[:-1], stdin=b"b\n").done()
    assert (done.out, "0 different values in 0 rows" in done.err) == ("b\n", True)


def test_errors_are_reported_and_nothing_is_written(place: Program) -> None:
    out = place.folder / "out.csv"
    out.write_text("old")
    people = "first\n" + "".join(f"value {number}\nvalue  {number}\n" for number in range(4))
    for said, content in (
        ("line 3 of table.csv (number of cells: 1, but 2 in", "first,b\nx,y\nz\n"),
        ("of 4 different values would get the same pseudonym as another", people),
        ("no column 'first': choose one of 'name'", "name\nx\n"),
        ("save it as CSV in UTF-8", b"first\nx\xff\n"),
        ("line 2 of table.csv (unexpected end of data)", 'first\n"x\n'),
        ("the first row of a CSV file must contain the names of its columns", ""),
    ):
        place.write("table.csv", content)
        place(*ARGUMENTS).refused(said)
        place(*ARGUMENTS, "--out", "out.csv", "--force").refused(said)
    place(*ARGUMENTS, "--out", "out.csv").refused("exists already")
    place(*ARGUMENTS, "--column", "b").refused("more than once: pass one", code=2)
    place(*ARGUMENTS, "--json").refused("--json needs --out", code=2)
    place("pseudonymize", "nosuch.csv", *OPTIONS).refused("there is no file 'nosuch.csv'")
    place("pseudonymize", ".", *OPTIONS).refused("cannot read . (Is a directory)")
    place.write("pool.txt", "\n \n")
    place(*ARGUMENTS).refused("pool.txt has no names")
    assert out.read_text() == "old"
    assert not (place.folder / "my.key.pool").exists(), "an error bound the key to a pool"


def test_collisions_are_refused_unless_they_are_allowed(place: Program) -> None:
    people = [f"value {number}" for number in range(404)]
    place.write("table.csv", "first\n" + "\n".join(people * 2) + "\n")
    place.write("pool.txt", "\n".join(f"name {number}" for number in range(5_000)))
    refused = place(*ARGUMENTS).refused("of 404 different values would get the same pseudonym")
    assert "2 pools of 2,857 names each, or 3 pools of 202 " in refused.err
    assert "pass --allow-collisions" in refused.err
    found = place(*ARGUMENTS, "--allow-collisions", "--out", "few.csv", "--json").json
    assert (found["rows"], found["people"]) == (808, 404)
    assert len({*(place.folder / "few.csv").read_text().split("\n")[1:-1]}) == (
        404 - found["collisions"]
    )
    # Two pools suffice, and a file of the next month gets the same pseudonyms, from a pipe as well.
    place.write("small.txt", "\n".join(f"name {number}" for number in range(3_000)))
    two_pools = ("--column", "first", *("--pool", "small.txt") * 2, "--key-file", "second.key")
    place.write("second.key", KEY).chmod(0o600)
    names = place("pseudonymize", "table.csv", *two_pools).lines()[1:]
    assert len(set(names)) == 404
    month = place("pseudonymize", "-", *two_pools, stdin=b"first\nvalue 7\nnew\n").lines()
    assert month[1] == names[7]
    assert month[2] not in names


def test_a_key_must_be_private_and_fit_its_pool(place: Program) -> None:
    found = place(*ARGUMENTS, "--out", "out.csv", "--json").json
    assert (found["names"], found["people"], found["values_in_pool"]) == (3, 2, 0)
    assert (place.folder / "my.key.pool").read_text() == f"{found['pool_hash']}\n"
    place.write("pool.csv", 'given,name\nX,Ada\nY,=Bo\nZ,"Cy, Jr"\n')
    assert place(*ARGUMENTS, "--pool", "pool.csv").err.count("hash of another pool") == 1
    same_pool = place(*ARGUMENTS[:5], "pool.csv", *ARGUMENTS[6:]).done()
    assert same_pool.out == (place.folder / "out.csv").read_text("utf-8")
    place.write("ada.csv", "first\nAda\n Ada\n")
    told = place("pseudonymize", "ada.csv", *OPTIONS).done().err
    assert "The pool contains 2 names of the table" in told
    for content, mode, said in (
        (b"", 0o600, "0 bytes"),
        (KEY[:15], 0o600, "15 bytes"),
        (KEY * 129, 0o600, "larger than"),
        (KEY, 0o644, "everyone can"),
    ):
        place.write("my.key", content).chmod(mode)
        place(*ARGUMENTS).refused(said, code=2 if len(content) < 16 else 1)
    (place.folder / "my.key").unlink()
    place(*ARGUMENTS).refused("cannot read my.key", "head -c 32 /dev/urandom")


def test_pseudonyms_can_depend_on_another_column(place: Program) -> None:
    place.write("table.csv", "number,name\n7,Ann Smith\nC-8,Bob Jones\n9,\nC-8,Robert Jones\n")
    by_number = ("pseudonymize", "table.csv", "--column", "name", "--by", "number", *OPTIONS[2:])
    names = Pseudonyms(pool=NAMES, key=KEY, allow_collisions=True)
    rows = [line.split(",", 1) for line in place(*by_number, "--allow-collisions").lines()]
    assert [number for number, _ in rows] == ["number", "7", "C-8", "9", "C-8"]
    for number, name in rows[1:]:
        expected = "" if number == "9" else names.of(number).replace("=", "'=")
        assert name.strip('"') == expected
    place.write("table.csv", "number,name\n1,Ann\n ,Bob\n")
    place(*by_number).refused("line 3 of table.csv has a name, but no value in")
    place(*by_number[:5], "customer", *OPTIONS[2:]).refused("no column 'customer'")


def test_columns_that_look_like_names_or_addresses_are_reported(place: Program) -> None:
    place.write(
        "table.csv",
        "first,last,nick,mail,note,city\n"
        "Ann,Smith,annie99,x1@example.com,new,Springfield\n"
        "Robert,Jones,robert.j,x2@example.com,,Shelbyville\n"
        ",,q7,,Ann,\n",
    )
    found = place(*ARGUMENTS, "--out", "out.csv", "--json")
    assert found.json["name_columns"] == ["last", "nick", "mail"]
    assert "The column 'last' still looks like names" in found.err
