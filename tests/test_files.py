"""Check that files are written completely or not at all, and that only one process at a time uses a folder."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

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


def test_an_error_releases_the_lock(tmp_path: Path) -> None:
    with pytest.raises(BlockingIOError), exclusive_lock(tmp_path):
        raise BlockingIOError(errno.EAGAIN, "of the work's own")
    with exclusive_lock(tmp_path):
        pass
