"""What a measurement depends on, and what a report reads out of it."""

from __future__ import annotations

from namegen.documents import to_plain
from namegen.experiments.compare.subjects import GenerationSubject, ListSubject, TrainingSubject


def test_a_training_knows_its_split_and_seed_by_its_config() -> None:
    subject = TrainingSubject("numpy", {"data": {"split": "unique"}, "training": {"seed": 3}})
    assert (subject.split, subject.seed) == ("unique", 3)


def test_a_model_is_called_by_its_engine_and_the_signature_of_its_file() -> None:
    assert GenerationSubject("keras", 10, 0).model == "keras"
    assert GenerationSubject("tflite", 10, 0, "generate").model == "tflite generate"


def test_the_kind_is_no_part_of_the_document() -> None:
    assert to_plain(ListSubject()) == {}
