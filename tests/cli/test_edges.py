"""Check that bad input and failures give one clear error and the right exit code, and that no file is lost."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from namegen.core.checkpoint.tensor_file import FORMAT_VERSION, read_tensors, write_tensors
from namegen.documents import LARGEST_RECORD
from tests.cli.conftest import ENVIRONMENT, FAST, contents

ON_LISTS = ("train", "ceiling", "describe")
# File name, content and parts of the error. tests/core/data/test_corpus.py covers all files that are rejected.
BAD_LISTS = {
    "empty": ("names.txt", b"", ("names.txt has no names",)),
    "a long line": (
        "names.txt",
        b"Al\n" + b"x" * 1_000_000,
        ("line 2", "1,000,000 characters", "--max-name-length"),
    ),
    "not UTF-8": ("names.txt", b"Al\nZo\xeb\n", ("line 2, byte 3", "0xeb")),
    "columns": ("names.csv", b"first,last\nA,B\n", ("2 columns", "--column")),
}
NO_LISTS = {
    "": "is empty",
    "nowhere.txt": "'nowhere.txt'",
    "mlb-frist": "mlb-first?",
    "x" * 5000: "xx…",
    ".": "folder",
}


@pytest.mark.parametrize("command", ON_LISTS)
def test_unusable_lists_are_rejected(program, command):
    for name, content, said in BAD_LISTS.values():
        program.write(name, content)
        program(command, name).refused(*said)
    for name, fragment in NO_LISTS.items():
        program(command, name).refused(fragment)
    run = program(command, "a\x1b[31mb.txt").refused("\\x1b[31m")
    assert "\x1b" not in run.err
    assert not (program.folder / "runs").exists()


def test_an_unusable_output_folder_is_reported_and_stays_unchanged(program, run_folder):
    kept = contents(run_folder)
    for out, said in (("run", "run exists already"), ("names.txt/run", "can't create")):
        program("train", "names.txt", *FAST, "--out", out).refused(said)
    above = [folder for folder in program.folder.parents if folder.stat().st_mode & 0o777 == 0o700]
    # The other user needs permission to pass through the folders above.
    modes = {
        program.folder: 0o555,
        run_folder: 0o555,
        **dict.fromkeys(above, 0o711),
    }
    before = {folder: folder.stat().st_mode & 0o777 for folder in modes}
    somebody = 65534 if os.geteuid() == 0 else None  # root can write everywhere
    try:
        for folder, mode in modes.items():
            folder.chmod(mode)
        program("train", "names.txt", *FAST, user=somebody).refused(
            "can't create the folder", "Permission denied"
        )
        program("train", "--resume", "run", user=somebody).refused(
            "cannot write", "Permission denied"
        )
    finally:
        for folder, mode in before.items():
            folder.chmod(mode)
    assert contents(run_folder) == kept


@pytest.mark.parametrize("largest", [200, 60_000])
def test_a_full_disk_leaves_no_partial_file(program, some_names, largest):
    program.write("names.txt", some_names)
    run = program("train", "names.txt", *FAST, "--out", "run", largest_file=largest)
    run.refused("cannot write", "free some space")
    assert not list((program.folder / "run").glob(".*"))  # no partial file remains


def test_files_that_are_not_models_are_rejected(program, run_folder):
    content = (run_folder / "model.safetensors").read_bytes()
    for damaged in (b"", b"Al\nBob\n" * 100, content[:-1]):
        program.write("model.safetensors", damaged)
        program("generate", "model.safetensors").refused("model.safetensors")
    (program.folder / "folder").mkdir()
    program.write("page.html", "<html></html>")
    for command, name, said in (
        ("generate", "nowhere", "there is no model 'nowhere'"),
        ("generate", "Mlb-frist", "did you mean mlb-first?"),
        ("generate", "folder", "has no model.safetensors"),
        ("generate", "run/state.safetensors", "contains 'training state', not a model"),
        ("generate", "page.html", "or a .tflite file"),
        ("generate", "", "the model's name is empty"),
        ("generate", "x" * 5000, "too long"),
    ):
        program(command, name).refused(said)


def test_a_run_with_another_format_version_is_rejected(program, run_folder):
    for file in ("model", "state"):
        path = run_folder / f"{file}.safetensors"
        tensors, document = read_tensors(path, largest=LARGEST_RECORD)
        newer = {**document, "format_version": FORMAT_VERSION + 1}
        write_tensors(path, tensors, newer, largest=LARGEST_RECORD)
    for line in ("generate run", "evaluate run names.txt", "train --resume run"):
        program(*line.split()).refused("safetensors", "update namegen")


def in_shell(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    """Run a line in bash, where ``$namegen`` is the program."""
    environment = {**ENVIRONMENT, "namegen": "program"}
    # The path of the interpreter may contain spaces.
    program = f'program() {{ {shlex.quote(sys.executable)} -m namegen "$@"; }}\n'
    done = subprocess.run(
        ["bash", "-c", program + line], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert "Traceback" not in done.stderr
    return done


in_any_shell = pytest.mark.skipif(
    not os.path.exists("/dev/full"), reason="no bash, no device that is always full"
)


@in_any_shell
@pytest.mark.parametrize("arguments", ["describe <(printf 'Al\\nBob\\n')", "--version"])
def test_closed_outputs_and_piped_lists_work(tmp_path, arguments):
    answer = in_shell(tmp_path, f"$namegen {arguments} >&-")
    assert (answer.returncode, answer.stdout) == (0, "")
    answer = in_shell(tmp_path, f"$namegen {arguments} 2>&-")
    assert (answer.returncode, bool(answer.stdout)) == (0, True)


@in_any_shell
@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        (
            "--version >/dev/full",
            1,
            "namegen: cannot write to standard output (No space left on device): ",
        ),
        ("lists 1</dev/null", 1, "namegen: cannot write to standard output ("),
        ("train - --epochs 1 <&-", 1, "namegen: standard input is closed"),
        ("generate --quiet --exclude-names - <&-", 1, "namegen: standard input is closed"),
        ("train --xyzzy 2>/dev/full", 2, ""),
        ("ceiling --quiet /dev/zero", 1, "namegen: /dev/zero, line 1"),
    ],
)
def test_unusable_streams_are_reported_in_one_line(tmp_path, line, code, said):
    answer = in_shell(tmp_path, f"ulimit -v 4000000; $namegen {line}")
    assert answer.returncode == code
    assert answer.stderr.startswith(said)
    assert answer.stderr.count("\n") <= 1


@in_any_shell
@pytest.mark.parametrize("lost", ["2>/dev/full", "<&- >&- 2>&-"])
def test_training_succeeds_without_its_standard_streams(tmp_path, some_names, lost):
    (tmp_path / "names.txt").write_text(some_names, encoding="utf-8")
    options = "--quick --epochs 1 --no-plot --out run"
    assert in_shell(tmp_path, f"$namegen train names.txt {options} {lost}").returncode == 0
    assert (tmp_path / "run" / "model.safetensors").is_file()


def test_built_in_names_take_precedence_over_files(program, run_folder):
    program.write("companies", "Al\nBob\n" * 20)
    program.write("mlb-first", "Al\n")
    run_folder.rename(program.folder / "world-given")

    def note(what: str, name: str, kind: str) -> str:
        return (
            f"{name} is namegen's built-in {what}; to use the {kind} of that name, pass ./{name}\n"
        )

    for line, said in (
        ("describe ./companies --json", ""),
        ("describe companies --json", note("list", "companies", "file")),
        ("generate mlb-first -n 3", note("model", "mlb-first", "file")),
        ("generate world-given -n 3", note("model", "world-given", "folder")),
        ("export-web mlb-first mlb-first --out page.html", note("model", "mlb-first", "file")),
    ):
        assert program(*line.split()).done().err == said
    assert program("describe", "companies", "--json").json["entries"] == 6_017
    program("generate", "./mlb-first").refused("mlb-first is not a model file")
    program.write("japanese-given", "Al\n")
    assert "pass ./japanese-given" in program("ceiling", "japanese-given").done().err
    program("export-web", "--out", "-").refused("expected a file ending in .html", code=2)


# Sends Ctrl-C to the program while it imports a module.
INTERRUPTED_AT = """
import os, signal, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
import namegen.__main__
namegen.__main__.main()
"""


@pytest.mark.parametrize(
    "module", ["namegen.cli", "click", "namegen.cli.ending", "namegen.cli.generate", "numpy"]
)
def test_ctrl_c_during_imports_prints_no_traceback(tmp_path, module):
    code = INTERRUPTED_AT.format(module=module)
    done = subprocess.run(
        [sys.executable, "-c", code, "generate", "mlb-first"], capture_output=True, cwd=tmp_path
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")
