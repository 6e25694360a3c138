"""Sweeps of one list side by side."""

from __future__ import annotations

from dataclasses import replace

from namegen.config import Config
from namegen.core.settings import NetworkSettings
from namegen.experiments.joined.source import Source
from namegen.experiments.joined.sweeps import sweep_tables
from namegen.experiments.sweep.document import Results, TrainedRun
from tests.experiments.sweep.made import metrics, trained_run


def sweep(*runs: TrainedRun, base: Config | None = None) -> Results:
    rates = tuple(dict.fromkeys(run.settings["training.learning_rate"] for run in runs))
    axes = {"training.learning_rate": rates, "training.seed": (0, 1)}
    return Results("namegen sweep", 2, axes, Config() if base is None else base, 0, (), {}, runs)


SLOW, FAST = trained_run(0.01, 0, 0.5), trained_run(0.03, 0, 0.75)


def test_a_setting_stands_once_with_a_column_for_each_sweep() -> None:
    both = sweep(SLOW, trained_run(0.01, 1, 0.25), FAST)
    argmax, loss = sweep_tables([Source("A", "a", both), Source("B", "b", sweep(SLOW))])
    assert argmax.columns == loss.columns == ("setting", "A", "B")
    assert argmax.rows == (
        ("learning rate 0.01", "37.5 (25.0 to 50.0)", "50.0"),
        ("learning rate 0.03", "75.0", "–"),
        ("counting", "30.0, 3-gram", "30.0, 3-gram"),
        ("ceiling", "90.0", "90.0"),
    )
    assert argmax.emphasised == {2, 3}
    assert loss.rows[0] == ("learning rate 0.01", "2.000", "2.000")


def test_what_differs_beside_the_grid_and_in_the_held_out_names_is_told() -> None:
    other = sweep(SLOW, base=replace(Config(), network=NetworkSettings(hidden=(128,))))
    said = [table.note for table in sweep_tables([Source("A", "a", sweep(SLOW)), Source("B", "b", other)])]
    assert said[0] == said[1]
    assert said[0].startswith("Where the sweeps share a seed they were tested on the same names")
    assert said[0].endswith(" Hidden: A not set, B 128."), "and not the list, the seed or the threads, which may differ"
    elsewhere = replace(SLOW, held_out=replace(SLOW.held_out, ceiling=metrics(0.8)))
    table = next(sweep_tables([Source("A", "a", sweep(SLOW)), Source("B", "b", sweep(elsewhere))]))
    assert table.note == "The sweeps were tested on different names: compare each column with its own counting."


def test_a_list_of_one_sweep_stands_in_no_table() -> None:
    named = replace(SLOW, list="other.txt")
    assert not list(sweep_tables([Source("A", "a", sweep(SLOW)), Source("B", "b", sweep(named))]))
    assert not list(sweep_tables([Source("A", "a", sweep()), Source("B", "b", sweep())])), "nothing has ended yet"
