"""Check that lists are read the same in blocks as at once, wherever a block ends."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from namegen.core.data import json_list, list_content
from namegen.core.data.json_list import read_items
from namegen.core.data.list_content import ListContent
from namegen.errors import NamesError

texts = st.text(st.sampled_from("ab\r\n\u2028é😀\x85 "), max_size=40)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(text=texts, block=st.integers(4, 12))
def test_lines_do_not_depend_on_the_block_size(text: str, block: int) -> None:
    whole = text.replace("\r\n", "\n").replace("\r", "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(list_content, "BLOCK", block)
        content = ListContent(text.encode(), "list")
        assert "".join(content.blocks()) == whole
        assert list(content.lines()) == whole.removesuffix("\n").split("\n") or not whole


@pytest.mark.parametrize("place", range(12))
def test_an_invalid_byte_is_located_with_any_block_boundary(
    monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    monkeypatch.setattr(list_content, "BLOCK", 4)
    data = "é".encode() * 6
    with pytest.raises(
        NamesError, match=f"list, line 1, byte {place - place % 2 + 1}: 0xc3 is not UTF-8"
    ):
        list(ListContent(data[: place - place % 2 + 1] + b"abc", "list").lines())


def test_too_many_lines_and_overlong_lines_are_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_content, "MOST_LINES", 3)
    for text in (b"a\nb\nc", b"a\r\nb\r\nc\r\n"):
        assert list(ListContent(text, "list").lines()) == ["a", "b", "c"]
    with pytest.raises(NamesError, match="list has more than 3 lines"):
        list(ListContent(b"a\nb\nc\nd\ne", "list").lines())
    monkeypatch.setattr(list_content, "LONGEST_LINE", 3)
    with pytest.raises(NamesError, match="list, line 2 has more than 3 characters"):
        list(ListContent(b"a\nbcde", "list").lines())


@given(items=st.lists(values), indent=st.sampled_from([None, 0, 1]), data=st.data())
def test_json_items_do_not_depend_on_block_boundaries(
    items: list[object], indent: int | None, data: st.DataObject
) -> None:
    text = json.dumps(items, indent=indent, ensure_ascii=False)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    assert list(read_items(cut_at(text, cuts))) == items


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: not JSON"),
        ("\n[", "line 2: not JSON"),
        ('["a",]', "line 1: not JSON"),
        ("[,]", "line 1: not JSON"),
        ('["a"]\n]', "line 2: not a JSON list"),
        ('{"a": 1}', "line 1: not a JSON list"),
        ('["a"\n"b"]', "line 2: not a JSON list"),
        ('[\n{"a": 1,\n "a": 2}]', "line 2: not JSON that can be read .the key 'a' appears twice"),
        ("[NaN]", "line 1: not JSON that can be read .NaN is not a number"),
        (
            "[" + "9" * 5000 + "]",
            "line 1: not JSON that can be read .a whole number needs more than 64 bits",
        ),
        ("[" * 100_000, "line 1: not JSON that can be read .nests too deeply"),
    ],
)
def test_json_errors_contain_the_line_with_any_block_size(text: str, said: str) -> None:
    for size in {1, 2, 3, 5, len(text) or 1} if len(text) < 1000 else {len(text)}:
        with pytest.raises(ValueError, match=said):
            list(read_items(cut_at(text, range(size, len(text), size))))


def test_reading_stops_early_at_an_item_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_list, "LONGEST_ITEM", 10)
    assert list(read_items(['["', "a" * 7, '"]'])) == ["a" * 7]
    blocks = iter(['["b", "', *["a" * 5] * 100, '"]'])
    with pytest.raises(ValueError, match="line 1: not JSON, or an item of more than 10 characters"):
        list(read_items(blocks))
    assert len(list(blocks)) > 90


def cut_at(text: str, places: Sequence[int]) -> list[str]:
    """Split a string at these positions."""
    bounds = [0, *places, len(text)]
    return [text[start:end] for start, end in pairwise(bounds)]
