"""The tables that compare the same training by each engine."""

from __future__ import annotations

from dataclasses import replace

from namegen.experiments.compare.document import Comparison
from namegen.experiments.compare.tables.like_for_like import (
    curve_table,
    curve_tables,
    distance_table,
    like_for_like_table,
)


def test_each_engine_has_a_row(comparison: Comparison) -> None:
    rows = like_for_like_table(comparison.lists[0]).rows
    assert [row[:2] for row in rows] == [
        (network, engine) for network in ("SimpleRNN 2×32", "LSTM 2×32") for engine in ("numpy", "keras")
    ]


def test_a_network_of_one_engine_has_no_distance(comparison: Comparison) -> None:
    entry = comparison.lists[0]
    first, *others = entry.like_for_like
    assert len(distance_table(entry).rows) == 2
    alone = replace(entry, like_for_like=(replace(first, largest_distance=None), *others))
    assert [row[0] for row in distance_table(alone).rows] == [others[0].network]


def test_curves_have_a_row_an_epoch_and_a_shorter_one_ends_in_dashes(comparison: Comparison) -> None:
    entry = comparison.lists[0]
    runs = [run for run in entry.trainings if "like_for_like" in run.roles][:2]
    assert len(curve_table(runs).rows) == len(runs[0].history.epoch)
    assert len(curve_tables(entry)) == 2
    columns = {name: values[:1] for name, values in vars(runs[1].history).items()}
    cut = replace(runs[1], history=replace(runs[1].history, **columns))
    assert curve_table([runs[0], cut]).rows[1][-4:] == ("–",) * 4
