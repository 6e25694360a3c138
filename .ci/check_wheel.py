"""Hold a built wheel against what it must carry: every module, list, model and config, their notices, the type mark."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path


def main(wheel: str) -> int:
    """Print what is missing or too much; the exit code says whether anything is."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = next(archive.read(name).decode() for name in names if name.endswith(".dist-info/METADATA"))
    package = Path("namegen")
    expected = {"namegen/py.typed"}
    expected |= {path.as_posix() for path in package.rglob("*.py")}
    expected |= {path.as_posix() for kind in ("txt", "csv") for path in package.glob(f"lists/*.{kind}")}
    expected |= {path.as_posix() for path in package.glob("models/*.safetensors")}
    expected |= {path.as_posix() for path in package.glob("core/data/*.txt")}
    expected |= {
        path.as_posix() for folder in ("web", "experiments/templates") for path in package.glob(f"{folder}/*.*")
    }
    expected |= {f"namegen/{path.as_posix()}" for path in Path("configs").glob("*.toml")}
    notices = {path.name for path in package.glob("lists/*.LICENSE.txt")} | {"LICENSE"}
    carried = {Path(name).name for name in names if ".dist-info/licenses/" in name}
    foreign = {name for name in names if not name.startswith(("namegen/", "namegen_rnn-"))}
    problems = [f"lacks {name}" for name in sorted(expected - names)]
    problems += [f"lacks the licence notice {name}" for name in sorted(notices - carried)]
    problems += [f"carries {name}, which is not its own" for name in sorted(foreign)]
    if "License-Expression: MIT AND CC-BY-SA-3.0" not in metadata:
        problems.append("does not state its licences in its metadata")
    if "Name: namegen-rnn\n" not in metadata:
        problems.append("does not go by the distribution's name, namegen-rnn")
    for problem in problems:
        print(f"{wheel} {problem}", file=sys.stderr)
    if not problems:
        print(f"{wheel} carries all {len(expected)} files and {len(notices)} notices that it must.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
