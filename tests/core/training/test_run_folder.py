"""The files of a training: made once, read back as they were, and known names beside a model that has too many."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from namegen.core.data.corpus import Corpus
from namegen.core.network.checkpoint import KNOWN_NAMES, Checkpoint, read_tensors
from namegen.core.training.run_folder import OWN_FILES, RunFolder, read_model
from namegen.errors import CheckpointError, FolderInUseError, OutputError
from tests.core.training.small_runs import make_run


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    return make_run().run().checkpoint


def test_folders_are_numbered_and_never_used_twice(tmp_path: Path) -> None:
    made = [RunFolder.make_numbered(tmp_path / "runs", "lists/Some names.txt", "numpy").path for _ in range(3)]
    assert [path.name for path in made] == ["Some-names-numpy", "Some-names-numpy-2", "Some-names-numpy-3"]
    assert all(path.is_dir() for path in made)


@pytest.mark.parametrize("source", ["lists/names.v2.txt", "names.v2.txt", "names.v2"])
def test_a_folder_is_called_as_the_file_without_its_ending(tmp_path: Path, source: str) -> None:
    made = RunFolder.make_numbered(tmp_path, source, "numpy").path
    assert made.name == ("names-numpy" if source == "names.v2" else "names.v2-numpy")


def test_a_list_in_a_folder_is_called_without_the_folder(tmp_path: Path) -> None:
    assert RunFolder.make_numbered(tmp_path, "lists/names", "numpy").path.name == "names-numpy"


def test_a_folder_that_exists_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"exists already: name a new folder$"):
        RunFolder.make(tmp_path)


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"cannot make the folder .*; choose another with out$"):
        RunFolder.make(tmp_path / "file" / "run")
    with pytest.raises(OutputError, match=r"cannot make the folder .*file"):
        RunFolder.make_numbered(tmp_path / "file", "list", "numpy")


@pytest.mark.timeout(20)
def test_a_parent_that_is_a_link_to_nowhere_is_refused(tmp_path: Path) -> None:
    """No number makes a folder there, so trying the next one would go on for ever."""
    (tmp_path / "runs").symlink_to(tmp_path / "gone" / "away")
    with pytest.raises(OutputError, match="cannot make the folder"):
        RunFolder.make_numbered(tmp_path / "runs", "list", "numpy")


def test_a_folder_without_a_state_cannot_be_resumed(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"it has no state\.safetensors"):
        RunFolder.to_resume(tmp_path)


@pytest.mark.parametrize("name", OWN_FILES)
@pytest.mark.parametrize("kind", ["link", "link to nowhere", "pipe", "folder"])
def test_a_training_goes_on_in_no_folder_whose_files_lie_elsewhere(tmp_path: Path, name: str, kind: str) -> None:
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
    said = rf"{name} is (a link|not a file): a training goes on in a folder whose files are its own|because it has no "
    with pytest.raises(CheckpointError, match=said):
        RunFolder.to_resume(folder)


def test_a_folder_is_called_by_the_beginning_of_a_long_name(tmp_path: Path) -> None:
    made = RunFolder.make_numbered(tmp_path, "名" * 80 + ".txt", "numpy").path
    assert made.name == "名" * 50 + "-numpy"


def test_one_training_at_a_time_has_sole_use(tmp_path: Path) -> None:
    with RunFolder(tmp_path).sole_use():
        with pytest.raises(FolderInUseError, match="another namegen is at work in"), RunFolder(tmp_path).sole_use():
            pass
        assert not list(tmp_path.iterdir())
    with RunFolder(tmp_path).sole_use():
        pass


def test_a_folder_says_what_lies_in_it(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert (folder.has_names, folder.has_state) == (False, False)
    folder.save_names(Corpus.from_names(["Al", "Bo"]))
    folder.save_config("seed = 1\n")
    assert (folder.has_names, folder.has_state) == (True, False)
    assert folder.config_path.read_text() == "seed = 1\n"
    (tmp_path / "state.safetensors").touch()
    assert folder.has_state
    assert folder.plot_path.parent == tmp_path


def test_few_known_names_travel_with_the_model(checkpoint: Checkpoint, tmp_path: Path) -> None:
    RunFolder(tmp_path).save_model(checkpoint)
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]
    np.testing.assert_array_equal(read_model(tmp_path / "model.safetensors").known_names, checkpoint.known_names)


def test_a_model_may_know_no_names(checkpoint: Checkpoint, tmp_path: Path) -> None:
    replace(checkpoint, known_names=None).save(tmp_path / "model.safetensors")
    assert read_model(tmp_path / "model.safetensors").known_names is None


def test_many_known_names_lie_beside_the_model(
    checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("namegen.core.training.run_folder.MOST_KNOWN_NAMES", 10)
    RunFolder(tmp_path).save_model(checkpoint)
    path = tmp_path / "model.safetensors"
    assert KNOWN_NAMES not in read_tensors(path)[0]
    assert Checkpoint.load(path).known_names is None
    found = read_model(path)
    np.testing.assert_array_equal(found.known_names, checkpoint.known_names)
    (tmp_path / "known_names.safetensors").unlink()
    assert read_model(path).known_names is None


def test_what_a_killed_process_left_is_taken_away_and_nothing_else(tmp_path: Path) -> None:
    for name in (".model.safetensors.x1.part", "mine.part", "model.safetensors"):
        (tmp_path / name).touch()
    RunFolder(tmp_path).remove_left_overs()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.part", "model.safetensors"]
