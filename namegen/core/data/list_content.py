"""The content of a list's file, decoded in blocks, so that memory needs little more than the file itself."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from dataclasses import dataclass

from namegen.errors import NamesError

BLOCK = 2**20  # bytes that are decoded at once
LONGEST_LINE = 2**20  # characters; a block may end a line that is somewhat longer
MOST_LINES = 20_000_000

# The first bytes of PDF files, PNG files, and Office documents since 2007 and before.
FOREIGN = b"%PDF", b"\x89PNG", b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True)
class ListContent:
    r"""The bytes of a list, read as UTF-8 with any line ends, and with or without a byte order mark.

    Raises:
        NamesError: The bytes can't be text. ``blocks`` and ``lines`` also raise it.

    >>> list(ListContent(b"Al\r\nBo\n", "friends.txt").lines())
    ['Al', 'Bo']
    >>> ListContent(b"%PDF-1.7", "names.txt")
    Traceback (most recent call last):
        ...
    namegen.errors.NamesError: names.txt is a PDF, a picture or an Office document: save its names as plain text
    """

    data: bytes
    source: str  # what messages call the list

    def __post_init__(self) -> None:
        if self.data.startswith(FOREIGN):
            raise NamesError(
                f"{self.source} is a PDF, a picture or an Office document: save its names as plain text"
            )
        position = self.data.find(b"\0")
        if position >= 0:
            line = _line_number(self.data[:position])
            raise NamesError(
                f"{self.source}, line {line}: a NUL byte, so it isn't UTF-8 text: save the list as UTF-8 text"
            )

    def blocks(self) -> Iterator[str]:
        r"""Decode a block at a time, with ``\n`` as the only line end.

        Raises:
            NamesError: The bytes aren't UTF-8.
        """
        newlines = io.IncrementalNewlineDecoder(None, translate=True)
        has_byte_order_mark = self.data.startswith(codecs.BOM_UTF8)
        start = len(codecs.BOM_UTF8) if has_byte_order_mark else 0
        while start < len(self.data):
            is_last = start + BLOCK >= len(self.data)
            text, byte_count = self._decode_block(start, is_last=is_last)
            start += byte_count
            yield newlines.decode(text, final=is_last)

    def _decode_block(self, start: int, *, is_last: bool) -> tuple[str, int]:
        """Decode a block, and return its text and the number of decoded bytes. A character that is cut stays."""
        try:
            return codecs.utf_8_decode(self.data[start : start + BLOCK], "strict", is_last)
        except UnicodeDecodeError as error:
            raise self._not_utf8_error(start + error.start) from error

    def lines(self) -> Iterator[str]:
        r"""Split the text into lines, without their ends. A line end at the very end doesn't start another line.

        Only ``\n`` ends a line, because names may contain other characters that ``splitlines`` splits at.

        Raises:
            NamesError: There are too many lines, or one is too long; the bytes aren't UTF-8.
        """
        if _line_number(self.data) > MOST_LINES + 1:
            raise NamesError(
                f"{self.source} has more than {MOST_LINES:,} lines: split it into several lists"
            )
        line_count = 0
        unfinished = ""  # a line that continues in the next block
        for block in self.blocks():
            lines = (unfinished + block).split("\n")
            unfinished = lines.pop()
            yield from lines
            line_count += len(lines)
            self._check_line_length(unfinished, line_count + 1)
        if unfinished:
            yield unfinished

    def _check_line_length(self, line: str, number: int) -> None:
        if len(line) > LONGEST_LINE:
            raise NamesError(
                f"{self.source}, line {number} has more than {LONGEST_LINE:,} characters: "
                "put each name on a line of its own"
            )

    def _not_utf8_error(self, position: int) -> NamesError:
        """Return the error about a byte that isn't UTF-8."""
        before = self.data[:position]
        line = _line_number(before)
        column = position - max(before.rfind(b"\n"), before.rfind(b"\r"))
        return NamesError(
            f"{self.source}, line {line}, byte {column}: 0x{self.data[position]:02x} is not UTF-8: "
            "save the list as UTF-8 text"
        )


def _line_number(before: bytes) -> int:
    """Return the number of the line that follows these bytes, counted from 1."""
    return 1 + before.count(b"\n") + before.count(b"\r") - before.count(b"\r\n")
