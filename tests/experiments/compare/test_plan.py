"""Test the plan of a comparison: its measurements, their order and their keys."""

from __future__ import annotations

from itertools import groupby

import pytest

from namegen.backends import ENGINES
from namegen.core.data.corpus import Corpus
from namegen.errors import UnknownEngineError
from namegen.experiments.compare import plan as planning
from namegen.experiments.compare.document import (
    GenerationSubject,
    ReferenceSubject,
    TimingSubject,
    TrainingSubject,
)
from namegen.experiments.compare.networks import NETWORKS, ORIGINALS
from namegen.experiments.compare.plan import ROUNDS, Scope, make_plan
from namegen.lists import load_bundled
from tests.cli.conftest import invoke

NAMES = load_bundled("mlb-first").names[:300]
CORPUS = Corpus(NAMES, source="list.txt")
FULL = Scope(seeds=2)


def of_kind(plan, kind):
    return [one.subject for one in plan if isinstance(one.subject, kind)]


def test_each_measurement_is_planned_once_and_after_its_dependency() -> None:
    plan = make_plan([CORPUS], FULL)
    keys = [one.key for one in plan]
    assert (
        len(set(keys))
        == len({one.label for one in plan})
        == len(plan)
        == len(make_plan([CORPUS, CORPUS], FULL))
    )
    trainings = of_kind(plan, TrainingSubject)
    assert {one.network for one in trainings} == {*NETWORKS, *ORIGINALS}
    assert all(
        settings["hidden"] == 2 * [int(name.partition(" 2×")[2])]
        for name, settings in NETWORKS.items()
    )
    assert {one.seed for one in of_kind(plan, GenerationSubject)} == {0}
    assert [one.engine for one in trainings if one.role == "like_for_like"] == 2 * list(ENGINES)
    reading = [one for one in plan if one.needs is not None]
    assert all(keys.index(one.needs.key) < keys.index(one.key) for one in reading if one.needs)
    assert len(reading) == len(of_kind(plan, GenerationSubject)) + 1
    assert [timed for timed, _ in groupby(one.timed for one in plan)] == [False, True, False, True]


def test_the_help_describes_a_quick_comparison() -> None:
    scope = Scope(quick=True)
    text = " ".join(invoke("compare-backends", "--help").stdout.split())
    assert len(scope.splits) == 1
    assert f"one split and {scope.training['epochs']} epochs" in text


def test_only_the_chosen_backends_are_planned() -> None:
    plan = make_plan([CORPUS], FULL, ["numpy"])
    assert {one.engine for one in plan} == {"numpy"}
    assert {one.key for one in plan} < {one.key for one in make_plan([CORPUS], FULL)}
    alone = make_plan([CORPUS], FULL, ["keras"])
    compared = [one for one in of_kind(alone, TrainingSubject) if one.role == "like_for_like"]
    assert {one.engine for one in compared} == {"keras"}
    assert {one.engine for one in of_kind(alone, TimingSubject)} == {"keras"}
    exported = make_plan([CORPUS], FULL, ["tflite"])
    assert not of_kind(exported, TimingSubject)
    assert {one.loop for one in of_kind(exported, GenerationSubject)} > {"step", "generate"}


def test_an_unknown_backend_is_an_error() -> None:
    with pytest.raises(
        UnknownEngineError, match="no backend 'kears' to compare: choose from numpy, keras"
    ):
        make_plan([CORPUS], FULL, ["numpy", "kears"])


def test_keys_depend_on_the_list_the_seed_and_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {one.key for one in make_plan([CORPUS], FULL)}
    assert keys == {one.key for one in make_plan([Corpus(NAMES, source="of another name")], FULL)}
    assert not keys & {one.key for one in make_plan([Corpus(NAMES[1:], source="list.txt")], FULL)}
    assert keys < {one.key for one in make_plan([CORPUS], Scope(seeds=3))}
    monkeypatch.setattr(planning, "code_fingerprint", lambda: "other code")
    assert not keys & {one.key for one in make_plan([CORPUS], FULL)}


# The training set (80%) needs at least four large batches.
@pytest.mark.parametrize(("names", "large"), [(2_559, None), (2_560, 512)])
def test_the_large_batch_is_timed_only_for_long_lists(names: int, large: int | None) -> None:
    corpus = Corpus(load_bundled("mlb-first").names[:names], source="list.txt")
    plan = make_plan([corpus], Scope(quick=True, seeds=1))
    assert {one.large_batch for one in of_kind(plan, TimingSubject)} == {large}


def test_every_run_has_the_same_split() -> None:
    plan = make_plan([CORPUS], Scope(seeds=2, split_seed=7))
    trainings = of_kind(plan, TrainingSubject)
    assert {one.reference.seed for one in trainings} == {7}
    assert {one.seed for one in trainings} == {0, 1}
    assert {(one.split, one.seed) for one in of_kind(plan, ReferenceSubject)} == {
        ("by-row", 7),
        ("by-name", 7),
    }
    assert not {one.key for one in plan if one.timed} & {
        one.key for one in make_plan([CORPUS], FULL) if one.timed
    }


def test_the_backends_take_turns_in_every_round() -> None:
    """If the machine is slow for a while, this must not affect only one backend."""
    timings = of_kind(make_plan([CORPUS], FULL), TimingSubject)
    rounds = [one.round for one in timings]
    assert rounds == sorted(rounds)
    assert set(rounds) == set(range(1, ROUNDS))  # round 0 is the run whose curves are shown
    assert [one.engine for one in timings] == list(ENGINES) * (len(timings) // len(ENGINES))
