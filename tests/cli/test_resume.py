"""A training that is interrupted, killed or lengthened goes on as if nothing had happened."""

from __future__ import annotations

import re
import shutil
import signal
import time

import numpy as np
import pytest

from namegen.core.network.checkpoint import read_tensors
from tests.cli.conftest import FAST, LONG, Run, read_history


@pytest.fixture
def names(program, some_names):
    program.write("names.txt", some_names)
    return "names.txt"


def same_model(one, other):
    """Assert that two run folders hold the same bits but for the times."""
    for name in ("model.safetensors", "state.safetensors"):
        (tensors, document), (expected, expected_document) = read_tensors(one / name), read_tensors(other / name)
        assert set(tensors) == set(expected)
        for tensor in tensors:
            assert tensors[tensor].dtype == expected[tensor].dtype
            assert np.array_equal(tensors[tensor], expected[tensor]), (name, tensor)
        assert without_times(document) == without_times(expected_document)
    assert without_times(read_history(one)) == without_times(read_history(other))


def without_times(document):
    if isinstance(document, dict):
        return {
            key: without_times(value) for key, value in document.items() if "seconds" not in key and key != "checksum"
        }
    return [without_times(item) for item in document] if isinstance(document, list) else document


def end(process):
    out, err = process.communicate(timeout=60)
    return Run(process.returncode, out, err)


def when_training(process, seconds):
    """Wait until it has said that it begins, and a while more."""
    while "epochs of" not in process.stderr.readline():
        assert process.poll() is None
    time.sleep(seconds)


@pytest.mark.slow
def test_ctrl_c_saves_and_resume_goes_on_bit_for_bit(program, names, uninterrupted):
    process = program.spawn("train", names, *LONG, "--out", "run")
    when_training(process, 0.4)
    process.send_signal(signal.SIGINT)
    run = end(process)
    assert run.code == 130
    assert run.out == ""
    assert "Traceback" not in run.err
    assert "namegen train --resume run" in run.err
    _, document = read_tensors(program.folder / "run" / "state.safetensors")
    assert (document["epoch"], document["step"]) != (0, 0)
    assert document["epoch"] < 150
    resumed = program("train", "--resume", "run").done()
    assert " counting, order " in resumed.out
    same_model(program.folder / "run", uninterrupted)


def test_a_stop_in_the_middle_of_an_epoch_changes_no_bit(program, names):
    """The same with a signal that comes at a known step, and twice over."""
    program("train", names, *LONG, "--epochs", 3, "--out", "whole").done()
    before = (
        "import os, signal, namegen.core.data.batching as batching\n"
        "epoch = batching.BatchMaker.epoch\n"
        "def interrupted(self, number, **options):\n"
        "    for step, batch in enumerate(epoch(self, number, **options)):\n"
        "        yield batch\n"
        "        if (number, step + options.get('first_step', 0)) in ((1, 40), (2, 7)):\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "batching.BatchMaker.epoch = interrupted"
    )
    stopped = program.fresh("train", names, *LONG, "--epochs", 3, "--out", "run", before=before)
    assert stopped.code == 130
    _, document = read_tensors(program.folder / "run" / "state.safetensors")
    assert (document["epoch"], document["step"]) == (1, 41)
    assert program.fresh("train", "--resume", "run", before=before).code == 130
    _, document = read_tensors(program.folder / "run" / "state.safetensors")
    assert (document["epoch"], document["step"]) == (2, 8)
    program("train", "--resume", "run").done()
    same_model(program.folder / "run", program.folder / "whole")


@pytest.mark.slow
def test_kill_and_resume_goes_on_from_the_last_save(program, names, uninterrupted):
    often = "import namegen.core.training.run as training_run; training_run.SECONDS_BETWEEN_SAVES = 0.1"
    process = program.spawn("train", names, *LONG, "--out", "run", before=often)
    state = program.folder / "run" / "state.safetensors"
    while not state.exists():
        assert process.poll() is None
        time.sleep(0.02)
    process.kill()
    assert end(process).code == -signal.SIGKILL
    program("train", "--resume", "run").done()
    same_model(program.folder / "run", uninterrupted)


def test_a_stopped_run_gives_its_json_too(program, names):
    process = program.spawn("train", names, *LONG, "--out", "run", "--json")
    when_training(process, 0.2)
    process.send_signal(signal.SIGINT)
    run = end(process)
    assert run.code == 130
    assert run.json["epochs"] < 150


def test_a_second_ctrl_c_ends_it_at_once(program, names):
    slow = (
        "import time, namegen.backends.numpy_engine.engine as engine\n"
        "def forever(self, steps):\n"
        "    for _ in steps: time.sleep(100)\n"
        "engine.NumpyEngine.train_epoch = forever"
    )
    process = program.spawn("train", names, *LONG, "--out", "run", before=slow)
    when_training(process, 0.3)
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)
    run = end(process)
    assert run.code == 130
    assert "Traceback" not in run.err


