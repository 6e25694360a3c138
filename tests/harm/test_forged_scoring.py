"""Test that a model with forged n-grams, words, score rules or lengths is used or rejected.

The checksum of each forged file is valid.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from namegen.api.model import load
from namegen.core.checkpoint.ngram_set import NgramSet
from namegen.core.checkpoint.tensor_file import read_tensors, write_tensors
from namegen.core.data.normalization import KnownSet, known_set
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.types import Array
from tests.harm.attack import attack
from tests.harm.effort import tries
from tests.harm.forging import forged_bytes
from tests.harm.material import NAMES, model_file

MEBIBYTE = 2**20


def head(labels: int, symbols: int) -> bytes:
    """Return the header of a set of n-grams."""
    return labels.to_bytes(4, "little") + symbols.to_bytes(4, "little")


FORGED_NUMBERS = {
    "one byte": bytes(1),
    "fewer numbers than their count": bytes([9, 0, 0, 0, *bytes(100)]),
    "more numbers than their count": bytes([9, 0, 0, 0, *b"\xff" * 100]),
    "more numbers than bytes": b"\xff" * 100,
    "numbers in falling order": bytes([2, 0, 0, 0, 2, 1, 0b11]),
    "a number above the limit": bytes([1, 0, 0, 0, 0, 0b10]),
}
SYMBOLS = Vocabulary.from_names(NAMES).size + 1
HEAD = head(1, SYMBOLS)
ALL_SYMBOLS = b"\xff" * (SYMBOLS // 8 + 1)
FORGED_NGRAMS = {
    "no bytes": b"",
    "a head that is cut short": bytes(7),
    "no labels": head(0, SYMBOLS) + bytes(100),
    "no symbols": head(1, 0) + bytes(100),
    "very many labels": head(2**32 - 1, SYMBOLS) + bytes(100),
    "very many symbols": head(1, 2**32 - 1) + bytes(100),
    "as many labels and symbols as can be": head(1 << 20, 1 << 21) + bytes(100),
    "no bitmaps": HEAD,
    "too many bytes": HEAD + bytes(100),
    "a symbol that isn't one": HEAD + ALL_SYMBOLS,
}


def ngrams_of(names: tuple[str, ...], labels: int = 0) -> bytes:
    """Return the n-grams of a list. If there are labels, all names have the first one."""
    vocabulary = Vocabulary.from_names(names)
    starts = [vocabulary.size] * len(names) if labels else None
    return NgramSet.from_tree(
        PrefixTree.from_names(names, vocabulary, starts), vocabulary, labels
    ).to_bytes()


FORGED_NGRAMS |= {
    "other characters": ngrams_of(("xyz",)),
    "other labels": ngrams_of(NAMES, labels=2),
}


def rejected(path: Path) -> None:
    """Assert that a model is rejected with a short message, in little time and memory."""
    assert attack(load, [path], seconds=2, memory=256 * MEBIBYTE, longest_message=500).refused == 1


def write_with(
    path: Path, tensors: dict[str, Array], metadata: dict[str, Any] | None = None
) -> Path:
    """Write a copy of a valid model with other tensors or metadata fields, and a valid checksum."""
    sound, document = read_tensors(model_file(labelled=False))
    document["metadata"] = {**document["metadata"], **(metadata or {})}  # type: ignore[dict-item]
    write_tensors(path, {**sound, **tensors}, document)
    return path


@pytest.mark.parametrize("what", FORGED_NGRAMS)
def test_a_model_with_forged_ngrams_is_rejected(what: str, tmp_path: Path) -> None:
    data = np.frombuffer(FORGED_NGRAMS[what], np.uint8)
    rejected(write_with(tmp_path / "model.safetensors", {"ngrams": data}))


@pytest.mark.parametrize("name", ["ngrams", "words"])
def test_a_model_whose_set_is_not_bytes_is_rejected(name: str, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    for forged in (
        np.zeros(9, np.float32),
        np.zeros((3, 3), np.uint8),
        np.zeros((), np.uint8),
        np.zeros(9, np.int8),
    ):
        rejected(write_with(path, {name: forged}))
    rejected(write_with(path, {}, {name: ""}))


@pytest.mark.parametrize("what", FORGED_NUMBERS)
def test_a_model_with_forged_words_is_rejected(what: str, tmp_path: Path) -> None:
    data = np.frombuffer(FORGED_NUMBERS[what], np.uint8)
    rejected(write_with(tmp_path / "model.safetensors", {"words": data}))


def test_valid_words_are_accepted(tmp_path: Path) -> None:
    """They are accepted even if no name in the list has a space."""
    words = np.frombuffer(known_set(["0 Anna"]).to_bytes(), np.uint8)
    model = load(write_with(tmp_path / "model.safetensors", {"words": words}))
    assert len(model.generate(2, seed=1)) == 2


RULE = {
    "mean_level": 0.0,
    "mean_slope": -2.0,
    "spread_level": 1.0,
    "spread_slope": 0.0,
    "threshold": 0.0,
}


@pytest.mark.parametrize(
    "metadata",
    [
        {"score_rules": [RULE] * 2},
        {"score_rules": [RULE] * 10_000},
        {"score_rules": RULE},
        {"score_rules": None},
        {"score_rules": [1.0]},
        {"score_rules": [{**RULE, "more": 1.0}]},
        {"score_rules": [{"threshold": 1.0}]},
        *(
            {"score_rules": [{**RULE, "threshold": value}]}
            for value in ("1", None, True, [], 2**63)
        ),
        *({"shortest_name": value} for value in (0, -1, 2.5, "3", None, True, 10**6, 2**63)),
        {"longest_name": 1, "shortest_name": 2},
    ],
    ids=lambda metadata: re.sub(r"\W+", "-", str(metadata)[:60]),
)
def test_a_model_with_invalid_rules_or_lengths_is_rejected(
    metadata: dict[str, Any], tmp_path: Path
) -> None:
    rejected(write_with(tmp_path / "model.safetensors", {}, metadata))


@pytest.mark.parametrize("name", RULE)
def test_rules_with_extreme_numbers_are_used_or_rejected(name: str, tmp_path: Path) -> None:
    """Overflow must not cause a warning."""

    def call(value: float) -> None:
        path = write_with(
            tmp_path / "model.safetensors", {}, {"score_rules": [{**RULE, name: value}]}
        )
        assert len(load(path).generate(2, seed=1)) == 2

    numbers = (0.0, 1e-320, 3.4e38, 1e300, 1.7e308)
    attack(call, [sign * value for value in numbers for sign in (1, -1)])


def test_damaged_ngrams_are_used_or_rejected(tmp_path: Path) -> None:
    """If forged n-grams can be read, the model still generates names with them."""
    sound = read_tensors(model_file(labelled=False))[0]["ngrams"].tobytes()

    def call(seed: int) -> None:
        rng = np.random.default_rng(seed)
        forged = np.frombuffer(forged_bytes(sound, rng), np.uint8)
        model = load(write_with(tmp_path / "model.safetensors", {"ngrams": forged}))
        assert len(model.generate(2, seed=1)) == 2

    attack(call, range(tries("each kind of file")))


@pytest.mark.parametrize("byte", [0, 1, 255])
@pytest.mark.parametrize("read", [NgramSet.read, KnownSet.read], ids=["n-grams", "words"])
def test_forged_bitmaps_take_bounded_memory(read: Callable[[bytes], object], byte: int) -> None:
    bitmap = bytes([byte]) * tries("bytes of a forged set")
    data = bitmap if read == KnownSet.read else head(1, 3000) + bitmap

    def call(data: bytes) -> None:
        with contextlib.suppress(ValueError):
            read(data)

    assert attack(call, [data], memory=1024 * MEBIBYTE).returned == 1
