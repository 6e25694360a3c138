"""The result of a comparison in words."""

from __future__ import annotations

from dataclasses import replace

from namegen.experiments.compare.document import Comparison, Trouble
from namegen.experiments.compare.words import measured_where, troubles
from namegen.experiments.machine import EngineCode


def test_what_went_wrong_is_told_each_in_a_sentence(comparison: Comparison) -> None:
    missing = replace(comparison, missing=(Trouble("keras", "install it"),), failed=(Trouble("a training", "lost"),))
    assert troubles(missing) == ["Missing: keras: install it.", "Failed: a training: lost."]


def test_a_split_of_its_own_is_told(comparison: Comparison) -> None:
    assert any(
        "Seeds 0, 1, 2, split by the seed 7; " in one for one in measured_where(replace(comparison, split_seed=7))
    )
    assert not any("split by" in one for one in measured_where(comparison))


def test_the_code_of_each_engine_and_what_it_needs_are_told(comparison: Comparison) -> None:
    codes = {"numpy": EngineCode("12ab", {"numpy": "2.3"}), "odd": EngineCode(None, {"torch": None})}
    said = measured_where(replace(comparison, engine_codes=codes))
    assert "Engines: numpy (code 12ab, numpy 2.3); odd (code in no file, without torch)." in said
