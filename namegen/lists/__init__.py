"""Read lists of names: built-in lists, files and standard input.

NumPy is imported only when a list is read, so that commands that only need ``BUNDLED`` start quickly.
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

from namegen.core.settings import DataSettings
from namegen.errors import NamesError, nearest, quote, reason_of, setting
from namegen.files import is_file, is_unicode, look
from namegen.lists.bundled import BUNDLED as BUNDLED
from namegen.lists.bundled import BundledList as BundledList

if TYPE_CHECKING:
    import namegen.core.data.corpus
    from namegen.core.people.players import Player

STANDARD_INPUT = "-"
LISTED = (
    "`namegen lists` shows them"  # in messages, because there are too many lists to name them all
)
LARGEST = 2**29  # the largest list in bytes, because some devices never end
MAX_SOURCE_SHOWN = 200  # characters
_CHUNK = 2**20  # bytes


def credit_of(training: Mapping[str, object]) -> str:
    """Return the credits of all lists that a model was trained on, or an empty string if they are unknown.

    Args:
        training: the part of the model's metadata that describes the training run.
    """
    bundled = BUNDLED.get(str(training.get("list")))
    credits = ["" if bundled is None else bundled.attribution, str(training.get("credit", ""))]
    return "; ".join(filter(None, credits))


def load_bundled(name: str, *, labels: bool | str = True) -> namegen.core.data.corpus.Corpus:
    """Read a built-in list.

    Args:
        name: the name of the list, a key of ``BUNDLED``.
        labels: whether to read the labels of the list, if it has any. To read the labels of only one column, pass the
            column's name.

    Raises:
        NamesError: there is no such list.

    >>> load_bundled("mlb-first").names[:3]
    ('David', 'Hank', 'Tommie')
    """
    from namegen.core.data.corpus import Corpus

    if name not in BUNDLED:
        raise NamesError(f"there is no built-in list {_quote(name)}: {_advice(name)}")
    bundled = BUNDLED[name]
    content = _read(str(bundled.path))
    if bundled.column is not None:
        label_column = labels if isinstance(labels, str) else bundled.label_column
        table = Corpus.from_bytes(
            content,
            source=name,
            kind="csv",
            column=bundled.column,
            label_column=label_column if labels else None,
        )
        return replace(table, dropped={})
    if name in ("mlb-first", "mlb-last"):
        from namegen.core.people.players import full_names, split_name

        part = 0 if name == "mlb-first" else 1
        names = [split_name(full_name)[part] for full_name in full_names(content.decode())]
        return Corpus(tuple(filter(None, names)), source=name)
    return replace(Corpus.from_bytes(content, source=name), name_type=bundled.name_type)


def players() -> list[Player]:
    """Return the players of major-league baseball, 1871-2025, in the order of the list.

    >>> players()[1]
    Player(first='Hank', last='Aaron', suffix='', first_year=1954, last_year=1976, hall_of_fame=True)
    """
    from namegen.core.people.players import Player

    text = BUNDLED["mlb-first"].path.read_text(encoding="utf-8")
    return [Player.from_line(line) for line in text.split("\n") if line]


def read_names(
    settings: DataSettings | str | Path, stdin: BinaryIO | None = None
) -> namegen.core.data.corpus.Corpus:
    """Read a built-in list, a file, or ``-`` for standard input.

    The name of a built-in list always refers to that list. To read a file with the same name, write its path, such as
    ``./companies``. The file extension determines the format: a ``.csv`` file is a table, and a ``.json`` file is a
    list of strings. Other files have one name per line. If they contain pasted lists, quotes, bullets and similar
    characters are removed (see ``core/data/list_formats.py``). Standard input and files with other extensions are read
    as tables if the settings specify a column. Built-in lists with labels are read with their default label column,
    unless ``label_column`` is empty.

    Args:
        settings: a built-in list's name, a path, or settings. Only the settings ``names``, ``column``, ``label_column``
            and ``max_name_length`` are used.
        stdin: the stream to read for ``-``. The default is standard input.

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
    options = {"column": settings.column, "label_column": settings.label_column}
    requested = {option: column for option, column in options.items() if column}
    if name in BUNDLED:
        bundled = BUNDLED[name]
        columns = {"column": bundled.column, "label_column": bundled.label_column}
        for option, column in requested.items():
            existing = columns[option]
            if existing is None or column not in (existing, *existing.split(",")):
                listed = "no columns" if existing is None else f"the column {existing!r}"
                raise NamesError(
                    f"the built-in list {name} has {listed}: omit {setting(option)}, or use a CSV file"
                )
        use_default_labels = settings.label_column is None
        return load_bundled(name, labels=settings.label_column or use_default_labels)
    content = _read(name, stdin)
    # The first line of a table contains a separator.
    first_line = content[:_CHUNK].lstrip(b"\xef\xbb\xbf\r\n").split(b"\n", 1)[0]
    has_separator = any(separator in first_line for separator in (b",", b";", b"\t"))
    if requested and name.lower().endswith(".txt") and not has_separator:
        raise NamesError(
            f"{_quote(name)} is a text file with one name per line, without columns: omit "
            f"{' and '.join(map(setting, requested))}, or use a .csv file"
        )
    source = _quote(name)
    if len(name) <= MAX_SOURCE_SHOWN and name.isprintable():
        source = "standard input" if name == STANDARD_INPUT else name
    return Corpus.from_bytes(
        content,
        source=source,
        kind=format_of(name, has_columns=bool(requested)),
        column=settings.column,
        label_column=settings.label_column or None,
        max_name_length=settings.max_name_length,
    )


