"""Let this Python's environment find what another one has installed: ``python benchmarks/on_top_of.py .venv``."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path


def main() -> None:
    """A ``.pth`` file, which Python reads as it starts, names the other's packages; its own come first."""
    own = Path(sysconfig.get_path("purelib"))
    below = Path(sys.argv[1]).resolve() / own.relative_to(sys.prefix)
    (own / "below.pth").write_text(f"import site; site.addsitedir({str(below)!r})\n")


if __name__ == "__main__":
    main()
