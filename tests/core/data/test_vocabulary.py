"""The vocabulary: names to ids and back, and its file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from namegen.core.data.vocabulary import BOUNDARY, Vocabulary
from namegen.errors import NamesError
from tests.strategies import HARD_NAMES, any_name, names_lists

LONE_SURROGATE = "\ud800x"  # half a character: no list that is read holds it, and a program must not fall over it


@given(names_lists)
@example(list(HARD_NAMES))
@example([LONE_SURROGATE])
@example(["", ""])
def test_ids_are_ranks_of_code_points(names: list[str]) -> None:
    """Every character of the list has an id from 1 on, in the order of the code points; 0 is no character."""
    vocabulary = Vocabulary.from_names(names)
    assert list(vocabulary.characters) == sorted(set("".join(names)))
    assert vocabulary.size == len(set("".join(names))) + 1
    assert vocabulary.code_points.tolist() == [-1, *map(ord, vocabulary.characters)]
    for name in names:
        assert vocabulary.encode(name).tolist() == [vocabulary.characters.index(c) + 1 for c in name]


@given(names_lists)
@example(list(HARD_NAMES))
@example([LONE_SURROGATE])
@example(["", ""])
def test_there_and_back(names: list[str]) -> None:
    """Names that end in NUL included, which NumPy's own strings would lose."""
    vocabulary = Vocabulary.from_names(names)
    tokens, lengths = vocabulary.encode_all(names)
    assert (tokens.dtype, lengths.dtype) == (np.int32, np.int64)
    assert lengths.tolist() == [len(name) for name in names]
    rows = np.zeros((len(names), max(map(len, names)) + 1), np.int32)
    rows[np.arange(rows.shape[1]) < lengths[:, None]] = tokens
    assert vocabulary.decode_all(rows) == names
    assert [vocabulary.decode(row) for row in rows] == names
    assert [vocabulary.decode(vocabulary.encode(name)) for name in names] == names


@pytest.mark.parametrize(
    ("characters", "kind"), [(127, np.int8), (128, np.int16), (32_767, np.int16), (32_768, np.int32)]
)
def test_ids_are_kept_in_the_smallest_type_that_holds_them(characters: int, kind: type[np.signedinteger]) -> None:
    """Of a long list they are most of what is kept."""
    vocabulary = Vocabulary("".join(map(chr, range(1, characters + 1))))
    last = vocabulary.characters[-1]
    tokens, _ = vocabulary.encode_compactly(["\1" + last])
    assert tokens.dtype == kind
    assert tokens.tolist() == [1, characters]


@given(st.lists(any_name, min_size=2, max_size=2))
def test_token_rows_sort_as_names_do(names: list[str]) -> None:
    """What the order of the prefix tree rests on."""
    vocabulary = Vocabulary.from_names(names)
    assert sorted(names) == sorted(names, key=lambda name: vocabulary.encode(name).tolist())


def test_decoding_stops_at_the_first_boundary() -> None:
    vocabulary = Vocabulary("abc")
    assert vocabulary.decode([1, 2, BOUNDARY, 3, BOUNDARY]) == "ab"
    assert vocabulary.decode([BOUNDARY, 3]) == ""
    assert vocabulary.decode([]) == ""
    assert vocabulary.decode_all(np.array([[3, 3], [0, 1], [2, 0]])) == ["cc", "", "b"]
    assert vocabulary.decode_all(np.zeros((0, 4), np.int64)) == []
    assert vocabulary.decode_all(np.zeros((2, 0), np.int64)) == ["", ""]


def test_decoding_with_nul_stops_at_the_boundary_not_at_the_nul() -> None:
    assert Vocabulary("\0a").decode_all(np.array([[1, 2, 1], [2, 0, 1]])) == ["\0a\0", "a"]


@given(st.text(max_size=5), any_name)
@example("", "a")
@example("b", "abc")
@example("a", "\U0010ffff")
@example("a", LONE_SURROGATE)
def test_unknown_characters_are_named(characters: str, name: str) -> None:
    vocabulary = Vocabulary.from_names([characters])
    unknown = "".join(sorted(set(name) - set(characters)))
    assert vocabulary.unknown(name) == unknown
    if not unknown:
        assert len(vocabulary.encode(name)) == len(name)
        return
    with pytest.raises(NamesError) as caught:
        vocabulary.encode(name)
    assert f"{unknown[:20]!r} are not among the {len(set(characters))} that" in str(caught.value)


@pytest.mark.parametrize("characters", ["ba", "aa", "abb", "cab"])
def test_characters_must_rise(characters: str) -> None:
    with pytest.raises(NamesError, match="rising order"):
        Vocabulary(characters)


@pytest.mark.parametrize("names", [list(HARD_NAMES), [""], [LONE_SURROGATE], ["Al", "Ali"]])
def test_the_file_holds_the_vocabulary(names: list[str], tmp_path: Path) -> None:
    vocabulary = Vocabulary.from_names(names)
    path = tmp_path / "vocabulary.json"
    vocabulary.save(path)
    assert Vocabulary.load(path) == vocabulary
    assert json.loads(path.read_text(encoding="ascii"))["characters"] == vocabulary.characters
    assert [entry.name for entry in tmp_path.iterdir()] == ["vocabulary.json"]


GOOD = {"format": "namegen vocabulary", "format_version": 1, "characters": "ab"}
FOREIGN = {
    "empty": b"",
    "not UTF-8": b"\xff\xfe",
    "not JSON": b"{",
    "a list": b"[1, 2]",
    "a number": b"3",
    "another format": json.dumps(GOOD | {"format": "other"}).encode(),
    "a newer version": json.dumps(GOOD | {"format_version": 2}).encode(),
    "no characters": json.dumps({key: GOOD[key] for key in ("format", "format_version")}).encode(),
    "characters in a list": json.dumps(GOOD | {"characters": ["a", "b"]}).encode(),
    "characters out of order": json.dumps(GOOD | {"characters": "ba"}).encode(),
    "nested without end": b"[" * 100_000,
}


@pytest.mark.parametrize("content", FOREIGN)
def test_other_files_are_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "vocabulary.json"
    path.write_bytes(FOREIGN[content])
    with pytest.raises(NamesError):
        Vocabulary.load(path)


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.json", tmp_path):
        with pytest.raises(NamesError, match="cannot read the vocabulary"):
            Vocabulary.load(path)
