"""What goes between a comparison and a process that measures."""

from __future__ import annotations

import json

import pytest

from namegen.documents import to_plain
from namegen.experiments.compare.exchange import (
    RESULT_TYPES,
    SUBJECT_TYPES,
    Answer,
    Request,
    Unavailable,
    read_answer,
    read_request,
)
from namegen.experiments.compare.measure import MEASURES
from namegen.experiments.compare.measured import ExportResult
from namegen.experiments.compare.subjects import GenerationSubject, TrainingSubject

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
