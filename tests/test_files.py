"""Files are written whole or not at all, whatever goes wrong."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from namegen.api import load
from namegen.cli.terminal import option_name
from namegen.config import read_tables
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.network.checkpoint import Checkpoint, read_known_names
from namegen.errors import CheckpointError, NamesError, OutputError, ResultsError, SettingsError
from namegen.experiments.compare.reading import read_results
from namegen.files import check_output, read_whole, write_whole

OLD, NEW = b"what was there", b"what is new" * 1000


def only(folder: Path, *names: str) -> bool:
    """Whether the folder holds these entries and no temporary file."""
    return sorted(entry.name for entry in folder.iterdir()) == sorted(names)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with content in a folder of its own."""
    (tmp_path / "file.bin").write_bytes(OLD)
    return tmp_path / "file.bin"


@pytest.mark.parametrize("content", [b"", b"x", NEW], ids=["empty", "short", "long"])
def test_new_and_replaced(path: Path, content: bytes) -> None:
    write_whole(path, content)
    write_whole(path.with_name("other.bin"), content)
    assert path.read_bytes() == path.with_name("other.bin").read_bytes() == content
    assert only(path.parent, "file.bin", "other.bin")


@pytest.mark.parametrize("name", ["with space", "Zoë-שרה-👩‍👩‍👧", "." + "x" * 200, "-n", "数" * 80])
def test_names_of_files(tmp_path: Path, name: str) -> None:
    write_whole(tmp_path / name, NEW)
    assert (tmp_path / name).read_bytes() == NEW
    assert only(tmp_path, name)


def test_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_whole(Path("bare"), NEW)
    assert (tmp_path / "bare").read_bytes() == NEW
    assert only(tmp_path, "bare")


@pytest.mark.parametrize(("mask", "mode"), [(0o027, 0o640), (0o022, 0o644), (0o077, 0o600), (0, 0o666)], ids=oct)
def test_the_usual_permissions(tmp_path: Path, mask: int, mode: int) -> None:
    """As an ordinary new file has them by the umask, not the narrow ones of a temporary file."""
    before = os.umask(mask)
    try:
        write_whole(tmp_path / "file", NEW)
        assert os.umask(mask) == mask  # and the umask itself stays
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode


