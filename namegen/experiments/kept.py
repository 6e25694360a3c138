"""Keep the measurements of a long-running command, in one JSON file per finished measurement.

The command creates a folder, marks it, and never empties it:

    DIR/
      .namegen-sweep                                       the mark of the command that created the folder
      runs/                                                the store; "measurements" for a comparison
        learning-rate-0.01-81d3f0c2a1b7.json               a measurement: some words, then its key
        learning-rate-0.01-81d3f0c2a1b7.safetensors        the network of a measurement, if there is one

The JSON file is written last and atomically, so a measurement whose file exists is finished:

    {"result": {…}, "commit": "2f1681b0c3d4", "beside": ".safetensors", "checksum": "0f3a…"}

- ``result`` is the measurement.
- ``commit`` is the commit of the checkout that measured it, or null.
- ``beside`` is the suffix of the second file, or null.
- ``checksum`` is the BLAKE2b hash of the other three values.

A file is ignored if it's damaged, if it has an older format, or if its second file is missing. It isn't deleted. The
next run of the command repeats the measurement.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from namegen.documents import LARGEST_RECORD, MOST_TOLD, Json, from_plain, read_object, to_plain
from namegen.errors import (
    OutputError,
    ResultsError,
    cut,
    printable,
    reason_of,
    setting,
    short,
    shown,
)
from namegen.experiments.machine import commit
from namegen.files import (
    exclusive_lock,
    is_file,
    is_folder,
    is_there,
    named_folder,
    read_whole,
    remove_left_overs,
    write_whole,
)

CHECKSUM_BYTES = 8


@contextmanager
def open_folder(out: Path | str, *, mark: str, command: str, inside: str) -> Iterator[Path]:
    """Create or reopen the folder of a command, and lock it.

    Args:
        out: the folder.
        mark: the name of the file that marks the folder.
        command: the command that creates the folder.
        inside: the name of the inner folder, for the measurements.

    Yields:
        The inner folder.

    Raises:
        OutputError: the name is empty, the folder is a file, it contains other files, or it can't be created.
        FolderInUseError: another process has locked the folder.
    """
    out = named_folder(out)
    if is_there(out, None) and not is_folder(out, None):
        raise OutputError(f"{short(out)} is a file: pass a folder as {setting('out')}")
    inner = out / inside
    with ExitStack() as stack:  # holds the lock until the caller is done
        with _explain_creation_errors(out):
            out.mkdir(parents=True, exist_ok=True)
            stack.enter_context(exclusive_lock(out))
            _mark_folder(out, mark, command)
            inner.mkdir(exist_ok=True)
        remove_left_overs(out)
        remove_left_overs(inner)
        yield inner


@contextmanager
def _explain_creation_errors(out: Path) -> Iterator[None]:
    """Raise an OutputError if the folder can't be created."""
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: a name that contains NUL
        raise OutputError(
            f"can't create the folder {short(out)} ({reason_of(error)}): choose another folder as {setting('out')}"
        ) from error


def _mark_folder(out: Path, mark: str, command: str) -> None:
    """Mark a new folder before anything else is written to it, so that the next run recognizes it.

    Raises:
        OutputError: the folder isn't marked, and contains other files.
    """
    is_marked = is_file(out / mark, OutputError)
    if is_marked:
        return
    remove_left_overs(out, of=mark)  # from a process that was killed while writing the mark
    other_files = list(out.iterdir())
    if other_files:
        raise OutputError(
            f"the folder {short(out)} contains other files, which {command} doesn't change: pass an empty or a new "
            f"folder as {setting('out')}"
        )
    write_whole(out / mark, f"made by namegen {command}, which continues its work here\n".encode())


Result = TypeVar("Result")


class Kept(NamedTuple, Generic[Result]):
    """A measurement that was read from a store."""

    result: Result
    name: str  # the name of its files, without the suffix
    commit: str | None  # the commit of the checkout that measured it; None for an installed namegen


