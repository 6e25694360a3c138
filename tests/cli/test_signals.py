"""TERM and HUP end a training as Ctrl-C does, with its state saved; any other command ends without a traceback."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import time
from contextlib import suppress

import pytest

from namegen.core.network.checkpoint import read_tensors
from tests.cli.conftest import LONG
from tests.cli.test_resume import end, same_model, when_training

TO_END = {"TERM": signal.SIGTERM, "HUP": signal.SIGHUP}
# Sends a signal to itself, or to another, in its third epoch after the seventh step.
AT_A_STEP = """
import os, signal, namegen.core.data.batching as batching
epoch = batching.BatchMaker.epoch
def interrupted(self, number, **options):
    for step, batch in enumerate(epoch(self, number, **options)):
        yield batch
        if (number, step + options.get('first_step', 0)) == (2, 7):
            os.kill(os.getpid(), signal.SIG{name})
batching.BatchMaker.epoch = interrupted
"""
NEVER_ENDS = """
import time, namegen.backends.numpy_engine.engine as engine
def forever(self, steps):
    for _ in steps: time.sleep(100)
engine.NumpyEngine.train_epoch = forever
"""


@pytest.fixture
def names(program, some_names):
    program.write("names.txt", some_names)
    return "names.txt"


@pytest.mark.parametrize("name", TO_END)
def test_a_training_saves_itself_and_goes_on_bit_for_bit(program, names, name):
    program("train", names, *LONG, "--epochs", 3, "--out", "whole").done()
    before = AT_A_STEP.format(name=name)
    stopped = program.fresh("train", names, *LONG, "--epochs", 3, "--out", "run", before=before)
    assert stopped.code == 128 + TO_END[name]
    assert stopped.out == ""
    assert "the same signal again stops at once" in stopped.err
    assert "stopped in epoch 3; the state is saved. To continue:\n  namegen train --resume run" in stopped.err
    _, document = read_tensors(program.folder / "run" / "state.safetensors")
    assert (document["epoch"], document["step"]) == (2, 8)
    program("train", "--resume", "run").done()
    same_model(program.folder / "run", program.folder / "whole")


def test_what_nohup_has_it_ignore_stays_ignored(program, names):
    before = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)" + AT_A_STEP.format(name="HUP")
    run = program.fresh("train", names, *LONG, "--epochs", 3, "--out", "run", before=before).done()
    assert "stopping" not in run.err


@pytest.mark.parametrize("name", TO_END)
def test_the_same_signal_once_more_ends_it_at_once(program, names, name):
    process = program.spawn("train", names, *LONG, "--out", "run", before=NEVER_ENDS)
    when_training(process, 0.3)
    for _ in range(2):
        process.send_signal(TO_END[name])
        time.sleep(0.2)
    run = end(process)
    assert run.code == 128 + TO_END[name]
    assert "Traceback" not in run.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_before_training_begins_the_first_signal_ends_it(program, number):
    """A pipe into which nobody writes is waited for, and there is nothing to save."""
    pipe = program.folder / "pipe"
    os.mkfifo(pipe)
    process = program.spawn("train", "pipe", *LONG, "--out", "run")
    writer = None
    while writer is None:
        assert process.poll() is None
        with suppress(OSError):  # until somebody reads from it
            writer = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        time.sleep(0.05)
    process.send_signal(number)
    run = end(process)
    assert run.code == 128 + number
    os.close(writer)
    assert "stopping after this step" not in run.err
    assert not (program.folder / "run").exists()


@pytest.mark.parametrize("name", TO_END)
def test_another_command_ends_without_a_word(program, name):
    process = program.spawn("generate", "-n", 100_000_000, "--allow-repeats", "--seed", 1)
    assert process.stdout.readline()
    process.send_signal(TO_END[name])
    run = end(process)
    assert (run.code, run.err.replace("model: mlb-first (`namegen models` shows others)\n", "")) == (
        128 + TO_END[name],
        "",
    )


@pytest.mark.parametrize("as_json", [(), ("--json",)])
def test_a_terminal_that_closes_does_not_take_the_state_with_it(program, names, as_json):
    """Whatever is said from then on cannot be written."""
    whole, terminal = pty.openpty()
    options = ("--epochs", 2000, "--batch-size", 2, "--effort", "quick", "--no-plot", "--out", "run")
    process = program.spawn(
        "train",
        names,
        *options,
        *as_json,
        before="import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)",
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        env={**os.environ, "TERM": "xterm"},
    )
    os.close(terminal)
    said = b""
    while b"characters/s" not in said:
        said += os.read(whole, 4096)
    os.close(whole)
    try:
        assert process.wait(60) == 129, said[-300:]
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    _, document = read_tensors(program.folder / "run" / "state.safetensors")
    assert document["epoch"] >= 1
