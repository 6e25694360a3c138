"""Test that ``examples/tflite_names.py`` returns valid new names with the same scores as namegen."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from namegen import api
from namegen.backends.tflite.export import export_tflite
from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.data.corpus import Corpus
from namegen.core.settings import Config
from namegen.settings_toml import merge
from tests.labelled import labelled_checkpoint
from tests.tflite.conftest import score_of, scored

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "examples" / "tflite_names.py"
PAGE = ROOT / "docs" / "guides" / "phone.md"
COLORS = ["Red", "Blue", "Golden", "Green", "White", "Black", "Silver", "Grey"]
ANIMALS = ["Fox", "Goose", "Lion", "Stag", "Bear"]


def built_in(name: str) -> Checkpoint:
    checkpoint = api.load(name).checkpoint
    assert checkpoint is not None
    return checkpoint


def labelled_phrases() -> Checkpoint:
    """Train on phrases with two labels, so that n-grams and words depend on the label."""
    taverns = [f"The {color} {animal}" for color in COLORS for animal in ANIMALS][::2]
    ships = [f"{animal} of the {color} {len(color)}" for color in COLORS for animal in ANIMALS][
        1::2
    ]
    labels = ["tavern"] * len(taverns) + ["ship"] * len(ships)
    return trained(taverns + ships, labels)


def trained(names: list[str], labels: list[str] | None = None) -> Checkpoint:
    """Train a model for a few epochs."""
    config = merge(Config(), {"training.epochs": 6, "data.validation": 0.0})
    return api.train(Corpus.from_names(names, labels=labels), config=config).checkpoint


# By name: the checkpoint, the start of names, and the requested label.
MODELS: dict[str, tuple[Callable[[], Checkpoint], str, str | None]] = {
    "mlb-first": (lambda: built_in("mlb-first"), "Mar", None),
    "two labels": (lambda: scored(labelled_checkpoint()), "B", "last"),
    "labelled phrases": (labelled_phrases, "", None),
}


@pytest.fixture(scope="module")
def program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tflite_names", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["tflite_names"] = module  # for its dataclasses
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def exported(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str], tuple[Path, Checkpoint]]:
    """Return a function that returns the file and the checkpoint of a model."""
    folder = tmp_path_factory.mktemp("models")

    @cache
    def of(name: str) -> tuple[Path, Checkpoint]:
        make, prefix, _ = MODELS[name]
        checkpoint = make()
        path = folder / f"{name}.tflite"
        checked = prefix or checkpoint.vocabulary.characters[-1]
        export_tflite(checkpoint, path, names=[checked])
        return path, checkpoint

    return of


@pytest.mark.parametrize("name", MODELS)
def test_names_are_valid_and_have_the_same_scores(
    name: str, program: ModuleType, exported: Callable[[str], tuple[Path, Checkpoint]]
) -> None:
    path, checkpoint = exported(name)
    _, prefix, label = MODELS[name]
    model = program.Model.read(path)
    labels = program.matching_labels(model.labels, label)
    search = program.Search(
        count=20, prefix=prefix, temperature=0.9, labels=labels, rng=np.random.default_rng(1)
    )
    found = program.find_names(model, search)
    texts = [one.text for one in found]
    assert len(set(texts)) == 20
    assert all(text.startswith(prefix) for text in texts)
    assert {one.label for one in found} <= set(labels or [0])

    opened = api.open_checkpoint(checkpoint, "")
    metadata = opened.metadata
    assert not opened.normalization.are_known(texts, metadata.known_names).any()
    assert {metadata.shortest_name <= len(text) <= metadata.longest_name for text in texts} == {
        True
    }
    assert opened.scorer is not None
    for one in found:
        expected = score_of(opened, one.text, one.label)
        assert one.score == pytest.approx(expected, abs=1e-3)
        rule = opened.scorer.rules[min(one.label, len(opened.scorer.rules) - 1)]
        assert one.reaches_threshold == (one.score >= rule.threshold)


@pytest.mark.parametrize("name", MODELS)
def test_scores_of_bad_names_are_the_same(
    name: str, program: ModuleType, exported: Callable[[str], tuple[Path, Checkpoint]]
) -> None:
    """Names of random characters contain unknown n-grams of all orders and unknown words."""
    path, checkpoint = exported(name)
    model = program.Model.read(path)
    opened = api.open_checkpoint(checkpoint, "")
    rng = np.random.default_rng(2)
    characters = [character for character in opened.vocabulary.characters if character != " "]
    label_count = max(len(checkpoint.labels), 1)
    for size in (1, 2, 5, 9):
        words = ["".join(rng.choice(characters, size)) for _ in range(2)]
        text = " ".join(words) if " " in opened.vocabulary.characters else words[0]
        label = int(rng.integers(label_count))
        missing = [model.scorer.score(text, log_probability, label) for log_probability in (0, 1)]
        start_token = opened.start_tokens.ids[[label]]
        assert opened.scorer is not None
        expected = opened.scorer.scores(
            np.array([0.0, 1.0]),
            np.full(2, len(text)),
            np.repeat(opened.scorer.missing([text], start_token), 2),
            np.repeat(start_token, 2),
        )
        assert missing == pytest.approx(expected.tolist())


def test_the_example_on_the_page_runs_without_namegen(tmp_path: Path) -> None:
    """It prints the names that the page shows, and doesn't need TensorFlow either."""
    page = PAGE.read_text(encoding="utf-8")
    ((arguments, shown),) = re.findall(
        r"^python tflite_names\.py (.*)\n```\n\n```text\n(.*?)```", page, re.MULTILINE | re.DOTALL
    )
    export_tflite(built_in("mlb-last"), tmp_path / "mlb-last.tflite")
    code = (
        "import runpy, sys\n"
        "for name in ('tensorflow', 'keras', 'namegen'): sys.modules[name] = None\n"
        f"sys.argv = {['tflite_names.py', *arguments.split()]!r}\n"
        f"runpy.run_path({str(PROGRAM)!r}, run_name='__main__')"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, text=True, timeout=60, capture_output=True
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == shown
