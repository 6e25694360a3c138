"""The result of a comparison in words."""

from __future__ import annotations

from dataclasses import replace

from namegen.experiments.compare.document import Comparison, ListEntry, Trouble
from namegen.experiments.compare.words import findings, measured_where, statement
from namegen.experiments.engine_code import EngineCode


def bare(entry: ListEntry, **parts: object) -> ListEntry:
    """A list without any figures but these."""
    nothing = {"facts": None, "references": (), "trainings": (), "like_for_like": (), "generation": ()}
    return replace(entry, **{**nothing, **parts})  # type: ignore[arg-type]  # any of its fields


def test_a_comparison_without_figures_still_says_so(comparison: Comparison) -> None:
    nothing = replace(comparison, lists=(bare(comparison.lists[0]),))
    assert (statement(nothing), findings(nothing)) == ("No network could be trained.", [])


def test_one_engine_alone_is_said_to_stand_beside_none(comparison: Comparison) -> None:
    entry = comparison.lists[0]
    run = next(run for run in entry.trainings if run.engine == "numpy" and run.roles == ("network",))
    alone = replace(comparison, quick=True, quick_epochs=10, seeds=(0,), lists=(bare(entry, trainings=(run,)),))
    said = statement(alone)
    assert said.startswith("Measured with the engine numpy; there is no other to compare it with. This was a quick")
    assert "with 10 epochs and 1 seed;" in said


def test_what_went_wrong_is_told_each_in_a_sentence(comparison: Comparison) -> None:
    missing = replace(comparison, missing=(Trouble("keras", "install it"),), failed=(Trouble("a training", "lost"),))
    assert measured_where(missing)[-2:] == ["Missing: keras: install it.", "Failed: a training: lost."]


def test_a_split_of_its_own_is_told(comparison: Comparison) -> None:
    assert any(
        "Seeds 0, 1, 2, split by the seed 7; " in one for one in measured_where(replace(comparison, split_seed=7))
    )
    assert not any("split by" in one for one in measured_where(comparison))


def like_for_like(comparison: Comparison, **losses: float) -> Comparison:
    """The same training by several engines, each with its loss moved by so much; each slower than the one before."""
    entry = comparison.lists[0]
    run = next(run for run in entry.trainings if "like_for_like" in run.roles)
    runs = []
    for place, (engine, moved) in enumerate(losses.items(), start=1):
        curve = tuple(loss + moved for loss in run.history.training_loss_nats_per_char)
        history = replace(run.history, training_loss_nats_per_char=curve)
        timing = replace(run.timing, seconds_per_epoch=float(place))
        runs.append(replace(run, engine=engine, history=history, timing=timing))
    return replace(comparison, lists=(bare(entry, trainings=tuple(runs)),))


def test_every_engine_stands_in_the_sentences(comparison: Comparison) -> None:
    said = statement(like_for_like(comparison, numpy=0, keras=0.001, swift=0.002, zig=0))
    assert said.startswith("The engines numpy, keras, swift and zig learn the same: from the same start")
    assert "at most 0.0020 nats" in said
    assert said.endswith(
        "The engine numpy trains the SimpleRNN 2×32 2.0 times as fast as keras, 3.0 times as fast as swift and "
        "4.0 times as fast as zig."
    )


def test_one_engine_that_differs_does_not_speak_for_the_others(comparison: Comparison) -> None:
    said = statement(like_for_like(comparison, numpy=0, keras=0.001, swift=0.05, zig=0.5))
    assert said.startswith("The engines numpy and keras learn the same: ")
    assert (
        "at most 0.0010 nats per character apart. "
        "These differ from numpy: swift by up to 0.0500 and zig by up to 0.5000" in said
    )
    said = statement(like_for_like(comparison, numpy=0, keras=0.05))
    assert said.startswith("The engines numpy and keras differ: ")
    assert "(less than 0.01 counts as the same)" in said


def test_another_network_of_that_name_is_not_compared(comparison: Comparison) -> None:
    made = like_for_like(comparison, numpy=0, attention=1)
    [entry] = made.lists
    one, other = entry.trainings
    apart = replace(entry, trainings=(one, replace(other, parameters=other.parameters + 1)))
    said = statement(replace(made, lists=(apart,)))
    assert said == "Measured with the engines numpy and attention; no two of them trained the same network."


def test_the_code_of_each_engine_and_what_it_needs_are_told(comparison: Comparison) -> None:
    codes = {"numpy": EngineCode("12ab", {"numpy": "2.3"}), "odd": EngineCode(None, {"torch": None})}
    said = measured_where(replace(comparison, engine_codes=codes))
    assert "Engines: numpy (code 12ab, numpy 2.3); odd (code in no file, without torch)." in said
