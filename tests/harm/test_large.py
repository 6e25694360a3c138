"""Test that time and memory stay within limits for very large files, long lists and many characters."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from namegen.api.model import load
from namegen.backends.tflite.runtime import TFLiteModel
from namegen.constraints import make_constraints
from namegen.core.checkpoint.tensor_file import read_tensors, write_tensors
from namegen.core.data.corpus import Corpus
from namegen.core.data.description import describe
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.evaluation.evaluator import AccuracyEvaluator, ceiling
from namegen.core.generation import exact as bands
from namegen.core.generation.constraints.constraint_list import ConstraintList
from namegen.core.generation.constraints.matches import Matches
from namegen.core.generation.exact import most_likely
from namegen.core.generation.generator import Generator
from namegen.core.models.ngram import NgramModel
from namegen.core.settings import DataSettings
from namegen.core.training import KNOWN_FILE
from namegen.core.training.saved_state import SavedState
from namegen.documents import LARGEST
from namegen.errors import CheckpointError, NamegenError, NamesError
from namegen.lists import read_names
from namegen.settings_toml import read_config
from tests.core.generation.exact import SmallModel
from tests.harm.attack import attack
from tests.harm.effort import tries
from tests.harm.material import model_file
from tests.harm.test_forged import sound_files

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
    assert attack(read, [sparse(path, tries("bytes of a sparse"))], memory=2**30).refused == 1


def test_models_with_huge_tails_headers_or_known_names_are_rejected(
    tmp_path: Path,
) -> None:
    content = model_file(labelled=False).read_bytes()
    starts = {"tail": content, "header": (2**40).to_bytes(8, "little") + content[8:]}
    paths = [
        sparse(tmp_path / name, size, start)
        for size in (10**9, 10**7)
        for name, start in starts.items()
    ]
    shutil.copytree(sound_files() / "run", tmp_path / "beside")
    sparse(tmp_path / "beside" / KNOWN_FILE, TERABYTE)
    assert (
        attack(load, [*paths, tmp_path / "beside" / "model.safetensors"], memory=2**30).refused
        == len(paths) + 1
    )


def test_a_file_too_large_to_read_is_not_written(tmp_path: Path) -> None:
    """The limit for a saved state is higher than for a model, because a state grows with the epochs."""
    path, (tensors, document) = (
        tmp_path / "model.safetensors",
        read_tensors(model_file(labelled=False)),
    )
    much = {**document, "x": '"' * (LARGEST // 2)}
    with pytest.raises(Exception, match="would have more than 4,194,304 bytes"):
        write_tensors(path, tensors, much)
    write_tensors(path, tensors, much, largest=4 * LARGEST)
    for read in (read_tensors, SavedState.load):
        with pytest.raises(CheckpointError):
            read(path)


# --- documents --------------------------------------------------------------------------------------------------------

# Functions that return a filling of a given size in bytes. Quotation marks count twice, because they are escaped.
FILLINGS: dict[str, Callable[[int], Any]] = {
    "empty lists": lambda size: [[]] * (size // 3),
    "objects": lambda size: [{"a": 1}] * (size // 10),
    "keys": lambda size: {f"{place:07}": 0 for place in range(size // 14)},
}


@pytest.mark.parametrize("filling", FILLINGS)
def test_a_model_with_large_metadata_takes_limited_resources(tmp_path: Path, filling: str) -> None:
    tensors, document = read_tensors(model_file(labelled=False))
    path, size = tmp_path / "model.safetensors", int(0.85 * LARGEST / tries("a share"))
    document["metadata"]["training"]["x"] = FILLINGS[filling](size)
    write_tensors(path, tensors, document)
    assert path.stat().st_size > size
    attack(load, [path])  # it may be read or rejected: only time and memory matter


MARKS = "\u0345" * 500 + "\u0334" * 499  # Unicode normalization has to reverse their order


def test_letters_with_too_many_accents_are_rejected() -> None:
    """Many allowed accents are read in time, even in the order that takes longest to normalize."""
    for name in ("a" + MARKS, "a" + MARKS[:31], "e" + "\u0301" * 31):
        with pytest.raises(NamesError, match=r"line 2: .* has more than 30 accents on one letter"):
            Corpus.from_bytes(f"Anna\n{name}\n".encode(), source="list.txt")
    many, lines = "a" + MARKS * 200, "\n".join([("a" + MARKS[485:515]) * 32] * 500).encode()
    assert attack(lambda data: Corpus.from_bytes(data, source="list.txt"), [lines]).returned
    # These may be rejected or not: only the time matters.
    attack(lambda constraint: make_constraints(**{constraint: many}), ["starts_with", "matches"])


def test_a_search_with_nested_repeats_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bands, "MAX_LOGITS", 100_000)

    def search(expression: str) -> None:
        model = SmallModel("1abcde", seed=0, impossible="1")
        generator = Generator(model, model.vocabulary)
        list(
            most_likely(
                generator,
                5,
                max_length=40,
                allow_seen=True,
                constraints=ConstraintList([Matches(expression)]),
            )
        )

    assert attack(search, ["([a-zA-Z]+)*1", r"([a-z]+)*1\b"]).refused == 2


# --- lists ------------------------------------------------------------------------------------------------------------


def names_of(lines: int) -> list[str]:
    """Return different random names of 8 letters that have few prefixes in common."""
    drawn = np.random.default_rng(0).integers(97, 123, (lines, 8), dtype=np.uint8)
    return [name.decode() for name in np.unique(drawn.view("S8")[:, 0]).tolist()]


@pytest.mark.parametrize("what", ["describe", "ceiling", "n-gram"])
def test_memory_and_time_are_linear_in_the_number_of_names(what: str) -> None:
    """The limits per name of 8 characters are 600 bytes and 8 µs, and for the n-gram 800 bytes and 18 µs."""
    lines = tries("lines")
    names = names_of(lines)
    content = "\n".join(names).encode()

    def read(_: int) -> None:
        corpus = Corpus.from_bytes(content, source="names.txt")
        tree = (
            None if what == "describe" else PrefixTree.from_names(corpus.names, corpus.vocabulary)
        )
        if tree is None:
            assert describe(corpus.names).distinct == len(corpus.names)
        elif what == "ceiling":
            assert ceiling(tree).accuracy_argmax < 0.7
        else:
            assert NgramModel(tree, corpus.vocabulary.size, 4, "kneser-ney").order == 4

    seconds, memory = (8e-6, 600) if what != "n-gram" else (18e-6, 800)
    assert (
        attack(
            read, [0], seconds=2 + seconds * lines, memory=100 * MEBIBYTE + memory * lines
        ).returned
        == 1
    )


def test_very_many_characters_are_evaluated_in_limited_memory() -> None:
    rng, many = (
        np.random.default_rng(0),
        "".join(map(chr, range(0x4E00, 0x4E00 + tries("characters")))),
    )
    names = [
        "".join(many[place] for place in rng.integers(len(many), size=3)) for _ in range(1_500)
    ]
    vocabulary = Vocabulary(many)
    tree = PrefixTree.from_names(names, vocabulary)

    def evaluate(order: int) -> None:
        figures = AccuracyEvaluator(NgramModel(tree, vocabulary.size, order)).evaluate(tree)
        assert figures.loss_nats_per_char < np.log(len(many))

    assert attack(evaluate, [1, 3], memory=150 * MEBIBYTE, seconds=20).returned == 2
