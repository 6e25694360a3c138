"""Lists as they stand in files: tables, JSON, and what is no list."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.core.data.read_bytes import read, refusal
from tests.strategies import clean_lists


class TestCsv:
    TABLE = 'id,name,team\n1,"Smith, Al",A\n2, Bob ,B\n\n3,,C\n4\n'

    @pytest.mark.parametrize("column", ["name", "2"])
    def test_a_column_goes_by_name_or_number(self, column: str) -> None:
        corpus = read(self.TABLE, "csv", column)
        assert corpus.names == ("Smith, Al", "Bob")
        assert corpus.dropped_sentence() == (
            "list: 1 header row, 1 row without that column and 1 empty cell were dropped"
        )

    def test_the_only_column_needs_no_name(self) -> None:
        assert read("name\r\nAl\r\nBob\r\n", "csv").names == ("Al", "Bob")

    def test_a_name_goes_before_a_number(self) -> None:
        assert read("2,1\na,b\n", "csv", "1").names == ("b",)

    @pytest.mark.parametrize("separator", [";", "\t"])
    def test_other_separators(self, separator: str) -> None:
        assert read(f"id{separator}name\n1{separator}Al\n", "csv", "name").names == ("Al",)

    def test_an_unknown_column_lists_those_there_are(self) -> None:
        message = refusal(self.TABLE, "csv", "nmae")
        assert "no column 'nmae'" in message
        assert "'id', 'name', 'team'" in message
        for number in ("0", "4", "-1", "9" * 5000):
            assert "no column" in refusal(self.TABLE, "csv", number)

    def test_several_columns_ask_for_one(self) -> None:
        assert "with column" in refusal(self.TABLE, "csv")

    def test_a_column_that_is_there_twice(self) -> None:
        assert "by number" in refusal("name,name\na,b\n", "csv", "name")

    @pytest.mark.parametrize(
        ("data", "what"),
        [
            ("", "first row"),
            ("name\n", "has no names"),
            ("name\nSmith, Al\n", "line 2: 2 cells"),
            ('name\nAl\n"Bob\n', "not CSV"),
            ('name\n"A"l\n', "line 2: not CSV"),
            ("name\nAl\n" + "x" * 200_000 + "\n", "line 3: not CSV"),
            ('name\nAl\n"a\nb"\n', "line 4: 'a\\nb' has a line end"),
            ("name\nAl\n\n" + "x" * 2000 + "\nBob\n", "line 4: 'xxx"),
        ],
    )
    def test_refusals(self, data: str, what: str) -> None:
        assert what in refusal(data, "csv")

    @given(clean_lists)
    def test_quoted_cells_are_read_as_they_were(self, names: list[str]) -> None:
        rows = "".join('7,"{}"\n'.format(name.replace('"', '""')) for name in names)
        assert read("id,name\n" + rows, "csv", "name").names == tuple(names)


class TestJson:
    def test_a_list_of_strings(self) -> None:
        corpus = read('["Bob", " Al ", ""]', "json")
        assert corpus.names == ("Bob", "Al")
        assert corpus.dropped_sentence() == "list: 1 empty string was dropped"

    @pytest.mark.parametrize(
        ("data", "what"),
        [
            ("", "line 1: not JSON"),
            ('["a",\n b]', "line 2: not JSON"),
            ("[]", "has no names"),
            ('{"names": []}', "a JSON object"),
            ('"Bob"', "a JSON string"),
            ('["a", 3]', "item 2: a number"),
            ('["a", true]', "item 2: a truth value"),
            ('["a", ["b"]]', "item 2: a list"),
            ('["a", "\\ud800"]', "item 2: '\\ud800' has an incomplete Unicode character"),
            ('["a", "b\\nc"]', "item 2: 'b\\nc' has a line end"),
            ('["a", "b\\u0000c"]', "item 2: 'b\\x00c' has a line end or NUL"),
            ("[" * 100_000, "nests too deeply"),
            ("[" + "1" * 10_000 + "]", "not JSON"),
        ],
    )
    def test_refusals(self, data: str, what: str) -> None:
        assert what in refusal(data, "json")
