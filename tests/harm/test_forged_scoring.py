"""Test that a model with forged n-grams or score rules is used or rejected. Its checksum is valid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from namegen.api.model import load
from namegen.core.checkpoint.tensor_file import read_tensors, write_tensors
from namegen.core.data.vocabulary import Vocabulary
from namegen.types import Array
from tests.harm.attack import attack
from tests.harm.material import NAMES, model_file

SYMBOLS = Vocabulary.from_names(NAMES).size + 1
RULE = {
    "mean_level": 0.0,
    "mean_slope": -2.0,
    "spread_level": 1.0,
    "spread_slope": 0.0,
    "threshold": 0.0,
}


def write_with(
    path: Path, tensors: dict[str, Array], metadata: dict[str, Any] | None = None
) -> Path:
    """Write a copy of a valid model with other tensors or metadata fields, and a valid checksum."""
    sound, document = read_tensors(model_file(labelled=False))
    document["metadata"] = {**document["metadata"], **(metadata or {})}  # type: ignore[dict-item]
    write_tensors(path, {**sound, **tensors}, document)
    return path


@pytest.mark.parametrize(
    ("labels", "symbols"), [(0, SYMBOLS), (2**32 - 1, SYMBOLS), (1, 2**32 - 1), (1 << 20, 1 << 21)]
)
def test_ngrams_with_a_forged_size_take_no_memory(
    labels: int, symbols: int, tmp_path: Path
) -> None:
    data = labels.to_bytes(4, "little") + symbols.to_bytes(4, "little") + bytes(100)
    ngrams = np.frombuffer(data, np.uint8)
    path = write_with(tmp_path / "model.safetensors", {"ngrams": ngrams})
    assert attack(load, [path], seconds=2, memory=2**28, longest_message=500).refused


def test_rules_with_extreme_numbers_are_used_or_rejected(tmp_path: Path) -> None:
    """Overflow must not cause a warning."""

    def call(rule: dict[str, float]) -> None:
        path = write_with(tmp_path / "model.safetensors", {}, {"score_rules": [rule]})
        assert len(load(path).generate(2, seed=1)) == 2

    numbers = (0.0, 1e-320, 1.7e308, -1.7e308)
    attack(call, [{**RULE, name: number} for name in RULE for number in numbers])
