"""Check that lists in text, CSV and JSON files are read and cleaned, or rejected with a clear message."""

from __future__ import annotations

import json
import re
import unicodedata
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from namegen.core.data.corpus import Corpus
from namegen.core.data.list_formats import FEWEST_PASTED, PASTED
from namegen.core.settings import DataSettings
from namegen.errors import NamesError
from namegen.lists import load_bundled, read_names
from tests.strategies import clean_lists

TABLE = 'id,name,team\n1,"Smith, Al",A\n2, Bob ,B\n\n3,,C\n4\n'
ORIGINS = 'name,origin\nAino,Finnish\n"Smith, John",English\nÅsa,Swedish\nAino,Estonian\n'


def read(
    data: bytes | str,
    kind: str = "text",
    column: str | None = None,
    label: str | None = None,
    longest=1000,
) -> Corpus:
    data, asked = (
        data.encode() if isinstance(data, str) else data,
        {"column": column, "label_column": label},
    )
    return Corpus.from_bytes(data, source="list", kind=kind, max_name_length=longest, **asked)  # type: ignore[arg-type]


def refusal(data: bytes | str, *asked: str | None, **more: int) -> str:
    with pytest.raises(NamesError) as caught:
        read(data, *asked, **more)  # type: ignore[arg-type]
    message = str(caught.value)
    assert message.startswith("list")
    assert message.isprintable()
    assert len(message) < 400
    return message


def is_pasted(names: list[str]) -> bool:
    """Return whether the names may look like a pasted list, with numbers or bullets, or like a table."""
    found = (sum(map(bool, map(pattern.fullmatch, names))) for pattern in PASTED.values())
    has_cells = any("," in name or re.search(r"\w;\w", name) for name in names)
    is_line = len(names) == 1 and names[0].count(";") > 1
    return max(found) >= FEWEST_PASTED or has_cells or is_line or names[0][0] in "<\ufeff"


class TestText:
    def test_line_ends_and_byte_order_marks_do_not_matter(self) -> None:
        for end, last in product(("\n", "\r\n", "\r"), (True, False)):
            corpus = read(
                b"\xef\xbb\xbf" * last + (end.join(["Bob", "Al", "Bob"]) + end * last).encode()
            )
            assert corpus.names == ("Bob", "Al", "Bob")
            assert corpus.dropped_sentence() == ""
        assert read("a\r\nb\nc\rd\n\re").names == ("a", "b", "c", "d", "e")

    def test_empty_lines_are_skipped_and_counted(self) -> None:
        assert (corpus := read("\n  Bob\t\n\n \t \nAl  \n\n")).names == ("Bob", "Al")
        assert corpus.dropped_sentence() == "list: 4 empty lines were dropped"
        assert "put each name on its own line" in refusal("Al, Bo, Cy\n\n")
        assert read("a\n\nb").dropped_sentence() == "list: 1 empty line was dropped"

    def test_semicolons_that_do_not_separate_cells_are_part_of_a_name(self) -> None:
        assert read(";").names == (";",)
        assert read("Ai; Bo\nCy;\n;-)").names == ("Ai; Bo", "Cy;", ";-)")

    def test_other_scripts_are_kept_and_accents_are_composed(self) -> None:
        names = (
            "é",
            "יוסף",
            "محمد",
            "さくら",
            "👩‍🚀",
            "ก็",
            "x",
            "O'Neil, Jr.",
            "a\u2028b",
            "\u0301x",
        )
        assert read("\n".join(names)).names == names
        assert read("Zoe\u0308\nZo\u00eb\nZoe").names == ("Zo\u00eb", "Zo\u00eb", "Zoe")

    @given(clean_lists)
    def test_written_lists_are_read_back_unchanged(self, names: list[str]) -> None:
        assert is_pasted(names) or read("\n".join(names)).names == tuple(names)
        assert read(json.dumps(names), "json").names == tuple(names)
        assert Corpus.from_names(names).names == tuple(names)
        rows = "".join('7,"{}"\n'.format(name.replace('"', '""')) for name in names)
        assert read("id,name\n" + rows, "csv", "name").names == tuple(names)

    @given(
        st.lists(
            st.text(st.characters(exclude_characters="\n\r\0\t", exclude_categories=("Cs",))),
            min_size=1,
        )
    )
    def test_trimming_and_composing_agree_with_a_plain_loop(self, lines: list[str]) -> None:
        expected = [unicodedata.normalize("NFC", line.strip()) for line in lines if line.strip()]
        if not expected or is_pasted(expected):
            return
        corpus = read("\n".join(lines) + "\n")
        assert corpus.names == tuple(expected)
        assert sum(corpus.dropped.values()) == len(lines) - len(expected)

    def test_numbers_bullets_and_quotes_of_pasted_lists_are_removed(
        self,
    ) -> None:
        assert (corpus := read("9.\tAl\n\n 10.\t2. Bo\n11) Cy\n12.")).names == ("Al", "2. Bo", "Cy")
        assert corpus.dropped_sentence() == "list: 4 item numbers and 2 empty lines were dropped"
        assert read('"Al",\n"Bo",\n"Cy"s,\n"De",').names == ("Al", "Bo", '"Cy"s', "De")
        assert read("Ed\n- Al - Bo[1]\n• Cy[2]\n– De[3]\n1. Fa").names == (
            "Ed",
            "Al - Bo",
            "Cy",
            "De",
            "1. Fa",
        )
        for other in (
            "1. A\n2. B\n1. C\n2. D",
            "- A\n- B\n- C\nD\nE\nF\nG",
            "A[1]\nB[2]\nC",
            '"A" B\n"C" D\n"E" F',
        ):
            assert read(other).names == tuple(other.split("\n"))


