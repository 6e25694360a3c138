"""One owner of a folder: the second is refused, a kill lets go, and systems without locks go on."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from namegen.errors import FolderInUseError, OutputError
from namegen.files import LOCK_FILE, sole_use

HOLD = """
import sys, time
from namegen.files import sole_use
with sole_use(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


def holder(folder: Path) -> subprocess.Popen[str]:
    """A process that has sole use of a folder."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_kill_lets_go_at_once_and_nothing_is_left_in_the_folder(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        with pytest.raises(FolderInUseError, match="let it end or stop it, then try again"), sole_use(tmp_path):
            pass
        process.send_signal(signal.SIGKILL)
        process.wait()
        with sole_use(tmp_path):
            assert not list(tmp_path.iterdir())


def test_a_program_that_is_started_meanwhile_does_not_keep_it(tmp_path: Path) -> None:
    with sole_use(tmp_path):
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        with sole_use(tmp_path):
            assert child.poll() is None
    finally:
        child.communicate(b"\n", timeout=60)


def test_patience_waits_for_the_one_who_has_it(tmp_path: Path) -> None:
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with sole_use(tmp_path):
            held.set()
            done.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(30)
    threading.Timer(0.2, done.set).start()
    with sole_use(tmp_path, patience=30.0):
        assert done.is_set()
    thread.join()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="there is no folder"), sole_use(tmp_path / "none"):
        pass


def test_an_error_of_the_work_lets_go(tmp_path: Path) -> None:
    with pytest.raises(BlockingIOError), sole_use(tmp_path):
        raise BlockingIOError(errno.EAGAIN, "of the work's own")
    with sole_use(tmp_path):
        pass


def of_folders(failing: type[BaseException] | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let locks of folders fail as they do on NFS, whose locks need a file that is open for writing."""
    lock = fcntl.flock

    def flock(descriptor: int, how: int) -> None:
        if failing is None or os.path.isdir(f"/proc/self/fd/{descriptor}"):
            raise OSError(errno.EBADF if failing else errno.ENOLCK, "no locks")
        lock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", flock)


def test_where_folders_cannot_be_locked_a_file_in_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of_folders(OSError, monkeypatch)
    with sole_use(tmp_path):
        assert [path.name for path in tmp_path.iterdir()] == [LOCK_FILE]
        with pytest.raises(FolderInUseError), sole_use(tmp_path):
            pass
    with sole_use(tmp_path):
        pass


def test_where_nothing_can_be_locked_all_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of_folders(None, monkeypatch)
    with sole_use(tmp_path), sole_use(tmp_path):
        pass


def test_without_the_means_to_open_a_folder_a_file_is_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows."""
    monkeypatch.delattr(os, "O_DIRECTORY")
    with sole_use(tmp_path), pytest.raises(FolderInUseError), sole_use(tmp_path):
        pass


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
@pytest.mark.parametrize("of_folder", [True, False])
def test_with_too_many_open_files_nothing_goes_on_as_if_nobody_were_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, of_folder: bool
) -> None:
    really = os.open

    def refuse(path: Any, *rest: Any, **named: Any) -> int:
        if of_folder or not os.path.isdir(path):
            raise OSError(number, os.strerror(number))
        return really(path, *rest, **named)

    of_folders(OSError, monkeypatch)
    monkeypatch.setattr(os, "open", refuse)
    with (
        pytest.raises(OutputError, match=r"cannot find out whether .*: Too many open files.*; close some"),
        sole_use(tmp_path),
    ):
        pass


def count_of_open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="no /proc to count open files in")
def test_no_file_stays_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before: Any = count_of_open_files()
    for prepare in (lambda: None, lambda: of_folders(OSError, monkeypatch), lambda: of_folders(None, monkeypatch)):
        prepare()
        with sole_use(tmp_path):
            try:
                with sole_use(tmp_path):
                    pass
            except FolderInUseError:
                pass
    assert count_of_open_files() == before
