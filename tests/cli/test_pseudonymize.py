"""Check that ``namegen pseudonymize`` replaces the names in one column of a table."""

from __future__ import annotations

import pytest

from namegen.pseudonymize import Pseudonyms
from tests.cli.conftest import Program
from tests.cli.test_help import LOADED, loaded_modules

KEY = bytes(range(32))
ARGUMENTS = (
    "pseudonymize",
    "table.csv",
    "--column",
    "first",
    "--pool",
    "pool.txt",
    "--key-file",
    "my.key",
)
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
    expected = {value: written[Pseudonyms(pool=NAMES, key=KEY).of(value[1:-1])] for value in GIVEN}
    done = place.fresh(*ARGUMENTS, "--out", "out.csv", before=LOADED)
    assert "numpy" not in loaded_modules(done)
    assert (
        "3 values; if all are different, the expected number of pairs that share a name is 1"
        in done.err
    )
    assert (place.folder / "out.csv").read_bytes().decode() == filled(expected)
    other = ("pseudonymize", "-", "--column", "b", *ARGUMENTS[4:], "--quiet")
    done = place(*other, stdin=b'a; b\nx,y;Ann\n"z ";\n').done()
    assert (done.out, done.err) == (f"a; b\nx,y;{expected['{Ann}']}\nz ;\n".replace('"', ""), "")
    assert place(*other, stdin=b'b\n""\n').out == 'b\n""\n'


def test_errors_are_reported_and_no_file_is_written(place: Program) -> None:
    out = place.folder / "out.csv"
    out.write_text("old")
    for said, content in (
        ("cannot read row 3 of table.csv (number of cells: 1, but 2 in", "first,b\nx,y\nz\n"),
        (
            "two values share the name",
            "first\n" + "".join(f"value {number}\n" for number in range(4)),
        ),
        ("no column 'first': choose one of 'name'", "name\nx\n"),
        ("table.csv isn't a UTF-8 file: save it", b"first\nx\xff\n"),
        ("cannot read row 2 of table.csv (unexpected end of data)", 'first\n"x\n'),
        ("the first row of a CSV file must contain the names of its columns", ""),
    ):
        place.write("table.csv", content)
        place(*ARGUMENTS, "--unique", "--out", "out.csv", "--force").refused(said)
    place(*ARGUMENTS, "--out", "out.csv").refused("exists already")
    place(*ARGUMENTS, "--column", "b").refused("more than once: pass one", code=2)
    place(*ARGUMENTS, "--json").refused("--json needs --out", code=2)
    assert out.read_text() == "old"
    assert sorted(path.suffix for path in place.folder.iterdir()) == [
        ".csv",
        ".csv",
        ".key",
        ".txt",
    ], "an error wrote a file or bound the key to a pool"


def test_the_first_pseudonym_binds_the_key_to_its_pool(place: Program) -> None:
    kept = place.folder / "my.key.pool"
    place.write("table.csv", "name\nx\n")
    place(*ARGUMENTS).refused("no column 'first'")
    assert not kept.exists()
    place.write("table.csv", "first\nx\ny,z\n")
    assert "cannot read row 3" in place(*ARGUMENTS).err
    assert kept.exists()
    kept.unlink()
    kept.mkdir()
    place(*ARGUMENTS, "--out", "new.csv").refused("my.key.pool")
    assert not (place.folder / "new.csv").exists()


def test_a_key_must_be_private_and_fit_its_pool(place: Program) -> None:
    found = place(*ARGUMENTS, "--out", "out.csv", "--json").json
    assert (found["names"], found["values"], found["expected_shared"], found["values_in_pool"]) == (
        3,
        3,
        1,
        0,
    )
    place.write("ada.csv", "first\nAda\n Ada\nBob\n")
    told = place("pseudonymize", "ada.csv", *ARGUMENTS[2:]).done().err
    assert "The pool contains 2 names of the table" in told
    assert (place.folder / "my.key.pool").read_text() == f"{found['pool_hash']}\n"
    assert place(*ARGUMENTS).done().out == (place.folder / "out.csv").read_text("utf-8")
    place.write("pool.csv", 'given,name\nX,Ada\nY,=Bo\nZ,"Cy, Jr"\n')
    assert place(*ARGUMENTS[:5], "pool.csv", *ARGUMENTS[6:]).done().out == (
        place.folder / "out.csv"
    ).read_text("utf-8")
    place.write("pool.txt", "Ada\n")
    place(*ARGUMENTS).refused("my.key.pool contains the hash of another pool")
    for content, mode, said in (
        (b"", 0o600, "0 bytes"),
        (KEY[:15], 0o600, "15 bytes"),
        (KEY, 0o644, "everyone can"),
    ):
        place.write("my.key", content).chmod(mode)
        place(*ARGUMENTS).refused(said, code=1 if mode == 0o644 else 2)
    (place.folder / "my.key").unlink()
    place(*ARGUMENTS).refused("cannot read my.key", "head -c 32 /dev/urandom")
    place(*ARGUMENTS[:7], ".").refused("cannot read . (")
    place.write("pool.txt", "\n")
    place.write("my.key", KEY).chmod(0o600)
    place(*ARGUMENTS).refused("pool must be a list of names", code=2)


