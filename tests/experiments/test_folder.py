"""The folder of a long command's results."""

from __future__ import annotations

from pathlib import Path

import pytest

from namegen.errors import OutputError
from namegen.experiments.folder import open_folder

OURS = {"mark": ".ours", "command": "count", "inside": "kept"}


def test_a_folder_is_ours_empty_or_left_alone(tmp_path: Path) -> None:
    assert open_folder(tmp_path / "a" / "b", **OURS) == tmp_path / "a" / "b" / "kept"
    assert (tmp_path / "a" / "b" / ".ours").is_file()
    assert open_folder(tmp_path / "a" / "b", **OURS).is_dir()
    with pytest.raises(OutputError, match="other files, which count leaves alone"):
        open_folder(tmp_path / "a", **OURS)
    with pytest.raises(OutputError, match="other files"):
        open_folder(tmp_path / "a" / "b", mark=".others", command="weigh", inside="kept")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]


def test_a_folder_whose_making_was_cut_short_is_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: bytes) -> None:
        raise OutputError("no space is left")

    with monkeypatch.context() as patch:
        patch.setattr("namegen.experiments.folder.write_whole", full)
        with pytest.raises(OutputError, match="no space"):
            open_folder(tmp_path / "x", **OURS)
    assert open_folder(tmp_path / "x", **OURS).is_dir()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("mine")
    with pytest.raises(OutputError, match="is a file"):
        open_folder(tmp_path / "x", **OURS)
    with pytest.raises(OutputError, match="cannot make the folder"):
        open_folder(tmp_path / "x" / "y", **OURS)
    assert (tmp_path / "x").read_text() == "mine"
