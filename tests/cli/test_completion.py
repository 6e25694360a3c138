"""Check shell completion in bash, zsh and fish, set up as ``docs/reference/cli.md`` explains."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from namegen.cli import COMMANDS, cli
from namegen.lists import BUNDLED
from namegen.models import SHIPPED
from tests.requirements import require_program

ROOT = Path(__file__).parents[2]
LINES = dict(
    re.findall(
        r"^- (bash|zsh|fish), in .*?: `(.*)`$",
        (ROOT / "docs" / "reference" / "cli.md").read_text("utf-8"),
        re.M,
    )
)
# What bash does when you press Tab. COMP_CWORD is the index of the word at the cursor.
TAB = """
eval "$(_NAMEGEN_COMPLETE=bash_source namegen)"
complete -p namegen >&2
COMP_WORDS=(namegen generate world)
COMP_CWORD=2
compopt() { echo "compopt $1 $2"; }
_namegen_completion namegen
printf '%s\\n' "${COMPREPLY[@]}"
"""


def completed(shell: str, line: str) -> list[str]:
    """Return the program's answer to a shell that completes the end of a line."""
    words = {
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split(" ")) - 1),
        "_NAMEGEN_COMPLETE": f"{shell}_complete",
    }
    if shell == "fish":
        words["COMP_CWORD"] = line.split(" ")[-1]
    return CliRunner().invoke(cli, prog_name="namegen", env=words).stdout.splitlines()


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("export-t", ["plain,export-tflite"]),
        ("", [f"plain,{name}" for name in COMMANDS]),
        ("generate --starts", ["plain,--starts-with"]),
        (
            "generate world",
            ["file,world", *(f"plain,world-{kind}" for kind in ("given", "family", "places"))],
        ),
        ("score --model ", ["file,", *(f"plain,{name}" for name in SHIPPED)]),
        ("evaluate mlb-last jap", ["file,jap", "plain,japanese-given"]),
        ("train ", ["file,", *(f"plain,{name}" for name in BUNDLED)]),
        ("generate --backend n", ["plain,numpy"]),
        ("train --backend ", ["plain,numpy", "plain,keras"]),
        ("generate world-given --label zu", [""]),
        ("people --origin It", ["plain,Italian"]),
        ("people --origin Zu", [""]),  # world-given doesn't have this origin
    ],
)
def test_commands_options_and_values_are_completed(line, found, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert completed("bash", f"namegen {line}") == found


def test_bash_completes_own_files_before_built_in_names(tmp_path, monkeypatch):
    """By itself, bash would complete files only if there are no other matches."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mlb-mine.txt").touch()
    (tmp_path / "mlb-runs").mkdir()
    (tmp_path / ".hidden").touch()
    own = ["plain,mlb-mine.txt", "plain,mlb-runs/"]
    assert completed("bash", "namegen generate mlb-") == [
        "file,mlb-",
        *own,
        "plain,mlb-first",
        "plain,mlb-last",
    ]
    assert completed("bash", "namegen train ") == [
        "file,",
        *own,
        *(f"plain,{name}" for name in BUNDLED),
    ]
    assert "mlb-mine.txt" not in " ".join(completed("zsh", "namegen generate mlb-"))


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_zsh_and_fish_get_a_script_and_completions(shell):
    """The shells don't run here, because they may not be installed."""
    (variable,) = re.findall(r"_NAMEGEN_COMPLETE=(\w+) namegen", LINES[shell])
    script = CliRunner().invoke(cli, prog_name="namegen", env={"_NAMEGEN_COMPLETE": variable})
    assert f"{shell}_complete" in script.stdout
    assert "Invent names with any model." in "\n".join(completed(shell, "namegen gen"))


def test_bash_completes_without_loading_heavy_modules(tmp_path):
    program = tmp_path / "namegen"
    watched = (
        "import sys; from namegen.cli import main\n"
        "try:\n    main()\nfinally:\n"
        "    print(sorted({'numpy', 'jinja2', 'rich', 'namegen.cli.compare'} & set(sys.modules)), file=sys.stderr)"
    )
    program.write_text(f"#!{sys.executable}\n{watched}\n", encoding="utf-8")
    program.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }
    assert LINES["bash"] == TAB.strip().splitlines()[0]
    command = [require_program("bash"), "--norc", "-c", TAB]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        "compopt -o default",
        "world-given",
        "world-family",
        "world-places",
    ]
    assert "complete" in done.stderr
    assert done.stderr.count("[]\n") == 2