def test_what_was_there_keeps_its_permissions(path: Path) -> None:
    path.chmod(0o600)
    write_whole(path, NEW)
    assert path.read_bytes() == NEW
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_link_leads_where_it_led(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.bin"
    link.symlink_to(path)
    write_whole(link, NEW)
    assert link.is_symlink()
    assert path.read_bytes() == NEW
    nowhere = tmp_path / "nowhere.bin"
    nowhere.symlink_to(tmp_path / "new.bin")
    write_whole(nowhere, NEW)
    assert (tmp_path / "new.bin").read_bytes() == NEW


def test_no_device_and_no_pipe_is_replaced(tmp_path: Path) -> None:
    """/dev/null, written over by root, would be gone for everybody: so nothing is written to it here."""
    pipe = tmp_path / "pipe.html"
    os.mkfifo(pipe)
    for special in (pipe, Path(os.devnull)):
        with pytest.raises(OutputError, match="is a device or a pipe"):
            check_output(special, example="a", force=True)
    with pytest.raises(OutputError, match="is a device or a pipe"):
        write_whole(pipe, NEW)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_the_temporary_file_stands_in_the_same_folder(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere it might be on another disk, and the last step would not be a mere renaming; until then the old
    content is what anybody reads.
    """
    seen = []

    def replace(source: str, target: Path) -> None:
        seen.append((Path(source).parent, path.read_bytes(), Path(source).read_bytes()))
        os.rename(source, target)

    monkeypatch.setattr(os, "replace", replace)
    write_whole(path, NEW)
    assert seen == [(path.parent, OLD, NEW)]
    assert path.read_bytes() == NEW


@pytest.mark.skipif(not hasattr(os, "O_DIRECTORY"), reason="this system flushes no folders")
def test_a_file_is_flushed_before_it_is_renamed_and_its_folder_afterwards(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a power cut leaves the old file or the new one."""
    done: list[str] = []
    fsync, replace = os.fsync, os.replace

    def flush(descriptor: int) -> None:
        is_folder = os.path.samestat(os.fstat(descriptor), path.parent.stat())
        done.append("folder" if is_folder else "file")
        fsync(descriptor)

    def rename(source: str, target: Path) -> None:
        done.append("renamed")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", flush)
    monkeypatch.setattr(os, "replace", rename)
    write_whole(path, NEW)
    assert done == ["file", "renamed", "folder"]


@pytest.mark.parametrize("call", ["fsync", "replace", "chmod"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["full", "Ctrl-C"])
def test_a_failure_at_any_step_keeps_the_old_file(
    path: Path, monkeypatch: pytest.MonkeyPatch, call: str, error: BaseException
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise error

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(OutputError if isinstance(error, OSError) else KeyboardInterrupt):
        write_whole(path, NEW)
    monkeypatch.undo()
    assert path.read_bytes() == OLD
    assert only(path.parent, "file.bin")


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="No such file or directory"):
        write_whole(tmp_path / "nowhere" / "file", NEW)
    assert only(tmp_path)


def test_the_path_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError, match=r"cannot write .*folder"):
        write_whole(tmp_path / "folder", NEW)
    assert only(tmp_path, "folder")


def test_the_folder_is_a_file(path: Path) -> None:
    with pytest.raises(OutputError, match="Not a directory"):
        write_whole(path / "file", NEW)
    assert path.read_bytes() == OLD


def test_a_name_that_is_too_long(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="too long"):
        write_whole(tmp_path / ("x" * 300), NEW)
    assert only(tmp_path)


# In a process of its own: the limit of a file's size stands in for a full disk, and a user without rights for an
# account that may not write (the tests may run as root, whom no permission stops).
WRITE = """
import os, resource, sys
from pathlib import Path
from namegen.errors import OutputError
from namegen.files import check_output, write_whole

what, path = sys.argv[1], Path(sys.argv[2])
if what == "full":
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
elif os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
try:
    write_whole(path, b"what is new" * 1000)
except OutputError as error:
    print(error)
    sys.exit(1)
"""


def write_in_subprocess(what: str, path: Path) -> subprocess.CompletedProcess[str]:
    pytest.importorskip("resource", reason="this system limits no process")
    done = subprocess.run(
        [sys.executable, "-c", WRITE, what, str(path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stderr == ""
    return done


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user can reach, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "inner").mkdir()
        (folder / "inner" / "file.bin").write_bytes(OLD)
        yield folder / "inner"
        (folder / "inner").chmod(0o755)


def test_a_full_disk(path: Path) -> None:
    done = write_in_subprocess("full", path)
    assert done.returncode == 1
    assert done.stdout.startswith(f"cannot write {path}: File too large; free some space")
    assert path.read_bytes() == OLD
    assert only(path.parent, "file.bin")


def test_a_folder_without_permission(open_folder: Path) -> None:
    open_folder.chmod(0o555)
    done = write_in_subprocess("forbidden", open_folder / "file.bin")
    assert done.returncode == 1
    assert done.stdout.startswith(f"cannot write {open_folder / 'file.bin'}: Permission denied; make it writable or")
    assert (open_folder / "file.bin").read_bytes() == OLD
    assert only(open_folder, "file.bin")


def test_a_folder_that_may_not_be_read_is_no_reason_to_call_a_written_file_unwritten(
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


class TestCheckOutput:
    def test_a_new_file_in_a_folder_that_is_there(self, tmp_path: Path) -> None:
        check_output(tmp_path / "new.png", example="drawing.png", force=False)

    def test_a_file_that_exists_is_kept_unless_forced(self, tmp_path: Path) -> None:
        path = tmp_path / "old.png"
        path.write_bytes(b"old")
        check_output(path, example="drawing.png", force=True)
        with pytest.raises(OutputError, match=r"old\.png exists already: .* overwrite it with force=True$") as caught:
            check_output(path, example="drawing.png", force=False)
        assert caught.value.told(option_name).endswith("overwrite it with --force")

    def test_a_folder_gets_a_hint_of_the_right_kind(self, tmp_path: Path) -> None:
        for force in (False, True):
            with pytest.raises(OutputError, match=r"is a folder: name a file, such as .*/drawing\.png$"):
                check_output(tmp_path, example="drawing.png", force=force)

    def test_a_place_that_is_not_there(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"")
        for place in ("none", "file"):
            with pytest.raises(OutputError, match=f"there is no folder .*{place}; make it first"):
                check_output(tmp_path / place / "new.png", example="drawing.png", force=False)

    def test_a_name_that_no_file_can_have(self, tmp_path: Path) -> None:
        with pytest.raises(OutputError, match=r"cannot look at .*xxx.*too long; correct that, or give another"):
            check_output(tmp_path / ("x" * 5000), example="drawing.png", force=False)


@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 20])
def test_a_file_is_read_whole_up_to_the_limit(path: Path, size: int) -> None:
    path.write_bytes(b"x" * size)
    if size <= 10:
        assert read_whole(path, 10) == b"x" * size
    else:
        with pytest.raises(OSError, match="larger than 10 bytes"):
            read_whole(path, 10)


@pytest.mark.timeout(30)  # opening a pipe waits for somebody who writes
@pytest.mark.parametrize("writing", [False, True])
def test_pipes_and_devices_are_refused_and_never_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writing: bool
) -> None:
    """By whatever reads a file that somebody else may have left: a model, a config, results, a vocabulary."""
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
