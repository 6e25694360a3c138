"""``python -m namegen.experiments.compare.tables DIR/results.json`` prints all tables as Markdown."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from namegen.documents import LARGEST, from_plain, read_json
from namegen.escaping import shown
from namegen.experiments.compare.document import FORMAT, FORMAT_VERSION, Comparison
from namegen.experiments.compare.tables.markdown import markdown
from namegen.files import read_whole


def main(arguments: Iterable[str] | None = None) -> None:
    """Read the arguments, and print."""
    parser = argparse.ArgumentParser(prog="python -m namegen.experiments.compare.tables", description=__doc__)
    parser.add_argument("results", type=Path, help="the results.json of a comparison")
    path = parser.parse_args(None if arguments is None else list(arguments)).results
    try:
        plain = read_json(read_whole(path, LARGEST))
    except OSError as error:
        parser.error(f"cannot read {path}: {error.strerror}")
    except ValueError:
        plain = None
    if not isinstance(plain, dict) or plain.get("format") != FORMAT:
        parser.error(f"{path} is not the results.json of a comparison: give the one of namegen compare-backends")
    if plain.get("format_version") != FORMAT_VERSION:
        parser.error(
            f"{path} has the format version {shown(plain.get('format_version'))}, this namegen reads {FORMAT_VERSION}: "
            "print it with the namegen that made it"
        )
    try:
        results = from_plain(Comparison, plain)
    except ValueError as error:
        parser.error(f"{path} is damaged ({error}): make it anew with namegen compare-backends")
    print(markdown(results))


if __name__ == "__main__":
    main()