def test_a_run_can_be_lengthened(program, names):
    constant = ("--schedule", "constant", "--no-plot")
    program("train", names, "--epochs", 5, *constant, "--out", "whole").done()
    program("train", names, "--epochs", 2, *constant, "--out", "run").done()
    result = program("train", "--resume", "run", "--epochs", 5, "--json").done().json
    assert result["epochs"] == 5
    same_model(program.folder / "run", program.folder / "whole")
    program("train", "--resume", "run", "--epochs", 3).refused("--epochs is 3", code=2)


def test_a_one_cycle_run_cannot_be_lengthened(program, run_folder):
    before = (run_folder / "config.toml").read_bytes()
    program("train", "--resume", "run", "--epochs", 30).refused("one-cycle", code=2)
    assert (run_folder / "config.toml").read_bytes() == before


@pytest.mark.parametrize("epochs", [1, 30])
def test_a_one_cycle_run_whose_config_was_given_other_epochs_is_refused(program, run_folder, epochs):
    """Its learning rates would be those of no training."""
    config = run_folder / "config.toml"
    config.write_text(re.sub(r"(?m)^epochs = .*", f"epochs = {epochs}", config.read_text()))
    kept = {path.name: path.read_bytes() for path in run_folder.iterdir()}
    program("train", "--resume", "run").refused("was made with other settings [training] than the run's config.toml")
    assert {path.name: path.read_bytes() for path in run_folder.iterdir()} == kept


def test_a_finished_run_resumes_to_its_result(program, run_folder):
    run = program("train", "--resume", "run").done()
    assert "best epoch: " in run.out
    assert "this run is already finished, so nothing is trained" in run.err


@pytest.mark.parametrize(
    ("option", "what"),
    [
        (("other.txt",), "NAMES"),
        (("--seed", "0"), "--seed"),
        (("--cell", "gru"), "--cell"),
        (("--hidden", "8"), "--hidden"),
        (("--config", "c.toml"), "--config"),
        (("--out", "elsewhere"), "--out"),
        (("--no-through-time",), "--no-through-time"),
        (("--threads", "2"), "--threads"),
        (("--validation", "0.1"), "--validation"),
        (("--no-plot",), "--no-plot"),
        (("--plot",), "--plot"),
    ],
)
def test_nothing_else_stands_beside_resume(program, run_folder, option, what):
    program("train", "--resume", "run", *option).refused(f"{what} cannot be combined with --resume", code=2)


def test_a_list_that_has_changed_is_refused(program, run_folder, some_names):
    kept = {path.name: path.read_bytes() for path in run_folder.iterdir()}
    program.write("names.txt", some_names + "Newcomer\n")
    program("train", "--resume", "run").refused("names.txt has changed since this run began")
    assert {path.name: path.read_bytes() for path in run_folder.iterdir()} == kept


def test_what_is_no_run_folder_is_refused(program, run_folder):
    program("train", "--resume", "nowhere").refused("nowhere is not a run folder", "because it is not a folder")
    program("train", "--resume", "names.txt").refused("names.txt is not a run folder", "because it is not a folder")
    program("train", "--resume", "n" * 300).refused("cannot look at 'nnn", "too long")
    (run_folder / "config.toml").unlink()
    program("train", "--resume", "run").refused("run is not a run folder", "it has no config.toml")


@pytest.mark.parametrize("damage", ["cut", "flip", "model"])
def test_a_damaged_state_is_refused(program, run_folder, damage):
    state = run_folder / "state.safetensors"
    content = bytearray(state.read_bytes())
    if damage == "cut":
        state.write_bytes(content[: len(content) // 2])
    elif damage == "flip":
        content[-5] ^= 1
        state.write_bytes(content)
    else:
        shutil.copy(run_folder / "model.safetensors", state)
    program("train", "--resume", "run").refused("state.safetensors")


def test_a_full_disk_leaves_the_run_as_it_was(program, run_folder):
    kept = {path.name: path.read_bytes() for path in run_folder.iterdir()}
    program("train", "--resume", "run", largest_file=1000).refused("cannot write", "File too large", "is kept")
    assert {path.name: path.read_bytes() for path in run_folder.iterdir()} == kept


def test_interrupting_before_the_first_epoch_ends_can_be_resumed(program, names):
    program("train", names, *FAST, "--out", "whole").done()
    before = (
        "import os, signal, namegen.core.data.batching as batching\n"
        "epoch = batching.BatchMaker.epoch\n"
        "def interrupted(self, number, **options):\n"
        "    for step, batch in enumerate(epoch(self, number, **options)):\n"
        "        yield batch\n"
        "        if step == 3: os.kill(os.getpid(), signal.SIGINT)\n"
        "batching.BatchMaker.epoch = interrupted"
    )
    assert program.fresh("train", names, *FAST, "--out", "run", before=before).code == 130
    assert not (program.folder / "run" / "model.safetensors").exists()
    program("train", "--resume", "run").done()
    same_model(program.folder / "run", program.folder / "whole")
