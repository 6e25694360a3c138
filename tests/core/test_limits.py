"""Limits to what is read and shown: how often a file is read, where a text is cut, how large a document may be."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

import namegen.files as files_module
from namegen.documents import from_plain
from namegen.errors import MOST_SHOWN, quote, shown
from namegen.files import read_whole


class Noting(io.BytesIO):
    """An open file that notes how often it is read."""

    reads = 0

    def __init__(self, content: bytes, file: int) -> None:
        super().__init__(content)
        self.file = file

    def fileno(self) -> int:
        return self.file

    def read(self, size: int | None = -1, /) -> bytes:
        Noting.reads += 1
        return super().read(size)


@pytest.mark.parametrize(("said", "most_reads"), [(200_000, 2), (0, 10)], ids=["a file", "a pipe, which has no size"])
def test_a_file_is_read_in_one_go_and_what_has_no_size_in_few(
    said: int, most_reads: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once more each, to see that nothing follows."""
    path, content = tmp_path / "a", b"some" * 50_000
    path.write_bytes(content[:said])
    with open(path, "rb") as file:
        monkeypatch.setattr(files_module, "open", lambda *_: Noting(content, file.fileno()), raising=False)
        Noting.reads = 0
        assert read_whole(path, 10**6) == content
    assert 0 < Noting.reads <= most_reads


@pytest.mark.parametrize("length", [MOST_SHOWN - 1, MOST_SHOWN, MOST_SHOWN + 1, 1_000])
def test_a_text_is_cut_at_the_same_place_wherever_it_is_shown(length: int) -> None:
    text = "x" * length
    assert quote(text) == shown(text)
    assert ("…" in quote(text)) == (length > MOST_SHOWN)


@dataclass(frozen=True)
class Document:
    kind: Literal["small"]


@pytest.mark.parametrize("length", [1, MOST_SHOWN - 1, MOST_SHOWN, MOST_SHOWN + 1])
def test_a_key_is_shown_as_it_stands_unless_it_has_to_be_cut(length: int) -> None:
    key = "k" * length
    with pytest.raises(ValueError, match="Unknown key") as error:
        from_plain(Document, {"kind": "small", key: 1})
    assert (f"`$.{key}`" in str(error.value)) == (quote(key) == repr(key))


def told_of(length: int) -> str:
    """What is said of a wrong word of so many characters, the place apart."""
    with pytest.raises(ValueError, match="Invalid enum value") as error:
        from_plain(Document, {"kind": "w" * length})
    return str(error.value).rpartition(" - at ")[0]


def test_what_is_said_of_a_wrong_word_is_cut_to_the_longest_that_is_said_whole() -> None:
    whole = [told for told in map(told_of, range(100, 200)) if "…" not in told]
    assert 100 < len(whole[-1]) == max(map(len, whole)) == len(told_of(1_000)) == 160
