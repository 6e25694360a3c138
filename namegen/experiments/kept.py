"""Kept measurements: the folder of a long command, and in it one JSON for each measurement that has finished.

The folder is made once, recognised by its mark, and never emptied:

    DIR/
      .namegen-sweep                                       the mark: whose folder it is
      runs/                                                the store; for a comparison, measurements/
        learning-rate-0.01-81d3f0c2a1b7.json               a measurement: words, and last its key
        learning-rate-0.01-81d3f0c2a1b7.safetensors        what lies beside it, for some of them: a network

A measurement's JSON is written whole and last, so one that is there is finished:

    {"result": {…}, "commit": "2f1681b0c3d4", "beside": ".safetensors", "checksum": "0f3a…"}

``result`` is what was measured, ``commit`` that of the checkout that measured it, or null, ``beside`` the ending of the
file that lies beside it, or null, and ``checksum`` the BLAKE2b of these three. A file that was cut or changed, that has
an older form, or that lacks the one beside it does not count: it stays where it is until its measurement has been made
again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar

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
    is_file,
    is_folder,
    is_there,
    named_folder,
    read_whole,
    remove_left_overs,
    sole_use,
    write_whole,
)


@contextmanager
def open_folder(out: Path | str, *, mark: str, command: str, inside: str) -> Iterator[Path]:
    """Make the folder, or recognise one of the command's own making; while it is open, nobody else may open it.

    Args:
        out: the folder.
        mark: the name of the file that says whose folder it is.
        command: who makes it.
        inside: a folder in it for what is kept.

    Yields:
        The inner folder.

    Raises:
        OutputError: it has no name, holds other files, is no folder, or cannot be made. FolderInUseError: another one
            is at work there.
    """
    out = named_folder(out)
    kept = out / inside
    if is_there(out, None) and not is_folder(out, None):
        raise OutputError(f"{short(out)} is a file: give a folder as {setting('out')}")
    with ExitStack() as owned:
        try:
            out.mkdir(parents=True, exist_ok=True)
            owned.enter_context(sole_use(out))
            if not is_file(out / mark, OutputError):
                remove_left_overs(
                    out, of=mark
                )  # of a start that was killed in the midst of writing it
                if any(path.name != LOCK_FILE for path in out.iterdir()):
                    raise OutputError(
                        f"the folder {short(out)} holds other files, which {command} does not change: give an empty or "
                        f"a new one as {setting('out')}"
                    )
                # Before anything else is in it, or the next start would not know its own folder.
                write_whole(out / mark, f"made by namegen {command}, which goes on here\n".encode())
            kept.mkdir(exist_ok=True)
        except (OSError, ValueError) as error:  # ValueError: a name with a NUL
            raise OutputError(
                f"cannot make the folder {short(out)}: {reason_of(error)}; choose another as {setting('out')}"
            ) from error
        for folder in (out, kept):
            remove_left_overs(folder)
        yield kept


Found = TypeVar("Found")


class KeptStore:
    """The measurements of one folder.

    Args:
        folder: the inner one, as ``open_folder`` gives it, which sees to it that one store at a time writes to it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.commit = folder, commit()

    def read(
        self, key: str, read: Callable[[dict[str, Json]], Found]
    ) -> tuple[Found, str, str | None] | None:
        """The measurement with this key, whatever else its name says; None where none counts.

        Args:
            key: of the measurement.
            read: from plain values to what was measured; raises ValueError for another form, as a later namegen may
                write it.

        Returns:
            What was measured; the name of its files, without an ending; and the commit of the checkout that measured
            it, None for an installed namegen.
        """
        for name in self._names.get(_ending(key), ()):
            with suppress(
                OSError, ValueError, KeyError, TypeError
            ):  # damaged, of an older form, or not ours
                document = read_object(
                    read_whole(self.folder / f"{name}.json", LARGEST_RECORD), largest=LARGEST_RECORD
                )
                counts: dict[str, Any] = {
                    part: document[part] for part in ("result", "commit", "beside")
                }
                whole = document["checksum"] == digest_of(counts, 8)
                if whole and (
                    counts["beside"] is None
                    or is_file(self.folder / f"{name}{counts['beside']}", None)
                ):
                    return read(counts["result"]), name, counts["commit"]
        return None

    def keep(self, name: str, result: Json, *, beside: str | None = None) -> None:
        """Write a measurement that has finished.

        Args:
            name: of its file, without an ending: its key, or words and its key after a hyphen.
            result: plain values, as JSON gives them back.
            beside: the ending of the file that lies beside it already.

        Raises:
            OutputError: it cannot be written.
        """
        counts = {"result": result, "commit": self.commit, "beside": beside}
        text = json.dumps(
            {**counts, "checksum": digest_of(counts, 8)}, ensure_ascii=False, allow_nan=False
        )
        write_whole(self.folder / f"{name}.json", text.encode())

    @cached_property
    def _names(self) -> dict[str, list[str]]:
        """The names of the files by how they end: listed once, as a folder may hold ten thousand of them."""
        names: dict[str, list[str]] = {}
        for path in sorted(self.folder.glob("*.json")):
            names.setdefault(_ending(path.stem), []).append(path.stem)
        return names


def _ending(name: str) -> str:
    """The part of a name that tells one measurement from another: a hash, after the last hyphen."""
    return name.rpartition("-")[2]


def digest_of(what: Mapping[str, object], size: int) -> str:
    """BLAKE2b, of so many bytes, of plain values in any order."""
    return blake2b(json.dumps(what, sort_keys=True).encode(), digest_size=size).hexdigest()


# --- results.json -----------------------------------------------------------------------------------------------------


def write_document(path: Path, document: object, indent: int | None = None) -> None:
    """Write a document as JSON. Raises OutputError."""
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
        found = plain.get("format_version")
        if found != version:
            raise ResultsError(
                f"{short(path)} has the format version {shown(found)}, but this namegen reads {version}: "
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
