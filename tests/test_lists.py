"""Check the built-in lists, and reading lists by name or path."""

from __future__ import annotations

import io
import json
import os
import threading
from pathlib import Path

import pytest

from namegen.core.data.corpus import Corpus
from namegen.core.people.players import Player
from namegen.core.settings import DataSettings
from namegen.errors import NamesError
from namegen.lists import BUNDLED, load_bundled, players, read_names
from namegen.lists.bundled import SHELF


def read(names: str | Path, stdin: bytes = b"", column: str | None = None) -> Corpus:
    return read_names(DataSettings(names=str(names), column=column), io.BytesIO(stdin))


@pytest.mark.parametrize(
    ("name", "entries", "distinct", "start"),
    [
        ("mlb-first", 23_221, 3_070, ("David", "Hank", "Tommie")),
        ("companies", 6_017, 6_017, ("1 800 FLOWERS COM INC", "10x Genomics, Inc.", "111, Inc.")),
        ("japanese-given", 9_208, 9_208, ("ああす", "ああと", "ああや")),
    ],
)
def test_built_in_lists_have_the_expected_names(
    name: str, entries: int, distinct: int, start: tuple[str, ...]
) -> None:
    corpus = load_bundled(name)
    assert (len(corpus.names), len(set(corpus.names))) == (entries, distinct)
    assert corpus.names[:3] == start
    assert corpus.source == name
    assert corpus.dropped_sentence() == ""
    assert Corpus.from_names(corpus.names).names == corpus.names, "the list is already clean"
    assert read(name).names == corpus.names


def test_the_fast_player_parser_agrees_with_the_simple_one() -> None:
    lines = BUNDLED["mlb-first"].path.read_text(encoding="utf-8").splitlines()
    everyone = players()
    assert [Player.from_line(line) for line in lines[::10]] == everyone[::10]
    assert len(lines) == len(everyone)
    assert load_bundled("mlb-first").names == tuple(
        player.first for player in everyone if player.first
    )
    assert load_bundled("mlb-last").names == tuple(player.last for player in everyone)


@pytest.mark.parametrize("name", SHELF)
def test_lists_of_the_shelf_are_short_distinct_and_free(name: str) -> None:
    names = load_bundled(name).names
    assert 60 <= len(names) <= 150
    assert len({"".join(filter(str.isalpha, name.casefold())) for name in names}) == len(names)
    assert Corpus.from_names(names).names == names, "the list is already clean"
    assert BUNDLED[name].licence == "CC0-1.0"
    assert "CC0 1.0 Universal" in BUNDLED[name].licence_text


@pytest.mark.parametrize("name", [name for name in BUNDLED if name not in SHELF])
def test_every_list_has_a_license_and_a_credit(name: str) -> None:
    bundled = BUNDLED[name]
    text, holders = (
        bundled.licence_text,
        ("SABR", "EDGAR", "shuheilocale", "Daniele Faraglia", "GeoNames"),
    )
    assert bundled.file in text
    assert any(holder in text and holder in bundled.credit for holder in holders)
    assert bundled.description
    words = {"CC-BY-SA-3.0": "CC BY-SA 3.0", "MIT": "free of charge", "CC-BY-4.0": "CC BY 4.0"}
    assert words.get(bundled.licence, "public domain") in text


class TestFiles:
    @pytest.fixture(autouse=True)
    def _in_an_empty_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)

    def test_the_file_extension_determines_the_format(self, tmp_path: Path) -> None:
        for file, content in [
            ("a.txt", "Al\nBob\n"),
            ("a", "Al\nBob\n"),
            ("a.CSV", "name\nAl\nBob\n"),
            ("a.json", json.dumps(["Al", "Bob"])),
        ]:
            (tmp_path / file).write_text(content, encoding="utf-8")
            corpus = read(file)
            assert corpus.names == ("Al", "Bob")
            assert corpus.source == file

    def test_a_dash_is_standard_input(self) -> None:
        corpus = read("-", b"Al\r\n\r\nBob")
        assert corpus.names == ("Al", "Bob")
        assert corpus.dropped_sentence() == "standard input: 1 empty line was dropped"
        assert read("-", b"id,name\n1,Al\n", column="name").names == ("Al",)
        with pytest.raises(NamesError, match="standard input has no names"):
            read("-", b"")

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name")
    def test_a_named_pipe_is_read_completely(self, tmp_path: Path) -> None:
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        # This is more than a single read returns.
        content = b"".join(b"%07d\n" % number for number in range(300_000))
        writer = threading.Thread(target=pipe.write_bytes, args=[content], daemon=True)
        writer.start()
        assert len(read("pipe").names) == 300_000
        writer.join()
