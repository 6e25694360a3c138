"""The result of a comparison in words."""

from __future__ import annotations

from dataclasses import replace

from namegen.experiments.compare.document import Comparison, ListEntry, Trouble
from namegen.experiments.compare.words import findings, measured_where, statement


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
    assert said.startswith("Measured with the engine numpy, none beside another. This was a quick look, of 10 epochs")
    assert "and 1 seed:" in said


def test_what_went_wrong_is_told_each_in_a_sentence(comparison: Comparison) -> None:
    missing = replace(comparison, missing=(Trouble("keras", "install it"),), failed=(Trouble("a training", "lost"),))
    assert measured_where(missing)[-2:] == ["Missing: keras: install it.", "Failed: a training: lost."]
