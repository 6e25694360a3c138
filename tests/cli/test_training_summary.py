"""What a training says at its end: the network beside counting, in words that follow from the figures."""

from __future__ import annotations

import math
from copy import copy
from dataclasses import replace

import pytest

from namegen.cli import training_summary
from namegen.cli.training_summary import _which_names, verdict
from namegen.core.evaluation.references import HeldOutReferences
from namegen.core.settings import DataSettings
from namegen.core.training.run_result import RunResult
from tests.core.training.small_runs import make_run


@pytest.fixture(scope="module")
def trained() -> RunResult:
    return make_run(data=DataSettings(repeats="kept")).run()


def told(
    trained: RunResult, better_by: float, *, best_epoch: int = 3, distinct: int = 5_000, effort: str = "quick"
) -> str:
    """The verdict where counting loses so many more nats a character than the network."""
    assert trained.validation is not None
    assert trained.references is not None
    references: HeldOutReferences = replace(trained.references)  # a copy, which is told its n-gram
    loss = trained.validation.loss_nats_per_char + better_by
    baseline = trained.references.baseline
    metrics = replace(baseline.metrics, loss_nats_per_char=loss)
    references.__dict__["baseline"] = replace(baseline, metrics=metrics)
    settings = {**trained.checkpoint.training["settings"], "effort": effort}
    training = {**trained.checkpoint.training, "distinct_names": distinct, "settings": settings}
    checkpoint = replace(trained.checkpoint, training=training)
    return " ".join(
        verdict(replace(trained, references=references, best_epoch=best_epoch, epochs=20, checkpoint=checkpoint))
    )


@pytest.mark.parametrize(
    ("better_by", "said"),
    [
        (0.0312, "is better than counting (an n-gram model), by 0.031 nats per character."),
        (0.004, "is as good as counting (an n-gram model)."),
        (-0.004, "is as good as counting (an n-gram model)."),
        (-0.02, "is worse than counting (an n-gram model), by 0.020 nats per character"),
    ],
)
def test_the_network_beside_counting(trained: RunResult, better_by: float, said: str) -> None:
    assert f"On names that it has not seen, this network {said}" in told(trained, better_by)


@pytest.mark.parametrize(
    ("effort", "best_epoch", "said"),
    [("quick", 20, "--effort standard"), ("standard", 19, "--epochs 40"), ("standard", 9, "a longer one")],
)
def test_where_counting_wins_it_says_what_to_do(trained: RunResult, effort: str, best_epoch: int, said: str) -> None:
    assert said in told(trained, -0.1, effort=effort, best_epoch=best_epoch)


def test_the_test_part_is_the_judge_where_there_is_one(trained: RunResult, monkeypatch: pytest.MonkeyPatch) -> None:
    assert trained.validation is not None
    better = replace(trained.validation, loss_nats_per_char=1.0)
    assert trained.references is not None
    references: HeldOutReferences = replace(trained.references)
    counting = replace(better, loss_nats_per_char=1.5)
    references.__dict__["baseline"] = replace(trained.references.baseline, test=counting)
    monkeypatch.setattr(HeldOutReferences, "judging", lambda self, *, test: 300)
    assert "better than counting (an n-gram model), by 0.500" in " ".join(
        verdict(replace(trained, test=better, references=references))
    )


def test_a_first_epoch_that_is_the_best_and_a_small_list(trained: RunResult) -> None:
    assert "The first epoch was the best" in told(trained, 0.1, best_epoch=1)
    assert "The first epoch was the best" not in told(trained, 0.1, best_epoch=2)
    assert "The list has only 299 distinct names" in told(trained, 0.1, distinct=299)
    assert "The list has only" not in told(trained, 0.1, distinct=300)


def test_a_handful_of_held_out_names_tells_nothing(trained: RunResult, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_summary, "FEWEST_TO_JUDGE", 10_000)
    said = told(trained, 0.1)
    assert "too few to compare the network with counting" in said
    assert "better than counting" not in said


def test_a_network_that_has_learned_nothing_is_told_so(trained: RunResult) -> None:
    assert trained.validation is not None
    blind = math.log(trained.checkpoint.network.vocabulary_size)
    lost = replace(trained.validation, loss_nats_per_char=blind + 0.01)
    assert verdict(replace(trained, validation=lost))[0].startswith("The network has learned nothing")
    good = replace(trained.validation, loss_nats_per_char=blind - 0.01)
    assert not verdict(replace(trained, validation=good))[0].startswith("The network has learned nothing")


def test_names_that_were_seen_are_not_called_unseen(trained: RunResult) -> None:
    assert trained.references is not None
    parts = replace(trained.references.parts, seen_percent=88.4)
    references = replace(trained.references, parts=parts)
    said = " ".join(verdict(replace(trained, references=references)))
    assert "On the held-out names, 88% of which it has seen, this network" in said
    assert "has not seen" not in said


def test_a_test_part_of_a_few_names_does_not_judge(trained: RunResult, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HeldOutReferences, "judging", lambda self, *, test: 3 if test else 300)
    said = " ".join(verdict(replace(trained, test=trained.validation)))
    assert "On names that it has not seen, this network" in said


def test_a_test_part_alone_says_what_is_missing(trained: RunResult) -> None:
    said = verdict(replace(trained, test=trained.validation, validation=None, references=None))
    assert "Counting is chosen on validation names" in said[0]


def test_without_a_held_out_part_nothing_is_compared(trained: RunResult) -> None:
    said = verdict(replace(trained, validation=None, references=None))
    assert not any("counting" in line for line in said)
    assert "these figures are for names that the network has learned from" in said[0]
    assert not any("No names are held out" in line for line in verdict(trained))


@pytest.mark.parametrize(("seen", "told"), [(0.2, "under 1% of which"), (0.6, "1% of which"), (83.4, "83% of which")])
def test_a_share_is_not_rounded_to_none(trained: RunResult, seen: float, told: str) -> None:
    assert trained.references is not None
    references: HeldOutReferences = replace(trained.references)
    parts = copy(trained.references.parts)
    parts.__dict__["seen_percent"] = seen
    references.__dict__["parts"] = parts
    assert f"On the held-out names, {told} it has seen" in _which_names(references, on_test=False)
