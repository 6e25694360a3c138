"""Train one model for ``benchmarks.quality``, and store its loss on each name of the test set in ``build/quality``."""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.lists import US_FIRST_LINES, load
from benchmarks.quality_models import MODELS, Settings
from benchmarks.quality_page import SPLIT_SEED
from namegen.backends import load_engine
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.engine import LanguageModel
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.core.training.preparation import PreparedTraining, prepare
from namegen.core.training.result import RunResult
from namegen.core.training.run import TrainingRun
from namegen.settings_toml import Config, merge
from namegen.types import Array, Float64

FOLDER = Path("build") / "quality"


@dataclass(frozen=True)
class Run:
    """A training run of the benchmark."""

    list_name: str
    model: str
    seed: int

    @property
    def path(self) -> Path:
        """The file with the results of the run."""
        title = f"{Path(self.list_name).name} {self.model}".lower()
        letters = [letter if letter.isalnum() else "-" for letter in title]
        return FOLDER / f"{''.join(letters)}-{self.seed}.npz"

    @property
    def settings(self) -> Settings:
        """The settings of the split, the seed and the model."""
        return {
            "data.test": 0.1,
            "data.split": "by-row" if self.list_name == US_FIRST_LINES else "by-name",
            "data.split_seed": SPLIT_SEED,
            "training.seed": self.seed,
            "run.plot": False,
            **MODELS[self.model],
        }


def ensure_results(run: Run) -> None:
    """Train a model and store its results, unless the same recipe has already been trained.

    Several models can have the same recipe, because the default settings depend on the list.
    """
    prepared = _prepare(run)
    recipe = _describe_recipe(prepared)
    stored_path = _find_results(run, recipe)
    if stored_path is None:
        _train(prepared, recipe, run.path)
    elif stored_path != run.path:
        shutil.copyfile(stored_path, run.path)


def _prepare(run: Run) -> PreparedTraining:
    """Load the list, and prepare the run."""
    corpus = load(run.list_name)
    config = merge(Config(), run.settings)
    backend = "transformer" if run.model.startswith("Transformer") else "numpy"
    return prepare(corpus, config.recipe, load_engine(backend))


def _describe_recipe(prepared: PreparedTraining) -> str:
    """Return everything that determines the result of a run, except for the code of the backend."""
    recipe = asdict(prepared.recipe)
    return json.dumps([prepared.network.summary, prepared.corpus.fingerprint, recipe])


def _find_results(run: Run, recipe: str) -> Path | None:
    """Find the stored results of a recipe among the models that were trained with the list and seed of a run."""
    for model in MODELS:
        path = Run(run.list_name, model, run.seed).path
        if path.exists() and str(np.load(path).get("recipe")) == recipe:
            return path
    return None


def _train(prepared: PreparedTraining, recipe: str, path: Path) -> None:
    """Train a network, measure the CPU time, and store the results of its best epoch."""
    start = time.process_time()
    result = TrainingRun(prepared).run()
    seconds = time.process_time() - start
    engine = prepared.engine
    engine.set_state({**engine.get_state(), **result.checkpoint.parameters})
    facts = {
        "parameters": sum(array.size for array in result.checkpoint.parameters.values()),
        "seconds": seconds,
        "epochs": result.epochs,
        "best_epoch": result.best_epoch,
        "recipe": recipe,
    }
    _write_arrays(path, {**_evaluate(prepared, result), **facts})


def _evaluate(prepared: PreparedTraining, result: RunResult) -> dict[str, Array]:
    """Compute the log probability of each test name under the network and the n-gram baseline.

    All arrays have one element per distinct test name.
    """
    test = prepared.parts.test
    assert test is not None  # a tenth of the list
    rows = test.sequences()
    names = _encoded_names(test)
    training_names = _encoded_names(prepared.parts.training)
    return {
        "network": _name_log_probabilities(prepared.engine, test),
        "n-gram": _name_log_probabilities(_ngram_baseline(prepared, result), test),
        "counts": rows.counts,
        "lengths": rows.lengths + 1,  # with the end token
        "learned": np.isin(names, training_names),
    }


def _name_log_probabilities(model: LanguageModel, test: PrefixTree) -> Float64[Array, "names"]:
    return AccuracyEvaluator(model).name_log_probabilities(test)


def _ngram_baseline(prepared: PreparedTraining, result: RunResult) -> LanguageModel:
    """Return the n-gram with the lowest loss on the validation set."""
    assert result.references is not None  # there is a validation set
    vocabulary_size = prepared.parts.vocabulary.size
    return result.references.baseline.fitted_on(prepared.parts.training, vocabulary_size)


def _encoded_names(tree: PrefixTree) -> Array:
    """Return the distinct names of a tree as byte strings, in the order of ``sequences``."""
    rows = tree.sequences()
    encoded = []
    for tokens, length in zip(rows.tokens, rows.lengths, strict=True):
        encoded.append(tokens[:length].tobytes())
    return np.array(encoded, dtype=object)


def _write_arrays(path: Path, arrays: dict[str, Any]) -> None:
    """Write a file as a whole, so that an interrupted run leaves no broken file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        np.savez_compressed(file, **arrays)
    os.replace(unfinished, path)
