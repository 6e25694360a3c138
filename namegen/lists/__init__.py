"""Read lists of names: bundled lists, files and standard input.

NumPy is imported only when a list is read, so that commands that only look at ``BUNDLED`` start quickly.
"""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from namegen.baseball.players import Player, full_names, split_name
from namegen.core.settings import DataSettings
from namegen.errors import NamesError, nearest, quote, reason_of, setting
from namegen.files import is_file, is_unicode, look
from namegen.lists.bundled import BUNDLED as BUNDLED
from namegen.lists.bundled import BundledList as BundledList

if TYPE_CHECKING:
    import namegen.core.data.corpus

STANDARD_INPUT = "-"
LISTED = (
    "`namegen lists` shows them"  # in messages, because there are too many lists to name them all
)
LARGEST = 2**29  # bytes of a list; stops at devices that never end
MAX_SOURCE_SHOWN = 200  # characters
_CHUNK = 2**20  # bytes


def credit_of(training: Mapping[str, object]) -> str:
    """Return the credits of all lists that a model was trained on, from its metadata; "" if they are unknown."""
    bundled = BUNDLED.get(str(training.get("list")))
    list_credit = "" if bundled is None else bundled.attribution
    base_model_credit = str(training.get("credit", ""))
    return "; ".join(filter(None, (list_credit, base_model_credit)))


def load_bundled(name: str, *, labels: bool | str = True) -> namegen.core.data.corpus.Corpus:
    """Read a bundled list.

    Args:
        name: the name of the list, a key of ``BUNDLED``.
        labels: whether to read its labels, if it has any, or the column of the labels to read.

    Raises:
        NamesError: there is no such list.

    >>> load_bundled("mlb-first").names[:3]
    ('David', 'Hank', 'Tommie')
    """
    from namegen.core.data.corpus import Corpus

    if name not in BUNDLED:
        raise NamesError(f"there is no bundled list {_quote(name)}: {_advice(name)}")
    bundled = BUNDLED[name]
    content = _read(bundled.path, name)
    if bundled.column is not None:
        label_column = bundled.label_column if labels else None
        if isinstance(labels, str):
            label_column = labels
        table = Corpus.from_bytes(
            content, source=name, kind="csv", column=bundled.column, label_column=label_column
        )
        return replace(table, dropped={})
    if name in ("mlb-first", "mlb-last"):
        names: list[str] = []
        for full_name in full_names(content.decode()):
            first, last, _ = split_name(full_name)
            names.append(first if name == "mlb-first" else last)
        return Corpus(tuple(filter(None, names)), source=name)
    return replace(Corpus.from_bytes(content, source=name), name_type=bundled.name_type)


def players() -> list[Player]:
    """Return the players of major-league baseball, 1871-2025, in the order of the list.

    >>> players()[1]
    Player(first='Hank', last='Aaron', suffix='', first_year=1954, last_year=1976, hall_of_fame=True)
    """
    text = _read(BUNDLED["mlb-first"].path, "mlb_players.txt").decode()
    return [Player.from_line(line) for line in text.split("\n") if line]


def read_names(
    settings: DataSettings | str | Path, stdin: BinaryIO | None = None
) -> namegen.core.data.corpus.Corpus:
    """Read the list that the settings name: a bundled list, a file, or ``-`` for standard input.

    The name of a bundled list means this list, even if there is a file with the same name. For the file, write
    ``./companies``. The ending of a file determines its format: ``.csv`` is a table and ``.json`` a list of strings.
    Other files have one name per line, and quotes, bullets and similar additions of pasted lists are removed (see
    ``core/data/list_formats.py``). Standard input and files with other endings are read as tables if the settings name
    a column. Bundled lists with labels are read with their own label column, unless ``label_column`` is empty.

    Args:
        settings: a bundled list's name, a path, or settings. Of these, ``names``, ``column``, ``label_column`` and
            ``max_name_length`` are used.
        stdin: the stream for ``-``; by default the program's standard input.

    Raises:
        NamesError: the file doesn't exist, can't be read, or isn't a list of names.

    >>> len(read_names("companies").names) == len(load_bundled("companies").names)
    True
    """
    from namegen.core.data.corpus import Corpus
    from namegen.core.data.list_formats import format_of

    if isinstance(settings, str | Path):
        settings = DataSettings(names=str(settings))
    name = settings.names
    if name in BUNDLED:
        _check_columns(settings, BUNDLED[name])
        return load_bundled(name, labels=settings.label_column or settings.label_column is None)
    if name == STANDARD_INPUT:
        source = "standard input"
        content = _read_standard_input(stdin)
    else:
        source = name
        content = _read(Path(name), name)
        _check_is_table(settings, content)
    can_be_shown = len(source) <= MAX_SOURCE_SHOWN and source.isprintable()
    return Corpus.from_bytes(
        content,
        source=source if can_be_shown else _quote(source),
        kind=format_of(name, has_columns=bool(settings.column or settings.label_column)),
        column=settings.column,
        label_column=settings.label_column or None,
        max_name_length=settings.max_name_length,
    )


