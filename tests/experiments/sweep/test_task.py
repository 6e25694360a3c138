"""What a worker does of a run; the real thing runs in tests/cli/test_sweep.py."""

from __future__ import annotations

import importlib
from types import ModuleType

import pytest

from namegen.config import Config
from namegen.core.settings import DataSettings
from namegen.errors import EngineError
from namegen.experiments.sweep.exchange import HeldOut, Job
from tests.experiments.sweep.made import trained_run
from tests.requirements import require


@pytest.fixture
def task() -> ModuleType:
    """The module, which imports dask."""
    require("distributed")
    return importlib.import_module("namegen.experiments.sweep.task")


def test_a_worker_of_another_version_does_not_train(task: ModuleType) -> None:
    with pytest.raises(EngineError, match="another version of namegen's code"):
        task.train_run(Job("x", Config(), "x", ("Al",), "of yesterday"))


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
