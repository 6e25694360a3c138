"""Hold what was built against what it must carry, and its metadata against the rules of the package index.

The wheel carries every module, list, model and config, their notices, and the type mark. It is built from the source
archive, so what this one lacks, the wheel lacks too.
"""

from __future__ import annotations

import sys
import tarfile
import zipfile
from pathlib import Path

from packaging.metadata import Metadata

PACKAGE = Path("namegen")
KINDS = (
    "**/*.py",
    "py.typed",
    "lists/**/*.txt",
    "lists/*.csv",
    "models/*.*",
    "core/data/*.txt",
    "web/*.*",
)


def main(folder: str) -> int:
    """Print what is missing or too much; the exit code says whether anything is."""
    (wheel,), (source,) = Path(folder).glob("*.whl"), Path(folder).glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        written = next(archive.read(name) for name in names if name.endswith(".dist-info/METADATA"))
    with tarfile.open(source) as archive:
        in_source = {name.partition("/")[2] for name in archive.getnames()}
    expected = {
        path.as_posix()
        for kind in (*KINDS, "experiments/templates/*.*")
        for path in PACKAGE.glob(kind)
    }
    expected |= {f"namegen/{path.as_posix()}" for path in Path("configs").glob("*.toml")}
    notices = {path.name for path in PACKAGE.glob("lists/*.LICENSE.txt")} | {"LICENSE"}
    carried = {Path(name).name for name in names if ".dist-info/licenses/" in name}
    foreign = {name for name in names if not name.startswith(("namegen/", "namegen_rnn-"))}
    problems = [f"{wheel} lacks {name}" for name in sorted(expected - names)]
    problems += [f"{wheel} lacks the licence notice {name}" for name in sorted(notices - carried)]
    problems += [f"{wheel} carries {name}, which is not its own" for name in sorted(foreign)]
    problems += [
        f"{source} lacks {name}"
        for name in ("CHANGELOG.md", "CITATION.cff")
        if name not in in_source
    ]
    metadata = Metadata.from_email(written, validate=True)  # raises where a field breaks the rules
    if (metadata.name, metadata.license_expression) != ("namegen-rnn", "MIT AND CC-BY-SA-3.0"):
        problems.append(f"{wheel} goes by {metadata.name}, licence {metadata.license_expression}")
    for problem in problems:
        print(problem, file=sys.stderr)
    if not problems:
        print(f"{wheel} carries all {len(expected)} files and {len(notices)} notices that it must.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
