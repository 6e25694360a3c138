"""Corpus: reading, cleaning and splitting a list of names, and what is said when it cannot be done."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from namegen.core.data.corpus import Corpus
from namegen.errors import NamesError, quote
from tests.core.data.read_bytes import read, refusal
from tests.strategies import clean_lists


class TestText:
    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    @pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "BOM"])
    @pytest.mark.parametrize("last", [True, False])
    def test_any_line_end_and_a_byte_order_mark_give_the_same_names(self, end: str, mark: bytes, last: bool) -> None:
        text = end.join(["Bob", "Al", "Bob"]) + end * last
        corpus = read(mark + text.encode())
        assert corpus.names == ("Bob", "Al", "Bob")
        assert corpus.dropped_sentence() == ""

    def test_mixed_line_ends(self) -> None:
        assert read("a\r\nb\nc\rd\n\re").names == ("a", "b", "c", "d", "e")

    def test_empty_lines_are_dropped_and_counted(self) -> None:
        corpus = read("\n  Bob\t\n\n \t \nAl  \n\n")
        assert corpus.names == ("Bob", "Al")
        assert dict(corpus.dropped) == {"empty lines": 4}
        assert corpus.dropped_sentence() == "list: 4 empty lines were dropped"
        assert read("a\n\nb").dropped_sentence() == "list: 1 empty line was dropped"

    def test_names_of_other_scripts_stay_whole(self) -> None:
        names = ("é", "יוסף", "محمد", "さくら", "👩‍🚀", "ก็", "x", "O'Neil, Jr.", "a\u2028b", "\u0301x")
        assert read("\n".join(names)).names == names

    def test_combining_marks_are_composed(self) -> None:
        assert read("Zoe\u0308\nZo\u00eb\nZoe").names == ("Zo\u00eb", "Zo\u00eb", "Zoe")

    @given(clean_lists)
    def test_a_written_list_is_read_as_it_was(self, names: list[str]) -> None:
        assert read("\n".join(names)).names == tuple(names)
        assert read(json.dumps(names), "json").names == tuple(names)
        assert Corpus.from_names(names).names == tuple(names)

    @given(st.lists(st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=("Cs",))), min_size=1))
    def test_every_name_is_trimmed_and_composed_as_a_plain_loop_does_it(self, lines: list[str]) -> None:
        expected = [unicodedata.normalize("NFC", line.strip()) for line in lines if line.strip()]
        if not expected:
            return
        corpus = read("\n".join(lines) + "\n")
        assert corpus.names == tuple(expected)
        assert sum(corpus.dropped.values()) == len(lines) - len(expected)

    @pytest.mark.timeout(60)
    def test_a_million_lines_take_seconds(self) -> None:
        data = "\r\n".join(f"Näme {i}" for i in range(1_000_000)).encode()
        corpus = read(data)
        assert len(corpus.names) == 1_000_000


class TestRefusals:
    @pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"\n\n", b" \r\n\t"])
    def test_no_names(self, data: bytes) -> None:
        assert "has no names" in refusal(data)

    @pytest.mark.parametrize(
        ("data", "place"),
        [
            (b"ab\r\ncd\nJos\xe9\n", "line 3, byte 4: 0xe9"),
            (b"\xef\xbb\xbfab\r\xffcd", "line 2, byte 1: 0xff"),
            (b"\xff", "line 1, byte 1: 0xff"),
            (b"ab\ncd\xc3", "line 2, byte 3: 0xc3"),
        ],
    )
    def test_not_utf8_says_line_and_byte(self, data: bytes, place: str) -> None:
        assert place in refusal(data)

    def test_a_nul_byte_says_the_line(self) -> None:
        assert "line 3: a NUL byte" in refusal(b"ab\r\ncd\nx\0y")
        assert "NUL" in refusal("Bob\nAl".encode("utf-16-le"))

    def test_a_line_that_is_too_long_says_its_number_and_its_beginning(self) -> None:
        assert read("ab\nabcde", longest=5).names == ("ab", "abcde")
        message = refusal("ab\n\nabcdef\n", longest=5)
        assert "line 3: 'abcdef' has 6 characters" in message
        assert "raise max_name_length" in message
        assert read("  abcde  ", longest=5).names == ("abcde",), "space around a name does not count"
        assert read("e\u0301" * 5, longest=5).names == ("é" * 5,), "composed characters count"
        assert "6 characters" in refusal("e\u0301" * 6, longest=5)

    @pytest.mark.timeout(60)  # to put the marks in order first would take hours
    @pytest.mark.parametrize(
        "line",
        ["x" * 1_000_000, "\u0301" * 500_000 + "\u0323" * 500_000, "\x1b" * 1_000_000],
        ids=["x", "marks", "esc"],
    )
    def test_a_line_of_a_million_characters_is_refused_at_once(self, line: str) -> None:
        message = refusal("Bob\n" + line)
        assert "line 2" in message
        assert "1,000,000 characters" in message
        assert "\x1b" not in message

    def test_a_column_of_something_without_columns(self) -> None:
        assert "text has none: give CSV or JSON" in refusal("Bob", "text", "name")


class TestCorpus:
    def test_vocabulary_is_that_of_all_names(self) -> None:
        assert read("Bob\nAl").vocabulary.characters == "ABblo"

    def test_fingerprint_changes_with_any_name_and_with_the_order(self) -> None:
        fingerprints = [read(text).fingerprint for text in ("a\nb", "b\na", "ab", "a\nb\nb", "a")]
        assert len(set(fingerprints)) == 5
        assert read("a\r\n\r\nb\r\n").fingerprint == fingerprints[0], "only the names count"

    def test_names_of_a_program_are_cleaned_too(self) -> None:
        assert Corpus.from_names([" e\u0301 ", "", "x"]).names == ("é", "x")
        with pytest.raises(NamesError, match=r"item 2.*line end"):
            Corpus.from_names(["a", "b\nc"])
        with pytest.raises(NamesError, match="incomplete Unicode character"):
            Corpus.from_names(["\udc80"])

    @given(st.text(max_size=200))
    def test_quoted_text_is_short_and_printable(self, text: str) -> None:
        assert quote(text).isprintable()
        assert quote("x" * 41) == "'" + "x" * 39 + "…'"
