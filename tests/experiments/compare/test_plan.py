"""A plan: everything once, in order, under keys that change with what they stand for."""

from __future__ import annotations

import pytest

from namegen.backends import ENGINES
from namegen.core.data.corpus import Corpus
from namegen.experiments.compare import plan as planning
from namegen.experiments.compare.measurements import GenerationSubject, ReferenceSubject, TimingSubject, TrainingSubject
from namegen.experiments.compare.plan import NETWORKS, ORIGINALS, ROUNDS, Scope, make_plan
from namegen.lists import load_bundled

NAMES = load_bundled("mlb-first").names[:300]
CORPUS = Corpus(NAMES, source="list.txt")
FULL = Scope(seeds=2)


def test_a_plan_has_everything_once() -> None:
    plan = make_plan([CORPUS], FULL)
    assert len({one.key for one in plan}) == len({one.label for one in plan}) == len(plan)
    networks = {one.network for one in plan if isinstance(one.subject, TrainingSubject)}
    assert networks == {*NETWORKS, *ORIGINALS}
    assert all(settings["hidden"] == 2 * [int(name.partition(" 2×")[2])] for name, settings in NETWORKS.items())
    assert {one.subject.seed for one in plan if isinstance(one.subject, GenerationSubject)} == {0}
    like_for_like = [one for one in plan if "like_for_like" in one.roles]
    assert [one.engine for one in like_for_like] == 2 * list(ENGINES)
    assert all(one.timed for one in like_for_like)


def test_a_network_that_two_parts_need_is_trained_once() -> None:
    plan = make_plan([CORPUS, CORPUS], FULL)
    assert len(plan) == len(make_plan([CORPUS], FULL))
    trained = {one.key for one in plan if isinstance(one.subject, TrainingSubject)}
    generated = [one.reads for one in plan if isinstance(one.subject, GenerationSubject) and one.engine == "numpy"]
    assert generated
    assert all(one is not None and one.key in trained for one in generated)


def test_a_training_that_two_parts_need_has_both_roles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "LIKE_FOR_LIKE_TRAINING", {})  # so that like for like is as any other training
    plan = make_plan([CORPUS], Scope(quick=True, seeds=1))
    roles = {(one.network, one.engine): one.roles for one in plan if isinstance(one.subject, TrainingSubject)}
    assert roles == {
        ("SimpleRNN 2×32", "numpy"): ("like_for_like", "network"),
        ("SimpleRNN 2×32", "keras"): ("like_for_like",),
        ("LSTM 2×32", "numpy"): ("network",),
    }


def test_another_list_seed_or_code_is_another_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {one.key for one in make_plan([CORPUS], FULL)}
    assert keys == {one.key for one in make_plan([Corpus(NAMES, source="of another name")], FULL)}
    assert not keys & {one.key for one in make_plan([Corpus(NAMES[1:], source="list.txt")], FULL)}
    more = {one.key for one in make_plan([CORPUS], Scope(seeds=3))}
    assert keys < more
    monkeypatch.setattr(planning, "code_fingerprint", lambda command: "other code")
    assert not keys & {one.key for one in make_plan([CORPUS], FULL)}


def test_only_a_list_of_several_large_batches_is_timed_with_them() -> None:
    def large(names: int) -> set[int | None]:
        corpus = Corpus(load_bundled("mlb-first").names[:names], source="list.txt")
        plan = make_plan([corpus], Scope(quick=True, seeds=1))
        return {one.subject.large_batch for one in plan if isinstance(one.subject, TimingSubject)}

    assert large(2_559) == {None}
    assert large(2_560) == {512}  # four fifths of it are four batches


def test_the_split_is_held_for_every_training_and_seed() -> None:
    assert Scope().split_seed == 0
    plan = make_plan([CORPUS], Scope(seeds=2, split_seed=7))
    trainings = [one.subject for one in plan if isinstance(one.subject, TrainingSubject)]
    assert {one.config["data"]["split_seed"] for one in trainings} == {7}
    assert {one.seed for one in trainings} == {0, 1}
    references = [one.subject for one in plan if isinstance(one.subject, ReferenceSubject)]
    assert {(one.split, one.seed) for one in references} == {("names", 7), ("unique", 7)}
    assert not {one.key for one in plan if one.timed} & {one.key for one in make_plan([CORPUS], FULL) if one.timed}


def test_the_engines_take_turns_in_every_round() -> None:
    """So that what slows the machine down for a while does not hit one of them alone."""
    timings = [one.subject for one in make_plan([CORPUS], FULL) if isinstance(one.subject, TimingSubject)]
    rounds = [one.round for one in timings]
    assert rounds == sorted(rounds)
    assert set(rounds) == set(range(1, ROUNDS))  # round 0 is the training that the curves are of
    assert [one.engine for one in timings] == list(ENGINES) * (len(timings) // len(ENGINES))
