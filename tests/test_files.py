"""Check that files are written completely or not at all, and that only one process at a time uses a folder."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import stat
import subprocess
import sys
from contextlib import nullcontext, suppress
from pathlib import Path
from unittest.mock import Mock

import pytest

from namegen.api import load
from namegen.cli.terminal import option_name
from namegen.core.checkpoint.checkpoint import Checkpoint, read_known_names
from namegen.core.data.vocabulary import Vocabulary
from namegen.errors import (
    CheckpointError,
    FolderInUseError,
    NamesError,
    OutputError,
    ResultsError,
    SettingsError,
)
from namegen.experiments.rows import read_results
from namegen.files import check_output, exclusive_lock, read_whole, write_whole
from namegen.settings_toml import read_tables

OLD, NEW = b"what was there", b"what is new" * 1000


def only(folder: Path, *names: str) -> bool:
    """Check whether the folder contains exactly these entries, and no temporary file."""
    return sorted(entry.name for entry in folder.iterdir()) == sorted(names)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Create a file with content in an otherwise empty folder."""
    (tmp_path / "file.bin").write_bytes(OLD)
    return tmp_path / "file.bin"


@pytest.mark.parametrize("name", ["file.bin", "Zoë-שרה-👩‍👩‍👧", "." + "x" * 200, "-n"])
def test_files_with_unusual_names_are_written_and_replaced(
    path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(path.parent)
    for content in (NEW, b"x", b""):
        write_whole(Path(name), content)
        assert path.with_name(name).read_bytes() == content
    assert only(path.parent, *{"file.bin", name})


@pytest.mark.parametrize(("mask", "mode"), [(0o027, 0o640), (0, 0o666)], ids=oct)
def test_new_files_have_the_usual_permissions(tmp_path: Path, mask: int, mode: int) -> None:
    """They depend on the umask, as for all new files. Temporary files usually have fewer permissions."""
    before = os.umask(mask)
    try:
        write_whole(tmp_path / "file", NEW)
        assert os.umask(mask) == mask  # the umask hasn't changed
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode


def test_permissions_and_links_are_kept(path: Path, tmp_path: Path) -> None:
    path.chmod(0o600)
    link = tmp_path / "link.bin"
    link.symlink_to(path)
    write_whole(link, NEW)
    assert link.is_symlink()
    assert path.read_bytes() == NEW
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    nowhere = tmp_path / "nowhere.bin"
    nowhere.symlink_to(tmp_path / "new.bin")
    write_whole(nowhere, NEW)
    assert (tmp_path / "new.bin").read_bytes() == NEW


def test_an_error_mentions_the_old_content_only_if_there_is_a_file(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(OutputError, match=r"cannot write .*; choose another place$"):
        write_whole(path.parent / "missing" / "file.bin", NEW)
    monkeypatch.setattr(os, "replace", Mock(side_effect=OSError(errno.EIO, "broken")))
    with pytest.raises(OutputError, match=r"broken; .*; its old content is unchanged$"):
        write_whole(path, NEW)


def test_devices_and_pipes_are_not_replaced(tmp_path: Path) -> None:
    """This test doesn't write to /dev/null, because root could replace it for all users."""
    pipe = tmp_path / "pipe.html"
    os.mkfifo(pipe)
    for special in (pipe, Path(os.devnull)):
        with pytest.raises(OutputError, match="is a device or a pipe"):
            check_output(special, example="a", force=True)
    with pytest.raises(OutputError, match="is a device or a pipe"):
        write_whole(pipe, NEW)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.skipif(not hasattr(os, "O_DIRECTORY"), reason="this system flushes no folders")
def test_files_are_flushed_before_and_folders_after_renaming(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a power failure, the file has either the old or the new content."""
    done: list[str] = []
    fsync, replace = os.fsync, os.replace

    def flush(descriptor: int) -> None:
        is_folder = os.path.samestat(os.fstat(descriptor), path.parent.stat())
        done.append("folder" if is_folder else "file")
        fsync(descriptor)

    def rename(source: str, target: Path) -> None:
        done.append("renamed")
        # The temporary file is in the same folder, because other folders may be on another disk.
        assert Path(source).parent == path.parent
        assert Path(source).read_bytes() == NEW
        assert path.read_bytes() == OLD
        replace(source, target)

    monkeypatch.setattr(os, "fsync", flush)
    monkeypatch.setattr(os, "replace", rename)
    write_whole(path, NEW)
    assert done == ["file", "renamed", "folder"]


@pytest.mark.parametrize("call", ["fsync", "replace", "chmod"])
@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.EFBIG, "File too large"), "File too large; free some space or choose"),
        (OSError(errno.EROFS, "Read-only"), "Read-only; make it writable or choose"),
        (OSError(errno.EIO, "Input/output error"), "Input/output error; choose"),
        (KeyboardInterrupt(), None),
    ],
)
def test_a_failure_at_any_step_keeps_the_old_file(
    path: Path, monkeypatch: pytest.MonkeyPatch, call: str, error: BaseException, said: str | None
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise error

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(KeyboardInterrupt if said is None else OutputError, match=said):
        write_whole(path, NEW)
    monkeypatch.undo()
    assert path.read_bytes() == OLD
    assert only(path.parent, "file.bin")


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("nowhere/file", "No such file or directory"),
        ("folder", "cannot write .*folder"),
        ("old/file", "Not a directory"),
        ("a\0b", "null"),
    ],
)
def test_an_invalid_path_gives_an_error_and_changes_nothing(
    tmp_path: Path, place: str, said: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "old").write_bytes(OLD)
    with pytest.raises(OutputError, match=said):
        write_whole(tmp_path / place, NEW)
    assert (tmp_path / "old").read_bytes() == OLD
    assert only(tmp_path, "folder", "old")


def test_files_can_be_written_to_unreadable_folders(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = os.open

    def refuse_folders(name: str, flags: int, *rest: int, **more: int) -> int:
        if flags & os.O_DIRECTORY:
            raise PermissionError(13, "Permission denied")
        return opened(name, flags, *rest, **more)

    monkeypatch.setattr(os, "open", refuse_folders)
    write_whole(path, NEW)
    assert path.read_bytes() == NEW


def test_existing_files_are_kept_without_force(path: Path) -> None:
    check_output(path, example="drawing.png", force=True)
    assert (
        check_output(str(path.with_name("new.png")), example="drawing.png", force=False).name
        == "new.png"
    )
    with pytest.raises(
        OutputError, match=r"file\.bin exists already: .* overwrite it with force=True$"
    ) as caught:
        check_output(path, example="drawing.png", force=False)
    assert caught.value.message_with(option_name).endswith("overwrite it with --force")


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("", r"is a folder: name a file, such as .*/drawing\.png$"),
        ("file.bin/new.png", r"there is no folder .*file\.bin; create it first"),
        ("x" * 5000, "cannot access .*xxx.*too long; check the path"),
    ],
)
def test_invalid_output_paths_are_rejected_early(path: Path, place: str, said: str) -> None:
    for force in (False, True):
        with pytest.raises(OutputError, match=said):
            check_output(path.parent / place, example="drawing.png", force=force)


def test_files_are_read_up_to_the_size_limit(path: Path) -> None:
    for size in (0, 1, 9, 10, 11, 20):
        path.write_bytes(b"x" * size)
        with pytest.raises(OSError, match="larger than 10 bytes") if size > 10 else nullcontext():
            assert read_whole(path, 10) == b"x" * size


@pytest.mark.timeout(30)  # opening a pipe waits until another program writes to it
@pytest.mark.parametrize("writing", [False, True])
def test_pipes_and_devices_are_rejected_without_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writing: bool
) -> None:
    """This applies to all functions that read untrusted files: models, configs, results and vocabularies."""
    monkeypatch.chdir(tmp_path)
    Path("runs/first").mkdir(parents=True)
    pipe = Path("runs/first/model.safetensors")
    os.mkfifo(pipe)
    end = os.open(pipe, os.O_RDWR) if writing else None
    for special in (pipe, Path("/dev/zero")):
        with pytest.raises(OSError, match="it is a pipe or a device, not a file"):
            read_whole(special, 10)
        for error, read in (
            (CheckpointError, Checkpoint.load),
            (CheckpointError, read_known_names),
            (NamesError, Vocabulary.load),
            (SettingsError, read_tables),
            (ResultsError, read_results),
        ):
            with pytest.raises(error, match="a pipe or a device"):
                read(special)
    with pytest.raises(CheckpointError, match="a pipe or a device"):
        load()
    if end is not None:
        os.close(end)


# --- folder locks -----------------------------------------------------------------------------------------------------

HOLD = """
import sys, time
from namegen.files import exclusive_lock
with exclusive_lock(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_killed_process_releases_its_lock_immediately(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with (
            pytest.raises(FolderInUseError, match="wait for it to end or stop it, then try again"),
            exclusive_lock(tmp_path),
        ):
            pass
        process.send_signal(signal.SIGKILL)
        process.wait()
        with exclusive_lock(tmp_path):
            pass
        assert not list(tmp_path.iterdir())


def test_child_processes_do_not_keep_the_lock(tmp_path: Path) -> None:
    with exclusive_lock(tmp_path):
        child = subprocess.Popen(
            [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
    try:
        with exclusive_lock(tmp_path):
            assert child.poll() is None
    finally:
        child.communicate(b"\n", timeout=60)


def test_an_error_releases_the_lock(tmp_path: Path) -> None:
    with pytest.raises(BlockingIOError), exclusive_lock(tmp_path):
        raise BlockingIOError(errno.EAGAIN, "of the work's own")
    with exclusive_lock(tmp_path):
        pass


def test_work_continues_if_folders_cannot_be_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(OutputError, match="there is no folder"), exclusive_lock(tmp_path / "none"):
        pass
    monkeypatch.setattr(fcntl, "flock", Mock(side_effect=OSError(errno.ENOLCK, "no locks")))
    with exclusive_lock(tmp_path), exclusive_lock(tmp_path):
        pass


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="no /proc to count open files in")
def test_no_file_stays_open(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with exclusive_lock(tmp_path), suppress(FolderInUseError), exclusive_lock(tmp_path):
        pass
    assert len(os.listdir("/proc/self/fd")) == before
