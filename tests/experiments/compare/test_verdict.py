"""The verdict, and the result of a comparison in words."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from namegen.experiments.compare.document import Comparison, ListEntry, TimingRound, Trouble
from namegen.experiments.compare.measurements import BatchTiming, Quiet
from namegen.experiments.compare.verdict import (
    Line,
    accuracy_in_words,
    generation_in_words,
    measured_where,
    troubles,
    verdict,
)
from namegen.experiments.machine import EngineCode
from tests.experiments.compare.grouped import with_groups, with_names

QUIET = Quiet((0.01, 0.0101), 0.02)
FASTER, COST, SAME, BEST, NAMES, TRUST = (
    "Which engine trains faster?",
    "What does each engine cost?",
    "Do the engines learn the same?",
    "Which network predicts best?",
    "What are the names like?",
    "Can it be trusted?",
)


def bare(entry: ListEntry, **parts: object) -> ListEntry:
    """A list without any figures but these."""
    nothing = {"facts": None, "references": (), "trainings": (), "like_for_like": (), "generation": (), "timings": ()}
    return replace(entry, **{**nothing, **parts})  # type: ignore[arg-type]  # any of its fields


def like_for_like(comparison: Comparison, **losses: float) -> Comparison:
    """The same training by several engines, each with its loss moved by so much; each slower than the one before."""
    entry = comparison.lists[0]
    run = next(run for run in entry.trainings if "like_for_like" in run.roles)
    runs = []
    for place, (engine, moved) in enumerate(losses.items(), start=1):
        curve = tuple(loss + moved for loss in run.history.training_loss_nats_per_char)
        history = replace(run.history, training_loss_nats_per_char=curve)
        timing = replace(run.timing, seconds_per_epoch=float(place), quiet=QUIET)
        runs.append(replace(run, engine=engine, history=history, timing=timing))
    return replace(comparison, split_seed=0, lists=(bare(entry, trainings=tuple(runs)),))


def timed(made: Comparison, rounds: dict[str, list[tuple[float, float]]], quiet: Quiet = QUIET) -> Comparison:
    """With further rounds: for each engine, the seconds of an epoch with the batch of the training and a large one."""
    [entry] = made.lists
    network, size = entry.trainings[0].network, entry.trainings[0].batch_size
    further = [
        TimingRound(
            network=network,
            engine=engine,
            round=number,
            start_up_seconds=0.1,
            peak_memory_mib=60.0,
            batches=(BatchTiming(size, 0.0, own, 1 / own), BatchTiming(512, 0.0, large, 1 / large)),
            quiet=quiet,
        )
        for engine, of_engine in rounds.items()
        for number, (own, large) in enumerate(of_engine, start=1)
    ]
    return replace(made, lists=(replace(entry, timings=tuple(further)),))


def answers(results: Comparison, question: str) -> str:
    [line] = [line for line in verdict(results) if line.question == question]
    return " ".join(line.answers)


def test_a_whole_comparison_is_answered_in_six_lines(comparison: Comparison) -> None:
    assert [line.question for line in verdict(comparison)] == [FASTER, COST, SAME, TRUST, BEST, NAMES]
    assert all(
        isinstance(line, Line) and all(one.endswith(".") for one in line.answers) for line in verdict(comparison)
    )


def test_a_comparison_without_figures_still_says_so(comparison: Comparison) -> None:
    nothing = replace(comparison, lists=(bare(comparison.lists[0]),))
    assert answers(nothing, FASTER) == "No network could be trained."
    assert [line.question for line in verdict(nothing)] == [FASTER, TRUST]


def test_the_ratio_has_its_range_over_the_rounds_and_its_batch(comparison: Comparison) -> None:
    made = timed(
        like_for_like(comparison, numpy=0, keras=0),  # round 0: 1 and 2 seconds
        {"numpy": [(1.0, 0.5), (2.0, 0.5)], "keras": [(1.5, 1.5), (5.0, 2.0)]},
    )
    size = made.lists[0].trainings[0].batch_size
    assert answers(made, FASTER) == (
        f"SimpleRNN 2×32: numpy is 2.0 (1.5 to 2.5) times as fast as keras in batches of {size}; "
        "numpy is 3.5 (3.0 to 4.0) times as fast as keras in batches of 512."
    )


def test_a_difference_too_small_for_one_decimal_is_shown(comparison: Comparison) -> None:
    made = timed(like_for_like(comparison, numpy=0, keras=0), {"numpy": [], "keras": []})
    [entry] = made.lists
    one, other = entry.trainings
    other = replace(other, timing=replace(other.timing, seconds_per_epoch=1.03))
    made = timed(
        replace(made, lists=(replace(entry, trainings=(one, other)),)),
        {"numpy": [(1.0, 1.0)], "keras": [(1.02, 1.04)]},
    )
    assert "numpy is 1.02 (1.02 to 1.03) times as fast as keras in batches of" in answers(made, FASTER)
    assert "numpy was faster than keras (1.04 times), measured once in batches of 512" in answers(made, FASTER)


def test_without_a_large_batch_nothing_is_told_of_one(comparison: Comparison) -> None:
    made = timed(like_for_like(comparison, numpy=0, keras=0), {"numpy": [(1.0, 1.0)], "keras": [(1.5, 1.5)]})
    [entry] = made.lists
    assert entry.timings
    short = tuple(replace(one, batches=one.batches[:1]) for one in entry.timings)
    made = replace(made, lists=(replace(entry, timings=short),))
    assert "512" not in answers(made, FASTER)
    assert "numpy is 1.8 (1.5 to 2.0) times as fast as keras" in answers(made, FASTER)


def test_one_engine_that_differs_does_not_speak_for_the_others(comparison: Comparison) -> None:
    said = answers(like_for_like(comparison, numpy=0, keras=0.001, swift=0.05, zig=0.5), SAME)
    assert said.startswith("Yes: ")
    assert "of numpy and keras are at most 0.0010 nats" in said
    assert said.endswith("These differ from numpy: swift by up to 0.0500 and zig by up to 0.5000.")
    said = answers(like_for_like(comparison, numpy=0, keras=0.05), SAME)
    assert said.startswith("No: ")
    assert "(less than 0.01 counts as the same)" in said


@pytest.mark.parametrize(
    ("quiet", "said"),
    [
        (QUIET, "The machine was quiet: in nine of ten measurements, other processes kept at most 0.0 cores busy"),
        (
            Quiet((0.01, 0.01), 0.6),
            "as the machine was busy: in nine of ten measurements, other processes kept at most 0.6 cores busy",
        ),
        (Quiet((0.01, 0.03), 0.0), "a fixed computation took at most 2 times as long as at its best"),
        (Quiet((0.01, 0.01), None), "quiet: in nine of ten measurements, other processes kept at most 0.0 cores busy"),
    ],
)
def test_a_busy_machine_is_told(comparison: Comparison, quiet: Quiet, said: str) -> None:
    made = timed(like_for_like(comparison, numpy=0, keras=0), {"numpy": [(1.0, 1.0)], "keras": [(2.0, 2.0)]}, quiet)
    assert said in answers(made, TRUST)
    [line] = [line for line in verdict(made) if line.question == TRUST]
    assert line.warning == ("Not its times" in answers(made, TRUST))
    assert (verdict(made)[0].question == TRUST) == line.warning, "a warning stands first"


def test_one_seed_and_several_are_told_apart(comparison: Comparison) -> None:
    """A split of its own for each seed."""
    assert "3 seeds, each with held-out names of its own." in answers(comparison, TRUST)
    assert "machine" not in answers(replace(comparison, lists=(bare(comparison.lists[0]),)), TRUST)
    held = replace(comparison, split_seed=7)
    assert "3 seeds, which change the start; the held-out names are the same" in answers(held, TRUST)
    one = replace(held, seeds=(0,), quick=True, quick_epochs=10, failed=(Trouble("a training", "lost"),))
    assert "1 seed: how much another start would change is not known." in answers(one, TRUST)
    assert "This was a quick look of 10 epochs;" in answers(one, TRUST)
    assert "1 measurement failed; the rest stands." in answers(one, TRUST)


def test_the_best_network_is_named_with_those_that_may_be_as_good(comparison: Comparison) -> None:
    seen, unseen = accuracy_in_words(with_groups(comparison))
    assert "(no difference found from the others) predicts" in seen  # all have as many hits
    assert "(no difference found from the others) predicts" in unseen
    for said in (seen, unseen):
        assert "(no difference found); the ceiling is" in said
        assert "Loss: " in said
    assert re.search(
        r"Loss: [^(]+ \(no difference found from \d others\) \d\.\d{3} nats per character, counting ", seen
    )


def test_a_network_that_is_better_is_so_by_an_interval(comparison: Comparison) -> None:
    entry = with_groups(comparison, better=0.05)
    only = replace(entry, trainings=tuple(run for run in entry.trainings if run.network in ("LSTM 2×32", "GRU 2×32")))
    runs = []
    for run in only.trainings:
        held_out = replace(run.figures.held_out, loss_nats_per_char=1.95 if run.network == "LSTM 2×32" else 2.0)
        runs.append(replace(run, figures=replace(run.figures, held_out=held_out)))
    for said in accuracy_in_words(replace(only, trainings=tuple(runs))):
        loss = said.partition("Loss: ")[2]
        assert loss.startswith("LSTM 2×32 1.950 nats per character, counting ")
        assert "(−0.05" in loss
        assert ", 95% interval −0.05" in loss
        assert loss.endswith(").")


def test_new_and_plausible_names_stand_beside_those_of_counting(comparison: Comparison) -> None:
    _, new, plausible = generation_in_words(with_names(comparison))
    assert re.findall(r" (\d+)%", new) == ["44", "15", "4", "88"]
    assert re.findall(r" (\d+)%", plausible) == ["77", "85", "85", "60"]
    assert len(list(generation_in_words(with_names(comparison, pairs=85.0)))) == 2
    assert len(list(generation_in_words(comparison.lists[0]))) == 1


def test_where_it_was_measured_and_what_went_wrong_are_told(comparison: Comparison) -> None:
    codes = {"numpy": EngineCode("12ab", {"numpy": "2.3"}), "odd": EngineCode(None, {"torch": None})}
    where = measured_where(replace(comparison, engine_codes=codes, split_seed=7))
    assert "Engines: numpy (code 12ab, numpy 2.3); odd (code in no file, without torch)." in where
    assert any("Seeds 0, 1, 2, split by the seed 7; " in one for one in where)
    assert not any("split by" in one for one in measured_where(comparison))
    missing = replace(comparison, missing=(Trouble("keras", "install it"),), failed=(Trouble("a training", "lost"),))
    assert troubles(missing) == ["Missing: keras: install it.", "Failed: a training: lost."]
