"""Test that time and memory stay within limits for very large files, long lists and many characters."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from namegen.api.model import load
from namegen.backends.tflite.runtime import TFLiteModel
from namegen.core.checkpoint.tensor_file import read_tensors, write_tensors
from namegen.core.data.corpus import Corpus
from namegen.core.data.description import describe
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.evaluation.evaluator import ceiling
from namegen.core.generation import exact as bands
from namegen.core.generation.generator import Generator
from namegen.core.models.ngram import NgramModel
from namegen.core.settings import DataSettings
from namegen.core.training.saved_state import SavedState
from namegen.errors import NamegenError
from namegen.lists import read_names
from namegen.settings_toml import read_config
from tests.core.generation.exact import SmallModel, most_likely
from tests.harm.attack import attack
from tests.harm.effort import tries
from tests.harm.material import model_file

MEBIBYTE = 2**20
TERABYTE = 10**12

# --- sparse files, which take no disk space ---------------------------------------------------------------------------

READERS: dict[str, Callable[[Path], object]] = {
    "model.safetensors": load,
    "state.safetensors": SavedState.load,
    "model.tflite": TFLiteModel.load,
    "config.toml": read_config,
    "vocabulary.json": Vocabulary.load,
    **{
        f"names.{kind}": lambda path: read_names(DataSettings(names=str(path)))
        for kind in ("txt", "csv", "json")
    },
}


def sparse(path: Path, size: int, content: bytes = b"") -> Path:
    """Make a file that takes no disk space. Skip the test if the file system doesn't support this."""
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
def test_sparse_files_are_rejected_and_huge_ones_are_not_read(tmp_path: Path, name: str) -> None:
    path, read = tmp_path / name, READERS[name]
    assert attack(read, [sparse(path, TERABYTE)], seconds=1, memory=64 * MEBIBYTE).refused == 1
    with pytest.raises(
        NamegenError, match=r"larger than [\d,]+ bytes, the limit|more than [\d,]+ bytes: use"
    ):
        read(path)
    assert attack(read, [sparse(path, tries("bytes of a sparse file"))], memory=2**30).refused == 1


# --- documents --------------------------------------------------------------------------------------------------------


def test_a_model_with_large_metadata_takes_limited_resources(tmp_path: Path) -> None:
    tensors, document = read_tensors(model_file(labelled=False))
    path = tmp_path / "model.safetensors"
    size = tries("bytes of metadata")
    # Quotation marks count twice, because they are escaped.
    document["metadata"]["training"]["x"] = {f"{number:07}": 0 for number in range(size // 14)}
    write_tensors(path, tensors, document)
    assert path.stat().st_size > size
    attack(load, [path])  # it may be read or rejected: only time and memory matter


@pytest.mark.parametrize(
    ("labels", "symbols"), [(2**32 - 1, 20), (1, 2**32 - 1), (1 << 20, 1 << 21)]
)
def test_ngrams_with_a_forged_size_take_no_memory(
    labels: int, symbols: int, tmp_path: Path
) -> None:
    tensors, document = read_tensors(model_file(labelled=False))
    content = labels.to_bytes(4, "little") + symbols.to_bytes(4, "little") + bytes(100)
    path = tmp_path / "model.safetensors"
    write_tensors(path, {**tensors, "ngrams": np.frombuffer(content, np.uint8)}, document)
    assert attack(load, [path], seconds=2, memory=2**28, longest_message=500).refused


def test_a_search_with_nested_repeats_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bands, "MAX_LOGITS", 100_000)

    model = SmallModel("1abcde", seed=0, impossible="1")
    generator = Generator(model, model.vocabulary)

    def search(expression: str) -> None:
        most_likely(generator, 5, max_length=40, matches=expression)

    assert attack(search, ["([a-zA-Z]+)*1", r"([a-z]+)*1\b"]).refused == 2


# --- lists ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["describe", "ceiling", "n-gram"])
def test_memory_and_time_are_linear_in_the_number_of_names(what: str) -> None:
    """The limits per name of 8 characters are 600 bytes and 8 µs, and for the n-gram 800 bytes and 18 µs."""
    lines = tries("lines of a list")
    # Different random names that have few prefixes in common.
    drawn = np.random.default_rng(0).integers(97, 123, (lines, 8), dtype=np.uint8)
    content = b"\n".join(np.unique(drawn.view("S8")[:, 0]).tolist())

    def read(_: int) -> None:
        corpus = Corpus.from_bytes(content, source="names.txt")
        if what == "describe":
            assert describe(corpus.names).distinct == len(corpus.names)
            return
        tree = PrefixTree.from_names(corpus.names, corpus.vocabulary)
        if what == "ceiling":
            assert ceiling(tree).accuracy_argmax < 0.7
        else:
            assert NgramModel(tree, corpus.vocabulary.size, 4, "kneser-ney").order == 4

    seconds, memory = (18e-6, 800) if what == "n-gram" else (8e-6, 600)
    limits = {"seconds": 2 + seconds * lines, "memory": 100 * MEBIBYTE + memory * lines}
    assert attack(read, [0], **limits).returned == 1
