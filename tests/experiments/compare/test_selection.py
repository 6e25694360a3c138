"""What a report picks out of a comparison."""

from __future__ import annotations

from dataclasses import replace

from namegen.experiments.compare.document import Comparison
from namegen.experiments.compare.plan import NETWORKS, ORIGINALS
from namegen.experiments.compare.selection import (
    network_names,
    network_values,
    reference_values,
    splits,
)


def test_networks_stand_in_the_order_of_the_plan_and_those_of_others_last(comparison: Comparison) -> None:
    entry = comparison.lists[0]
    assert splits(entry) == ["names", "unique"]
    assert network_names(entry, "names") == [*NETWORKS, *ORIGINALS]
    other = replace(next(run for run in entry.trainings if "network" in run.roles), network="another")
    assert network_names(replace(entry, trainings=(other, *entry.trainings)), "names")[-1] == "another"


def test_a_figure_is_given_seed_by_seed(comparison: Comparison) -> None:
    entry = comparison.lists[0]
    values = network_values(entry, "names", "LSTM 2×32", "held_out", "accuracy_argmax")
    runs = [run for run in entry.trainings if (run.network, run.split) == ("LSTM 2×32", "names")]
    assert values == [run.figures.held_out.accuracy_argmax for run in runs if "network" in run.roles]
    ceilings = reference_values(entry, "names", "held_out", "ceiling", "accuracy_argmax")
    assert len(values) == len(ceilings) == len(comparison.seeds)
