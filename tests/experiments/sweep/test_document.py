"""The document of ``results.json``: its fields are those of docs/use/sweep.md, in the form that it has had."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from namegen.config import Config
from namegen.documents import schema, to_plain
from namegen.experiments.sweep.document import Results, TrainedRun, UntrainedRun
from tests.experiments.sweep.made import trained_run

DOCS = Path(__file__).parents[3] / "docs" / "use" / "sweep.md"
METRICS = ["loss_nats_per_char", "bits_per_char", "accuracy_argmax", "accuracy_sampled"]
IDENTITY = ["run", "list", "backend", "seed", "settings", "model"]


def test_the_document_has_the_form_of_version_1() -> None:
    """To the letter, the order of the keys included: programs read it."""
    lost = UntrainedRun("x", "list.txt", "numpy", 0, {"training.seed": 0}, None, "failed", "it died")
    axes = {"training.rate_steps": ([[0, 0.1]], [[0, 0.2]])}
    plain = to_plain(Results("namegen sweep", 1, axes, Config(), 2, ("a.png",), (trained_run(0.1, 1, 0.5), lost)))
    assert json.loads(json.dumps(plain)) == plain
    assert list(plain) == ["format", "format_version", "axes", "base", "left", "plots", "runs"]
    assert plain["axes"] == {"training.rate_steps": [[[0, 0.1]], [[0, 0.2]]]}
    assert list(plain["base"]) == ["data", "network", "training", "teaching", "run"]
    assert plain["base"]["training"]["effort"] == "standard"
    done, failed = plain["runs"]
    assert list(failed) == [*IDENTITY, "status", "why", "commit"]
    sizes = ["parameters", "batch_size", "epochs", "best_epoch", "history"]
    assert list(done) == [
        *IDENTITY, "status", "machine", "versions", *sizes, "figures", "held_out", "timing", "commit"
    ]  # fmt: skip
    assert list(done["history"]) == [
        "epoch",
        "seconds",
        "learning_rate",
        "training_loss_nats_per_char",
        "validation_loss_nats_per_char",
        "validation_accuracy_argmax",
        "validation_accuracy_sampled",
    ]
    assert list(done["figures"]) == ["training", "held_out"]
    assert list(done["figures"]["held_out"]) == METRICS
    assert list(done["held_out"]) == [
        "names", "characters", "seen_percent", "ceiling", "baseline", "baseline_order"
    ]  # fmt: skip
    assert list(done["timing"]) == ["seconds", "seconds_per_epoch", "chars_per_second", "whole_seconds"]


@pytest.mark.parametrize("kind", [Results, TrainedRun, UntrainedRun])
def test_docs_explain_every_field(kind: type) -> None:
    text = DOCS.read_text(encoding="utf-8")
    for field in fields(kind):
        assert re.search(rf"`{field.name}`", text), f"docs/use/sweep.md does not explain {field.name}"


def test_a_run_has_a_schema() -> None:
    assert {"run", "figures", "commit"} <= set(schema(TrainedRun)["$defs"]["TrainedRun"]["required"])
