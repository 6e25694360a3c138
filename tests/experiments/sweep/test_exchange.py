"""What came of a run, as it is kept and read again."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest

from namegen.documents import to_plain
from namegen.experiments.sweep.exchange import RunOutcome, Trained, Untrained, read_run_outcome
from tests.experiments.sweep.made import trained_run

RUN = trained_run(0.1, 0, 0.5)
TRAINED = Trained(**{field.name: getattr(RUN, field.name) for field in fields(Trained)})


@pytest.mark.parametrize(
    "outcome",
    [TRAINED, Untrained("diverged", "astray", {"cores": 2}, {"numpy": "2.0"}), Untrained("failed", "it died")],
    ids=["done", "diverged", "failed"],
)
def test_an_outcome_is_read_as_it_was_written(outcome: RunOutcome) -> None:
    assert read_run_outcome(json.loads(json.dumps(to_plain(outcome)))) == outcome


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"epochs": "3"}, r"\$\.epochs"),
        ({"status": "lost"}, "why|status"),
        ({"history": {}}, r"\$\.history"),
        ({"more": 1}, r"\$\.more"),
        ({"held_out": None}, r"\$\.held_out"),
    ],
)
def test_another_form_is_refused(change: dict[str, Any], place: str) -> None:
    with pytest.raises(ValueError, match=place):
        read_run_outcome(to_plain(TRAINED) | change)
