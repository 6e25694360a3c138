"""Reads JSON lists one item at a time, to save memory."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from namegen.documents import Json, parse_json

LONGEST_ITEM = 2**20  # characters; a block may end an item that is somewhat longer

_SPACE = re.compile(r"[ \t\n\r]*")
_COMMA = re.compile(r"[ \t\n\r]*,")

# What comes next in a list:
_START = "["
_FIRST_ITEM = "an item or ]"
_ITEM = "an item"
_SEPARATOR = ", or ]"
_END = "nothing"
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
    reader = _ListReader()
    for block in blocks:
        yield from reader.items_in(block)
    yield from reader.last_items()


class _ListReader:
    """Reads a JSON list that arrives in blocks, and keeps the text of an unfinished item for the next block."""

    def __init__(self) -> None:
        self._state = _START
        self._text = ""  # what hasn't been read yet
        self._position = 0  # of the next character to read
        self._line = 1  # of the first character in the text

    def items_in(self, block: str) -> Iterator[Json]:
        """Add a block, and yield the items that are complete."""
        self._text += block
        self._skip_space(0)
        yield from self._complete_items(is_end=False)
        self._forget_read_text()

    def last_items(self) -> Iterator[Json]:
        """Yield the remaining items. Raise ValueError if the list hasn't been closed."""
        self._skip_space(0)
        yield from self._complete_items(is_end=True)
        self._forget_read_text()
        if self._state != _END:
            raise self._error(0, "not JSON")

    def _complete_items(self, *, is_end: bool) -> Iterator[Json]:
        """Yield items until the text ends, or an item is incomplete."""
        while self._position < len(self._text):
            if self._read_punctuation():
                continue
            parsed = self._parse_item(is_end=is_end)
            if parsed is None:
                return
            item, end = parsed
            yield item
            self._skip_comma(end)

    def _read_punctuation(self) -> bool:
        """Read a bracket or a comma. Return False if an item comes next."""
        next_state = _NEXT_STATE.get((self._state, self._text[self._position]))
        if next_state is None:
            if self._state not in (_FIRST_ITEM, _ITEM):
                raise self._error(self._position, "not a JSON list")
            return False
        self._state = next_state
        self._skip_space(self._position + 1)
        return True

    def _parse_item(self, *, is_end: bool) -> tuple[Json, int] | None:
        """Parse the next item, and return it with its end. Return None if the next block may continue it."""
        may_be_cut = not is_end and len(self._text) - self._position <= LONGEST_ITEM
        try:
            item, end = parse_json(self._text, self._position)
        except json.JSONDecodeError as error:
            if may_be_cut:
                return None
            too_long = "" if is_end else f", or an item of more than {LONGEST_ITEM:,} characters"
            raise self._error(error.pos, f"not JSON{too_long}") from None
        except ValueError as error:
            raise self._error(self._position, _unreadable(error)) from None
        number_may_continue = len(self._text) - end <= len("e-")
        if may_be_cut and number_may_continue:
            return None
        return item, end

    def _skip_comma(self, position: int) -> None:
        """Continue after an item, and after the comma that may follow it."""
        comma = _COMMA.match(self._text, position)
        if comma:
            self._state = _ITEM
            self._skip_space(comma.end())
        else:
            self._state = _SEPARATOR
            self._skip_space(position)

    def _skip_space(self, position: int) -> None:
        self._position = _after_space(self._text, position)

    def _forget_read_text(self) -> None:
        """Keep only the text that hasn't been read, to save memory."""
        self._line += self._text.count("\n", 0, self._position)
        self._text = self._text[self._position :]

    def _error(self, position: int, problem: str) -> ValueError:
        """Return the error about a position in the text."""
        line = self._line + self._text.count("\n", 0, position)
        return ValueError(f"line {line}: {problem}")


def read_lines(lines: Iterable[str]) -> Iterator[Json]:
    """Read one JSON value from each line that isn't empty.

    Raises:
        ValueError: A line isn't JSON, or its item nests too deeply. The message starts with the line.

    >>> list(read_lines(['"Al"', '', '{"name": "Bo"}']))
    ['Al', {'name': 'Bo'}]
    """
    for line, text in enumerate(lines, start=1):
        if text.strip():
            yield _parse_line(line, text)


def _parse_line(line: int, text: str) -> Json:
    """Parse a line that has to be one JSON value. ``line`` is its number."""
    try:
        item, end = parse_json(text, _after_space(text, 0))
    except json.JSONDecodeError:
        raise ValueError(f"line {line}: not JSON") from None
    except ValueError as error:
        raise ValueError(f"line {line}: {_unreadable(error)}") from None
    if _after_space(text, end) < len(text):
        raise ValueError(f"line {line}: not JSON")
    return item


def _after_space(text: str, position: int) -> int:
    """Return the first position from this one on that isn't white space."""
    match = _SPACE.match(text, position)
    assert match is not None  # the pattern also matches the empty string
    return match.end()


def _unreadable(error: ValueError) -> str:
    """Return the problem for JSON that's valid, but nests too deeply or has too long a number."""
    return f"not JSON that can be read ({error})"
