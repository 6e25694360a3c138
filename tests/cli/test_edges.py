"""Whatever comes: one clear sentence, the right exit code, no traceback, nothing lost that existed."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from namegen.core.network.checkpoint import read_tensors, write_tensors
from tests.cli.conftest import ENVIRONMENT, FAST

# file name, content, what the sentence says
BAD_LISTS = {
    "empty": ("names.txt", b"", ("names.txt has no names",)),
    "blank": ("names.txt", b"\n \r\n\t\n", ("names.txt has no names",)),
    "only a mark": ("names.txt", b"\xef\xbb\xbf", ("names.txt has no names",)),
    "a long line": ("names.txt", b"Al\n" + b"x" * 1_000_000, ("line 2", "1,000,000 characters", "--max-name-length")),
    "not UTF-8": ("names.txt", b"Al\nZo\xeb\n", ("line 2, byte 3", "0xeb is not UTF-8")),
    "UTF-16": ("names.txt", "Al\n".encode("utf-16"), ("names.txt, line 1",)),
    "NUL": ("names.txt", b"Al\nB\0b\n", ("line 2", "NUL")),
    "no JSON": ("names.json", b"[", ("not JSON",)),
    "other JSON": ("names.json", b'{"a": 1}', ("expected a list of strings",)),
    "numbers": ("names.json", b'["a", 1]', ("item 2", "number")),
    "columns": ("names.csv", b"first,last\nA,B\n", ("2 columns", "--column")),
    "ragged": ("names.csv", b"first\nA,B\n", ("quote cells",)),
}


@pytest.mark.parametrize("kind", BAD_LISTS)
@pytest.mark.parametrize("command", ["train", "ceiling", "describe"])
def test_a_list_that_is_none(program, command, kind):
    name, content, said = BAD_LISTS[kind]
    program.write(name, content)
    program(command, name).refused(*said)
    assert not (program.folder / "runs").exists()


@pytest.mark.parametrize("command", ["train", "ceiling", "describe"])
def test_a_list_that_is_not_there(program, command):
    program(command, "nowhere.txt").refused("there is no file 'nowhere.txt'")
    program(command, "mlb-frist").refused("did you mean mlb-first?")
    program(command, "x" * 5000).refused("xxx…")
    program(command, "").refused("name of the list is empty")
    (program.folder / "folder").mkdir()
    program(command, "folder").refused("'folder' is a folder")


def test_too_few_names_to_split(program):
    program.write("names.txt", "Al\nBob\n")
    program("train", "names.txt").refused("2 names", "too few to hold out 10%", "--validation 0")
    program("train", "names.txt", "--validation", 0.001).refused("too few to hold out 0.1% of them")
    program("train", "names.txt", *FAST, "--validation", 0).done()


def test_names_of_files_are_shown_escaped(program):
    run = program("ceiling", "a\x1b[31mb.txt").refused("\\x1b[31m")
    assert "\x1b" not in run.err


def test_an_out_that_exists_is_left_alone(program, run_folder):
    kept = {path.name: path.read_bytes() for path in run_folder.iterdir()}
    program("train", "names.txt", *FAST, "--out", "run").refused("run exists already")
    assert {path.name: path.read_bytes() for path in run_folder.iterdir()} == kept
    program("train", "names.txt", *FAST, "--out", "names.txt").refused("names.txt exists already")


def test_an_out_that_cannot_be_made(program, run_folder):
    program("train", "names.txt", *FAST, "--out", "names.txt/run").refused("cannot make the folder names.txt/run")


def test_a_folder_without_write_permission(program, run_folder):
    kept = {path.name: path.read_bytes() for path in run_folder.iterdir()}
    for folder in (program.folder, run_folder):
        folder.chmod(0o555)
    above = [folder for folder in program.folder.parents if folder.stat().st_mode & 0o777 == 0o700]
    for folder in above:  # what pytest keeps to itself: the other user has to pass through
        folder.chmod(0o711)
    somebody = 65534 if os.geteuid() == 0 else None  # the superuser may write everywhere
    try:
        program("train", "names.txt", *FAST, user=somebody).refused("cannot make the folder", "Permission denied")
        program("train", "--resume", "run", user=somebody).refused("cannot write", "Permission denied")
    finally:
        for folder in (program.folder, run_folder):
            folder.chmod(0o755)
        for folder in above:
            folder.chmod(0o700)
    assert {path.name: path.read_bytes() for path in run_folder.iterdir()} == kept


@pytest.mark.parametrize("largest", [200, 5_000, 60_000])
def test_a_full_disk_while_training(program, some_names, largest):
    program.write("names.txt", some_names)
    program("train", "names.txt", *FAST, "--out", "run", largest_file=largest).refused(
        "cannot write", "free some space"
    )
    assert not list((program.folder / "run").glob(".*"))  # no half-written file is left


def test_a_model_that_is_not_there(program):
    program("generate", "nowhere").refused("there is no model 'nowhere'", "mlb-first")
    program("generate", "Mlb-frist").refused("did you mean mlb-first? Expected a run folder")
    (program.folder / "folder").mkdir()
    program("generate", "folder").refused("the folder folder has no model.safetensors")
    program("evaluate", "nowhere").refused("there is no model 'nowhere'")


@pytest.mark.parametrize(
    "content", [b"", b"x", b"Al\nBob\n" * 100, b"\xff" * 100, b"\x08" + bytes(7) + b"{}      " + bytes(40)]
)
def test_a_model_that_is_none(program, content):
    program.write("model.safetensors", content)
    program("generate", "model.safetensors").refused("model.safetensors")


@pytest.mark.parametrize("share", [0.0001, 0.01, 0.2, 0.9, 0.9999])
def test_a_model_that_is_cut_short(program, run_folder, share):
    content = (run_folder / "model.safetensors").read_bytes()
    program.write("cut.safetensors", content[: int(len(content) * share)])
    program("generate", "cut.safetensors").refused("cut.safetensors")


def test_one_changed_byte_anywhere_is_noticed(program, run_folder):
    """In the length, the header, its padding, the metadata, each tensor, the last byte."""
    content = (run_folder / "model.safetensors").read_bytes()
    header = int.from_bytes(content[:8], "little") + 8
    rng = np.random.default_rng(0)
    places = {*range(9), header - 1, header, len(content) - 1}
    places |= {*rng.integers(8, header, 8).tolist(), *rng.integers(header, len(content), 8).tolist()}
    for place in sorted(places):
        changed = bytearray(content)
        changed[place] ^= 1 << int(rng.integers(8))
        program.write("changed.safetensors", bytes(changed))
        program("generate", "changed.safetensors", "-n", 1).refused("changed.safetensors")


def test_a_model_of_a_newer_format(program, run_folder):
    tensors, document = read_tensors(run_folder / "model.safetensors")
    write_tensors(program.folder / "newer.safetensors", tensors, {**document, "format_version": 3})
    program("generate", "newer.safetensors").refused("format version 3", "update namegen")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("network", {"cell": "elman", "hidden": [8], "vocabulary_size": 5}),
        ("network", None),
        ("vocabulary", "ba"),
        ("vocabulary", 7),
        ("training", None),
        ("training", {"longest_name": "eight"}),
        ("training", {"names": -1}),
        ("training", {"validation": [1]}),
        ("engine", 7),
        ("labels", [{"name": "a"}]),
        ("drawing_temperature", "warm"),
        ("network", {"architecture": "rnn", "labels": 1, "cell": "gru", "hidden": [8], "vocabulary_size": 5}),
        ("kind", "recipe"),
    ],
)
def test_a_model_whose_parts_do_not_fit(program, run_folder, key, value):
    tensors, document = read_tensors(run_folder / "model.safetensors")
    write_tensors(program.folder / "odd.safetensors", tensors, {**document, key: value})
    program("generate", "odd.safetensors").refused("odd.safetensors")


def test_a_state_is_no_model(program, run_folder):
    program("generate", "run/state.safetensors").refused("not a model")


def test_configs_that_are_none(program, some_names):
    program.write("names.txt", some_names)
    for content in (b"[training", b"\xff", b"training = 3", b'[training]\nepochs = "3"', b"[data]\nnames = 3"):
        program.write("c.toml", content)
        run = program("train", "names.txt", "--config", "c.toml")
        assert (run.code, run.out) == (2, "")
        assert "c.toml" in run.err
        assert "Traceback" not in run.err
    program("train", "names.txt", "--config", ".").refused("cannot read the config", code=2)


def test_a_list_named_by_a_config_is_used(program, some_names):
    program.write("names.txt", some_names)
    program.write("c.toml", '[data]\nnames = "names.txt"\n[training]\nepochs = 2\n[run]\nplot = false\n')
    run = program("train", "--config", "c.toml", "--json").done()
    assert Path(run.json["out"]) == Path("runs/names-numpy")
    assert "names: names.txt" in run.err


def in_shell(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    """A line of a shell; ``$namegen`` is the program."""
    environment = {**ENVIRONMENT, "namegen": "program"}
    program = f'program() {{ {shlex.quote(sys.executable)} -m namegen "$@"; }}\n'  # whose path may hold spaces
    return subprocess.run(["bash", "-c", program + line], cwd=folder, env=environment, capture_output=True, text=True)


in_any_shell = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no bash, no device that is always full")


@in_any_shell
@pytest.mark.parametrize(
    "arguments",
    ["lists", "lists --json", "models", "generate", "describe", "ceiling", "score Al", "--version", "--help"],
)
def test_a_closed_output_is_no_error(tmp_path, arguments):
    answer = in_shell(tmp_path, f"$namegen {arguments} >&-")
    assert (answer.returncode, answer.stdout) == (0, "")
    assert "Traceback" not in answer.stderr
    answer = in_shell(tmp_path, f"$namegen {arguments} 2>&-")
    assert answer.returncode == 0
    assert answer.stdout


@in_any_shell
@pytest.mark.parametrize("arguments", ["--version", "--help", "lists", "generate --help"])
def test_a_full_output_is_one_sentence(tmp_path, arguments):
    answer = in_shell(tmp_path, f"$namegen {arguments} >/dev/full")
    assert answer.returncode == 1
    assert answer.stderr == "namegen: cannot write to standard output: no space is left; free some space\n"


@in_any_shell
def test_an_output_that_is_not_for_writing_is_one_sentence(tmp_path):
    answer = in_shell(tmp_path, "$namegen lists 1</dev/null")
    assert answer.returncode == 1
    assert answer.stderr.startswith("namegen: cannot write to standard output")


@in_any_shell
@pytest.mark.parametrize("lost", [">&-", "2>&-", "2>/dev/full", "</dev/null >&- 2>&-", "<&- >&- 2>&-"])
def test_training_ends_well_without_its_streams(tmp_path, some_names, lost):
    (tmp_path / "names.txt").write_text(some_names, encoding="utf-8")
    answer = in_shell(tmp_path, f"$namegen train names.txt --epochs 1 --no-plot --out run {lost}")
    assert answer.returncode == 0
    assert "Traceback" not in answer.stderr
    assert (tmp_path / "run" / "model.safetensors").is_file()


@in_any_shell
@pytest.mark.parametrize("arguments", ["train - --epochs 1", "describe -", "generate --avoid -"])
def test_a_closed_input_is_one_sentence(tmp_path, arguments):
    answer = in_shell(tmp_path, f"$namegen {arguments} <&-")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "namegen: standard input is closed: give a file" in answer.stderr
    assert "Traceback" not in answer.stderr


@in_any_shell
def test_a_wrong_option_is_wrong_usage_even_where_nobody_hears_it(tmp_path):
    assert in_shell(tmp_path, "$namegen train --xyzzy 2>/dev/full").returncode == 2


@pytest.mark.parametrize("command", ["train", "describe", "ceiling"])
def test_a_bundled_list_goes_before_a_file_of_its_name_and_that_is_said(program, command):
    program.write("companies", "Al\nBob\n" * 20)
    options = (*FAST, "--validation", 0) if command == "train" else ()
    run = program(command, "./companies", *options, "--json").done()
    assert "that comes with namegen" not in run.err
    run = program("describe", "companies", "--json").done()
    assert run.json["entries"] == 6_017
    assert (
        run.err == "companies means the list that comes with namegen; to use the file of that name, give ./companies\n"
    )
    assert program("describe", "companies", "--quiet").done().err == ""


def test_train_says_which_of_two_lists_it_takes(program):
    program.write("japanese-given", "Al\nBob\n")
    run = program("train", "japanese-given", "--epochs", 1, "--hidden", 2, "--no-plot").done()
    assert "to use the file of that name, give ./japanese-given" in run.err


def test_a_shipped_model_goes_before_what_has_its_name_and_that_is_said(program, run_folder):
    program.write("mlb-first", "Al\n")
    run_folder.rename(program.folder / "companies")
    for name, kind in (("mlb-first", "file"), ("companies", "folder")):
        run = program("generate", name, "-n", 3, "--seed", 1).done()
        assert (
            run.err
            == f"{name} means the model that comes with namegen; to use the {kind} of that name, give ./{name}\n"
        )
    assert program("generate", "./companies", "-n", 3).done().err == ""
    program("generate", "./mlb-first").refused("mlb-first is not a model file")
    exported = program("export-web", "mlb-first", "mlb-first", "--out", "page.html", "--json").done()
    assert exported.json["models"] == ["mlb-first"]
    assert "give ./mlb-first" in exported.err


def test_a_page_is_not_written_to_a_dash(program):
    program("export-web", "--out", "-").refused("expected a file that ends in .html", code=2)
    assert not (program.folder / "-").exists()


def test_names_of_models_that_are_none(program):
    program("generate", "").refused("the name of the model is empty")
    program("generate", "x" * 5000).refused("cannot look at 'xxx", "too long")


def test_standard_input_is_read_once_only(program):
    program("generate", "--banned", "-", "--avoid", "-", stdin=b"Al\n").refused("read only once", code=2)


@in_any_shell
@pytest.mark.parametrize("command", ["describe", "ceiling", "train"])
def test_a_device_without_an_end_is_no_list(tmp_path, command):
    answer = in_shell(tmp_path, f"ulimit -v 4000000; $namegen {command} /dev/zero")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.startswith("namegen: '/dev/zero' is a device, not a file")
    answer = in_shell(tmp_path, "$namegen describe <(printf 'Al\\nBob\\n') --json")
    assert '"entries": 2' in answer.stdout


def test_what_comes_with_the_program_fits_80_columns(program):
    for command in ("lists", "models"):
        assert max(map(len, program(command).done().out.split("\n"))) <= 80
