"""Check that every file format preserves all metadata, and that invalid metadata is rejected."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from namegen.backends.tflite.contents import contents_of, read_contents, to_bytes_of
from namegen.core.checkpoint.checkpoint import Checkpoint, read_known_names, write_known_names
from namegen.core.checkpoint.metadata import (
    Label,
    Metadata,
    bytes_to_text,
    read_metadata,
)
from namegen.core.checkpoint.ngram_set import NgramSet
from namegen.core.checkpoint.score_rule import ScoreRule
from namegen.core.checkpoint.tensor_file import read_tensors, write_tensors
from namegen.core.data.normalization import KnownSet, known_set
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.network.architecture import RecurrentNetwork
from namegen.errors import CheckpointError
from namegen.web.description import PageModel
from namegen.web.export import model_data, page

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "file-formats.md"
NETWORK = RecurrentNetwork(4, "gru", (2,), labels=2)
VOCABULARY = Vocabulary("AZé")


def ngrams_of(labels: int, vocabulary: Vocabulary = VOCABULARY) -> NgramSet:
    """Return the n-grams of one name that has every label."""
    tree = PrefixTree.from_names(
        ["AZ"] * labels, vocabulary, [vocabulary.size + label for label in range(labels)]
    )
    return NgramSet.from_tree(tree, vocabulary, labels)


# For each field, a value that differs from its default.
VALUES: dict[str, Any] = {
    "network": NETWORK,
    "vocabulary": VOCABULARY,
    "engine": "keras",
    "labels": (Label("<b>first</b>", 3), Label("second", 2**40)),
    "shortest_name": 3,
    "longest_name": 7,
    "score_rules": (
        ScoreRule(-1.5, -2.25, 0.5, 0.125, -0.75),
        ScoreRule(-3.0, -1.0, 1.0, 0.0, 1e-5),
    ),
    "endings": ("inc", "co"),
    "patterns": ("Xx", "^Xx", "aaa"),
    "letter_case": "upper",
    "ngrams": ngrams_of(2),
    "words": known_set(["0 Bay", "1 Port"]).short,
    "training": {
        "list": "elves.txt",
        "names": 3,
        "validation": None,
        "somebody's own": [1, {"a": None}],
    },
    "score_quantiles": np.linspace(-30, -3, 101),
    "probe": np.arange(8, dtype=np.float32).reshape(2, 4) / 7,
    "known_names": known_set(["Zoë", "Al", "\x1f"]),
}


def a_checkpoint(**changes: object) -> Checkpoint:
    """Return a checkpoint with the correct self-test logits, because exports check them."""
    from namegen.core.checkpoint.self_test import self_test_logits
    from tests.reading import engine_of

    values = NETWORK.initial_parameters("glorot", rng=np.random.default_rng(0))
    source = Checkpoint(
        parameters={name: value.astype(np.float32) for name, value in values.items()}, **VALUES
    )
    return replace(source, **{"probe": self_test_logits(engine_of(source), 4), **changes})


def by_checkpoint(source: Checkpoint, folder: Path) -> Metadata:
    source.save(folder / "model.safetensors")
    return Checkpoint.load(folder / "model.safetensors")


def by_tflite(source: Checkpoint, folder: Path) -> Metadata:
    return read_contents(to_bytes_of(contents_of(source, "none")), "model.tflite").metadata


def by_page(source: Checkpoint, folder: Path) -> Metadata:
    (model,) = json.loads(
        re.search(
            r'id="models-data" type="application/json">(.*?)</script>',
            page([PageModel("a", source)]),
        )[1]
    )
    return read_metadata(model["metadata"])


def by_module(source: Checkpoint, folder: Path) -> Metadata:
    (model,) = json.loads(model_data([PageModel("a", source)]))["models"]
    return read_metadata(model["metadata"])


FILES = (by_checkpoint, by_tflite, by_page, by_module)
Way = Callable[[Checkpoint, Path], Metadata]


def same(value: object, other: object) -> bool:
    if isinstance(value, np.ndarray):
        return (
            isinstance(other, np.ndarray)
            and value.dtype == other.dtype
            and np.array_equal(value, other)
        )
    if isinstance(value, NgramSet):
        return isinstance(other, NgramSet) and value.to_bytes() == other.to_bytes()
    if isinstance(value, KnownSet):
        return isinstance(other, KnownSet) and np.array_equal(
            value.short.numbers, other.short.numbers
        )
    return value == other


@pytest.mark.parametrize("way", FILES)
def test_every_field_is_restored(way: Way, tmp_path: Path) -> None:
    assert set(VALUES) == {field.name for field in fields(Metadata)}, (
        "add a value for the new field above"
    )
    assert all(f"\n| `{name}` |" in PAGE.read_text(encoding="utf-8") for name in VALUES), (
        f"{PAGE} must describe every field"
    )
    source = a_checkpoint()
    back = way(source, tmp_path)
    for field in fields(Metadata):
        assert not same(getattr(source, field.name), field.default), (
            f"{field.name} has its default: choose another value"
        )
        assert same(getattr(back, field.name), getattr(source, field.name)), field.name


@pytest.mark.parametrize("way", FILES)
def test_no_export_contains_the_path_of_the_list(way: Way, tmp_path: Path) -> None:
    path = str(tmp_path / "mine" / "elves.txt")
    training = way(a_checkpoint(training={"list": path, "names": 3}), tmp_path).training
    assert training == {"list": path if way is by_checkpoint else "elves.txt", "names": 3}


def a_rule(**changes: object) -> dict[str, object]:
    return {
        "mean_level": 0.0,
        "mean_slope": 0.0,
        "spread_level": 1.0,
        "spread_slope": 0.0,
        "threshold": 0.0,
    } | changes


FORGED = {
    "network": [
        None,
        {"architecture": "rnn"},
        {**NETWORK.to_dict(), "labels": 1},
        {**NETWORK.to_dict(), "more": 1},
    ],
    "vocabulary": ["ZA", "A", 1],
    "engine": [7],
    "labels": [[{"name": "a"}] * 2, [{"name": "a", "names": -1}] * 2, []],
    "longest_name": [0, 1.5, None],
    "shortest_name": [0, 1.5, 8],  # longer than the longest name, which has seven characters
    "score_rules": [
        None,
        [a_rule(threshold="high")],
        [a_rule(more=0.0)],
        [a_rule()] * 3,  # three rules for two labels
    ],
    "endings": ["inc"],
    "training": [None, {"names": -1}, {"list": 1}, {"test_share": 2}, {"test": [0.5]}],
    "score_quantiles": [
        "~~~~~",
        "é" * 1010,
        *(
            bytes_to_text(np.asarray(values, "<f8").tobytes())
            for values in (
                np.arange(100),
                -np.arange(101),
                [*np.zeros(100), np.inf],
                [np.nan] * 101,
            )
        ),
    ],
    "probe": ["", "0" * 35, "0" * 45, 1],
    "ngrams": [
        "",
        "~~~~~",
        bytes_to_text(ngrams_of(1).to_bytes()),  # only one label
        bytes_to_text(ngrams_of(2, Vocabulary("AZéê")).to_bytes()),  # another vocabulary
    ],
    "patterns": ["", 1, [1]],
    "letter_case": ["", "title", 1],
    "words": ["", "~~~~~"],
    "known_names": [
        "~~~~~",
        bytes_to_text(known_set(["Al"]).to_bytes() + b"\0"),
        bytes_to_text(b"\xff" * 9),
    ],
}


@pytest.mark.parametrize("name", VALUES)
def test_missing_unknown_and_invalid_fields_are_rejected(name: str) -> None:
    plain = a_checkpoint().to_plain()
    assert read_metadata(plain).engine == "keras"
    for wrong in (
        {key: value for key, value in plain.items() if key != name},
        {**plain, f"{name}_more": 1},
        *({**plain, name: value} for value in FORGED[name]),
    ):
        with pytest.raises(ValueError, match=r"^[^\n]{5,300}$"):
            read_metadata(wrong)


def test_an_invalid_file_of_known_names_is_rejected(tmp_path: Path) -> None:
    path, sound = tmp_path / "model.known_names.safetensors", np.array([1, 2, 3], np.uint64)
    write_known_names(path, KnownSet(sound))
    assert read_known_names(path).numbers.tolist() == [1, 2, 3]
    _, document = read_tensors(path)
    wrong = (sound[::-1], sound[[0, 0]], sound.astype(float), sound[None])
    for tensors in ({}, {"more": sound}, *({"known_names": hashes} for hashes in wrong)):
        write_tensors(path, tensors, document)
        with pytest.raises(CheckpointError, match="does not contain the known names of a model"):
            read_known_names(path)
