"""Write the types of the JavaScript module, ``namegen/web/module.d.mts``, which ``namegen export-web --module`` copies.

TypeScript generates them from the comments in ``namegen/web/module.js``. The types and the help of the options come
from the table in ``namegen/web/options.json``, and so does the type that checks the JavaScript,
``tests/web/types/options.d.ts``. With ``--check``, it only checks that the files are up to date.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from options import is_check_requested, write_or_check

from namegen.web.export import request_options

ROOT = Path(__file__).parents[2]
WEB = ROOT / "namegen" / "web"
COMPILER = ROOT / "node_modules" / "typescript" / "bin" / "tsc"
HEAD = "// The types of the module that `namegen export-web --module` writes, for TypeScript and editors.\n\n"
OPTION_HEAD = (
    "// The values of the options in namegen/web/options.json, written by make_module_types.py.\n\n"
)
# The types of the values, by the type in the table.
TYPES = {
    "count": "number",
    "number": "number",
    "flag": "boolean",
    "text": "string",
    "words": "readonly string[]",
    "label": "string",
}


def value_type(option: Mapping[str, Any]) -> str:
    """Return the TypeScript type of an option's value."""
    if option["type"] == "choice":
        value = " | ".join(f'"{choice}"' for choice in option["choices"])
    else:
        value = TYPES[option["type"]]
    return f"{value} | null" if option["initial"] is None else value


def option_types() -> str:
    """Return the type of a request, which has a value for every option."""
    fields = [f"  {name}: {value_type(option)};\n" for name, option in request_options().items()]
    return f"{OPTION_HEAD}interface NameRequest {{\n{''.join(fields)}}}\n"


def option_fields() -> str:
    """Return the fields of the module's type ``Options``, with their help."""
    fields = []
    for name, option in request_options().items():
        help_lines = textwrap.wrap(option["help"], 110)
        comment = "".join(f"     * {line}\n" for line in help_lines)
        fields.append(
            f"    /**\n{comment}     */\n    {name}?: {value_type(option)} | undefined;\n"
        )
    return "".join(fields)


def module_types() -> str:
    """Generate the types of the module."""
    with TemporaryDirectory() as folder:
        command = ["node", str(COMPILER), "--project", "jsconfig.json", "--rootDir", str(ROOT)]
        command += ["--noEmit", "false", "--declaration", "--emitDeclarationOnly"]
        command += ["--outDir", folder]
        subprocess.run(command, cwd=ROOT, check=True)
        types = (Path(folder) / "namegen/web/module.d.ts").read_text(encoding="utf-8")
    declaration = re.compile(r"export type Options = \{.*?\};\n", re.DOTALL)
    options = f"export type Options = {{\n{option_fields()}}};\n"
    return HEAD + declaration.sub(lambda _: options, types)


def main(arguments: Sequence[str]) -> None:
    """Write the files or check them. The module's types need TypeScript."""
    check = is_check_requested(__doc__, arguments)
    write_or_check({ROOT / "tests/web/types/options.d.ts": option_types()}, check=check)
    if shutil.which("node") is None or not COMPILER.is_file():
        print("Skipping the types of the JavaScript module, because TypeScript isn't installed.")
        return
    write_or_check({WEB / "module.d.mts": module_types()}, check=check)


if __name__ == "__main__":
    main(sys.argv[1:])
