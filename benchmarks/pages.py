"""Pages that are made from measured figures: written anew, or checked with ``--check``."""

from __future__ import annotations

import sys
from pathlib import Path

RESULTS = Path(__file__).parents[1] / "docs" / "results"


def write_or_check(folder: Path, name: str, made: str) -> None:
    """Write ``NAME.md`` into the folder; with ``--check`` end the program unless it is what would be written."""
    path = folder / f"{name}.md"
    if "--check" not in sys.argv:
        path.write_text(made, encoding="utf-8")
    elif not path.exists() or path.read_text(encoding="utf-8") != made:
        sys.exit(f"docs/results/{name}.md is not what {name}.json says: run `make docs`")
