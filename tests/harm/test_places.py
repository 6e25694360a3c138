"""Test unusual paths and environments: each command works or prints one clear error, and no file is lost."""

from __future__ import annotations

import csv
import io
import itertools
import json
import os
import re
import subprocess
import sys
import unicodedata

import pytest

from namegen.errors import printable, safe_cell
from tests.cli.conftest import Program, Run, program, server, some_names  # noqa: F401  # fixtures
from tests.harm.effort import tries

MAX_MESSAGE = 2000  # bytes
# Characters that must not be printed to a terminal. Marks that some scripts need for spelling are allowed.
OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
# All control, format and separator characters, except for NUL, CR and LF, which names can't contain.
CONTROLS = [
    chr(code)
    for code in range(0x11000)
    if unicodedata.category(chr(code)) in ("Cc", "Cf", "Zl", "Zp") and chr(code) not in "\0\r\n"
]

# All ways to pass a path to each command. The placeholder for the path is *.
WAYS = {
    "train": "*; --config *; --resume *; names.txt --quick --epochs 1 --no-plot --out */x",
    "generate": "*; mlb-first * --blend-weights 0.5,0.5; --exclude-words *; --exclude-names *",
    "people": "--given *; --family *; --given-exclude-names *",
    "players": "--first-exclude-words *",
    "companies": "--exclude-names *",
    "pseudonymize": "* --column 1 --pool names.txt --key-file *; names.txt --column 1 --pool * --key-file *",
    "score": "--model * Al; *.safetensors Al",
    "evaluate": "*; mlb-first *; mlb-first names.txt --with *",
    "ceiling": "*",
    "describe": "*; names.txt --plot */x/x.png; names.txt --plot *.png --force",
    "compare-backends": "*",
    "sweep": "*",
    "export-tflite": "*; mlb-first */x/x.tflite",
    "export-keras": "*; mlb-first */x/x.keras",
    "export-vocabulary": "*; mlb-first */x/x.json",
    "export-web": "* --out page.html; mlb-first --out */x/x.html",
}
COMMANDS = [f"{command} {way}" for command, ways in WAYS.items() for way in ways.split("; ")]
# Paths that can't be read or written. Files of another user are tested in tests/cli.
PLACES = {
    "a name that is too long": "x" * 300,
    "a path that is too long": "/".join(["x" * 200] * 25),
    "the end of a line": "a\nnamegen: b",
    "not UTF-8": os.fsdecode(b"a\xffb"),
    "control characters": "a\x1b[31m\x07\u202eb",
    "a link to itself": "loop",
    "a link to nowhere": "nowhere/inner",
    "inside of a file": "names.txt/inner",
    "a folder with nothing of use": "folder",
    "a device": "/dev/null",
    "nothing": "none",
}


@pytest.fixture
def places(program, some_names) -> Program:  # noqa: F811
    """Return the program in a folder with all these paths."""
    program.write("names.txt", some_names)
    (program.folder / "folder").mkdir()
    program.write("folder/other.txt", "other\n")
    (program.folder / "loop").symlink_to("loop")
    (program.folder / "nowhere").symlink_to("/nonexistent/folder")
    return program


def problem_with(run: Run) -> str:
    """Return what is wrong with the result of a command, or an empty string."""
    errors = [line for line in run.err.split("\n") if line.startswith(("namegen: ", "Error: "))]
    if run.code not in (0, 1, 2) or "Traceback" in run.err or "Warning" in run.err:
        return "a crash or a warning"
    if OBEYED.search(run.err):
        return "a control character on the terminal"
    if run.code == 0:
        return ""
    if len(errors) != 1 or not run.err.rstrip("\n").endswith(errors[0]):
        return "not one sentence"
    return "" if len(errors[0].encode()) <= MAX_MESSAGE else "a long message"