class TestTables:
    @pytest.mark.parametrize("column", ["name", "2"])
    def test_columns_are_chosen_by_name_or_number(self, column: str) -> None:
        corpus = read(TABLE, "csv", column)
        assert corpus.names == ("Smith, Al", "Bob")
        dropped = "list: 1 header row and 2 empty cells were dropped"
        assert corpus.dropped_sentence() == dropped
        assert read("2,1\na,b\n", "csv", "1").names == ("b",), (
            "a column's name takes precedence over its number"
        )
        assert read("name\r\nAl\r\nBob\r\n", "csv").names == ("Al", "Bob"), (
            "a single column doesn't have to be chosen"
        )

    @pytest.mark.parametrize(
        "text",
        [
            ORIGINS,
            ORIGINS.replace(",", ";").replace("Smith;", "Smith,"),
            ORIGINS.replace(",", "\t").replace("Smith\t", "Smith,"),
            ORIGINS.replace("name,origin", '"name", "origin"'),
            "\ufeff" + ORIGINS.replace("\n", "\r\n"),
        ],
        ids=[
            "commas",
            "semicolons",
            "tabs",
            "quoted names of columns",
            "a mark and Windows line ends",
        ],
    )
    def test_names_and_labels_are_read_from_columns(self, text: str) -> None:
        corpus = read(text, "csv", "name", "origin")
        assert corpus.names == ("Aino", "Smith, John", "Åsa", "Aino")
        assert corpus.labels == ("Finnish", "English", "Swedish", "Estonian")
        assert corpus.dropped == {"header row": 1}
        assert read(text, "csv", None, "2").names == corpus.names, (
            "with two columns, the names are in the column without labels"
        )

    def test_commas_in_quotation_marks_do_not_separate_columns(self) -> None:
        text = '"name, as written";origin\nAino;Finnish\n'
        assert read(text, "csv", "name, as written", "origin").labels == ("Finnish",)

    def test_labels_from_several_columns_are_joined(self) -> None:
        text = (
            'name,origin,gender,"born, died"\nAino, Finnish ,female,1\nBo,Finnish,,\nCy,,,\n'
            'Di,"a, ""b""",male,2\nEd\n'
        )
        corpus = read(text, "csv", "name", "origin,gender")
        assert corpus.labels == ("Finnish,female", "Finnish,", '"a, ""b""",male')
        assert corpus.dropped["unlabeled name"] == 2
        assert (
            read(text, "csv", "name", '"born, died"').labels
            == read(text, "csv", "name", "born, died").labels
        )
        assert read(text, "csv", None, 'gender,"born, died",2').labels[0] == "female,1,Finnish", (
            "the names are in the only other column"
        )
        rows = json.dumps(
            [
                {"name": "Aino", "origin": "Finnish", "year": 1990},
                {"origin": "Swedish", "name": "Bo"},
            ]
        )
        assert read(rows, "json", None, "origin,year").labels == ("Finnish,1990", "Swedish,")


class TestJson:
    def test_a_json_list_of_strings_is_read(self) -> None:
        corpus = read('["Bob", " Al ", ""]', "json")
        assert corpus.names == ("Bob", "Al")
        assert corpus.dropped_sentence() == "list: 1 empty string was dropped"

    def test_a_json_list_of_objects_is_read(self) -> None:
        rows = json.dumps(
            [
                {"name": "Aino", "origin": "Finnish", "year": 1990},
                {"origin": "Swedish", "name": "Åsa", "year": None},
            ]
        )
        assert read(rows, "json", "name", "year").labels == ("1990",)
        corpus = read(rows, "json", "name", "origin")
        assert list(zip(corpus.names, corpus.labels, strict=True)) == [
            ("Aino", "Finnish"),
            ("Åsa", "Swedish"),
        ]
        assert read(rows, "json", "name").names == ("Aino", "Åsa")


