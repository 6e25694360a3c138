"""Check which features of names count as patterns."""

from __future__ import annotations

import pytest

from namegen.core.data.patterns import patterns_of, patterns_of_list


@pytest.mark.parametrize(
    ("name", "patterns"),
    [
        ("Anna", {"^Xx"}),
        ("ensbury", {"^x"}),
        ("McgEe", {"^XxXx"}),
        ("Stow-on-the-Wold", {"^Xx", "x", "Xx"}),
        ("R2-D2", {"^X", "X"}),
        ("RRssi", {"^Xx", "XXx"}),
        ("LA-Maria", {"^X", "Xx"}),
        ("Annna", {"^Xx", "aaa"}),
        ("Aaab", {"^Xx", "aaa"}),
        ("Pink Pink", {"^Xx", "Xx", "word word"}),
        ("J. J. Ray", {"^X", "X", "Xx"}),
        ("Brrt", {"^Xx", "bcd"}),
        ("Ðúr", {"^Xx"}),
        ("さくら", {"^x"}),
        ("1066", set()),
    ],
)
def test_patterns(name: str, patterns: set[str]) -> None:
    assert patterns_of(name) - {"bcd"} == patterns - {"bcd"}
    assert ("bcd" in patterns_of(name)) == (name in ("R2-D2", "Brrt"))
    assert patterns_of_list([name, name]) == tuple(sorted(patterns_of(name)))
