"""What a worker does of a run; the real thing runs in tests/cli/test_sweep.py."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

import pytest

from namegen.config import Config, parse_config
from namegen.core.data.batching import ListParts
from namegen.core.data.corpus import Corpus
from namegen.core.engine import StepLosses
from namegen.core.evaluation.ngram import NgramModel
from namegen.core.settings import DataSettings
from namegen.core.training.progress import SilentListener
from namegen.errors import EngineError
from namegen.experiments.sweep.exchange import HeldOut, RunJob
from namegen.experiments.sweep.grid import training_code
from namegen.experiments.trained import plain_metrics
from namegen.lists import load_bundled
from tests.experiments.sweep.made import trained_run
from tests.fake_engine import FakeEngine
from tests.requirements import require


@pytest.fixture
def task() -> ModuleType:
    """The module, which imports dask."""
    require("distributed")
    return importlib.import_module("namegen.experiments.sweep.task")


def test_a_worker_of_another_version_does_not_train(task: ModuleType) -> None:
    with pytest.raises(EngineError, match="another version of namegen's code"):
        task.train_run(RunJob("x", Config(), "x", ("Al",), "of yesterday"))


def test_what_belongs_to_a_split_is_computed_once(task: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fitting the n-grams takes longer than many a run."""
    monkeypatch.setattr(task, "_known_splits", {})
    monkeypatch.setattr(task, "MOST_SPLITS", 2)
    computed: list[tuple[str, int]] = []

    def ask(fingerprint: str, seed: int, data: DataSettings = DataSettings()) -> HeldOut:  # noqa: B008
        def compute() -> HeldOut:
            computed.append((fingerprint, seed))
            return trained_run(0.1, seed, 0.5).held_out

        return task.remembered((fingerprint, data, seed), compute)

    assert ask("a", 0) is ask("a", 0)
    ask("a", 1)
    assert computed == [("a", 0), ("a", 1)]
    ask("a", 1, DataSettings(split="names"))  # pushes the oldest out
    ask("a", 1)
    ask("a", 0)
    assert computed == [("a", 0), ("a", 1), ("a", 1), ("a", 0)]


class Untold(SilentListener):
    """Stands for the teller where no worker runs."""

    def __init__(self, run: str) -> None:
        self.epochs = 0

    def stop(self) -> bool:
        return False


def test_the_runs_of_a_split_fit_its_counting_once(task: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task, "_known_splits", {})
    monkeypatch.setattr(task, "Teller", Untold)
    fitted: list[tuple[Any, ...]] = []
    best = NgramModel.best

    def counted(*arguments: Any) -> Any:
        fitted.append(arguments)
        return best(*arguments)

    monkeypatch.setattr(NgramModel, "best", counted)
    names = load_bundled("mlb-last").names[:500]  # whose best orders differ as they stand and damped
    outcomes, fits = [], []
    for rate in (0.01, 0.001):
        tables = {"network": {"hidden": [4]}, "training": {"epochs": 1, "learning_rate": rate}}
        answer = task.train_run(RunJob("x", parse_config(tables), "x", names, training_code("numpy")))
        assert answer.model
        outcomes.append(answer.outcome)
        fits.append(len(fitted))
    assert fits == [1, 1]
    assert outcomes[0].held_out == outcomes[1].held_out
    assert outcomes[0].figures != outcomes[1].figures


def test_an_engine_that_breaks_down_fails_one_run(task: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    class Breaking(FakeEngine):
        def train_epoch(self, steps: object) -> StepLosses:
            raise RuntimeError("gone")

    monkeypatch.setattr(task, "Teller", Untold)
    monkeypatch.setattr(task, "load_engine", lambda name: Breaking)
    answer = task.train_run(RunJob("x", Config(), "x", load_bundled("mlb-last").names[:100], training_code("numpy")))
    assert (answer.outcome.status, answer.model) == ("failed", None)
    assert answer.outcome.why.startswith(
        "the engine fake failed in epoch 1 with RuntimeError (gone), so training stops"
    )


@pytest.mark.parametrize("repeats", ["damped", "kept"])
def test_the_order_is_that_of_the_n_gram_whose_figures_stand_there(
    task: ModuleType, monkeypatch: pytest.MonkeyPatch, repeats: str
) -> None:
    monkeypatch.setattr(task, "_known_splits", {})
    monkeypatch.setattr(task, "Teller", Untold)
    names = load_bundled("mlb-last").names[:500]
    tables = {"data": {"repeats": repeats}, "network": {"hidden": [4]}, "training": {"epochs": 1}}
    config = parse_config(tables)
    held_out = task.train_run(RunJob("x", config, "x", names, training_code("numpy"))).outcome.held_out
    corpus = Corpus(names, source="x")
    parts = ListParts.from_corpus(corpus, config.data, seed=config.training.seed)
    model, metrics = NgramModel.best(parts.batches.tree, parts.held_out, corpus.vocabulary.size)
    assert (held_out.baseline_order, held_out.baseline) == (model.order, plain_metrics(metrics))
    assert model.order == {"damped": 5, "kept": 8}[repeats]
