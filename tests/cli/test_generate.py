"""``namegen generate``: names on standard output, and nothing else there."""

from __future__ import annotations

import os
import subprocess

import numpy as np
import pytest

from namegen.core.network.checkpoint import Checkpoint
from namegen.lists import load_bundled


def test_names_are_new_and_distinct_and_as_many_as_asked(program, run_folder, some_names):
    run = program("generate", "run", "-n", 50).done()
    names = run.out.split("\n")[:-1]
    assert len(set(names)) == len(names) == 50
    assert not {name.casefold() for name in names} & {name.casefold() for name in some_names.split("\n")}
    assert run.err == ""


def test_twenty_unless_asked_otherwise_from_the_newest_run(program, run_folder):
    assert (
        program("generate").done().err == "model: mlb-first (`namegen models` shows others)\n"
    )  # no run under runs/: the shipped one
    (program.folder / "runs").mkdir()
    run_folder.rename(program.folder / "runs" / "names-numpy")
    run = program("generate").done()
    assert run.out.count("\n") == 20
    assert run.err == "model: runs/names-numpy\n"
    assert program("generate", "--quiet").done().err == ""


def test_what_is_allowed_comes(program, run_folder, some_names):
    everything = program("generate", "run", "-n", 3000, "--allow-seen", "--allow-repeats", "--seed", 1).done()
    names = everything.out.split("\n")[:-1]
    assert len(names) == 3000
    assert len(set(names)) < 3000
    assert set(names) & set(some_names.split("\n"))
    distinct = program("generate", "run", "-n", 500, "--allow-seen").done().out.split("\n")[:-1]
    assert len(set(distinct)) == 500
    assert set(distinct) & set(some_names.split("\n"))


def test_the_same_seed_gives_the_same_names(program, run_folder):
    first, again, other = (program("generate", "run", "--seed", seed).done().out for seed in (7, 7, 8))
    assert first == again != other
    assert program("generate", "run").done().out != program("generate", "run").done().out


def test_json_says_of_each_name_how_likely_and_whether_new(program, run_folder):
    run = program("generate", "run", "-n", 3000, "--allow-seen", "--allow-repeats", "--json").done()
    entries = run.json
    assert len(entries) == 3000
    assert all(set(entry) == {"name", "log_probability", "new"} for entry in entries)
    assert all(entry["log_probability"] < 0 for entry in entries)
    assert {entry["new"] for entry in entries} == {True, False}


def test_options_reach_the_generator(program, run_folder):
    short = program("generate", "run", "-n", 30, "--max-length", 3).done()
    assert all(len(name) <= 3 for name in short.out.split("\n"))
    bold = program("generate", "run", "-n", 40, "--temperature", 0, "--allow-seen", "--allow-repeats").done()
    assert len(set(bold.out.split("\n")[:-1])) == 1
    greedy = program("generate", "run", "-n", 40, "--top-k", 1, "--allow-seen", "--allow-repeats").done()
    assert greedy.out == bold.out
    few = program("generate", "run", "-n", 40, "--top-p", 0.0001, "--allow-seen", "--allow-repeats").done()
    assert few.out == bold.out


def test_wishes_speak_of_names_as_learned_and_the_case_comes_last(program, run_folder):
    options = ("-n", 10, "--seed", 1, "--starts-with", "Ma")
    learned = program("generate", run_folder, *options, "--json").done().json
    upper = program("generate", run_folder, *options, "--json", "--case", "upper").done().json
    for one, other in zip(learned, upper, strict=True):
        assert one["name"].startswith("Ma")
        assert other == {**one, "name": one["name"].upper()}
    assert program("generate", run_folder, "--best", 3, "--case", "lower").done().out.islower()
    found = program("generate", run_folder, *options, "--case", "upper", "--sort", "alphabetical").done().out
    assert found.splitlines() == sorted(one["name"] for one in upper)


def test_fewer_than_asked_are_printed_with_a_sentence(program, run_folder):
    run = program("generate", "run", "-n", 40, "--temperature", 0, "--allow-seen")
    assert run.code == 1
    assert run.out.count("\n") == 1
    assert "names found: 1 of 40" in run.err
    assert "Traceback" not in run.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-n", 0), "'-n'"),
        (("-n", -5), "'-n'"),
        (("-n", "many"), "'-n'"),
        (("-n", 10**12), "'-n'"),
        (("--temperature", -1), "temperature"),
        (("--temperature", "nan"), "temperature"),
        (("--top-k", 0), "top_k"),
        (("--top-p", 0), "top_p"),
        (("--top-p", 1.5), "top_p"),
        (("--max-length", 0), "--max-length"),
        (("--seed", -1), "--seed"),
        (("--threads", 0), "--threads"),
    ],
)
def test_values_out_of_range_are_exit_code_2(program, run_folder, arguments, said):
    run = program("generate", "run", *arguments)
    assert (run.code, run.out) == (2, "")
    assert said in run.err.replace("top-", "top_")
    assert "Traceback" not in run.err


def test_an_unknown_engine_names_the_known_ones(program, run_folder):
    program("generate", "run", "--backend", "jax").refused("'jax'", "numpy, keras", code=2)


def test_a_closed_pipe_is_the_end_and_no_error(program, run_folder):
    process = program.spawn("generate", "run", "-n", 3_000_000, "--allow-seen", "--allow-repeats")
    first = process.stdout.readline()
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(timeout=60)
    assert first
    assert (process.returncode, err) == (0, "")


