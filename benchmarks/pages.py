"""Pages that are made from measured figures: written anew, or checked with ``--check``."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path

RESULTS = Path(__file__).parents[1] / "docs" / "results"


def write_or_check(folder: Path, name: str, made: str) -> None:
    """Write ``NAME.md`` into the folder; with ``--check`` end the program unless it is what would be written."""
    parser = ArgumentParser(description=f"Write {name}.md from {name}.json.", allow_abbrev=False)
    parser.add_argument("--check", action="store_true", help="write nothing; say whether the page is up to date")
    check = parser.parse_args().check
    path = folder / f"{name}.md"
    if not check:
        path.write_text(made, encoding="utf-8")
    elif not path.exists() or path.read_text(encoding="utf-8") != made:
        sys.exit(f"docs/results/{name}.md is not what {name}.json says: run `make docs`")
