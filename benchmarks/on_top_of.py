"""Let the environment of this Python also use the packages of another one: ``python benchmarks/on_top_of.py .venv``."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path


def main() -> None:
    """Add the packages of the other environment to the search path, after the packages of this one.

    When Python starts, it runs the lines of all ``.pth`` files in the folder of its packages.
    """
    packages = Path(sysconfig.get_path("purelib"))
    other_environment = Path(sys.argv[1]).resolve()
    other_packages = other_environment / packages.relative_to(sys.prefix)
    command = f"import site; site.addsitedir({str(other_packages)!r})\n"
    (packages / "below.pth").write_text(command)


if __name__ == "__main__":
    main()
