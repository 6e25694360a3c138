"""``python -m namegen.experiments.compare.tables DIR/results.json`` prints all tables as Markdown."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from namegen.errors import ResultsError
from namegen.experiments.compare.reading import read_comparison
from namegen.experiments.compare.tables.markdown import markdown


def main(arguments: Iterable[str] | None = None) -> None:
    """Read the arguments, and print."""
    parser = argparse.ArgumentParser(prog="python -m namegen.experiments.compare.tables", description=__doc__)
    parser.add_argument("results", type=Path, help="the results.json of a comparison")
    path = parser.parse_args(None if arguments is None else list(arguments)).results
    try:
        print(markdown(read_comparison(path)))
    except ResultsError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
