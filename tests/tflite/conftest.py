"""Shared fixtures: a small trained network for each cell, exported with each quantization, and modified files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from namegen import api
from namegen.backends.tflite.contents import HASH_SIZE, with_hash
from namegen.backends.tflite.export import export_tflite
from namegen.backends.tflite.runtime import TFLiteModel
from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.checkpoint.metadata import shortest_name
from namegen.core.checkpoint.ngram_set import NgramSet
from namegen.core.data.corpus import Corpus
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.core.settings import Config
from namegen.errors import CheckpointError
from namegen.lists import load_bundled
from namegen.settings_toml import merge
from tests.labelled import FIRST, LABELS, NAMES
from tests.requirements import require

CELLS = ("simple_rnn", "gru", "lstm")
EACH = [("simple_rnn", "none"), ("gru", "int8"), ("lstm", "float16")]  # cells and quantizations
CheckpointOf = Callable[[str], Checkpoint]
Exported = Callable[..., Path]


def train(names: tuple[str, ...], **settings: object) -> Checkpoint:
    """Train for a few epochs, so that the logits differ clearly from those of an untrained network."""
    changed = {f"network.{name}": value for name, value in settings.items()}
    training = {"quick": True, "epochs": 4, "batch_size": 32}
    plain = {
        "data.validation": 0.0,
        **{f"training.{name}": value for name, value in training.items()},
    }
    config = merge(Config(), plain | changed)
    return api.train(Corpus(names, source="a part of mlb-first"), config=config).checkpoint


@pytest.fixture(autouse=True)
def libraries() -> None:
    """Skip all tests in this folder if LiteRT isn't installed."""
    require("ai_edge_litert")


@pytest.fixture(scope="session")
def names() -> tuple[str, ...]:
    return load_bundled("mlb-first").names[:3000]


@pytest.fixture(scope="session")
def checkpoint(names: tuple[str, ...]) -> CheckpointOf:
    """Return a function that trains one network per cell.

    The layers have different widths, so that mixing them up is noticed.
    """
    made: dict[str, Checkpoint] = {}

    def of(cell: str) -> Checkpoint:
        if cell not in made:
            made[cell] = train(names, cell=cell, hidden=(32, 24))
        return made[cell]

    return of


@pytest.fixture(scope="session")
def exported(checkpoint: CheckpointOf, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """Return a function that exports the network of a cell with a quantization."""
    folder = tmp_path_factory.mktemp("exported")

    def of(cell: str = "simple_rnn", quantize: str = "none") -> Path:
        path = folder / f"{cell}-{quantize}.tflite"
        if not path.exists():
            export_tflite(checkpoint(cell), path, quantize=quantize)
        return path

    return of


def logits_of(model: object, tree: PrefixTree) -> np.ndarray:
    """Compute the logits at every node, level by level."""
    state, found = model.initial_state(tree.roots), []
    for depth in range(tree.depth):
        rows = slice(tree.level[depth], tree.level[depth + 1])
        if depth:
            state = model.select(state, tree.parent[rows] - tree.level[depth - 1])
        logits, state = model.step(tree.token[rows], state)
        found.append(logits)
    return np.concatenate(found)  # (N, V)


def scored(checkpoint: Checkpoint) -> Checkpoint:
    """Add n-grams and score rules to a checkpoint of ``labelled_checkpoint``."""
    V = checkpoint.vocabulary.size
    start_tokens = [V + (place >= len(FIRST)) for place in range(len(NAMES))]
    tree = PrefixTree.from_names(NAMES, checkpoint.vocabulary, start_tokens)
    ngrams = NgramSet.from_tree(tree, checkpoint.vocabulary, labels=len(LABELS))
    checkpoint = replace(checkpoint, shortest_name=shortest_name(NAMES), ngrams=ngrams)
    scorer = api.open_checkpoint(checkpoint, "").filtering_generator.scorer
    assert scorer is not None
    return replace(checkpoint, score_rules=scorer.rules)


def score_of(model: api.LoadedModel, name: str, label: int = 0) -> float:
    """Compute the score of a new name with namegen's own scorer.

    Args:
        model: the model.
        name: the name.
        label: the index of its label; 0 without labels.
    """
    start_token = model.start_tokens.ids[[label]]
    tree = PrefixTree.from_names([name], model.vocabulary, start_token.tolist())
    log_probability = AccuracyEvaluator(model.model).name_log_probabilities(tree)
    scorer = model.scorer
    assert scorer is not None
    missing = scorer.missing([name], start_token)
    length = np.array([len(name)])
    return float(scorer.scores(log_probability, length, missing, start_token)[0])


def resealed(content: bytes, old: bytes, new: bytes) -> bytes:
    """Replace a part of the file and update the hash."""
    return with_hash(content[:-HASH_SIZE].replace(old, new))


def is_refused(content: bytes, words: str = ".") -> None:
    """Check that the file is rejected with one short sentence that contains its name."""
    with pytest.raises(CheckpointError, match=words) as caught:
        TFLiteModel(content, path="some.tflite")
    assert "some.tflite" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500
