"""Reads the ``results.json`` of a comparison, of this edition or of the first."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from namegen.documents import LARGEST_RECORD, MOST_TOLD, Json, from_plain, read_json
from namegen.errors import ResultsError, cut, printable, short, shown
from namegen.experiments.compare.document import FORMAT, Comparison, FormatVersion
from namegen.files import read_whole


def read_results(path: Path) -> Json:
    """The plain values of a ``results.json``.

    Raises:
        ResultsError: it cannot be read, or is not JSON, as a file is that was copied in part.
    """
    try:
        return read_json(read_whole(path, LARGEST_RECORD), largest=LARGEST_RECORD)
    except OSError as error:
        raise ResultsError(f"cannot read {short(path)}: {error.strerror}") from error
    except ValueError as error:
        raise ResultsError(
            f"{short(path)} is damaged or incomplete JSON ({cut(printable(str(error)), MOST_TOLD)}): copy it again, or "
            "make it anew with namegen compare-backends or namegen sweep"
        ) from error


def read_comparison(path: Path) -> Comparison:
    """The comparison that a file holds.

    Raises:
        ResultsError: it cannot be read, is something else, of another version, or damaged.
    """
    plain = read_results(path)
    if not isinstance(plain, dict) or plain.get("format") != FORMAT:
        raise ResultsError(
            f"{short(path)} is not the results.json of a comparison: give the one of namegen compare-backends"
        )
    if plain.get("format_version") not in get_args(FormatVersion):
        raise ResultsError(
            f"{short(path)} has the format version {shown(plain.get('format_version'))}, this namegen reads "
            f"{' and '.join(map(str, get_args(FormatVersion)))}: print it with the namegen that made it"
        )
    try:
        return from_plain(Comparison, plain)
    except ValueError as error:
        raise ResultsError(f"{short(path)} is damaged ({error}): make it anew with namegen compare-backends") from error
