"""Check that documents are converted to JSON and back, and that invalid documents are rejected."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from namegen.documents import (
    UNSET,
    UnsetType,
    from_plain,
    read_json,
    to_plain,
)


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
    """The results of all runs."""

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


def test_documents_survive_a_round_trip() -> None:
    assert to_plain(Results((RUN,))) == {"runs": [PLAIN]}
    assert from_plain(Results, json.loads(json.dumps({"runs": [PLAIN]}))) == Results((RUN,))
    failed = Run(1, 0.5, "failed", {}, why="lost")
    assert to_plain(failed)["why"] == "lost"
    assert from_plain(Run, to_plain(failed)) == failed


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"seed": "1"}, r"\$\.runs\[0\]\.seed"),
        ({"status": "gone"}, r"\$\.runs\[0\]\.status"),
        ({"hidden": [1, None]}, r"\$\.runs\[0\]\.hidden\[1\]"),
        ({"more": 1}, r"Unknown key - at `\$\.runs\[0\]\.more`"),
        (None, r"missing required field `seed` - at `\$\.runs\[0\]`"),
    ],
)
def test_invalid_documents_are_rejected_with_the_path(
    change: dict[str, Any] | None, place: str
) -> None:
    without = {name: value for name, value in PLAIN.items() if name != "seed"}
    with pytest.raises(ValueError, match=place):
        from_plain(Results, {"runs": [without if change is None else PLAIN | change]})
    with pytest.raises(ValueError, match="Expected `object`"):
        from_plain(Results, [])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 100_000, "nests too deeply: expected at most 40 levels"),
        ('{"a": ' * 41 + "1" + "}" * 41, "nests too deeply"),
        ("NaN", "it isn't JSON"),
        ("[1e400]", "it isn't JSON"),
        ("[9223372036854775808]", "needs more than 64 bits"),
        (b'"\xff"', "it isn't JSON"),
        ("{", "it isn't JSON"),
    ],
)
def test_invalid_or_unusual_json_is_rejected(text: str | bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_json(text)
    assert read_json("[" * 40 + "]" * 40)
