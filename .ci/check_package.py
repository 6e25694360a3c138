"""Check that the wheel and the source archive contain all files, and that the metadata is valid.

The wheel must contain all modules, lists, models, configs, licenses and ``py.typed``. It's built from the source
archive, so a file that is missing from the archive is also missing from the wheel.
"""

from __future__ import annotations

import sys
import tarfile
import zipfile
from pathlib import Path

from packaging.metadata import Metadata

PACKAGE = Path("namegen")
PATTERNS = (
    "**/*.py",
    "py.typed",
    "lists/**/*.txt",
    "lists/*.csv",
    "models/*.*",
    "core/data/*.txt",
    "web/*.*",
    "experiments/*.html",
    "drawings/*.mplstyle",
)
SOURCE_FILES = ("CHANGELOG.md", "CITATION.cff")
NAME = "namegen-rnn"
LICENSE = "MIT AND CC-BY-SA-3.0"


def expected_files() -> set[str]:
    """Return the files of the package that the wheel must contain."""
    files = {f"namegen/{path.as_posix()}" for path in Path("configs").glob("*.toml")}
    for pattern in PATTERNS:
        files.update(path.as_posix() for path in PACKAGE.glob(pattern))
    return files


def expected_licenses() -> set[str]:
    """Return the names of the license files that the wheel must contain."""
    return {"LICENSE", *(path.name for path in PACKAGE.glob("lists/*.LICENSE.txt"))}


def check_wheel(wheel: Path) -> list[str]:
    """Return a sentence for each problem of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        files = set(archive.namelist())
        metadata_file = next(file for file in files if file.endswith(".dist-info/METADATA"))
        metadata = archive.read(metadata_file)
    problems = check_files(files) + check_metadata(metadata)
    return [f"{wheel}: {problem}" for problem in problems]


def check_files(files: set[str]) -> list[str]:
    """Return a problem for each missing file or license, and for each file that isn't part of namegen."""
    licenses = {Path(file).name for file in files if ".dist-info/licenses/" in file}
    foreign_files = {file for file in files if not file.startswith(("namegen/", "namegen_rnn-"))}
    missing_files = expected_files() - files
    missing_licenses = expected_licenses() - licenses
    return [
        *[f"{file} is missing" for file in sorted(missing_files)],
        *[f"the license {name} is missing" for name in sorted(missing_licenses)],
        *[f"{file} isn't part of namegen" for file in sorted(foreign_files)],
    ]


def check_metadata(text: bytes) -> list[str]:
    """Return a problem if the metadata has another name or license. Raise an error if it's invalid."""
    metadata = Metadata.from_email(text, validate=True)
    if metadata.name == NAME and metadata.license_expression == LICENSE:
        return []
    return [f"its name is {metadata.name}, and its license is {metadata.license_expression}"]


def check_source(source: Path) -> list[str]:
    """Return a sentence for each file that is missing from a source archive."""
    with tarfile.open(source) as archive:
        files = {path.partition("/")[2] for path in archive.getnames()}
    return [f"{source}: {file} is missing" for file in SOURCE_FILES if file not in files]


def main(folder: str) -> int:
    """Print the problems of the two archives. Return 1 if there are any."""
    (wheel,) = Path(folder).glob("*.whl")
    (source,) = Path(folder).glob("*.tar.gz")
    problems = check_wheel(wheel) + check_source(source)
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        return 1
    print(
        f"{wheel} contains all {len(expected_files())} files and {len(expected_licenses())} licenses."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