CUSTOMERS = (
    "number,name,email\n7,Ann Smith,smith@example.com\nC-8,Bob Jones,bj@example.com\n9,,x@y.org\n"
)


def test_pseudonyms_can_depend_on_another_column(place: Program) -> None:
    place.write("table.csv", CUSTOMERS + "C-8,Robert Jones,rj@example.com\n")
    by_number = ("pseudonymize", "table.csv", "--column", "name", "--by", "number", *ARGUMENTS[4:])
    pseudonyms = Pseudonyms(pool=NAMES, key=KEY)
    rows = [line.split(",", 1) for line in place(*by_number).done().out.splitlines()]
    assert [number for number, _ in rows] == ["number", "7", "C-8", "9", "C-8"]
    for number, rest in rows[1:]:
        name = "" if number == "9" else pseudonyms.of(number).replace("=", "'=")
        assert rest.startswith((f"{name},", f'"{name}",'))
    assert "Smith," not in place(*by_number).out
    place.write("table.csv", "number,name\n1,Ann\n ,Bob\n")
    place(*by_number, "--out", "out.csv").refused("row 3 of table.csv has a name, but no value in")
    place(*by_number[:5], "customer", *ARGUMENTS[4:]).refused("no column 'customer'")


def test_table_names_found_in_the_pool_are_counted(
    place: Program,
) -> None:
    place.write("table.csv", "number,first\n1,Ada\n2,Bob\n")
    told = place(*ARGUMENTS, "--by", "number").done().err
    assert "The pool contains 1 name of the table" in told


def test_a_column_that_looks_like_names_is_reported(place: Program) -> None:
    place.write(
        "table.csv",
        "first,last,email,note,city\n"
        "Ann,Smith,ann@example.com,new,Springfield\n"
        "Robert,Jones,robert.j@example.com,,Shelbyville\n",
    )
    done = place.fresh(*ARGUMENTS, "--out", "out.csv", "--json", before=LOADED)
    assert "numpy" not in loaded_modules(done)
    assert done.json["name_columns"] == ["last", "email"]
    assert "The column 'last' still looks like names." in done.err
    assert "'note'" not in done.err


def test_the_required_pool_size_is_printed_before_writing(
    place: Program,
) -> None:
    place.write("second.txt", "Lee\nDiaz\n")
    two_pools = (*ARGUMENTS, "--pool", "second.txt")
    place.write("table.csv", "first\n" + "".join(f"value {number}\n" for number in range(100)))
    told = place(*two_pools).done().err
    advice = "If all 100 values are different, they need 4,951 names to expect less than one pair that shares a name: "
    assert f"{advice}2 pools of 71 names each, or 3 pools of 18. Your pools make 6." in told
    assert advice in place(*two_pools, "--unique", "--out", "out.csv").err
    place.write("table.csv", "first\n1\n5\n\n")
    assert (
        "If all 2 values are different, no two of them share a name."
        in place(*two_pools).done().err
    )
    assert "need" not in place("pseudonymize", "-", *two_pools[2:], stdin=b"first\nx\n").done().err


def test_a_missing_file_is_reported(place: Program) -> None:
    missing = place("pseudonymize", "nosuch.csv", *ARGUMENTS[2:])
    missing.refused("there is no file 'nosuch.csv': pass a CSV table, or - for standard input")
    place("pseudonymize", ".", *ARGUMENTS[2:]).refused("cannot read . (Is a directory): pass a CSV")
