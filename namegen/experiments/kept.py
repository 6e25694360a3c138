"""Keep the measurements of a command that runs for hours: one JSON file per finished measurement.

The command makes its folder once, marks it as its own, and never empties it:

    DIR/
      .namegen-sweep                                       the mark of the command that made the folder
      runs/                                                the store; "measurements" for a comparison
        learning-rate-0.01-81d3f0c2a1b7.json               a measurement: some words, then its key
        learning-rate-0.01-81d3f0c2a1b7.safetensors        a network, which belongs to some measurements

The JSON file is written last and atomically, so a measurement whose file exists is finished:

    {"result": {…}, "commit": "2f1681b0c3d4", "beside": ".safetensors", "checksum": "0f3a…"}

- ``result`` is the measurement.
- ``commit`` is the commit of the checkout that measured it, or null.
- ``beside`` is the suffix of the second file, or null.
- ``checksum`` is the BLAKE2b hash of the other three.

A file is ignored if it's damaged or has an older format, or if its second file is missing. It isn't deleted; the next
run of the command measures the result again.
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
    LOCK_FILE,
    exclusive_lock,
    is_file,
    is_folder,
    is_there,
    named_folder,
    read_whole,
    remove_left_overs,
    write_whole,
)


@contextmanager
def open_folder(out: Path | str, *, mark: str, command: str, inside: str) -> Iterator[Path]:
    """Create the folder of a command, or open it again, and lock it.

    Args:
        out: the folder.
        mark: the name of the file that marks the folder.
        command: the command that makes the folder.
        inside: the name of the inner folder, for the measurements.

    Yields:
        The inner folder.

    Raises:
        OutputError: the name is empty, or the folder is a file, contains other files, or can't be created.
        FolderInUseError: another process has locked the folder.
    """
    out = named_folder(out)
    if is_there(out, None) and not is_folder(out, None):
        raise OutputError(f"{short(out)} is a file: pass a folder as {setting('out')}")
    with ExitStack() as stack:
        try:
            out.mkdir(parents=True, exist_ok=True)
            stack.enter_context(exclusive_lock(out))
            if not is_file(out / mark, OutputError):
                _mark_folder(out, mark, command)
            kept = out / inside
            kept.mkdir(exist_ok=True)
        except (OSError, ValueError) as error:  # ValueError: a name that contains NUL
            raise OutputError(
                f"can't create the folder {short(out)} ({reason_of(error)}): choose another folder as {setting('out')}"
            ) from error
        remove_left_overs(out)
        remove_left_overs(kept)
        yield kept


def _mark_folder(out: Path, mark: str, command: str) -> None:
    """Mark an empty folder before anything else is written to it, so that the next run recognizes it."""
    remove_left_overs(out, of=mark)  # from a process that was killed while it wrote the mark
    if any(path.name != LOCK_FILE for path in out.iterdir()):
        raise OutputError(
            f"the folder {short(out)} contains other files, which {command} doesn't change: pass an empty or a new "
            f"folder as {setting('out')}"
        )
    write_whole(out / mark, f"made by namegen {command}, which continues its work here\n".encode())


Result = TypeVar("Result")


class Kept(NamedTuple, Generic[Result]):
    """A measurement that was read from a store."""

    result: Result
    name: str  # of its files, without the suffix
    commit: str | None  # of the checkout that measured it; None for an installed namegen


class KeptStore:
    """The measurements in a folder.

    Args:
        folder: the inner folder from ``open_folder``, which makes sure that only one process writes to it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.commit = commit()

    def read(self, key: str, read: Callable[[dict[str, Json]], Result]) -> Kept[Result] | None:
        """Read a measurement.

        Args:
            key: its key; the other words in the file name don't matter.
            read: converts the plain values to the result. It raises ValueError if they have another form, for example
                because another version of namegen wrote them.

        Returns:
            The measurement, or None if there is no valid one.
        """
        for name in self._names.get(_key(key), ()):
            try:
                kept = self._read_file(name, read)
            except (OSError, ValueError, KeyError, TypeError):  # damaged, or another format
                continue
            if kept is not None:
                return kept
        return None

    def _read_file(
        self, name: str, read: Callable[[dict[str, Json]], Result]
    ) -> Kept[Result] | None:
        """Read a measurement; None if its checksum is wrong or its second file is missing."""
        content = read_whole(self.folder / f"{name}.json", LARGEST_RECORD)
        document = read_object(content, largest=LARGEST_RECORD)
        values: dict[str, Any] = {key: document[key] for key in ("result", "commit", "beside")}
        if document["checksum"] != digest_of(values, 8):
            return None
        suffix = values["beside"]
        if suffix is not None and not is_file(self.folder / f"{name}{suffix}", None):
            return None
        return Kept(read(values["result"]), name, values["commit"])

    def keep(self, name: str, result: Json, *, beside: str | None = None) -> None:
        """Write a finished measurement.

        Args:
            name: the name of the file, without the suffix: the key, or words, a hyphen and the key.
            result: the measurement, as plain values that don't change in JSON.
            beside: the suffix of the second file, which must already exist.

        Raises:
            OutputError: the file can't be written.
        """
        values = {"result": result, "commit": self.commit, "beside": beside}
        document = values | {"checksum": digest_of(values, 8)}
        text = json.dumps(document, ensure_ascii=False, allow_nan=False)
        write_whole(self.folder / f"{name}.json", text.encode())

    @cached_property
    def _names(self) -> dict[str, list[str]]:
        """The file names by key, listed once because a folder may have ten thousand files."""
        names: dict[str, list[str]] = {}
        for path in sorted(self.folder.glob("*.json")):
            names.setdefault(_key(path.stem), []).append(path.stem)
        return names


