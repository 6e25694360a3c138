"""Corpus: reading, cleaning and splitting a list of names, and what is said when it cannot be done."""

from __future__ import annotations

import json
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from namegen.core.data.corpus import Corpus, Kind, quote
from namegen.errors import NamesError, SettingsError
from namegen.lists import load_bundled

ANY_NAME = (
    st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)
    .map(lambda name: unicodedata.normalize("NFC", name.strip()))
    .filter(lambda name: name.strip() == name != "")
)
NAME_LISTS = st.lists(ANY_NAME, min_size=1, max_size=40)


def read(data: bytes | str, kind: Kind = "text", column: str | None = None, longest: int = 1000) -> Corpus:
    data = data.encode() if isinstance(data, str) else data
    return Corpus.from_bytes(data, source="list", kind=kind, column=column, max_name_length=longest)


def refusal(data: bytes | str, kind: Kind = "text", column: str | None = None, longest: int = 1000) -> str:
    with pytest.raises(NamesError) as caught:
        read(data, kind, column, longest)
    message = str(caught.value)
    assert message.startswith("list")
    assert "\n" not in message
    assert len(message) < 400
    return message


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

    @given(NAME_LISTS)
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

    def test_a_million_lines_take_under_three_seconds(self) -> None:
        data = "\r\n".join(f"Näme {i}" for i in range(1_000_000)).encode()
        start = time.perf_counter()
        corpus = read(data)
        assert time.perf_counter() - start < 3
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

    @pytest.mark.parametrize(
        "line",
        ["x" * 1_000_000, "\u0301" * 500_000 + "\u0323" * 500_000, "\x1b" * 1_000_000],
        ids=["x", "marks", "esc"],
    )
    def test_a_line_of_a_million_characters_is_refused_at_once(self, line: str) -> None:
        start = time.perf_counter()
        message = refusal("Bob\n" + line)
        assert time.perf_counter() - start < 1
        assert "line 2" in message
        assert "1,000,000 characters" in message
        assert "\x1b" not in message

    def test_a_column_of_something_without_columns(self) -> None:
        assert "only a CSV file has columns" in refusal("Bob", "text", "name")


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
            ("name\nSmith, Al\n", "row 2: 2 cells"),
            ('name\nAl\n"Bob\n', "not CSV"),
            ('name\n"A"l\n', "line 2: not CSV"),
            ("name\nAl\n" + "x" * 200_000 + "\n", "line 3: not CSV"),
            ('name\nAl\n"a\nb"\n', "line 4: 'a\\nb' has a line end"),
            ("name\nAl\n\n" + "x" * 2000 + "\nBob\n", "line 4: 'xxx"),
        ],
    )
    def test_refusals(self, data: str, what: str) -> None:
        assert what in refusal(data, "csv")

    @given(NAME_LISTS)
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
            ('["a", "\\ud800"]', "item 2: '\\ud800' has half a character"),
            ('["a", "b\\nc"]', "item 2: 'b\\nc' has a line end"),
            ('["a", "b\\u0000c"]', "item 2: 'b\\x00c' has a line end or NUL"),
            ("[" * 100_000, "nests too deeply"),
            ("[" + "1" * 10_000 + "]", "not JSON"),
        ],
    )
    def test_refusals(self, data: str, what: str) -> None:
        assert what in refusal(data, "json")