def _check_columns(settings: DataSettings, bundled: BundledList) -> None:
    """Raise NamesError for columns that a bundled list doesn't have."""
    for option in ("column", "label_column"):
        requested = getattr(settings, option)
        existing = getattr(bundled, option)
        known = [existing, *(existing or "").split(",")]
        if requested and requested not in known:
            columns = f"the column {existing!r}" if existing else "no columns"
            raise NamesError(
                f"the bundled list {settings.names} has {columns}: omit {setting(option)}, or use a CSV file"
            )


def _check_is_table(settings: DataSettings, content: bytes) -> None:
    """Raise NamesError if columns of a text file are requested that has none."""
    options = ("column", "label_column")
    requested = [setting(option) for option in options if getattr(settings, option)]
    is_text_file = settings.names.lower().endswith(".txt")
    if requested and is_text_file and not _is_table(content):
        raise NamesError(
            f"{_quote(settings.names)} is a text file with one name per line, which has no columns: omit "
            f"{' and '.join(requested)}, or use a .csv file"
        )


def _is_table(content: bytes) -> bool:
    first_line = content[:_CHUNK].lstrip(b"\xef\xbb\xbf\r\n").split(b"\n", 1)[0]
    return any(separator in first_line for separator in (b",", b";", b"\t"))


def can_be_read_again(name: str) -> bool:
    """Whether a list can be read again later: a bundled list, or a file whose path can be stored in a config.

    >>> can_be_read_again("mlb-first"), can_be_read_again("-"), can_be_read_again("/dev/fd/63")
    (True, False, False)
    """
    if name in BUNDLED:
        return True
    path = os.path.abspath(name)
    is_descriptor = path.startswith(("/dev/fd/", "/dev/std", "/proc/"))
    return not is_descriptor and is_unicode(path) and is_file(name, None)


def _read(path: Path, name: str) -> bytes:
    """The content of a file. Raises NamesError if it can't be read."""
    if not name:
        raise NamesError(f"the name of the list is empty: {_advice(name)}")
    try:
        status = look(path, None)  # for a missing file, open raises the error
        if status is not None and stat.S_ISDIR(status.st_mode):
            raise NamesError(
                f"{_quote(name)} is a folder: use a file in it, or a bundled list ({LISTED})"
            )
        if status is not None and status.st_size > LARGEST:
            raise _too_large(_quote(name))
        with path.open("rb") as stream:  # for a named pipe, this waits for a writer
            return _read_stream(stream, _quote(name))
    except FileNotFoundError as error:
        raise NamesError(f"there is no file {_quote(name)}: {_advice(name)}") from error
    except PermissionError as error:
        raise NamesError(
            f"no permission to read {_quote(name)}: change its permissions, or copy it"
        ) from error
    except (OSError, ValueError) as error:  # such as a path that is too long or contains a NUL
        raise NamesError(
            f"cannot read {_quote(name)} ({reason_of(error)}): {_advice(name)}"
        ) from error


def _read_standard_input(stdin: BinaryIO | None) -> bytes:
    if stdin is None and sys.stdin is None:
        raise NamesError("standard input is closed: use a file or a bundled list instead of `-`")
    try:
        return _read_stream(sys.stdin.buffer if stdin is None else stdin, "standard input")
    except (OSError, ValueError) as error:  # such as a folder, or a stream for writing
        raise NamesError(
            f"cannot read standard input ({reason_of(error)}): use a file instead of `-`"
        ) from error


def _read_stream(stream: BinaryIO, source: str) -> bytes:
    """The rest of a stream, read in chunks, so that memory grows only with its content."""
    content = io.BytesIO()
    while chunk := stream.read(_CHUNK):
        content.write(chunk)
        if content.tell() > LARGEST:
            raise _too_large(source)
        if (
            b"\0" in chunk
        ):  # not a text, which decoding reports; sparse files have gigabytes of NULs
            break
        is_last = len(chunk) < _CHUNK and isinstance(stream, io.BufferedReader)
        if is_last:  # reading on would wait for a second Ctrl-D in a terminal
            break
    return content.getvalue()  # doesn't copy


def _too_large(source: str) -> NamesError:
    return NamesError(f"{source} has more than {LARGEST:,} bytes: use a part of it")


def _advice(name: str) -> str:
    similar = nearest(name, BUNDLED)
    choices = f"a file, `-` for standard input, or a bundled list ({LISTED})"
    return f"did you mean {similar}? Use {choices}" if similar else f"use {choices}"


def _quote(text: str) -> str:
    return quote(text, MAX_SOURCE_SHOWN)