@pytest.mark.timeout(1200)
def test_every_command_handles_every_unusual_path(places) -> None:
    """Each round of attempts uses every command once, with another path."""
    attempts = tries("commands with unusual paths")
    bad = []
    before = {path for path in places.folder.rglob("*") if path.name != "page.html"}
    rounds = itertools.product(range(len(PLACES)), enumerate(COMMANDS))
    for shift, (number, command) in itertools.islice(rounds, attempts):
        kind = list(PLACES)[(number + shift) % len(PLACES)]
        run = places(*(part.replace("*", PLACES[kind]) for part in command.split()))
        if problem := problem_with(run):
            bad.append(f"{command} with {kind}: {problem}: {run.err[-600:]}")
    assert not bad, "\n".join([f"{len(bad)} of {attempts}", *bad])
    assert before <= set(places.folder.rglob("*"))


# --- valid paths with unusual names, terminals and characters ---------------------------------------------------------

SMALL = ("--quick", "--hidden", 4, "--epochs", 2, "--no-plot", "--quiet")


@pytest.mark.parametrize("kind", ["not UTF-8", "control characters"])
def test_run_folders_and_lists_can_have_unusual_names(program, some_names, kind) -> None:  # noqa: F811
    """A config is encoded as UTF-8, so a list whose path isn't valid UTF-8 is copied to the run folder."""
    out = PLACES[kind]
    name = f"{out}.txt"
    program.write(name, some_names)
    program.write("names.txt", some_names)
    for arguments in (
        ("train", "names.txt", *SMALL, "--out", out),
        ("train", "--resume", out),
        ("train", name, *SMALL, "--out", "run"),
        ("train", "--resume", "run"),
        ("generate", out, "-n", 3),
        ("evaluate", out, name),
        ("describe", name, "--plot", f"{out}/{out}.png"),
    ):
        assert not problem_with(program(*arguments).done())
    made = {path.name for path in (program.folder / out).iterdir()}
    assert {"model.safetensors", f"{out}.png"} <= made
    assert (program.folder / "run" / "names.csv").exists() == (kind == "not UTF-8")


@pytest.mark.parametrize("encoding", ["ascii", "cp932"])
def test_commands_work_in_a_terminal_without_utf_8(program, encoding) -> None:  # noqa: F811
    """Unsupported characters are replaced by their codes. If the encoding is ASCII, click writes UTF-8."""
    program.write("names.txt", "Zoë\nŁódź\n名前\n😀\n" * 30)
    program("train", "names.txt", *SMALL, "--validation", 0, "--out", "run").done()
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "LC_ALL": "C", "PYTHONUTF8": "0"}
    start = "from namegen.cli import main; main()"
    for command in ("generate run --allow-seen -n 9 --seed 1 --format json", "describe names.txt"):
        done = subprocess.run(
            [sys.executable, "-c", start, *command.split()],
            cwd=program.folder,
            env=environment,
            capture_output=True,
            timeout=120,
            check=True,
        )
        assert done.stdout.decode("utf-8" if encoding == "ascii" else encoding)
        assert b"Traceback" not in done.stderr


def test_names_with_control_characters_work_in_all_commands(program) -> None:  # noqa: F811
    names = [f"{start}A{control}b" for control in CONTROLS for start in ("", "=", "＝", control)]
    program.write("names.json", json.dumps(names))
    program("train", "names.json", *SMALL, "--out", "run").done()
    drawing = ("--allow-seen", "--allow-repeats", "-n", 400, "--seed", 1, "--temperature", 1)
    printed = {
        form: program("generate", "run", *drawing, "--format", form).done().out
        for form in ("text", "csv", "json")
    }
    # JSON output contains all characters, but escaped.
    from_json = [row["name"] for row in json.loads(printed["json"])]
    assert {character for name in from_json for character in name} >= set(CONTROLS)
    from_csv = [row["name"] for row in csv.DictReader(io.StringIO(printed["csv"]))]
    assert from_csv == [safe_cell(printable(name)) for name in from_json]
    assert not [name for name in from_csv if name.startswith(("=", "＝"))]
    for command in ("describe names.json", "evaluate run names.json"):
        run = program(*command.split()).done()
        printed[command] = run.out + run.err
    program("export-web", "run", "--out", "page.html").done()
    page = (program.folder / "page.html").read_text(encoding="utf-8")
    printed["page"] = page.replace("\t", " ")
    assert not [what for what, text in printed.items() if OBEYED.search(text)]