def can_be_read_again(name: str) -> bool:
    """Return whether a list can be read again later, which isn't possible for pipes and similar files.

    The path of a file must also be valid Unicode, because it is stored in a config.

    >>> can_be_read_again("mlb-first"), can_be_read_again("-"), can_be_read_again("/dev/fd/63")
    (True, False, False)
    """
    if name in BUNDLED:
        return True
    path = os.path.abspath(name)
    is_descriptor = path.startswith(("/dev/fd/", "/dev/std", "/proc/"))
    return not is_descriptor and is_unicode(path) and is_file(name, None)


def _read(name: str, stdin: BinaryIO | None = None) -> bytes:
    """Read a file, or ``-`` for standard input.

    Raises:
        NamesError: it can't be read, or is too large.
    """
    source = "standard input" if name == STANDARD_INPUT else _quote(name)
    if not name:
        raise NamesError(f"the name of the list is empty: {_advice(name)}")
    try:
        if name == STANDARD_INPUT:
            if stdin is None and sys.stdin is None:
                raise NamesError(
                    "standard input is closed: use a file or a built-in list instead of `-`"
                )
            return _read_stream(stdin or sys.stdin.buffer, source)
        status = look(name, None)
        if status is not None and stat.S_ISDIR(status.st_mode):
            raise NamesError(
                f"{source} is a folder: use a file in it, or a built-in list ({LISTED})"
            )
        if status is not None and status.st_size > LARGEST:
            raise _too_large(source)
        with Path(name).open("rb") as stream:  # for a named pipe, this waits for a writer
            return _read_stream(stream, source)
    except FileNotFoundError as error:
        raise NamesError(f"there is no file {source}: {_advice(name)}") from error
    except PermissionError as error:
        raise NamesError(
            f"no permission to read {source}: change its permissions, or copy it"
        ) from error
    except (OSError, ValueError) as error:  # such as a path that is too long or contains a NUL
        raise NamesError(f"cannot read {source} ({reason_of(error)}): {_advice(name)}") from error


def _read_stream(stream: BinaryIO, source: str) -> bytes:
    """Read the rest of a stream in chunks, so that memory use grows only with its content."""
    content = io.BytesIO()
    while chunk := stream.read(_CHUNK):
        content.write(chunk)
        if content.tell() > LARGEST:
            raise _too_large(source)
        is_binary = b"\0" in chunk  # an error later; sparse files can have gigabytes of NULs
        # In a terminal, reading on after an incomplete chunk would wait for a second Ctrl-D.
        is_last = len(chunk) < _CHUNK and isinstance(stream, io.BufferedReader)
        if is_binary or is_last:
            break
    return content.getvalue()  # doesn't copy


def _too_large(source: str) -> NamesError:
    return NamesError(f"{source} has more than {LARGEST:,} bytes: use a part of it")


def _advice(name: str) -> str:
    """Return advice for a list that can't be read. It suggests a built-in list with a similar name."""
    choices = f"use a file, `-` for standard input, or a built-in list ({LISTED})"
    similar = nearest(name, BUNDLED)
    return choices if similar is None else f"did you mean {similar}? Otherwise, {choices}"


def _quote(text: str) -> str:
    return quote(text, MAX_SOURCE_SHOWN)
