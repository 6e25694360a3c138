"""One run of a sweep: what its child does, what its outcome and the document look like, what is kept of it."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from namegen.children import Parent, Part, PartEnded
from namegen.core.data.batching import ListParts
from namegen.core.data.corpus import Corpus
from namegen.core.engine import StepLosses
from namegen.core.evaluation.references import best_ngram
from namegen.documents import to_plain
from namegen.experiments.kept import KeptStore, open_folder
from namegen.experiments.sweep import task
from namegen.experiments.sweep.document import (
    Results,
    RunJob,
    RunOutcome,
    Trained,
    TrainedRun,
    Untrained,
    UntrainedRun,
    read_run_outcome,
    results_from_plain,
)
from namegen.experiments.sweep.grid import COMMAND, Grid, SweepRun
from namegen.experiments.sweep.run import MARK, keep, read_kept, sweep
from namegen.experiments.trained import plain_metrics
from namegen.lists import load_bundled
from namegen.settings_toml import Config, parse_config
from tests.experiments.sweep.made import trained_run
from tests.fake_engine import FakeEngine

DOCS = Path(__file__).parents[3] / "docs" / "use" / "sweep.md"
TINY = {"network": {"hidden": [4]}, "training": {"epochs": 1}}
DONE = trained_run(0.1, 0, 0.5)
TRAINED = Trained(**{field.name: getattr(DONE, field.name) for field in fields(Trained)})
RUN = SweepRun({"training.seed": 0}, Config(), Corpus(("Al", "Bo"), source="list.txt"))


# --- in the child -----------------------------------------------------------------------------------------------------


class Unheard(Parent):
    """A parent that is told in vain."""

    def __init__(self) -> None:
        self._epochs, self._next = 0, 0.0
        self.progress: list[tuple[int, int]] = []

    def tell(self, epoch: int, epochs: int) -> None:
        self.progress.append((epoch, epochs))


def train(tables: dict[str, Any], names: tuple[str, ...], **more: Any) -> tuple[RunOutcome, bytes | None]:
    job = to_plain(RunJob(parse_config(tables), "x", names, **{"held_out": None, **more}))
    answer = json.loads(json.dumps(task.train_run(job, Unheard())))
    model = answer["model"]
    return read_run_outcome(answer["outcome"]), None if model is None else b64decode(model)


def test_the_order_is_that_of_the_n_gram_whose_figures_stand_there() -> None:
    names = load_bundled("mlb-last").names[:500]  # whose best orders differ as they stand and damped
    outcome, model = train({"data": {"repeats": "kept"}, **TINY}, names)
    assert model
    config, corpus = parse_config({"data": {"repeats": "kept"}}), Corpus(names, source="x")
    parts = ListParts.from_corpus(corpus, config.data, seed=config.training.seed)
    best, metrics = best_ngram(parts.batches.tree, parts.held_out, corpus.vocabulary.size)
    assert isinstance(outcome, Trained)
    assert (outcome.held_out.baseline_order, outcome.held_out.baseline) == (best.order, plain_metrics(metrics))
    assert best.order == 8
    assert (outcome.held_out.names, outcome.held_out.characters) == (
        parts.held_out.name_count,
        parts.held_out.characters,
    )


def test_a_run_that_cannot_be_made_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    class Breaking(FakeEngine):
        def train_epoch(self, steps: object) -> StepLosses:
            raise RuntimeError("gone")

    names = load_bundled("mlb-last").names[:300]
    astray = {"training": {"epochs": 2, "learning_rate": 1e30, "optimizer": "sgd"}, "network": {"hidden": [4]}}
    found = [train(astray, names), train({"run": {"backend": "nobody's"}}, names)]
    monkeypatch.setattr(task, "load_engine", lambda name: Breaking)
    found.append(train({}, names))
    outcomes = [outcome for outcome, model in found if model is None]
    assert [outcome.status for outcome in outcomes] == ["diverged", "unavailable", "failed"]
    for outcome, said in zip(outcomes, ("lower training.learning_rate", "nobody's", "RuntimeError"), strict=True):
        assert isinstance(outcome, Untrained)
        assert said in outcome.why
        assert set(outcome.machine) == {"processor", "cores", "memory_gib", "system"}
        assert outcome.versions["numpy"]


# --- the documents ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "outcome",
    [TRAINED, Untrained("diverged", "astray", {"cores": 2}, {"numpy": "2.0"}), Untrained("failed", "it died")],
    ids=["done", "diverged", "failed"],
)
def test_an_outcome_is_read_as_it_was_written(outcome: RunOutcome) -> None:
    assert read_run_outcome(json.loads(json.dumps(to_plain(outcome)))) == outcome


def test_the_document_is_read_as_it_was_written_and_its_fields_are_explained() -> None:
    lost = UntrainedRun("x", "list.txt", "numpy", 0, {"training.rate_steps": [[0, 0.1]]}, None, "failed", "it died")
    axes = {"training.rate_steps": ([[0, 0.1]], [[0, 0.2]])}
    run = replace(trained_run(0.1, 1, 0.5), settings=lost.settings)
    made = Results("namegen sweep", 2, axes, Config(), 2, ("a.png",), {}, (run, lost))
    plain = to_plain(made)
    assert json.loads(json.dumps(plain)) == plain
    assert results_from_plain(plain) == made
    assert list(plain) == ["format", "format_version", "axes", "base", "left", "plots", "engine_codes", "runs"]
    text = DOCS.read_text(encoding="utf-8")
    for field in (*fields(Results), *fields(TrainedRun), *fields(UntrainedRun)):
        assert re.search(rf"`{field.name}`", text), f"docs/use/sweep.md does not explain {field.name}"


# --- what is kept -----------------------------------------------------------------------------------------------------


def ended(outcome: RunOutcome, model: str | None = None) -> PartEnded:
    return PartEnded(Part("work", None), {"outcome": to_plain(outcome), "model": model})


def test_a_trained_run_is_found_by_a_sweep_with_other_axes(tmp_path: Path) -> None:
    found = keep(KeptStore(tmp_path), RUN, ended(TRAINED, b64encode(b"weights").decode()))
    assert found.model == f"runs/seed-0-{RUN.key}.safetensors"
    assert (tmp_path / f"seed-0-{RUN.key}.safetensors").read_bytes() == b"weights"
    other_axes = replace(RUN, settings={"training.epochs": None})
    assert KeptStore(tmp_path).read({other_axes.key: other_axes}, read_kept) == {RUN.key: found}


@pytest.mark.parametrize(("status", "kept"), [("diverged", True), ("unavailable", False), ("failed", False)])
def test_of_the_others_only_one_that_diverged_is_a_result(tmp_path: Path, status: str, kept: bool) -> None:
    found = keep(KeptStore(tmp_path), RUN, ended(Untrained(status, "why")))
    assert found.model is None
    assert KeptStore(tmp_path).read({RUN.key: RUN}, read_kept) == ({RUN.key: found} if kept else {})
    assert len(list(tmp_path.iterdir())) == kept


def test_the_document_has_what_is_kept_and_names_as_they_are(tmp_path: Path) -> None:
    run = replace(RUN, corpus=replace(RUN.corpus, source="Zoë.txt"))
    with open_folder(tmp_path, mark=MARK, command=COMMAND, inside="runs") as kept:
        keep(KeptStore(kept), run, ended(Untrained("diverged", "why")))
    made = sweep(Grid("sweep.toml", Config(), {"training.seed": (0,)}), [run], tmp_path)
    written = (tmp_path / "results.json").read_text(encoding="utf-8")
    assert results_from_plain(json.loads(written)) == made
    assert "Zoë.txt" in written


def test_a_part_that_died_is_a_run_that_failed_and_is_made_again(tmp_path: Path) -> None:
    found = keep(KeptStore(tmp_path), RUN, PartEnded(Part("work", None), trouble="it died", died=True))
    assert found.outcome == Untrained("failed", "it died")
    assert list(tmp_path.iterdir()) == []


def test_a_run_of_another_form_is_made_again(tmp_path: Path) -> None:
    KeptStore(tmp_path).keep(f"seed-0-{RUN.key}", {"status": "diverged", "why": "x", "more": 1}, about={})
    assert KeptStore(tmp_path).read({RUN.key: RUN}, read_kept) == {}