class KeptStore:
    """The measurements in a folder.

    Args:
        folder: the inner folder from ``open_folder``, which makes sure that only one process writes to it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.commit = commit()

    def read(self, key: str, convert: Callable[[dict[str, Json]], Result]) -> Kept[Result] | None:
        """Read a measurement.

        Args:
            key: the measurement's key. The other words in the file name don't matter.
            convert: converts the plain values to the result. It raises ValueError if they have a different form, for
                example because another version of namegen wrote them.

        Returns:
            The measurement, or None if there is no valid one.
        """
        for name in self._names_by_key.get(_key_in(key), []):
            try:
                kept = self._read_file(name, convert)
            except (OSError, ValueError, KeyError, TypeError):  # damaged, or another format
                continue
            if kept is not None:
                return kept
        return None

    def _read_file(
        self, name: str, convert: Callable[[dict[str, Json]], Result]
    ) -> Kept[Result] | None:
        """Read one file of the store, or return None if its checksum is wrong or its second file is missing."""
        content = read_whole(self.folder / f"{name}.json", LARGEST_RECORD)
        document: dict[str, Any] = read_object(content, largest=LARGEST_RECORD)
        checksum = document["checksum"]
        values = {field: document[field] for field in ("result", "commit", "beside")}
        is_damaged = checksum != digest_of(values, CHECKSUM_BYTES)
        if is_damaged:
            return None
        if not self._has_second_file(name, values["beside"]):
            return None
        return Kept(result=convert(values["result"]), name=name, commit=values["commit"])

    def _has_second_file(self, name: str, suffix: str | None) -> bool:
        """Return whether the second file of a measurement exists. Without a suffix, no second file is needed."""
        return suffix is None or is_file(self.folder / f"{name}{suffix}", None)

    def keep(self, name: str, result: Json, *, beside: str | None = None) -> None:
        """Write a finished measurement.

        Args:
            name: the name of the file without the suffix. It's the key, or some words, a hyphen and the key.
            result: the measurement, as plain values that don't change in JSON.
            beside: the suffix of the second file, which must already exist.

        Raises:
            OutputError: the file can't be written.
        """
        values = {"result": result, "commit": self.commit, "beside": beside}
        checksum = digest_of(values, CHECKSUM_BYTES)
        document = {**values, "checksum": checksum}
        text = json.dumps(document, ensure_ascii=False, allow_nan=False)
        write_whole(self.folder / f"{name}.json", text.encode())

    @cached_property
    def _names_by_key(self) -> dict[str, list[str]]:
        """The file names, without the suffix, for each key.

        The folder is listed only once, because it may contain ten thousand files.
        """
        names_by_key: dict[str, list[str]] = {}
        for path in sorted(self.folder.glob("*.json")):
            names = names_by_key.setdefault(_key_in(path.stem), [])
            names.append(path.stem)
        return names_by_key


def _key_in(name: str) -> str:
    """Return the key in a file name: the text after the last hyphen."""
    return name.rpartition("-")[2]


def digest_of(values: Mapping[str, object], size: int) -> str:
    """Hash plain values with BLAKE2b. The order of the keys doesn't matter.

    Args:
        values: any JSON values, by name.
        size: the length of the hash in bytes. The result has two characters per byte.

    >>> digest_of({"seed": 1, "epochs": 2}, 4) == digest_of({"epochs": 2, "seed": 1}, 4)
    True
    """
    text = json.dumps(values, sort_keys=True)
    return blake2b(text.encode(), digest_size=size).hexdigest()


# --- results.json -----------------------------------------------------------------------------------------------------


def write_document(path: Path, document: object, indent: int | None = None) -> None:
    """Write a ``results.json``.

    Args:
        path: the file.
        document: a dataclass.
        indent: the number of spaces per level. None writes everything on one line.

    Raises:
        OutputError: the file can't be written.
    """
    text = json.dumps(to_plain(document), ensure_ascii=False, indent=indent, allow_nan=False)
    write_whole(path, f"{text}\n".encode())


Document = TypeVar("Document")


def read_document(
    path: Path, document_class: type[Document], *, format_name: str, version: int, command: str
) -> Document:
    """Read a ``results.json``.

    Args:
        path: the file.
        document_class: the dataclass to convert its JSON to.
        format_name: the required value of its field ``format``.
        version: the required value of its field ``format_version``.
        command: the command that writes such files, for messages.

    Raises:
        ResultsError: the file can't be read, has a different format or version, or is damaged.
    """
    try:
        content = read_whole(path, LARGEST_RECORD)
        plain = read_object(content, largest=LARGEST_RECORD)
        _check_format(plain, path, format_name, version, command)
        return from_plain(document_class, plain)
    except OSError as error:
        raise ResultsError(
            f"can't read {short(path)} ({error.strerror}): pass a results.json of {command}"
        ) from error
    except ValueError as error:
        problem = cut(printable(str(error)), MOST_TOLD)
        raise ResultsError(
            f"{short(path)} is damaged ({problem}): copy it again, or run {command} again"
        ) from error


def _check_format(
    plain: Mapping[str, Json], path: Path, format_name: str, version: int, command: str
) -> None:
    """Reject a document that was written by another command or another version of the command."""
    if plain.get("format") != format_name:
        raise ResultsError(
            f"{short(path)} isn't a results.json from {command}: pass one that this command has written"
        )
    written_version = plain.get("format_version")
    if written_version != version:
        raise ResultsError(
            f"{short(path)} has the format version {shown(written_version)}, but this namegen reads {version}: "
            f"run {command} again"
        )
