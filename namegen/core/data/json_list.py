"""Reads JSON lists one item at a time, to save memory."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain

from namegen.documents import Json, parse_json

LONGEST_ITEM = 2**20  # characters; a block may end an item that is somewhat longer

_SPACE = re.compile(r"[ \t\n\r]*")
_COMMA = re.compile(r"[ \t\n\r]*,")

# What may come next in a list:
_START, _FIRST_ITEM, _ITEM, _SEPARATOR, _END = range(5)
# The next state after a bracket or a comma:
_NEXT_STATE = {
    (_START, "["): _FIRST_ITEM,
    (_FIRST_ITEM, "]"): _END,
    (_SEPARATOR, ","): _ITEM,
    (_SEPARATOR, "]"): _END,
}


def read_items(blocks: Iterable[str]) -> Iterator[Json]:
    """Read the items of a JSON list one after another.

    Args:
        blocks: The text of the list, in blocks of any size.

    Raises:
        ValueError: It isn't a JSON list, or an item is too long or nests too deeply. The message starts with the line.

    >>> list(read_items(['["Al", {"name": "B', 'o"}]']))
    ['Al', {'name': 'Bo'}]
    """
    state = _START
    line = 1  # of the first character in the text
    text = ""
    for block in chain(blocks, [None]):
        is_end = block is None
        text += block or ""
        position = _after_space(text, 0)
        while position < len(text):
            next_state = _NEXT_STATE.get((state, text[position]))
            if next_state is not None:
                state = next_state
                position = _after_space(text, position + 1)
                continue
            if state not in (_FIRST_ITEM, _ITEM):
                raise _error(line, text, position, "not a JSON list")
            may_be_cut = not is_end and len(text) - position <= LONGEST_ITEM
            try:
                item, end = parse_json(text, position)
            except json.JSONDecodeError as error:
                if may_be_cut:
                    break
                problem = "not JSON"
                if not is_end:
                    problem += f", or an item of more than {LONGEST_ITEM:,} characters"
                raise _error(line, text, error.pos, problem) from None
            except ValueError as error:
                raise _error(line, text, position, _unreadable(error)) from None
            if may_be_cut and len(text) - end <= len("e-"):  # of a number that may continue
                break
            yield item
            comma = _COMMA.match(text, end)
            state = _ITEM if comma else _SEPARATOR
            position = _after_space(text, comma.end() if comma else end)
        line += text.count("\n", 0, position)
        text = text[position:]
    if state != _END:
        raise _error(line, text, 0, "not JSON")


def read_lines(lines: Iterable[str]) -> Iterator[Json]:
    """Read one item from each line that isn't empty.

    Raises:
        ValueError: A line isn't JSON, or its item nests too deeply. The message starts with the line.

    >>> list(read_lines(['"Al"', '', '{"name": "Bo"}']))
    ['Al', {'name': 'Bo'}]
    """
    for line, text in enumerate(lines, start=1):
        if not text.strip():
            continue
        try:
            item, end = parse_json(text, _after_space(text, 0))
        except json.JSONDecodeError:
            raise _error(line, "", 0, "not JSON") from None
        except ValueError as error:
            raise _error(line, "", 0, _unreadable(error)) from None
        if _after_space(text, end) < len(text):
            raise _error(line, "", 0, "not JSON")
        yield item


def _after_space(text: str, position: int) -> int:
    """The first position from this one on that isn't white space."""
    match = _SPACE.match(text, position)
    assert match is not None  # the pattern also matches the empty string
    return match.end()


def _unreadable(error: ValueError) -> str:
    return f"not JSON that can be read ({error})"


def _error(line: int, text: str, position: int, problem: str) -> ValueError:
    """The error at a position in a text whose first line has this number."""
    lines_before = text.count("\n", 0, position)
    return ValueError(f"line {line + lines_before}: {problem}")
