"""Check that a run that was stopped or extended gives the same model as an uninterrupted run."""

from __future__ import annotations

import os
import pty
import re
import shutil
import signal
import subprocess
import time
from contextlib import suppress

import numpy as np
import pytest

from namegen.core.checkpoint.tensor_file import read_tensors
from tests.cli.conftest import LONG, Run, contents, read_history

SIGNALS = {"INT": signal.SIGINT, "TERM": signal.SIGTERM, "HUP": signal.SIGHUP}
# Makes the program send itself signals at certain steps of certain epochs.
AT_STEPS = """
import os, signal, namegen.core.data.batching as batching
epoch = batching.BatchMaker.epoch
def interrupted(self, number, **options):
    for step, batch in enumerate(epoch(self, number, **options)):
        yield batch
        if name := {signals}.get((number, step + options.get('first_step', 0))):
            os.kill(os.getpid(), getattr(signal, 'SIG' + name))
batching.BatchMaker.epoch = interrupted
"""
NEVER_ENDS = """
import time, namegen.backends.numpy_engine.engine as engine
def forever(self, steps):
    for _ in steps: time.sleep(100)
engine.NumpyEngine.train_epoch = forever
"""
THREE = ("names.txt", *LONG, "--epochs", 3)


def same_model(one, other):
    """Assert that two run folders contain exactly the same values, except for times."""
    for name in ("model.safetensors", "state.safetensors"):
        (tensors, document), (expected, expected_document) = (
            read_tensors(one / name),
            read_tensors(other / name),
        )
        assert set(tensors) == set(expected)
        for tensor in tensors:
            assert tensors[tensor].dtype == expected[tensor].dtype
            assert np.array_equal(tensors[tensor], expected[tensor]), (name, tensor)
        assert without_times(document) == without_times(expected_document)
    assert without_times(read_history(one)) == without_times(read_history(other))


def without_times(document):
    if isinstance(document, dict):
        kept = [key for key in document if "seconds" not in key and key != "checksum"]
        return {key: without_times(document[key]) for key in kept}
    return [without_times(item) for item in document] if isinstance(document, list) else document


def where(folder):
    """Return the epoch and the step of a saved state."""
    _, document = read_tensors(folder / "state.safetensors")
    return document["epoch"], document["step"]


def end(process):
    out, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    return Run(process.returncode, out, err)


# --- stopping a run ---------------------------------------------------------------------------------------------------


def test_stopping_during_an_epoch_does_not_change_the_model(program, names):
    """Each signal stops the run at a known step. The first signal arrives before any epoch has ended."""
    program("train", *THREE, "--out", "whole").done()
    before = AT_STEPS.format(signals={(0, 3): "INT", (1, 0): "TERM", (2, 7): "HUP"})
    stopped = program.fresh("train", *THREE, "--out", "run", before=before)
    assert (stopped.code, stopped.out) == (130, "")
    assert "Ctrl-C again stops immediately" in stopped.err
    assert (
        "stopped in epoch 1; the state is saved. To continue:\n  namegen train --resume run"
        in stopped.err
    )
    assert where(program.folder / "run") == (0, 4)
    assert not (program.folder / "run" / "model.safetensors").exists()
    for name, place in (("TERM", (1, 1)), ("HUP", (2, 8))):
        assert program.fresh("train", "--resume", "run", before=before).code == 128 + SIGNALS[name]
        assert where(program.folder / "run") == place
    assert " n-gram, order " in program("train", "--resume", "run").done().out
    same_model(program.folder / "run", program.folder / "whole")


@pytest.mark.parametrize("name", ["HUP", "INT"])
def test_signals_ignored_by_nohup_or_scripts_stay_ignored(program, names, name):
    ignored = f"import signal; signal.signal(signal.SIG{name}, signal.SIG_IGN)"
    before = ignored + AT_STEPS.format(signals={(1, 7): name})
    assert (
        "stopping" not in program.fresh("train", *THREE, "--out", "run", before=before).done().err
    )


@pytest.mark.parametrize("name", ["INT", "TERM"])
def test_a_second_signal_stops_the_run_immediately(program, names, name):
    process = program.spawn("train", names, *LONG, "--out", "run", before=NEVER_ENDS)
    while "epochs of" not in process.stderr.readline():
        assert process.poll() is None
    time.sleep(0.3)
    for _ in range(2):
        process.send_signal(SIGNALS[name])
        time.sleep(0.2)
    assert end(process).code == 128 + SIGNALS[name]


