"""Check that a request checks its values, and that Python and the command line report the same errors."""

from __future__ import annotations

import math
from dataclasses import fields

import pytest
from click.testing import CliRunner

from namegen.cli.generate import generate
from namegen.cli.terminal import option_name
from namegen.core.generation.request import GenerationRequest
from namegen.errors import SettingsError

WRONG = {
    "n": (-1, 10**10, "5", 2.5),
    "seed": (-1, 1.5, "x"),
    "temperature": (-0.1, math.nan, math.inf, "1"),
    "top_k": (0, -1, 1.5),
    "top_p": (0.0, 1.1, math.nan),
    "max_length": (0, "a"),
    "min_length": (-1, True),
    "min_distance": (-1, 0, 4, 10**9),
    "allow_seen": ("no", 1),
    "letter_case": ("Title", 5),
    "starts_with": (5, "a" * 10_001),
    "matches": (7, "a" * 10_001),
    "exclude_names": ("Bobby", [1, 2]),
    "exclude_words": ("ob", 5),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_values_are_rejected(name: str) -> None:
    for value in WRONG[name]:
        with pytest.raises(SettingsError, match=f"^{name} is .*: expected ") as error:
            GenerationRequest(**{name: value})  # type: ignore[arg-type]
        assert error.value.field == name


def test_none_stands_for_the_default() -> None:
    names = [declaration.name for declaration in fields(GenerationRequest)]
    assert GenerationRequest(**dict.fromkeys(names)) == GenerationRequest()


def test_strings_are_composed_and_iterables_are_read_once() -> None:
    assert GenerationRequest(starts_with="Zoe\u0308").starts_with == "Zoë"
    request = GenerationRequest(exclude_names=(name for name in ("Al", "Bo")))  # type: ignore[arg-type]
    assert request.exclude_names == ("Al", "Bo")


@pytest.mark.parametrize(
    ("name", "typed"),
    [("temperature", "-1"), ("seed", "-1"), ("min_distance", "4"), ("top_p", "2")],
)
def test_the_command_line_reports_the_same_error(name: str, typed: str) -> None:
    with pytest.raises(SettingsError) as error:
        GenerationRequest(**{name: float(typed) if name == "top_p" else int(typed)})  # type: ignore[arg-type]
    result = CliRunner().invoke(generate, ["mlb-last", f"{option_name(name)}={typed}"])
    assert result.exception is not None
    message = error.value.message_with(option_name)
    assert isinstance(result.exception, SettingsError)
    shown = result.exception.message_with(option_name)
    assert shown.replace(".0", "") == message.replace(".0", "")
