"""Check the folder of a run: its name, its files, exclusive use, and the file of known names."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from namegen.core.checkpoint.checkpoint import Checkpoint, read_model
from namegen.core.data.corpus import Corpus
from namegen.core.data.normalization import known_set
from namegen.core.settings import DataSettings
from namegen.core.training.run_folder import OWN_FILES, RunFolder, kept_here
from namegen.errors import CheckpointError, FolderInUseError, OutputError
from namegen.lists import read_names
from tests.core.training.small_runs import make_run


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    return make_run().run().checkpoint


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("lists/Some names.txt", "Some-names-numpy"),
        ("lists/names.v2.txt", "names.v2-numpy"),
        ("names.v2", "names-numpy"),
        ("名" * 80 + ".txt", "名" * 50 + "-numpy"),
    ],
)
def test_folders_are_named_after_the_list_and_numbered(
    tmp_path: Path, source: str, name: str
) -> None:
    made = [RunFolder.make_numbered(tmp_path / "runs", source, "numpy").path for _ in range(3)]
    assert [path.name for path in made] == [name, f"{name}-2", f"{name}-3"]
    assert all(path.is_dir() for path in made)


def test_a_saved_list_is_read_back_unchanged(tmp_path: Path) -> None:
    names = ('"Al"', '"Bo"', "- Bo", "Cy[1]", "1. FC", "2. FC", "3. FC", "De,", "<b>", "a, b, c")
    corpus, folder = Corpus.from_names(names), RunFolder.make(tmp_path / "run")
    folder.save_names(corpus)
    assert read_names(folder.found_here(kept_here(DataSettings(), corpus))).names == names


@pytest.mark.timeout(20)
def test_a_broken_link_as_parent_folder_is_rejected(tmp_path: Path) -> None:
    """No numbered folder can be created there, so trying one number after another would never end."""
    (tmp_path / "runs").symlink_to(tmp_path / "gone" / "away")
    with pytest.raises(OutputError, match="can't create the folder"):
        RunFolder.make_numbered(tmp_path / "runs", "list", "numpy")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *((name, "link") for name in OWN_FILES),
        *((OWN_FILES[2], kind) for kind in ("link to nowhere", "pipe", "folder")),
    ],
)
def test_a_folder_with_links_or_special_files_cannot_be_resumed(
    tmp_path: Path, name: str, kind: str
) -> None:
    folder, elsewhere = tmp_path / "run", tmp_path / "elsewhere"
    folder.mkdir()
    for own in ("config.toml", "state.safetensors"):
        (folder / own).touch()
    assert RunFolder.to_resume(folder).path == folder
    (folder / name).unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(folder / name)
    elif kind == "folder":
        (folder / name).mkdir()
    else:
        if kind == "link":
            elsewhere.write_text("precious")
        (folder / name).symlink_to(elsewhere)
    with pytest.raises(CheckpointError, match=rf"{name} is (a link|not a file)|it has no "):
        RunFolder.to_resume(folder)


def test_only_one_run_at_a_time_can_use_a_folder(tmp_path: Path) -> None:
    with RunFolder(tmp_path).sole_use():
        with (
            pytest.raises(FolderInUseError, match="another namegen process is using"),
            RunFolder(tmp_path).sole_use(),
        ):
            pass
        assert not list(tmp_path.iterdir())
    with RunFolder(tmp_path).sole_use():
        pass


def test_a_second_file_contains_the_full_known_names(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    """It's written only once, and ignored if it belongs to another set of known names."""
    folder, whole = RunFolder(tmp_path), checkpoint.known_names
    folder.save_model(checkpoint)
    path, beside = tmp_path / "model.safetensors", tmp_path / "model.known_names.safetensors"
    assert sorted(tmp_path.iterdir()) == sorted((path, beside))
    np.testing.assert_array_equal(read_model(path).known_names.numbers, whole.numbers)
    assert Checkpoint.load(path).known_names.to_bytes() == whole.to_bytes()
    before = beside.stat().st_mtime_ns
    folder.save_model(checkpoint)
    assert beside.stat().st_mtime_ns == before
    replace(checkpoint, known_names=known_set(["Somebody", "Else"])).save(path)
    assert len(read_model(path).known_names) == 2
    checkpoint.save(path)
    beside.unlink()
    assert read_model(path).known_names.shortened


def test_only_temporary_files_of_killed_processes_are_removed(tmp_path: Path) -> None:
    for name in (".model.safetensors.x1.part", "mine.part", "model.safetensors"):
        (tmp_path / name).touch()
    with RunFolder(tmp_path).sole_use():
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.part", "model.safetensors"]
