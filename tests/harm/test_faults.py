"""A file is as it was or all new, whatever step of its writing fails or is the last; each step is really reached."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from namegen.errors import OutputError
from namegen.files import remove_left_overs, write_whole
from tests.harm.faults import CAN_FAIL, FAIL, KILL, STEPS, Fault, in_child

OLD, NEW = b"what was there", b"what is new" * 1000


@pytest.mark.parametrize("step", STEPS)
def test_a_process_that_is_killed_leaves_the_old_file_or_the_new(tmp_path: Path, step: str) -> None:
    path = tmp_path / "file.bin"
    path.write_bytes(OLD)

    def write() -> None:
        Fault(step, what=KILL).install()
        write_whole(path, NEW)

    assert in_child(write) == -signal.SIGKILL
    assert path.read_bytes() == (OLD if step in CAN_FAIL else NEW)
    remove_left_overs(tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["file.bin"]


@pytest.mark.parametrize("step", CAN_FAIL)
def test_a_step_that_fails_is_one_sentence_and_the_old_file_stays(tmp_path: Path, step: str) -> None:
    path = tmp_path / "file.bin"
    path.write_bytes(OLD)
    take_away = Fault(step, what=FAIL).install()
    try:
        with pytest.raises(OutputError, match=r"^cannot write .*No space left on device; free some space"):
            write_whole(path, NEW)
    finally:
        take_away()
    assert path.read_bytes() == OLD
    assert [one.name for one in tmp_path.iterdir()] == ["file.bin"]


def test_a_fault_waits_for_its_file_and_its_turn(tmp_path: Path) -> None:
    fault = Fault(STEPS[2], "state.*", at=2, what=FAIL)
    take_away = fault.install()
    try:
        for name in ("model.bin", "state.bin"):
            write_whole(tmp_path / name, NEW)
        with pytest.raises(OutputError):
            write_whole(tmp_path / "state.bin", OLD)
    finally:
        take_away()
    assert (tmp_path / "state.bin").read_bytes() == NEW
    assert fault.came == 2
