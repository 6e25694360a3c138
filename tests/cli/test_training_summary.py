"""Check the verdict at the end of a training run, which compares the network with the n-gram baseline."""

from __future__ import annotations

import math
from dataclasses import replace
from unittest.mock import patch

import pytest

from namegen.cli import train_summary
from namegen.cli.terminal import make_console
from namegen.cli.train_summary import summary, verdict
from namegen.core.data.list_parts import ListParts
from namegen.core.evaluation.references import HeldOutReferences
from namegen.core.generation.fitting import Measurement
from namegen.core.settings import DataSettings
from namegen.core.training.result import RunResult
from tests.core.training.small_runs import make_run


@pytest.fixture(scope="module")
def trained() -> RunResult:
    return make_run(data=DataSettings(duplicates="full")).run()


def told(
    trained: RunResult,
    better_by: float,
    *,
    seen: float = 0.0,
    distinct: int = 5_000,
    **changed: object,
) -> str:
    """Return the verdict if the network's loss is lower than the n-gram baseline's.

    The difference is ``better_by`` nats per character, in both the validation and the test set.
    """
    assert trained.validation is not None
    assert trained.references is not None
    references = replace(trained.references)  # a copy that gets a different baseline
    counting = replace(
        trained.validation, loss_nats_per_char=trained.validation.loss_nats_per_char + better_by
    )
    references.__dict__["baseline"] = replace(
        trained.references.baseline, metrics=counting, test=counting
    )
    training = {**trained.checkpoint.training, "distinct_names": distinct}
    fields = {
        "checkpoint": replace(trained.checkpoint, training=training),
        "best_epoch": 3,
        "epochs": 20,
        **changed,
    }
    with patch.object(ListParts, "seen_percent", seen):
        return " ".join(verdict(replace(trained, references=references, **fields)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("better_by", "said"),
    [
        # not chance, because the validation set has 20 names
        (0.23, "better than the n-gram baseline, by 0.230 nats per character."),
        (0.004, "as good as the n-gram baseline."),
        (-0.004, "as good as the n-gram baseline."),
        (
            -0.22,
            "worse than the n-gram baseline, by 0.220 nats per character, which may be chance.",
        ),
    ],
)
def test_the_network_is_compared_with_the_n_gram_baseline(
    trained: RunResult, better_by: float, said: str
) -> None:
    assert told(trained, better_by) == f"On names that it has not seen, this network is {said}"


@pytest.mark.parametrize(("seen", "share"), [(0.2, "under 1%"), (88.4, "88%")])
def test_the_verdict_reports_the_share_of_seen_names(
    trained: RunResult, seen: float, share: str
) -> None:
    said = f"On the held-out names, {share} of which it has seen, this network"
    assert told(trained, 0.1, seen=seen).startswith(said)


def test_the_summary_has_its_headings_once_and_shows_new_names(trained: RunResult) -> None:
    names = Measurement(rules=(), new_names=("Ann", "Bo\n"), draws=2_000, seen_share=0.25)
    console = make_console()
    for result in (trained, replace(trained, validation=None, references=None, drawn=names)):
        with console.capture() as capture:
            console.print(*summary(result, None), sep="\n")
        text = " ".join(capture.get().split())
        assert text.count("argmax accuracy") == 1
    assert r"new names: Ann, Bo\n" in text
    assert "25.0% of 2,000 names sampled at temperature 1 are in the list" in text


@pytest.mark.parametrize(
    ("test_names", "where"), [(10, "On the test names"), (9, "On names that it has not seen")]
)
def test_the_test_set_is_used_if_large_enough(
    trained: RunResult, test_names: int, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        HeldOutReferences, "judging", lambda self, *, test: test_names if test else 300
    )
    said = told(trained, 0.5, test=trained.validation)
    assert said.startswith(f"{where}, this network is better")


def test_the_verdict_explains_its_limits(
    trained: RunResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert trained.validation is not None
    said = told(trained, -0.1, best_epoch=1, distinct=299)
    assert "The first epoch was the best" in said
    assert "The list has only 299 distinct names" in said
    for other in (told(trained, 0.1, best_epoch=1, epochs=1), told(trained, 0.1, distinct=300)):
        assert "first epoch" not in other
        assert "distinct" not in other
    monkeypatch.setattr(train_summary, "MIN_TO_JUDGE", 10_000)
    assert "too few to compare the network with the n-gram baseline" in told(trained, 0.1)
    without_references = replace(trained, validation=None, references=None)
    [alone] = verdict(replace(without_references, test=trained.validation))[:1]
    assert "tuned on a validation set" in alone
    assert "names that the network was trained on" in verdict(without_references)[0]
    random_loss = math.log(trained.checkpoint.network.vocabulary_size)
    for beyond in (0.01, -0.01):
        lost = replace(trained.validation, loss_nats_per_char=random_loss + beyond)
        assert ("learned nothing" in verdict(replace(trained, validation=lost))[0]) == (beyond > 0)