def _key(name: str) -> str:
    """The key in a file name: the text after the last hyphen."""
    return name.rpartition("-")[2]


def digest_of(values: Mapping[str, object], size: int) -> str:
    """Hash plain values with BLAKE2b; the order of the keys doesn't matter.

    Args:
        values: any JSON values, by name.
        size: the length of the hash in bytes; the result has two characters per byte.

    >>> digest_of({"seed": 1, "epochs": 2}, 4) == digest_of({"epochs": 2, "seed": 1}, 4)
    True
    """
    return blake2b(json.dumps(values, sort_keys=True).encode(), digest_size=size).hexdigest()


# --- results.json -----------------------------------------------------------------------------------------------------


def write_document(path: Path, document: object, indent: int | None = None) -> None:
    """Write a ``results.json``.

    Args:
        path: the file.
        document: a dataclass.
        indent: spaces per level; None writes everything on one line.

    Raises:
        OutputError: the file can't be written.
    """
    text = json.dumps(to_plain(document), ensure_ascii=False, indent=indent, allow_nan=False)
    write_whole(path, f"{text}\n".encode())


Document = TypeVar("Document")


def read_document(
    path: Path, of: type[Document], *, format_name: str, version: int, command: str
) -> Document:
    """Read a ``results.json``.

    Args:
        path: the file.
        of: the class that its JSON is turned into.
        format_name: the value that its field ``format`` must have.
        version: the value that its field ``format_version`` must have.
        command: the command that writes such files, for messages.

    Raises:
        ResultsError: the file can't be read, has another format or version, or is damaged.
    """
    try:
        plain = read_object(read_whole(path, LARGEST_RECORD), largest=LARGEST_RECORD)
        if plain.get("format") != format_name:
            raise ResultsError(
                f"{short(path)} isn't a results.json of {command}: pass one that it has written"
            )
        written = plain.get("format_version")
        if written != version:
            raise ResultsError(
                f"{short(path)} has the format version {shown(written)}, but this namegen reads {version}: "
                f"run {command} again"
            )
        return from_plain(of, plain)
    except OSError as error:
        why = error.strerror
        raise ResultsError(
            f"can't read {short(path)} ({why}): pass a results.json of {command}"
        ) from error
    except ValueError as error:
        why = cut(printable(str(error)), MOST_TOLD)
        raise ResultsError(
            f"{short(path)} is damaged ({why}): copy it again, or run {command} again"
        ) from error
