"""Write the types of the JavaScript module, ``namegen/web/module.d.mts``, which ``namegen export-web --module`` copies.

TypeScript generates them from the comments in ``namegen/web/module.js``. With ``--check``, it only checks that the file
is up to date.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from options import is_check_requested, write_or_check

ROOT = Path(__file__).parents[2]
WEB = ROOT / "namegen" / "web"
COMPILER = ROOT / "node_modules" / "typescript" / "bin" / "tsc"
HEAD = "// The types of the module that `namegen export-web --module` writes, for TypeScript and editors.\n\n"


def module_types() -> str:
    """Generate the types."""
    with TemporaryDirectory() as folder:
        command = ["node", str(COMPILER), "--project", "jsconfig.json", "--rootDir", str(WEB)]
        command += ["--noEmit", "false", "--declaration", "--emitDeclarationOnly"]
        command += ["--outDir", folder]
        subprocess.run(command, cwd=ROOT, check=True)
        types = (Path(folder) / "module.d.ts").read_text(encoding="utf-8")
    return HEAD + types


def main(arguments: Sequence[str]) -> None:
    """Write the file or check it, if TypeScript is installed."""
    check = is_check_requested(__doc__, arguments)
    if shutil.which("node") is None or not COMPILER.is_file():
        print("Skipping the types of the JavaScript module, because TypeScript isn't installed.")
        return
    write_or_check({WEB / "module.d.mts": module_types()}, check=check)


if __name__ == "__main__":
    main(sys.argv[1:])
