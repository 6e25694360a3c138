"""Test the output folder of a long command, and the results that are stored in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from namegen.errors import FolderInUseError, OutputError
from namegen.experiments.kept import KeptStore, open_folder

OURS = {"mark": ".ours", "command": "count", "inside": "kept"}
OTHERS = {"mark": ".others", "command": "weigh", "inside": "kept"}


def opened(out: Path | str) -> Path:
    """Open and close the folder, and return its inner folder."""
    with open_folder(out, **OURS) as kept:
        return kept


def test_a_folder_with_other_files_is_rejected_and_unchanged(tmp_path: Path) -> None:
    assert opened(tmp_path / "a" / "b") == tmp_path / "a" / "b" / "kept"
    assert (tmp_path / "a" / "b" / ".ours").is_file()
    assert opened(tmp_path / "a" / "b").is_dir()
    with pytest.raises(OutputError, match="other files, which count doesn't change"):
        opened(tmp_path / "a")
    with (
        pytest.raises(OutputError, match="other files"),
        open_folder(tmp_path / "a" / "b", **OTHERS),
    ):
        pass
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]


def test_a_folder_can_be_opened_only_once_at_a_time(tmp_path: Path) -> None:
    with open_folder(tmp_path / "x", **OURS):
        with pytest.raises(FolderInUseError, match="another namegen process is using"):
            opened(tmp_path / "x")
        assert sorted(path.name for path in (tmp_path / "x").iterdir()) == [".ours", "kept"]
    opened(tmp_path / "x")


def test_temporary_files_of_a_killed_process_are_removed(tmp_path: Path) -> None:
    (tmp_path / "..ours.a1b2.part").write_text("made by")
    kept = opened(tmp_path)
    (kept / ".x-a1.json.a1b2.part").touch()
    opened(tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*")) == [".ours", "kept"]


def test_a_file_is_not_accepted_as_a_folder(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("mine")
    with pytest.raises(OutputError, match="is a file"):
        opened(tmp_path / "x")
    with pytest.raises(OutputError, match="can't create the folder"):
        opened(tmp_path / "x" / "y")
    assert (tmp_path / "x").read_text() == "mine"


RESULT = {"loss": 2.1234567890123457, "names": ["Zoë", "Al"], "none": None}


def found(folder: Path, key: str) -> dict[str, Any] | None:
    kept = KeptStore(folder).read(key, lambda plain: plain)
    return None if kept is None else kept[0]


def test_a_result_is_found_by_its_key_after_any_prefix(tmp_path: Path) -> None:
    assert found(tmp_path, "a1b2") is None
    KeptStore(tmp_path).keep("rate-0.1-a1b2", RESULT)
    assert found(tmp_path, "a1b2") == found(tmp_path, "training-a1b2") == RESULT
    assert found(tmp_path, "0.1") is found(tmp_path, "a1") is None
    document = json.loads((tmp_path / "rate-0.1-a1b2.json").read_text(encoding="utf-8"))
    assert list(document) == ["result", "commit", "beside", "checksum"]


def test_a_result_without_its_second_file_is_ignored(tmp_path: Path) -> None:
    store = KeptStore(tmp_path)
    network = tmp_path / "x-a1.safetensors"
    network.write_bytes(b"weights")
    store.keep("x-a1", RESULT, beside=".safetensors")
    assert found(tmp_path, "a1") == RESULT
    network.rename(tmp_path / "elsewhere")
    assert found(tmp_path, "a1") is None


def change(document: dict[str, Any], **parts: Any) -> str:
    return json.dumps(document | parts)


@pytest.mark.parametrize(
    "damage",
    [
        lambda document: json.dumps(document)[:-20],
        lambda document: change(document, result=RESULT | {"loss": 1.0}),
        lambda document: change(document, beside=None),
        lambda document: json.dumps({name: document[name] for name in ("result", "commit")}),
        lambda document: "[" * 100_000,
        lambda document: "\ud800",
    ],
    ids=["cut", "figure", "beside", "older", "deep", "no-utf-8"],
)
def test_a_damaged_or_older_file_is_ignored_and_not_deleted(tmp_path: Path, damage: Any) -> None:
    (tmp_path / "x-a1.bin").write_bytes(b"network")
    KeptStore(tmp_path).keep("x-a1", RESULT, beside=".bin")
    file = tmp_path / "x-a1.json"
    damaged = damage(json.loads(file.read_text())).encode("utf-8", "surrogatepass")
    file.write_bytes(damaged)
    assert found(tmp_path, "a1") is None
    assert file.read_bytes() == damaged
    KeptStore(tmp_path).keep("y-a1", RESULT)  # the result is measured again, under another name
    assert found(tmp_path, "a1") == RESULT
    assert file.read_bytes() == damaged
