"""What a measurement depends on, what it gives, and how both travel."""

from __future__ import annotations

import json
from typing import Any

import pytest

from namegen.documents import from_plain, to_plain
from namegen.experiments.compare.document import Comparison
from namegen.experiments.compare.measure import MEASURES
from namegen.experiments.compare.measurements import (
    RESULT_TYPES,
    SUBJECT_TYPES,
    Answer,
    ExportResult,
    GenerationResult,
    GenerationSubject,
    HeldOutGroups,
    ListFacts,
    ListSubject,
    Request,
    TrainingSubject,
    Unavailable,
    read_answer,
    read_request,
)


def test_a_training_knows_its_split_and_seed_by_its_config() -> None:
    subject = TrainingSubject("numpy", {"data": {"split": "unique"}, "training": {"seed": 3}})
    assert (subject.split, subject.seed) == ("unique", 3)


def test_a_model_is_called_by_its_engine_and_the_signature_of_its_file() -> None:
    assert GenerationSubject("keras", 10, 0).model == "keras"
    assert GenerationSubject("tflite", 10, 0, "generate").model == "tflite generate"


def test_the_kind_is_no_part_of_the_document() -> None:
    assert to_plain(ListSubject()) == {}


@pytest.fixture
def plain(comparison: Comparison) -> dict[str, Any]:
    """One generation of names."""
    found = to_plain(comparison.lists[0].generation[0])
    return {name: found[name] for name in ("start_up_seconds", "peak_memory_mib", "algorithms", "quiet")}


def test_a_generation_is_read_as_it_was_written(plain: dict[str, Any]) -> None:
    assert to_plain(from_plain(GenerationResult, plain)) == plain


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"recreated_percent": 101.0}, "<= 100.0"),
        ({"seconds": -1.0}, ">= 0.0"),
        ({"duplicates": [["Al", "two"]]}, "Expected `int`"),
        ({"divergence_bits": {"4": 0.5}}, "'4'"),
        ({"divergence_bits": {"1": 0.5, "3": 0.5}}, "divergences of 2 orders: expected those of 1, 2 and 3"),
        ({"lengths": {"V": 3}}, "matching regex"),
        ({"lengths": {"99999999": 3}}, "matching regex"),
    ],
)
def test_a_figure_that_cannot_be_is_refused(plain: dict[str, Any], change: dict[str, Any], said: str) -> None:
    plain["algorithms"]["one_by_one"] |= change
    with pytest.raises(ValueError, match=said):
        from_plain(GenerationResult, plain)


def test_a_list_has_names_of_some_length(comparison: Comparison) -> None:
    facts = to_plain(comparison.lists[0].facts)
    assert from_plain(ListFacts, facts) == comparison.lists[0].facts
    for lengths in ({}, {"4": 0}):
        with pytest.raises(ValueError, match="the lengths of no names"):
            from_plain(ListFacts, {**facts, "lengths": lengths})


def test_an_algorithm_that_nobody_knows_is_refused(plain: dict[str, Any]) -> None:
    plain["algorithms"]["by_magic"] = plain["algorithms"]["one_by_one"]
    with pytest.raises(ValueError, match="by_magic"):
        from_plain(GenerationResult, plain)


def test_columns_of_groups_are_equally_long() -> None:
    plain = {"characters": [4, 5], "nats": [1.0, 2.0], "hits": [3, 3], "sampled": [1.5, 1.5]}
    assert to_plain(from_plain(HeldOutGroups, plain)) == plain
    with pytest.raises(ValueError, match="columns of 1 and 2 groups: expected as many in each"):
        from_plain(HeldOutGroups, {**plain, "hits": [3]})


CONFIG = {"data": {"split": "names"}, "training": {"seed": 3}}


def test_every_kind_of_measurement_has_a_subject_a_result_and_a_function() -> None:
    assert set(SUBJECT_TYPES) == set(RESULT_TYPES) == set(MEASURES)


@pytest.mark.parametrize("subject", [TrainingSubject("numpy", CONFIG), GenerationSubject("tflite", 10, 0, "step")])
def test_a_request_comes_through_as_it_was(subject: TrainingSubject | GenerationSubject) -> None:
    request = Request(subject.kind, subject, "list.txt", ("Al", "Bo"), None, "network", 1, 0.5)
    assert read_request(json.loads(json.dumps(to_plain(request)))) == request


@pytest.mark.parametrize(
    "answer",
    [Answer(result=ExportResult(9, 0.5)), Answer(unavailable=Unavailable("no library", engine=True)), Answer()],
)
def test_an_answer_comes_through_as_it_was(answer: Answer) -> None:
    assert read_answer("export", json.loads(json.dumps(to_plain(answer)))) == answer


def test_an_answer_of_another_form_is_refused() -> None:
    with pytest.raises(ValueError, match="bytes"):
        read_answer("export", {"result": {"bytes": "many", "largest_logit_difference": 0.5}})
