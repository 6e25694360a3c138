"""What a report says of a training; that it is what ``train`` says, too, is tested with the sweep."""

from __future__ import annotations

import math
from dataclasses import replace

from namegen.core.evaluation.evaluator import Metrics
from namegen.core.training.progress import EpochRecord
from namegen.experiments.trained import PlainMetrics, plain_metrics, seconds_per_epoch


def test_a_loss_that_is_infinite_is_none() -> None:
    assert plain_metrics(Metrics(math.inf, 0.5, 0.25)) == PlainMetrics(None, None, 0.5, 0.25)


def test_seconds_an_epoch_leave_out_the_first_one_which_may_compile() -> None:
    record = EpochRecord(1, 9.5, 9.0, 0.01, 2.0, None, None, None, "Al", False)
    assert seconds_per_epoch([record]) == 9.0
    assert seconds_per_epoch([record, *(replace(record, training_seconds=took) for took in (1.0, 3.0, 2.0))]) == 2.0