@pytest.mark.parametrize(
    ("data", "asked", "said"),
    [
        (b"", (), "has no names"),
        (b"ab\r\ncd\nJos\xe9\n", (), "line 3, byte 4: 0xe9"),
        (b"ab\r\ncd\nx\0y", (), "line 3, byte 2: 0x00"),
        ("", ("csv", None), "first row"),
        ("name\nSmith, Al\n", ("csv", None), "line 2 has 2 cells"),
        ('name\n"A"l\n', ("csv", None), "line 2: not CSV"),
        (
            'name\nAl\n"' + "Bo\n" * 100_000,
            ("csv", None),
            "line 3: not CSV (field larger",
        ),
        ('name\nAl\n"a\nb"\n', ("csv", None), "line 4: 'a\\nb' has a line end"),
        ("name\nAl\n\n" + "x" * 2000 + "\nBob\n", ("csv", None), "line 4: 'xxx"),
        (TABLE, ("csv", None), "with column"),
        (TABLE, ("csv", "nmae"), "no column 'nmae': choose one of 'id', 'name', 'team'"),
        ('["a",\n b]', ("json",), "line 2: not JSON"),
        ('{"names": []}', ("json",), "item 1: found {'names': []}: give a JSON list of strings"),
        ("[" * 100_000, ("json",), "line 1: not JSON"),
        ('"a"\n\n"b" c"\n', ("json",), "line 3: not JSON"),
        ('"a"\n["b"]\n', ("json",), "item 2: found ['b']"),
        ("No,Name,Clan\n1,Bob,x\n2,Al,y", ("text",), "is a table: if its first row"),
        ("Anna;7b\nBob;7b\nCy;8a", ("text",), "choose one of 'Anna', '7b' with column"),
        ('["a", "b\\u0000c"]', ("json",), "item 2: 'b\\x00c' has a line end"),
        ('[{"name": "Aino"}]', ("json",), "choose the key of the names with column"),
        ("Bob", ("text", "name", None), "is plain text, so it has no column 'name'"),
        (ORIGINS, ("csv", None, "land"), "has no column 'land': choose one of 'name', 'origin'"),
        (ORIGINS, ("csv", "name", "name"), "can't both be in the column 'name'"),
        (
            '[{"name": "Aino", "origin": 3.5}]',
            ("json", None, "origin"),
            "item 1: expected a string as 'origin', but found 3.5",
        ),
        (
            'name,origin\nAino,"Fin\nnish"\n',
            ("csv", None, "origin"),
            "line end, a NUL or half a character inside the label",
        ),
        (f"name,origin\nAino,{'x' * 1001}\n", ("csv", None, "origin"), "a label may have 1,000"),
        ("name,origin\nAino,\n", ("csv", None, "origin"), "no name has a label"),
        *((TABLE, ("csv", number), "no column") for number in ("0", "4", "9" * 5000)),
    ],
)
def test_invalid_lists_and_columns_are_rejected_with_their_location(
    data: bytes | str, asked: tuple[str | None, ...], said: str
) -> None:
    assert said in refusal(data, *asked)


def test_names_passed_from_python_are_also_cleaned() -> None:
    assert Corpus.from_names([" e\u0301 ", "", "x"]).names == ("é", "x")
    for names, labels, said in (
        (["a", "b\nc"], None, r"item 2.*line end"),
        (["\udc80"], None, "half a character"),
        (["Aino", "Bo"], ["Finnish"], "2 names and 1 labels"),
    ):
        with pytest.raises(NamesError, match=said):
            Corpus.from_names(names, labels=labels)


def test_the_fingerprint_depends_on_names_labels_and_order() -> None:
    prints = [read(text).fingerprint for text in ("a\nb", "b\na", "ab", "a\nb\nb", "a")]
    labels = ["a", "b"]
    prints += [
        Corpus.from_names(["a", "b"], labels=given).fingerprint
        for given in (labels, labels[::-1], ["a", "a"])
    ]
    assert len(set(prints)) == 8
    assert read("a\r\n\r\nb\r\n").fingerprint == prints[0], "line ends and empty lines don't matter"
    assert read("Bob\nAl").vocabulary.characters == "ABblo"


def test_bundled_lists_have_labels_unless_they_are_disabled() -> None:
    assert read_names(DataSettings(names="world-given")).label_counts["Estonian,female"] == 51
    counts = read_names(DataSettings(names="world-given", label_column="origin")).label_counts
    assert list(counts) == sorted(counts)
    assert counts["Estonian"] == 101
    assert read_names(DataSettings(names="world-given", label_column="")).labels == ()
    assert load_bundled("world-given", labels=False).labels == ()
    with pytest.raises(NamesError, match="has the column 'origin,gender': omit"):
        read_names(DataSettings(names="world-given", label_column="land"))
