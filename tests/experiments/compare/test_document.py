"""Test the format of results.json, and the errors for other files."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from namegen.documents import from_plain, schema, to_plain
from namegen.experiments.compare.document import (
    Comparison,
    Generation,
    HeldOutGroups,
    ListFacts,
    Training,
)
from namegen.experiments.compare.tables import main
from tests.experiments.compare.conftest import RESULTS


@pytest.fixture(scope="module")
def plain() -> dict[str, Any]:
    results: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
    return results


def test_results_survive_a_round_trip(comparison: Comparison) -> None:
    text = json.dumps(to_plain(comparison), ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    assert text == RESULTS.read_text(encoding="utf-8")


def test_results_match_the_schema_of_the_classes(plain: dict[str, Any]) -> None:
    made = Draft202012Validator(schema(Comparison))
    made.validate(plain)
    assert not made.is_valid({**plain, "seeds": ["0"]})
    assert not made.is_valid({**plain, "validation": 1.5})


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"recreated_percent": 101.0}, "<= 100.0"),
        ({"duplicates": [["Al", "two"]]}, "Expected `int`"),
        ({"divergence_bits": {"1": 0.5, "2": 0.5, "4": 0.5}}, "'4'"),
        ({"divergence_bits": {"1": 0.5, "3": 0.5}}, "length >= 3"),
        ({"lengths": {"99999999": 3}}, "matching regex"),
    ],
)
def test_an_impossible_value_is_rejected(
    comparison: Comparison, change: dict[str, Any], expected: str
) -> None:
    results: dict[str, Any] = to_plain(comparison.lists[0].generation[0])
    results["algorithms"]["one_by_one"] |= change
    with pytest.raises(ValueError, match=expected):
        from_plain(Generation, results)


def test_inconsistent_records_are_rejected(
    comparison: Comparison,
) -> None:
    facts, run = comparison.lists[0].facts, to_plain(comparison.lists[0].trainings[0])
    for lengths in ({}, {"4": 0}):
        with pytest.raises(ValueError, match="the list has no lengths"):
            from_plain(ListFacts, {**to_plain(facts), "lengths": lengths})
    columns = {"characters": [4, 5], "nats": [1.0, 2.0], "hits": [3, 3], "sampled": [1.5, 1.5]}
    with pytest.raises(
        ValueError, match="the columns of the groups have different lengths: 1 and 2"
    ):
        from_plain(HeldOutGroups, {**columns, "hits": [3]})
    for lacking in ({"training": {}}, {"data": {}}, {"data": None}):
        trained = comparison.lists[0].trainings[0]
        with pytest.raises(
            ValueError, match="must have the settings split, split_seed, validation and seed"
        ):
            replace(trained, config={**trained.config, **lacking})
    with pytest.raises(ValueError, match="different lengths"):
        from_plain(Training, {**run, "history": {**run["history"], "epoch": [1]}})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"format": "namegen sweep"}', "isn't a results.json from namegen compare-backends"),
        (None, "No such file"),
        ({"seeds": ["0"]}, "$.seeds[0]"),
        ({"format_version": 2}, "format version 2, but this namegen reads 4"),
        ({"format_version": "\x1b[31m" + "9" * 100_000}, "has the format version"),
    ],
)
def test_a_file_that_is_not_a_comparison_is_an_error(
    tmp_path, capsys: pytest.CaptureFixture[str], plain: dict[str, Any], text: Any, expected: str
) -> None:
    file = tmp_path / "results.json"
    if text is not None:
        file.write_text(
            text if isinstance(text, str) else json.dumps({**plain, **text}), encoding="utf-8"
        )
    with pytest.raises(SystemExit, match="2"):
        main([str(file)])
    message = capsys.readouterr().err
    assert expected in message
    assert len(message) < 1000
    assert "\x1b" not in message
