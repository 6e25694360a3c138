"""Documents as large as they may be, of what takes most time and memory; accents without end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from namegen.api.model import load
from namegen.core.data.corpus import Corpus
from namegen.core.network.checkpoint import read_tensors, write_tensors
from namegen.core.training.run_state import SavedState
from namegen.documents import LARGEST
from namegen.errors import CheckpointError, NamesError
from namegen.fetch.sources import clean_name
from namegen.wishes import make_wishes
from tests.harm.attack import attack
from tests.harm.effort import tries
from tests.harm.material import model_file

SHARE = tries(few=20, landing=1, hour=1)  # of the largest that is read
LINES = tries(few=500, landing=5_000, hour=10_000)
BYTES = int(0.85 * LARGEST / SHARE)
# What fills a document, by how many bytes it takes there: a quotation mark takes two, as the whole stands in a text.
FILLINGS: dict[str, Callable[[], Any]] = {
    "whole numbers": lambda: [0] * (BYTES // 2),
    "numbers": lambda: [1.5] * (BYTES // 4),
    "empty lists": lambda: [[]] * (BYTES // 3),
    "objects": lambda: [{"a": 1}] * (BYTES // 10),
    "keys": lambda: {f"{place:07}": 0 for place in range(BYTES // 14)},
    "one text": lambda: "a" * BYTES,
}


@pytest.mark.parametrize("filling", FILLINGS)
def test_a_model_that_says_much_of_itself(tmp_path: Path, filling: str) -> None:
    tensors, document = read_tensors(model_file(labelled=False))
    training = document["training"]
    assert isinstance(training, dict)
    path = tmp_path / "model.safetensors"
    write_tensors(path, tensors, {**document, "training": {**training, "x": FILLINGS[filling]()}})
    assert path.stat().st_size > BYTES
    attack(load, [path])  # whether it is read or refused: what counts are time and memory


def test_a_document_that_would_not_be_read_is_not_written(tmp_path: Path) -> None:
    """But for a state, which grows with the epochs, and may be larger."""
    tensors, document = read_tensors(model_file(labelled=False))
    path, much = tmp_path / "model.safetensors", {"x": '"' * (LARGEST // 2)}
    with pytest.raises(Exception, match="would describe itself in more than 4,194,304 bytes"):
        write_tensors(path, tensors, {**document, **much})
    assert not path.exists()
    write_tensors(path, tensors, {**document, **much}, largest=4 * LARGEST)
    with pytest.raises(CheckpointError, match="is not a model file of namegen"):
        read_tensors(path)
    with pytest.raises(CheckpointError, match="expected the state of a training run"):
        SavedState.load(path)


MARKS = "\u0345" * 500 + "\u0334" * 499  # in an order that Unicode has to turn round


@pytest.mark.parametrize("name", ["a" + MARKS, "a" + MARKS[:31], "e" + "\u0301" * 31])
def test_a_letter_with_more_accents_than_any_language_has(name: str) -> None:
    with pytest.raises(NamesError, match=r"line 2: .* has more than 30 accents on one letter: correct it or leave"):
        Corpus.from_bytes(f"Anna\n{name}\n".encode(), source="list.txt")


def test_as_many_accents_as_may_be_on_each_letter_of_long_names() -> None:
    """In the order that takes longest."""
    name = ("a" + MARKS[485:515]) * 32
    data = "\n".join([name] * LINES).encode()

    def call(data: bytes) -> None:
        assert len(Corpus.from_bytes(data, source="list.txt").names) == LINES

    assert attack(call, [data]).returned


def test_accents_without_end_in_wishes_and_in_what_a_server_sends() -> None:
    many = "a" + MARKS * 200

    def call(way: str) -> None:
        if way == "company":
            assert clean_name(many) == ""
        else:
            make_wishes(**{way: many})

    assert attack(call, ["company", "starts_with", "matches"]).returned
