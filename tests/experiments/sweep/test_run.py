"""Test a run of a sweep: its child process, its outcome, and its files."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from namegen.children import Job, JobEnded, Parent
from namegen.core.data.corpus import Corpus
from namegen.core.data.list_parts import ListParts
from namegen.core.engine import StepLosses
from namegen.core.evaluation.references import best_ngram
from namegen.core.settings import Config
from namegen.documents import from_plain, to_plain
from namegen.experiments.kept import KeptStore, open_folder
from namegen.experiments.sweep import task
from namegen.experiments.sweep.document import Outcome, Results, RunJob
from namegen.experiments.sweep.grid import COMMAND, Grid, SweepRun
from namegen.experiments.sweep.run import MARK, keep, read_kept, sweep
from namegen.experiments.trained import plain_metrics
from namegen.lists import load_bundled
from namegen.settings_toml import parse_config
from tests.experiments.sweep.made import results_of, some_run, trained_run
from tests.fake_engine import FakeEngine

TINY = {"network": {"hidden": [4]}, "training": {"epochs": 1}}
DONE = Outcome("done", "", None, {"numpy": "2.0"}, trained_run(0.1, 0, 0.5).trained)
DIVERGED = Outcome("diverged", "astray", None, {}, None)
RUN = SweepRun({"training.seed": 0}, Config(), Corpus(("Al", "Bo"), source="list.txt"))


# --- in the child process ---------------------------------------------------------------------------------------------


class Unheard(Parent):
    """A fake parent process that records progress."""

    def __init__(self) -> None:
        self._epochs = 0
        self._next_report = 0.0
        self.progress: list[tuple[int, int]] = []

    def report_progress(self, epoch: int, epochs: int) -> None:
        self.progress.append((epoch, epochs))


def train(
    tables: dict[str, Any], names: tuple[str, ...], **more: Any
) -> tuple[Outcome, bytes | None]:
    job = to_plain(RunJob(parse_config(tables), "x", names, **{"held_out": None, **more}))
    answer = json.loads(json.dumps(task.train_run(job, Unheard())))
    model = answer["model"]
    return from_plain(Outcome, answer["outcome"]), None if model is None else b64decode(model)


def test_the_baseline_order_matches_the_baseline_metrics() -> None:
    # The best order for these names depends on the weighting of duplicates.
    names = load_bundled("mlb-last").names[:500]
    outcome, model = train({"data": {"duplicates": "full"}, **TINY}, names)
    assert model
    config, corpus = parse_config({"data": {"duplicates": "full"}}), Corpus(names, source="x")
    parts = ListParts.from_corpus(corpus, config.data, seed=config.training.seed)
    best, metrics = best_ngram(parts.batches.tree, parts.validation, corpus.vocabulary.size)
    held_out = outcome.done.held_out
    assert (held_out.baseline_order, held_out.baseline) == (best.order, plain_metrics(metrics))
    assert best.order == 8
    assert (held_out.names, held_out.characters) == (
        parts.validation.name_count,
        parts.validation.characters,
    )


def test_a_run_that_fails_explains_why(monkeypatch: pytest.MonkeyPatch) -> None:
    class Breaking(FakeEngine):
        def train_epoch(self, steps: object) -> StepLosses:
            raise RuntimeError("gone")

    names = load_bundled("mlb-last").names[:300]
    astray = {
        "training": {"epochs": 2, "learning_rate": 1e30, "optimizer": "sgd"},
        "network": {"hidden": [4]},
    }
    found = [train(astray, names), train({"run": {"backend": "nobody's"}}, names)]
    monkeypatch.setattr(task, "load_engine", lambda name: Breaking)
    found.append(train({}, names))
    outcomes = [outcome for outcome, model in found if model is None]
    assert [outcome.status for outcome in outcomes] == ["diverged", "unavailable", "failed"]
    for outcome, said in zip(
        outcomes, ("lower training.learning_rate", "nobody's", "RuntimeError"), strict=True
    ):
        assert said in outcome.why
        assert outcome.machine is not None
        assert outcome.versions["numpy"]


# --- the results document ---------------------------------------------------------------------------------------------


def test_results_survive_a_round_trip_through_json() -> None:
    axes = {"training.lr_steps": ([[0, 0.1]], [[0, 0.2]])}
    settings = {"training.lr_steps": [[0, 0.1]]}
    runs = [trained_run(0.1, 1, 0.5), some_run(0.1, 0, status="failed", why="it died")]
    made = results_of(*(replace(run, settings=settings) for run in runs), axes=axes, left=2)
    plain = to_plain(made)
    assert json.loads(json.dumps(plain)) == plain
    assert from_plain(Results, plain) == made


# --- stored runs ------------------------------------------------------------------------------------------------------


def ended(outcome: Outcome, model: str | None = None) -> JobEnded:
    return JobEnded(Job("work", None), {"outcome": to_plain(outcome), "model": model})


def test_a_sweep_with_other_axes_finds_a_trained_run(tmp_path: Path) -> None:
    found = keep(KeptStore(tmp_path), RUN, ended(DONE, b64encode(b"weights").decode()))
    assert found.model == f"runs/seed-0-{RUN.key}.safetensors"
    assert (tmp_path / f"seed-0-{RUN.key}.safetensors").read_bytes() == b"weights"
    other_axes = replace(RUN, settings={"training.epochs": None})
    assert read_kept(KeptStore(tmp_path), other_axes) == replace(
        found, settings=other_axes.settings
    )


@pytest.mark.parametrize(
    ("status", "kept"), [("diverged", True), ("unavailable", False), ("failed", False)]
)
def test_diverged_runs_are_kept_but_failed_ones_are_not(
    tmp_path: Path, status: str, kept: bool
) -> None:
    found = keep(KeptStore(tmp_path), RUN, ended(replace(DIVERGED, status=status)))
    assert found.model is None
    assert read_kept(KeptStore(tmp_path), RUN) == (found if kept else None)
    assert len(list(tmp_path.iterdir())) == kept


def test_results_contain_kept_runs_and_unescaped_names(tmp_path: Path) -> None:
    run = replace(RUN, corpus=replace(RUN.corpus, source="Zoë.txt"))
    with open_folder(tmp_path, mark=MARK, command=COMMAND, inside="runs") as kept:
        keep(KeptStore(kept), run, ended(DIVERGED))
    made = sweep(Grid("sweep.toml", Config(), {"training.seed": (0,)}), [run], tmp_path)
    written = (tmp_path / "results.json").read_text(encoding="utf-8")
    assert from_plain(Results, json.loads(written)) == made
    assert "Zoë.txt" in written


def test_a_run_whose_process_died_fails_and_is_not_kept(tmp_path: Path) -> None:
    found = keep(KeptStore(tmp_path), RUN, JobEnded(Job("work", None), trouble="it died"))
    assert (found.status, found.why, found.trained) == ("failed", "it died", None)
    assert list(tmp_path.iterdir()) == []


def test_a_stored_run_in_another_format_is_ignored(tmp_path: Path) -> None:
    KeptStore(tmp_path).keep(f"seed-0-{RUN.key}", {"status": "diverged", "why": "x", "more": 1})
    assert read_kept(KeptStore(tmp_path), RUN) is None
