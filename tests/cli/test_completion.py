"""What a shell completes at a Tab: bash, zsh and fish themselves, by the lines that ``docs/use/cli.md`` gives."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from namegen.cli import COMMANDS
from namegen.lists import BUNDLED
from namegen.models import SHIPPED
from tests.requirements import require_program

ROOT = Path(__file__).parents[2]
LINES = dict(
    re.findall(r"^- (bash|zsh|fish), in .*?: `(.*)`$", (ROOT / "docs" / "use" / "cli.md").read_text("utf-8"), re.M)
)
# What bash does at a Tab: the words so far, and which of them the cursor is in.
TAB = """
{line}
complete -p namegen >&2
COMP_WORDS=({words})
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
compopt() {{ echo "compopt $1 $2"; }}
_namegen_completion namegen
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """With the command where a shell finds it."""
    folder = tmp_path_factory.mktemp("bin")
    program = folder / "namegen"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m namegen "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}


def tab(environment: dict[str, str], folder: Path, *words: str) -> list[str]:
    quoted = " ".join(f"'{word}'" for word in words)
    done = subprocess.run(
        [require_program("bash"), "--norc", "-c", TAB.format(line=LINES["bash"], words=quoted)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "complete" in done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("namegen", "export-t"), ["export-tflite"]),
        (("namegen", ""), list(COMMANDS)),
        (("namegen", "--ver"), ["--version"]),
        (("namegen", "generate", "--starts"), ["--starts-with"]),
        (("namegen", "generate", "world"), ["compopt -o default", "world-given", "world-family"]),
        (("namegen", "score", "--model", ""), ["compopt -o default", *SHIPPED]),
        (("namegen", "evaluate", "mlb-last", "jap"), ["compopt -o default", "japanese-given"]),
        (("namegen", "train", ""), ["compopt -o default", *BUNDLED]),
        (("namegen", "train", "friends"), ["compopt -o default", ""]),  # no list: files
        (("namegen", "generate", "--backend", "n"), ["numpy"]),
        (("namegen", "train", "--backend", ""), ["numpy", "keras"]),
        (("namegen", "generate", "world-family", "--label", "zu"), ["Zulu"]),
        (("namegen", "generate", "world-given", "--label", "zu"), [""]),
        (("namegen", "people", "--origin", "It"), ["Italian"]),
        (("namegen", "people", "--origin", "Zu"), [""]),  # the given names have none
        (("namegen", "generat", "m"), None),  # no such command: whatever the shell does by itself
    ],
)
def test_bash_completes(words, found, environment, tmp_path):
    completed = tab(environment, tmp_path, *words)
    if found is not None:
        assert completed == found


def test_bash_completes_own_files_before_what_comes_with_namegen(environment, tmp_path):
    """By itself it would look for files only where nothing is named."""
    (tmp_path / "mlb-mine.txt").touch()
    (tmp_path / "mlb-runs").mkdir()
    (tmp_path / ".hidden").touch()
    own = ["mlb-mine.txt", "mlb-runs/"]
    assert tab(environment, tmp_path, "namegen", "generate", "mlb-")[1:] == [*own, "mlb-first", "mlb-last"]
    assert tab(environment, tmp_path, "namegen", "train", "")[1:] == [*own, *BUNDLED]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_other_shells_are_given_a_script(shell, environment, tmp_path):
    """Their programs may be missing here: that the line prints a script for them, and that they get commands."""
    (variable,) = re.findall(r"(_NAMEGEN_COMPLETE=\w+) namegen", LINES[shell])
    name, _, value = variable.partition("=")
    run = {"capture_output": True, "text": True, "timeout": 60, "check": True, "cwd": tmp_path}
    script = subprocess.run(["namegen"], env={**environment, name: value}, **run).stdout
    assert f"{shell}_complete" in script
    words = {"COMP_WORDS": "namegen gen", "COMP_CWORD": "1" if shell == "zsh" else "gen"}
    asked = subprocess.run(["namegen"], env={**environment, name: f"{shell}_complete", **words}, **run).stdout
    assert "generate" in asked
    assert "Invent new names." in asked


def test_a_tab_loads_neither_numpy_nor_the_other_commands(tmp_path):
    code = (
        "import os, sys\n"
        "os.environ.update(_NAMEGEN_COMPLETE='bash_complete', COMP_WORDS='namegen generate ml', COMP_CWORD='2')\n"
        "from namegen.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(sorted({'numpy', 'jinja2', 'rich', 'namegen.cli.sweep'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stdout
    assert "plain,mlb-first" in done.stdout
