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


def printed(result: RunResult) -> str:
    """Return the text of a summary, in one line."""
    console = make_console()
    with console.capture() as capture:
        console.print(*summary(result, None), sep="\n")
    return " ".join(capture.get().split())


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
        (
            0.23,
            "is better than the n-gram baseline, by 0.230 nats per character.",
        ),  # not chance, because the validation set has 20 names
        (0.004, "is as good as the n-gram baseline."),
        (-0.004, "is as good as the n-gram baseline."),
        (
            -0.22,
            "is worse than the n-gram baseline, by 0.220 nats per character, which may be chance.",
        ),
    ],
)
def test_the_network_is_compared_with_the_n_gram_baseline(
    trained: RunResult, better_by: float, said: str
) -> None:
    assert told(trained, better_by) == f"On names that it has not seen, this network {said}"


def test_the_table_has_its_headings_once(trained: RunResult) -> None:
    without_held_out = replace(trained, validation=None, references=None)
    for result in (trained, without_held_out):
        assert printed(result).count("argmax accuracy") == 1


def test_the_summary_shows_new_names_that_were_drawn_at_the_end(trained: RunResult) -> None:
    names = Measurement(rules=(), new_names=("Ann", "Bo\n"), draws=2_000, seen_share=0.25)
    text = printed(replace(trained, drawn=names))
    assert r"new names: Ann, Bo\n" in text
    assert "25.0% of 2,000 names sampled at temperature 1 are in the list" in text
    assert "new names: " not in printed(replace(trained, drawn=None))


@pytest.mark.parametrize(("seen", "share"), [(0.2, "under 1%"), (0.6, "1%"), (88.4, "88%")])
def test_the_verdict_reports_the_share_of_seen_names(
    trained: RunResult, seen: float, share: str
) -> None:
    said = f"On the held-out names, {share} of which it has seen, this network"
    assert told(trained, 0.1, seen=seen).startswith(said)


@pytest.mark.parametrize(
    ("test_names", "where"), [(10, "On the test names"), (9, "On names that it has not seen")]
)
def test_the_test_set_is_used_if_large_enough(
    trained: RunResult, test_names: int, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        HeldOutReferences, "judging", lambda self, *, test: test_names if test else 300
    )
    assert told(trained, 0.5, test=trained.validation).startswith(
        f"{where}, this network is better"
    )


def test_the_verdict_explains_its_limits_without_advice(
    trained: RunResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a first run, namegen shouldn't suggest another run with other options."""
    said = told(trained, -0.1, best_epoch=1, distinct=299)
    assert "The first epoch was the best" in said
    assert "The list has only 299 distinct names" in said
    assert "first epoch" not in told(trained, 0.1, best_epoch=1, epochs=1) + told(
        trained, 0.1, best_epoch=2
    )
    assert "distinct" not in told(trained, 0.1, distinct=300)
    monkeypatch.setattr(train_summary, "MIN_TO_JUDGE", 10_000)
    few = told(trained, 0.1)
    assert "too few to compare the network with the n-gram baseline" in few
    alone = verdict(replace(trained, test=trained.validation, validation=None, references=None))
    none = verdict(replace(trained, validation=None, references=None))
    assert "tuned on a validation set" in alone[0]
    assert "names that the network was trained on" in none[0]
    assert "--" not in said + few + alone[0] + none[0]
    assert "n-gram" not in none[0]


def test_the_verdict_reports_a_network_that_learned_nothing(trained: RunResult) -> None:
    assert trained.validation is not None
    blind = math.log(trained.checkpoint.network.vocabulary_size)
    for beyond in (0.01, -0.01):
        lost = replace(trained.validation, loss_nats_per_char=blind + beyond)
        assert ("learned nothing" in verdict(replace(trained, validation=lost))[0]) == (beyond > 0)
