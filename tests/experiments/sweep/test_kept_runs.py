"""Which runs of a sweep are kept, and how they are found again."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import pytest

from namegen.config import Config
from namegen.core.data.corpus import Corpus
from namegen.experiments.kept import KeptStore
from namegen.experiments.sweep.exchange import RunAnswer, Trained, Untrained
from namegen.experiments.sweep.grid import SweepRun
from namegen.experiments.sweep.kept_runs import keep, read_kept
from tests.experiments.sweep.made import trained_run

DONE = trained_run(0.1, 0, 0.5)
OUTCOME = Trained(**{field.name: getattr(DONE, field.name) for field in fields(Trained)})
RUN = SweepRun({"training.seed": 0}, Config(), Corpus(("Al", "Bo"), source="list.txt"))
OTHER_AXES = replace(RUN, settings={"training.epochs": None})


def test_a_trained_run_is_found_by_a_sweep_with_other_axes(tmp_path: Path) -> None:
    found = keep(KeptStore(tmp_path), RUN, RunAnswer(OUTCOME, b"weights"))
    assert found.model == f"runs/seed-0-{RUN.key}.safetensors"
    assert (tmp_path / f"seed-0-{RUN.key}.safetensors").read_bytes() == b"weights"
    assert read_kept(KeptStore(tmp_path), [OTHER_AXES]) == {RUN.key: found}


@pytest.mark.parametrize(("status", "kept"), [("diverged", True), ("unavailable", False), ("failed", False)])
def test_of_the_others_only_one_that_diverged_is_a_result(tmp_path: Path, status: str, kept: bool) -> None:
    found = keep(KeptStore(tmp_path), RUN, RunAnswer(Untrained(status, "why")))
    assert found.model is None
    assert read_kept(KeptStore(tmp_path), [RUN]) == ({RUN.key: found} if kept else {})
    assert len(list(tmp_path.iterdir())) == kept


def test_a_run_of_another_form_is_made_again(tmp_path: Path) -> None:
    """An earlier namegen kept it as ``outcome``; a later one may know of more."""
    name = f"seed-0-{RUN.key}"
    KeptStore(tmp_path).keep(name, {"status": "diverged", "why": "x", "more": 1}, about={})
    assert read_kept(KeptStore(tmp_path), [RUN]) == {}
    old = {"label": "seed 0", "settings": {}, "outcome": {"status": "diverged", "why": "x"}, "checksum": "0" * 16}
    (tmp_path / f"{name}.json").write_text(json.dumps(old))
    assert read_kept(KeptStore(tmp_path), [RUN]) == {}
