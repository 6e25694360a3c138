"""JSON lists, read one item at a time, so that memory never holds a whole document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain

from namegen.documents import Json, parse_json

LONGEST_ITEM = 2**20  # characters; a block may end an item that is somewhat longer

_SPACE = re.compile(r"[ \t\n\r]*")
_COMMA = re.compile(r"[ \t\n\r]*,")

# The states of reading a list: what may come next.
_START, _FIRST_ITEM, _ITEM, _SEPARATOR, _END = range(5)
# The state after a bracket or a comma.
_NEXT_STATE = {
    (_START, "["): _FIRST_ITEM,
    (_FIRST_ITEM, "]"): _END,
    (_SEPARATOR, ","): _ITEM,
    (_SEPARATOR, "]"): _END,
}


def read_items(blocks: Iterable[str]) -> Iterator[Json]:
    """Read the items of a JSON list one after another.

    Args:
        blocks: The text of the document, in pieces of any size.

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
        at = _after_space(text, 0)
        while at < len(text):
            next_state = _NEXT_STATE.get((state, text[at])) if state != _ITEM else None
            if next_state is not None:
                state = next_state
                at = _after_space(text, at + 1)
                continue
            if state not in (_FIRST_ITEM, _ITEM):
                raise _error(line, text, at, "not a JSON list")
            may_be_cut = not is_end and len(text) - at <= LONGEST_ITEM
            try:
                item, end = parse_json(text, at)
            except json.JSONDecodeError as error:
                if may_be_cut:
                    break
                too_long = (
                    "" if is_end else f", or an item of more than {LONGEST_ITEM:,} characters"
                )
                raise _error(line, text, error.pos, f"not JSON{too_long}") from None
            except ValueError as error:
                raise _error(line, text, at, f"not JSON that can be read ({error})") from None
            if may_be_cut and len(text) - end <= len(
                "e-"
            ):  # the next block may have more digits of this number
                break
            yield item
            comma = _COMMA.match(text, end)
            state = _ITEM if comma else _SEPARATOR
            at = _after_space(text, comma.end() if comma else end)
        line += text.count("\n", 0, at)
        text = text[at:]
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
            raise _error(line, "", 0, f"not JSON that can be read ({error})") from None
        if _after_space(text, end) < len(text):
            raise _error(line, "", 0, "not JSON")
        yield item


def _after_space(text: str, at: int) -> int:
    """The position of the first character from a position on that isn't white space."""
    found = _SPACE.match(text, at)
    assert found is not None  # it matches nothing, too
    return found.end()


def _error(line: int, text: str, at: int, what: str) -> ValueError:
    """The error about a position of a text whose first line has this number."""
    return ValueError(f"line {line + text.count(chr(10), 0, at)}: {what}")