def test_before_training_one_signal_stops_the_program(program):
    """The program is waiting for an empty pipe, so there's nothing to save yet."""
    pipe = program.folder / "pipe"
    os.mkfifo(pipe)
    process = program.spawn("train", "pipe", *LONG, "--out", "run")
    writer = None
    while writer is None:
        assert process.poll() is None
        with suppress(OSError):  # the program hasn't opened the pipe yet
            writer = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    run = end(process)
    assert run.code == 128 + signal.SIGTERM
    os.close(writer)
    assert "stopping after this step" not in run.err
    assert not (program.folder / "run").exists()


@pytest.mark.parametrize("name", SIGNALS)
def test_other_commands_stop_without_a_message(program, name):
    process = program.spawn(
        "generate", "mlb-first", "-n", 100_000_000, "--allow-repeats", "--seed", 1
    )
    assert process.stdout.readline()
    process.send_signal(SIGNALS[name])
    run = end(process)
    assert (run.code, run.err) == (128 + SIGNALS[name], "")


def test_the_state_is_saved_if_the_terminal_closes(program, names):
    """After that, the program can't print anything."""
    whole, terminal = pty.openpty()
    process = program.spawn(
        *("train", names, *LONG, "--epochs", 2000, "--out", "run"),
        before="import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)",
        **dict.fromkeys(("stdin", "stdout", "stderr"), terminal),
        start_new_session=True,
        env={**os.environ, "TERM": "xterm"},
    )
    os.close(terminal)
    said = b""
    while b"loss " not in said:
        said += os.read(whole, 4096)
    os.close(whole)
    try:
        assert process.wait(60) == 129, said[-300:]
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    assert where(program.folder / "run")[0] >= 1


# --- resuming a run ---------------------------------------------------------------------------------------------------


def test_a_run_with_constant_learning_rate_can_be_extended(program, names):
    constant = ("--lr-schedule", "constant", "--no-plot")
    program("train", names, "--epochs", 5, *constant, "--out", "whole").done()
    program("train", names, "--epochs", 2, *constant, "--out", "run").done()
    assert program("train", "--resume", "run", "--epochs", 5, "--json").done().json["epochs"] == 5
    same_model(program.folder / "run", program.folder / "whole")
    program("train", "--resume", "run", "--epochs", 3).refused("--epochs is 3", code=2)


def test_resuming_a_finished_run_prints_its_result(program, run_folder):
    kept = contents(run_folder)
    program("train", "--resume", "run", largest_file=1000).refused("cannot write", "is unchanged")
    assert contents(run_folder) == kept
    run = program("train", "--resume", "run").done()
    assert "best epoch: " in run.out
    assert "this run is already complete" in run.err
    program("train", "--resume", "run", "--epochs", 30).refused("one-cycle", code=2)
    for option in ("other.txt", "--seed 0", "--config c.toml", "--out elsewhere", "--no-bptt"):
        what = "NAMES" if option == "other.txt" else option.split()[0]
        program("train", "--resume", "run", *option.split()).refused(
            f"{what} cannot be combined", code=2
        )
    assert contents(run_folder)["config.toml"] == kept["config.toml"]


def test_a_one_cycle_run_with_changed_epochs_is_rejected(program, run_folder):
    """The resumed run would mix the learning rates of two different schedules."""
    config = run_folder / "config.toml"
    for epochs in (1, 30):
        config.write_text(re.sub(r"(?m)^epochs = .*", f"epochs = {epochs}", config.read_text()))
        kept = contents(run_folder)
        program("train", "--resume", "run").refused(
            "other settings [training] than those in its config.toml"
        )
        assert contents(run_folder) == kept


def test_missing_changed_or_damaged_runs_are_rejected(program, run_folder, some_names):
    kept = contents(run_folder)
    for out, said in (
        ("nowhere", "is not a run folder"),
        ("names.txt", "is not a folder"),
        ("n" * 300, "too long"),
    ):
        program("train", "--resume", out).refused(said)
    program.write("names.txt", some_names + "Newcomer\n")
    program("train", "--resume", "run").refused("names.txt has changed since this run started")
    assert contents(run_folder) == kept
    program.write("names.txt", some_names)
    state = run_folder / "state.safetensors"
    content = state.read_bytes()
    for damaged in (
        content[: len(content) // 2],
        content[:-5] + bytes([content[-5] ^ 1]) + content[-4:],
    ):
        state.write_bytes(damaged)
        program("train", "--resume", "run").refused("state.safetensors")
    shutil.copy(run_folder / "model.safetensors", state)
    program("train", "--resume", "run").refused("state.safetensors")
    (run_folder / "config.toml").unlink()
    program("train", "--resume", "run").refused("it has no config.toml")
