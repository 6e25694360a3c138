"""Documents as JSON carries them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from namegen.documents import UNSET, UnsetType, from_plain, schema, to_plain


@dataclass(frozen=True)
class Run:
    seed: int
    rate: float
    status: Literal["done", "failed"]
    settings: Mapping[str, Any]
    hidden: tuple[int, ...] = ()
    why: str | UnsetType = UNSET
    model: str | None = None


@dataclass(frozen=True)
class Results:
    """What came of it."""

    runs: tuple[Run, ...]


RUN = Run(1, 0.5, "done", {"network.hidden": [1, {"x": None}]}, (3, 4))
PLAIN = {
    "seed": 1,
    "rate": 0.5,
    "status": "done",
    "settings": {"network.hidden": [1, {"x": None}]},
    "hidden": [3, 4],
    "model": None,
}


def test_a_document_and_its_plain_form() -> None:
    assert to_plain(Results((RUN,))) == {"runs": [PLAIN]}
    assert from_plain(Results, json.loads(json.dumps({"runs": [PLAIN]}))) == Results((RUN,))
    failed = Run(1, 0.5, "failed", {}, why="lost")
    assert to_plain(failed)["why"] == "lost"
    assert from_plain(Run, to_plain(failed)) == failed


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"seed": "1"}, r"\$\.runs\[0\]\.seed"),
        ({"seed": True}, r"\$\.runs\[0\]\.seed"),
        ({"status": "gone"}, r"\$\.runs\[0\]\.status"),
        ({"hidden": [1, None]}, r"\$\.runs\[0\]\.hidden\[1\]"),
        ({"more": 1}, r"Unknown key - at `\$\.runs\[0\]\.more`"),
        ({"why": None}, r"\$\.runs\[0\]\.why"),
    ],
)
def test_another_form_is_refused_with_its_place(change: dict[str, Any], place: str) -> None:
    with pytest.raises(ValueError, match=place):
        from_plain(Results, {"runs": [PLAIN | change]})


def test_a_key_that_is_missing_is_refused() -> None:
    with pytest.raises(ValueError, match=r"missing required field `seed` - at `\$\.runs\[0\]`"):
        from_plain(Results, {"runs": [{name: value for name, value in PLAIN.items() if name != "seed"}]})
    with pytest.raises(ValueError, match="Expected `object`"):
        from_plain(Results, [])


def test_the_schema_names_the_fields() -> None:
    described = schema(Results)["$defs"]["Run"]
    assert set(described["properties"]) == {*PLAIN, "why"}
    assert described["required"] == ["seed", "rate", "status", "settings"]
