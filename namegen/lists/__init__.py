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

from namegen.core.people.players import Player, full_names, split_name
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
LARGEST = 2**29  # the largest list in bytes, because some devices never end
MAX_SOURCE_SHOWN = 200  # characters
_CHUNK = 2**20  # bytes


def credit_of(training: Mapping[str, object]) -> str:
    """Return the credits of all lists that a model was trained on, or an empty string if they are unknown.

    Args:
        training: the part of the model's metadata that describes the training run.
    """
    credits = []
    bundled = BUNDLED.get(str(training.get("list")))
    if bundled is not None:
        credits.append(bundled.attribution)
    base_model_credit = str(training.get("credit", ""))
    if base_model_credit:
        credits.append(base_model_credit)
    return "; ".join(credits)


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
    if bundled.column is not None:
        return _load_table(name, labels=labels)
    if name in ("mlb-first", "mlb-last"):
        return _load_players(name)
    corpus = Corpus.from_bytes(_read(bundled.path, name), source=name)
    return replace(corpus, name_type=bundled.name_type)


def _load_table(name: str, *, labels: bool | str) -> namegen.core.data.corpus.Corpus:
    """Read a built-in list with columns."""
    from namegen.core.data.corpus import Corpus

    bundled = BUNDLED[name]
    label_column = bundled.label_column if labels else None
    if isinstance(labels, str):
        label_column = labels
    table = Corpus.from_bytes(
        _read(bundled.path, name),
        source=name,
        kind="csv",
        column=bundled.column,
        label_column=label_column,
    )
    return replace(table, dropped={})


def _load_players(name: str) -> namegen.core.data.corpus.Corpus:
    """Read the first names or the last names of the baseball players."""
    from namegen.core.data.corpus import Corpus

    text = _read(BUNDLED[name].path, name).decode()
    names: list[str] = []
    for full_name in full_names(text):
        first, last, _ = split_name(full_name)
        names.append(first if name == "mlb-first" else last)
    non_empty = tuple(filter(None, names))
    return Corpus(non_empty, source=name)


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
    if name in BUNDLED:
        _check_columns(settings, BUNDLED[name])
        use_default_labels = settings.label_column is None
        return load_bundled(name, labels=settings.label_column or use_default_labels)
    has_columns = bool(settings.column or settings.label_column)
    return Corpus.from_bytes(
        _read_content(settings, stdin),
        source=_source_of(name),
        kind=format_of(name, has_columns=has_columns),
        column=settings.column,
        label_column=settings.label_column or None,
        max_name_length=settings.max_name_length,
    )


def _read_content(settings: DataSettings, stdin: BinaryIO | None) -> bytes:
    """Read the file or the standard input that the settings specify."""
    name = settings.names
    if name == STANDARD_INPUT:
        return _read_standard_input(stdin)
    content = _read(Path(name), name)
    _check_is_table(settings, content)
    return content


def _source_of(name: str) -> str:
    """Return the name of a list for messages."""
    if name == STANDARD_INPUT:
        return "standard input"
    can_be_shown = len(name) <= MAX_SOURCE_SHOWN and name.isprintable()
    return name if can_be_shown else _quote(name)


def _check_columns(settings: DataSettings, bundled: BundledList) -> None:
    """Raise NamesError for columns that a built-in list doesn't have."""
    _check_column("column", settings.column, bundled.column, settings.names)
    _check_column("label_column", settings.label_column, bundled.label_column, settings.names)


def _check_column(option: str, requested: str | None, existing: str | None, list_name: str) -> None:
    """Raise NamesError unless the requested column is one of the existing columns."""
    existing_columns = [] if existing is None else [existing, *existing.split(",")]
    if not requested or requested in existing_columns:
        return
    columns = "no columns" if existing is None else f"the column {existing!r}"
    raise NamesError(
        f"the built-in list {list_name} has {columns}: omit {setting(option)}, or use a CSV file"
    )


def _check_is_table(settings: DataSettings, content: bytes) -> None:
    """Raise NamesError if the settings specify columns, but the content is a text file without columns."""
    options = ("column", "label_column")
    requested = [setting(option) for option in options if getattr(settings, option)]
    is_text_file = settings.names.lower().endswith(".txt")
    if requested and is_text_file and not _is_table(content):
        raise NamesError(
            f"{_quote(settings.names)} is a text file with one name per line, without columns: omit "
            f"{' and '.join(requested)}, or use a .csv file"
        )


def _is_table(content: bytes) -> bool:
    """Return whether the first line contains a column separator."""
    start = content[:_CHUNK].lstrip(b"\xef\xbb\xbf\r\n")
    first_line = start.split(b"\n", 1)[0]
    return any(separator in first_line for separator in (b",", b";", b"\t"))


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


def _read(path: Path, name: str) -> bytes:
    """Read a file.

    Raises:
        NamesError: the file can't be read, or is too large.
    """
    if not name:
        raise NamesError(f"the name of the list is empty: {_advice(name)}")
    try:
        _check_is_readable(path, name)
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


def _check_is_readable(path: Path, name: str) -> None:
    """Raise NamesError for a folder, and for a file that is too large."""
    status = look(path, None)
    if status is None:
        return
    if stat.S_ISDIR(status.st_mode):
        raise NamesError(
            f"{_quote(name)} is a folder: use a file in it, or a built-in list ({LISTED})"
        )
    if status.st_size > LARGEST:
        raise _too_large(_quote(name))


def _read_standard_input(stdin: BinaryIO | None) -> bytes:
    """Read a stream. The default is standard input."""
    if stdin is None:
        if sys.stdin is None:
            raise NamesError(
                "standard input is closed: use a file or a built-in list instead of `-`"
            )
        stdin = sys.stdin.buffer
    try:
        return _read_stream(stdin, "standard input")
    except (OSError, ValueError) as error:  # such as a folder, or a stream for writing
        raise NamesError(
            f"cannot read standard input ({reason_of(error)}): use a file instead of `-`"
        ) from error


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
    choices = f"a file, `-` for standard input, or a built-in list ({LISTED})"
    similar = nearest(name, BUNDLED)
    if similar is None:
        return f"use {choices}"
    return f"did you mean {similar}? Use {choices}"


def _quote(text: str) -> str:
    return quote(text, MAX_SOURCE_SHOWN)