def test_a_pipe_that_was_closed_before_is_no_error_either(program, run_folder):
    reading, writing = os.pipe()
    os.close(reading)
    process = program.spawn("generate", "run", "-n", 3, stdout=writing)
    os.close(writing)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_full_disk_under_standard_output_is_one_sentence(program, run_folder):
    with open("/dev/full", "w") as full:
        process = program.spawn("generate", "run", "-n", 3, stdout=full)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert err.startswith("namegen: cannot write to standard output")
    assert err.count("\n") == 1


def test_ctrl_c_while_generating_is_130(program, run_folder):
    process = program.spawn("generate", "run", "-n", 900_000_000, "--allow-seen", "--allow-repeats")
    assert process.stdout.readline()
    process.send_signal(2)
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(timeout=60)
    assert process.returncode in (0, 130)  # 0 if the closed pipe was noticed first
    assert "Traceback" not in err


def test_names_come_while_more_are_sought(program, run_folder):
    """A request that would take minutes gives its first names at once: nothing waits for the last."""
    process = program.spawn("generate", "run", "-n", 900_000_000, "--allow-seen", "--allow-repeats")
    try:
        assert process.stdout.readline()
        assert process.poll() is None
    finally:
        process.kill()
        process.communicate()


def test_control_characters_of_a_model_are_shown_escaped(program):
    program.write("names.csv", 'name\n"a\x1b[31mb"\n"\u202ec"\n' * 30)
    program("train", "names.csv", "--validation", 0, "--epochs", 2, "--no-plot", "--out", "run").done()
    text = program("generate", "run", "-n", 50, "--allow-seen").done().out
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\\x1b" in text
    assert "\\u202e" in text
    run = program("generate", "run", "-n", 50, "--allow-seen", "--json").done()
    assert "\x1b" not in run.out
    assert "\u202e" not in run.out
    assert any("\x1b" in entry["name"] for entry in run.json)


def test_a_terminal_without_unicode_shows_codes(program, run_folder):
    program.write("names.txt", "Zoë\nNoël\n" * 20)
    program("train", "names.txt", "--validation", 0, "--epochs", 2, "--no-plot", "--out", "run2").done()
    process = program.spawn(
        *("generate", "run2", "-n", 20, "--allow-seen"),
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "\\xeb" in out


def test_a_model_that_knows_no_names_says_so(program, run_folder):
    checkpoint = Checkpoint.load(run_folder / "model.safetensors")
    bare = Checkpoint(checkpoint.network, checkpoint.vocabulary, checkpoint.parameters, checkpoint.training)
    bare.save(program.folder / "bare.safetensors")
    program("generate", "bare.safetensors").refused("cannot say which are new", "--allow-seen")
    run = program("generate", "bare.safetensors", "-n", 3, "--allow-seen", "--json").done()
    assert [entry["new"] for entry in run.json] == [None] * 3


def test_a_model_of_numbers_that_are_none_is_an_error(program, run_folder):
    checkpoint = Checkpoint.load(run_folder / "model.safetensors")
    broken = {name: np.full_like(values, np.nan) for name, values in checkpoint.parameters.items()}
    Checkpoint(checkpoint.network, checkpoint.vocabulary, broken, {}, checkpoint.known_names).save(
        program.folder / "broken.safetensors"
    )
    run = program("generate", "broken.safetensors", "-n", 2)
    assert run.code == 1
    assert "Traceback" not in run.err


def test_a_blend_has_characters_of_both_and_names_of_neither_list(program):
    run = program("generate", "mlb-first", "japanese-given", "--blend", "0.6,0.4", "-n", 200, "--seed", 1).done()
    names = run.out.split("\n")[:-1]
    assert len(set(names)) == 200
    written_in_kana = [name for name in names if any("\u3041" <= character <= "\u30ff" for character in name)]
    assert 20 < len(written_in_kana) < 180
    lists = {name.casefold() for of_list in ("mlb-first", "japanese-given") for name in load_bundled(of_list).names}
    assert lists.isdisjoint(map(str.casefold, names))


def test_a_model_blended_with_itself_gives_its_own_names(program):
    alone = program("generate", "mlb-last", "--seed", 3).done().out
    assert program("generate", "mlb-last", "mlb-last", "--seed", 3).done().out == alone


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("mlb-first", "mlb-last", "--blend", "0.7,0.5"), "--blend 0.7,0.5 sums to 1.2"),
        (("mlb-first", "mlb-last", "--blend", "1"), "has 1 weights for 2 models"),
        (("mlb-first", "mlb-last", "--blend", "much,little"), "expected a weight for each model"),
        (("mlb-first", "--blend", "1"), "--blend is for several models"),
        (("mlb-first", "nothing-of-that-name"), "there is no model 'nothing-of-that-name'"),
    ],
)
def test_a_blend_that_cannot_be_is_refused_in_a_sentence(program, given, said):
    run = program("generate", *given)
    assert run.code in (1, 2)
    assert said in run.err
    assert "Traceback" not in run.err
    assert run.out == ""


def test_memory_does_not_grow_with_the_names(program, run_folder):
    """Printing a million names keeps a batch of them at a time.

    VmHWM is the peak of the program itself; what getrusage says begins at the size of the process that has started it.
    """
    before = (
        "import atexit, re, sys\n"
        "from pathlib import Path\n"
        "peak = lambda: re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1]\n"
        "atexit.register(lambda: print(peak(), file=sys.stderr))"
    )
    options = ("-n", 1_000_000, "--allow-seen", "--allow-repeats", "--quiet")
    process = program.spawn("generate", "run", *options, before=before, stdout=subprocess.DEVNULL)
    kibibytes = int(process.communicate(timeout=120)[1])
    assert kibibytes < 300 * 1024
