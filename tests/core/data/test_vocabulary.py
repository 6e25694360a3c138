"""Check the vocabulary and its file, start tokens and their shares, and requests for labels."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given

from namegen.core.data.label_parts import find_labels, meant_labels
from namegen.core.data.labels import StartTokens
from namegen.core.data.vocabulary import END_TOKEN, Vocabulary
from namegen.errors import NamesError
from tests.strategies import HARD_NAMES, names_lists

LONE_SURROGATE = "\ud800x"  # half a character, which lists can't contain, but a program can pass it


@given(names_lists)
@example(list(HARD_NAMES))
@example([LONE_SURROGATE])
@example(["", ""])
def test_ids_follow_code_points_and_decode_to_the_same_names(names: list[str]) -> None:
    """The ids of characters start at 1. Names that end with NUL are kept, although NumPy's strings would lose it."""
    vocabulary = Vocabulary.from_names(names)
    assert list(vocabulary.characters) == sorted(set("".join(names)))
    assert vocabulary.size == len(set("".join(names))) + 1
    assert vocabulary.code_points.tolist() == [-1, *map(ord, vocabulary.characters)]
    for name in names:
        assert vocabulary.encode(name).tolist() == [
            vocabulary.characters.index(c) + 1 for c in name
        ]
    tokens, lengths = vocabulary.encode_all(names)
    assert (tokens.dtype, lengths.dtype) == (np.int32, np.int64)
    assert lengths.tolist() == [len(name) for name in names]
    rows = np.zeros((len(names), max(map(len, names)) + 1), np.int32)
    rows[np.arange(rows.shape[1]) < lengths[:, None]] = tokens
    assert vocabulary.decode_all(rows) == names
    assert [vocabulary.decode(row) for row in rows] == names
    assert [vocabulary.decode(vocabulary.encode(name)) for name in names] == names


def test_decoding_stops_at_the_first_end_token() -> None:
    vocabulary = Vocabulary("abc")
    assert vocabulary.decode([1, 2, END_TOKEN, 3, END_TOKEN]) == "ab"
    assert vocabulary.decode([END_TOKEN, 3]) == ""
    assert vocabulary.decode([]) == ""
    assert vocabulary.decode_all(np.array([[3, 3], [0, 1], [2, 0]])) == ["cc", "", "b"]
    assert vocabulary.decode_all(np.zeros((0, 4), np.int64)) == []
    assert vocabulary.decode_all(np.zeros((2, 0), np.int64)) == ["", ""]
    assert Vocabulary("\0a").decode_all(np.array([[1, 2, 1], [2, 0, 1]])) == ["\0a\0", "a"]


def test_half_of_a_character_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(NamesError, match=r"has '\\ud800', half of a character"):
        Vocabulary.from_names([LONE_SURROGATE]).save(tmp_path / "vocabulary.json")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("names", [list(HARD_NAMES), [""], ["Al", "Ali"]])
def test_a_saved_vocabulary_is_loaded_unchanged(names: list[str], tmp_path: Path) -> None:
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
    "a list": b"[1, 2]",
    "another format": json.dumps(GOOD | {"format": "other"}).encode(),
    "a newer version": json.dumps(GOOD | {"format_version": 2}).encode(),
    "no characters": json.dumps({key: GOOD[key] for key in ("format", "format_version")}).encode(),
    "characters in a list": json.dumps(GOOD | {"characters": ["a", "b"]}).encode(),
    "characters out of order": json.dumps(GOOD | {"characters": "ba"}).encode(),
    "nested without end": b"[" * 100_000,
}


@pytest.mark.parametrize("content", FOREIGN)
def test_invalid_files_are_rejected(content: str, tmp_path: Path) -> None:
    path = tmp_path / "vocabulary.json"
    path.write_bytes(FOREIGN[content])
    with pytest.raises(NamesError):
        Vocabulary.load(path)
    for place in (tmp_path / "nothing.json", tmp_path):
        with pytest.raises(NamesError, match="cannot read the vocabulary"):
            Vocabulary.load(place)


def test_shares_are_proportional_to_label_counts() -> None:
    assert StartTokens.from_counts(9, []) == StartTokens.single() == StartTokens((0,), (1.0,))
    three = StartTokens.from_counts(9, [3, 0, 1])
    assert three == StartTokens((9, 10, 11), (0.75, 0.0, 0.25))
    assert three.ids.tolist() == [9, 10, 11]
    np.testing.assert_array_equal(three.log_shares, [np.log(0.75), -np.inf, np.log(0.25)])
    assert (three.several, three.numbers) == (True, 1)
    one = StartTokens.from_counts(9, [7])
    assert (one, one.several, one.numbers) == (StartTokens.single(9), False, 0)


LABELS = ("Finnish", "finnish", "Irish")


@pytest.mark.parametrize(("asked", "place"), [("Finnish", 0), ("finnish", 1), ("IRISH", 2)])
def test_label_case_matters_only_if_the_label_is_ambiguous(asked: str, place: int) -> None:
    assert find_labels(asked, LABELS, "model") == [place]


PARTS = (
    "Finnish,female",
    "Finnish,male",
    "Finnish,",
    ",female",
    '"Washington, D.C.",male',
    "Male,female",
)


@pytest.mark.parametrize(
    ("asked", "places"),
    [
        ("finnish", [0, 1, 2, 3]),
        ("female", [0, 2, 3, 5]),
        ("Finnish,female", [0, 2, 3]),
        ("Finnish, MALE", [1, 2]),
        ("Finnish,", [0, 1, 2, 3]),
        (",male", [1, 2, 4]),
        ("male", [1, 2, 4]),  # an exact match is preferred, and Male is another value
        ("Washington, D.C.", [3, 4]),
        ('"Washington, D.C.",male', [4]),
        ("female,Finnish", []),
        ("Finnish,Finnish", []),
        ("", []),
        (",", []),
        ("x\ny", []),
    ],
)
def test_a_part_also_matches_labels_that_leave_it_empty(asked: str, places: list[int]) -> None:
    assert meant_labels(asked, PARTS) == places


def test_labels_with_different_numbers_of_parts_are_not_split() -> None:
    labels = ("Paris, France", "Rome")
    assert (meant_labels("paris, france", labels), meant_labels("Paris", labels)) == ([0], [])