class TestSplit:
    @given(NAME_LISTS, st.floats(0.05, 0.9), st.sampled_from(["unique", "names"]), st.integers(0, 2**63 - 1))
    def test_the_two_parts_are_the_whole_in_its_order(
        self, names: list[str], share: float, split: str, seed: int
    ) -> None:
        corpus = Corpus.from_names(names)
        try:
            parts = corpus.split(share, split, seed)
        except NamesError:
            return
        assert sorted(parts.training + parts.validation) == sorted(corpus.names)
        for part in (parts.training, parts.validation):
            left = iter(corpus.names)
            assert all(name in left for name in part), "a part is a subsequence of the list"
        seen = sum(name in parts.training for name in parts.validation)
        assert parts.seen_percent == pytest.approx(100 * seen / len(parts.validation))
        if split == "unique":
            assert not set(parts.training) & set(parts.validation)
        else:
            assert len(parts.validation) == round(share * len(names))

    @given(st.lists(ANY_NAME, min_size=20, max_size=40), ANY_NAME, st.integers(0, 40), st.integers(0, 99))
    def test_an_added_name_moves_no_other(self, names: list[str], added: str, place: int, seed: int) -> None:
        try:
            before = Corpus.from_names(names).split(0.3, "unique", seed)
        except NamesError:
            return
        after = Corpus.from_names([*names[:place], added, *names[place:]]).split(0.3, "unique", seed)
        assert set(after.training) - {added} == set(before.training) - {added}
        assert set(after.validation) - {added} == set(before.validation) - {added}

    @pytest.mark.parametrize("name", ["mlb-first", "mlb-last", "companies", "japanese-given"])
    def test_unique_holds_out_about_the_share_asked_for(self, name: str) -> None:
        corpus = load_bundled(name)
        shares = [len(corpus.split(0.1, "unique", seed).validation) / len(corpus.names) for seed in range(10)]
        assert all(0.05 < share < 0.15 for share in shares)
        assert sum(shares) / 10 == pytest.approx(0.1, abs=0.015)

    def test_names_says_how_much_was_seen(self) -> None:
        assert load_bundled("mlb-first").split(0.2, "names", 0).seen_percent > 90
        assert load_bundled("companies").split(0.2, "names", 0).seen_percent == 0

    def test_the_same_seed_gives_the_same_split_and_another_one_another(self) -> None:
        corpus = load_bundled("companies")
        for split in ("unique", "names"):
            assert corpus.split(0.2, split, 3) == corpus.split(0.2, split, 3)
            assert corpus.split(0.2, split, 3) != corpus.split(0.2, split, 4)

    def test_the_split_of_a_name_is_fixed(self) -> None:
        """A change here would hold out other names than models in use were trained without."""
        corpus = Corpus.from_names([f"name {i}" for i in range(30)])
        held_out = [int(name.removeprefix("name ")) for name in corpus.split(0.2, "unique", 0).validation]
        assert held_out == [0, 5, 6, 7, 23, 29]

    def test_nothing_held_out(self) -> None:
        parts = Corpus.from_names(["a"]).split(0.0)
        assert (parts.training, parts.validation, parts.seen_percent) == (("a",), (), 0.0)

    @pytest.mark.parametrize("split", ["unique", "names"])
    @pytest.mark.parametrize("names", [["a", "b"], ["a"] * 9, ["Bob"]])
    def test_too_few_names(self, names: list[str], split: str) -> None:
        with pytest.raises(NamesError, match=r"too few to hold out.*validation=0"):
            Corpus.from_names(names).split(0.5, split)

    def test_a_single_name_that_repeats_cannot_be_on_one_side_only(self) -> None:
        with pytest.raises(NamesError, match="1 distinct"):
            Corpus.from_names(["a"] * 50).split(0.5, "unique")

    @pytest.mark.parametrize(
        ("share", "split"), [(1.0, "unique"), (-0.1, "unique"), (float("nan"), "names"), (0.1, "x")]
    )
    def test_wrong_settings(self, share: float, split: str) -> None:
        with pytest.raises(SettingsError, match="expected"):
            Corpus.from_names(["a", "b"]).split(share, split)


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
        with pytest.raises(NamesError, match="half a character"):
            Corpus.from_names(["\udc80"])

    @given(st.text(max_size=200))
    def test_quoted_text_is_short_and_printable(self, text: str) -> None:
        assert quote(text).isprintable()
        assert quote("x" * 41) == "'" + "x" * 39 + "…'"
