"""Files of a terabyte, sparse ones that take no room: each reader refuses them in a sentence, at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from namegen.api.model import load
from namegen.backends.tflite.runtime import TFLiteModel
from namegen.config import read_config
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.network import checkpoint as tensor_file
from namegen.core.network.checkpoint import read_tensors, write_tensors
from namegen.core.settings import DataSettings
from namegen.core.training.file_names import KNOWN_NAMES_FILE
from namegen.core.training.run_state import SavedState
from namegen.errors import NamegenError, OutputError
from namegen.files import read_whole
from namegen.lists import read_names
from tests.harm.attack import attack
from tests.harm.effort import tries
from tests.harm.material import model_file

MEBIBYTE = 2**20
TERABYTE = 10**12
MEDIUM = tries(few=20_000_000, landing=199_000_000, hour=199_000_000)  # bytes

READERS: dict[str, Callable[[Path], object]] = {
    "model.safetensors": load,
    "state.safetensors": SavedState.load,
    "model.tflite": TFLiteModel.load,
    "config.toml": read_config,
    "vocabulary.json": Vocabulary.load,
    "names.txt": lambda path: read_names(DataSettings(names=str(path))),
    "names.csv": lambda path: read_names(DataSettings(names=str(path))),
    "names.json": lambda path: read_names(DataSettings(names=str(path))),
}


def sparse(path: Path, size: int, content: bytes = b"") -> Path:
    """A file of so many bytes that takes no room; skips where the file system has none."""
    path.write_bytes(content)
    try:
        os.truncate(path, size)
    except OSError:
        pytest.skip("this file system has no files of that size")
    if path.stat().st_blocks * 512 > 64 * MEBIBYTE:
        path.unlink()
        pytest.skip("this file system writes sparse files out")
    return path


@pytest.mark.parametrize("name", READERS)
def test_a_file_that_is_too_large_is_refused_unread(tmp_path: Path, name: str) -> None:
    path = sparse(tmp_path / name, TERABYTE)
    assert attack(READERS[name], [path], seconds=1, memory=64 * MEBIBYTE).refused == 1


@pytest.mark.parametrize("name", READERS)
def test_a_sparse_file_that_is_not_too_large_is_refused_too(tmp_path: Path, name: str) -> None:
    path = sparse(tmp_path / name, MEDIUM)
    assert attack(READERS[name], [path], memory=2**30).refused == 1


def test_a_model_with_a_long_tail_and_one_whose_header_has_no_end(tmp_path: Path) -> None:
    content = model_file(labelled=False).read_bytes()
    huge = (2**40).to_bytes(8, "little") + content[8:]
    sizes, starts = (10**9, MEDIUM), {"tail": content, "header": huge}
    paths = [sparse(tmp_path / f"{name}-{size}", size, start) for size in sizes for name, start in starts.items()]
    assert attack(load, paths, memory=2**30).refused == len(paths)


def test_names_beside_a_model_are_read_within_the_limit(tmp_path: Path) -> None:
    tensors, document = read_tensors(model_file(labelled=True))
    tensors.pop("known_names", None)
    document["training"]["known_names_file"] = KNOWN_NAMES_FILE
    write_tensors(tmp_path / "model.safetensors", tensors, document)
    sparse(tmp_path / KNOWN_NAMES_FILE, TERABYTE)
    assert attack(load, [tmp_path / "model.safetensors"], seconds=1, memory=64 * MEBIBYTE).refused == 1


def test_the_sentence_says_how_large_it_may_be(tmp_path: Path) -> None:
    for name, reader in READERS.items():
        with pytest.raises(NamegenError, match=r"larger than [\d,]+ bytes, the most|more than [\d,]+ bytes, the most"):
            reader(sparse(tmp_path / name, TERABYTE))


def test_what_could_not_be_read_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensor_file, "LARGEST_FILE", 10_000)
    path = tmp_path / "model.safetensors"
    with pytest.raises(OutputError, match="would have more than 10,000 bytes"):
        write_tensors(path, {"one": np.zeros(2_500, np.float32)}, {})
    assert not path.exists()
    write_tensors(path, {"one": np.zeros(2_200, np.float32)}, {})
    assert len(read_tensors(path)[0]["one"]) == 2_200


@pytest.mark.parametrize("size", [0, 1, 10, 11])
def test_a_file_is_read_whole_up_to_the_limit(tmp_path: Path, size: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * size)
    if size <= 10:
        assert read_whole(path, 10) == b"x" * size
    else:
        with pytest.raises(OSError, match="larger than 10 bytes"):
            read_whole(path, 10)
