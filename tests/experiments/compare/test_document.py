"""The document of ``results.json``: its form, and what its files say of it."""

from __future__ import annotations

import json
import lzma
import re
from dataclasses import fields
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from namegen.documents import from_plain, schema, to_plain
from namegen.experiments.compare.document import Comparison, ListEntry, Training
from tests.experiments.compare.conftest import FIRST_EDITION, RESULTS


@pytest.fixture(scope="module")
def plain() -> dict[str, Any]:
    """A comparison that an earlier version has written."""
    found: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
    return found


def test_results_made_before_are_read_and_written_to_the_letter(comparison: Comparison, documented: Comparison) -> None:
    text = json.dumps(to_plain(documented), ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    assert text == RESULTS.read_text(encoding="utf-8")
    assert to_plain(comparison) == json.loads(lzma.decompress(FIRST_EDITION.read_bytes()))


def test_results_keep_to_the_schema_that_is_made_of_the_classes(plain: dict[str, Any]) -> None:
    made = Draft202012Validator(schema(Comparison))
    made.validate(plain)
    assert not made.is_valid({**plain, "seeds": ["0"]})
    assert not made.is_valid({**plain, "validation": 1.5})


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"name": 7}, r"\$\.lists\[0\]\.name"),
        ({"more": 7}, r"\$\.lists\[0\]\.more"),
        ({"exported": {"bytes": -1, "largest_logit_difference": 0.0}}, r"\$\.lists\[0\]\.exported\.bytes"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(plain: dict[str, Any], change: dict[str, Any], place: str) -> None:
    wrong = {**plain, "lists": [{**plain["lists"][0], **change}, *plain["lists"][1:]]}
    with pytest.raises(ValueError, match=place):
        from_plain(Comparison, wrong)


def test_docs_name_every_field() -> None:
    text = (RESULTS.parents[1] / "use" / "comparison.md").read_text(encoding="utf-8")
    for field in (*fields(Comparison), *fields(ListEntry), *fields(Training)):
        assert re.search(rf"`{field.name}`", text), f"docs/use/comparison.md does not explain {field.name}"
