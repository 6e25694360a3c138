"""Test the description of runs and lists in reports."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from namegen.core.data.corpus import Corpus
from namegen.core.evaluation.evaluator import Metrics
from namegen.core.training.progress import EpochRecord
from namegen.errors import NamesError
from namegen.experiments.trained import (
    PlainMetrics,
    check_long_enough,
    least_names,
    plain_metrics,
    seconds_per_epoch,
)
from namegen.lists import load_bundled


def test_an_infinite_loss_is_none() -> None:
    assert plain_metrics(Metrics(math.inf, 0.5, 0.25)) == PlainMetrics(None, None, 0.5, 0.25)


def test_seconds_per_epoch_come_from_the_fastest_later_epoch() -> None:
    record = EpochRecord(1, 9.5, 9.0, 0.01, 2.0, None, None, None, "Al", False)
    assert seconds_per_epoch([record]) == 9.0
    assert (
        seconds_per_epoch(
            [record, *(replace(record, training_seconds=took) for took in (10.0, 30.0, 20.0))]
        )
        == 10.0
    )


def test_a_list_that_can_be_split_passes() -> None:
    check_long_enough(Corpus(load_bundled("mlb-first").names[:100], source="x"), 0.2, "by-name", 0)


@pytest.mark.parametrize("split", ["by-row", "by-name"])
@pytest.mark.parametrize(
    ("names", "told"), [(("Al", "Bo", "Al"), r"3 names \(2 distinct"), (("Al",), r"1 name \(1 dis")]
)
def test_a_list_that_is_too_short_is_rejected(
    split: str, names: tuple[str, ...], told: str
) -> None:
    with pytest.raises(NamesError, match=f"x has {told}.* 20%.* at least 40 different names"):
        check_long_enough(Corpus(names, source="x"), 0.2, split, 0)


@pytest.mark.parametrize("split", ["by-row", "by-name"])
@pytest.mark.parametrize("validation", [0.02, 0.9])
def test_a_list_of_the_suggested_length_can_be_split(validation: float, split: str) -> None:
    names = load_bundled("mlb-last").names
    listed = tuple(dict.fromkeys(names))[: least_names(validation)]
    assert len(listed) == least_names(validation)
    for seed in range(10):
        check_long_enough(Corpus(listed, source="x"), validation, split, seed)
