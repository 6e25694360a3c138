"""Check regular expressions: prefixes of matches are never rejected, and the running time is limited."""

from __future__ import annotations

import numpy as np
import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

import namegen.core.generation.constraints.matches as matches_module
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.generation.constraints.matches import Matches, written_out
from namegen.errors import GenerationError, NamegenError, SettingsError

VOCABULARY = Vocabulary("abc")
TOKENS = VOCABULARY.encode_all(["ab", "ba", "bb"])[0].reshape(3, 2)
STATES = np.zeros(3, np.int64)


def matching(expression: str) -> Matches:
    return Matches(expression, VOCABULARY)


plain_patterns = st.recursive(
    st.sampled_from(("a", "b", "c", ".", "[ab]", "[^a]", r"\w", r"\d", r"\p{L}")),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map("(?:{0[0]}|{0[1]})".format),
        st.tuples(inner, st.sampled_from(("*", "+", "?", "{2}", "{1,2}", "*?", "{2,}"))).map(
            "({0[0]}){0[1]}".format
        ),
    ),
    max_leaves=5,
)


@given(
    plain_patterns,
    st.text("abcAB1", max_size=5),
    st.sampled_from(("", "^", "(?i)")),
    st.sampled_from(("", "$")),
)
@settings(max_examples=100)
def test_pruning_agrees_with_full_matches(pattern: str, name: str, before: str, after: str) -> None:
    asked = matching(before + pattern + after)
    assert asked.is_plain
    assert asked.accepts(name) == (regex.fullmatch(before + pattern + after, name) is not None)
    if asked.accepts(name):
        assert all(asked.may_begin(name[:length]) for length in range(len(name) + 1))


LOOKS_BEYOND = (
    r"a\Bb a\b.* (?=a).* (?!a).* (?<=a)b (a)\1 (?>a|ab) a++ a*+b (?:ab){e<=1} \Ka [a&&b] [[a]--[b]] (?r)ab "
    r"(?P<x>a)(?&x) \X a^b (?|a|b)"
)


@pytest.mark.parametrize("expression", LOOKS_BEYOND.split())
def test_expressions_with_lookaround_are_checked_on_whole_names(expression: str) -> None:
    pattern = matching(expression)
    assert not pattern.is_plain
    assert pattern.may_begin("whatever")


@pytest.mark.parametrize(
    "expression", [r"\p{Uppercase-Letter}a*", r"\P{Script=Latin}", r"\p{Script: Old Italic}+"]
)
def test_every_spelling_of_a_unicode_property_allows_pruning(expression: str) -> None:
    assert matching(expression).is_plain


def test_slow_expressions_are_stopped() -> None:
    with pytest.raises(GenerationError, match=r"^matches=.* takes too long "):
        matching("(a|aa)+").accepts("a" * 60 + "b")


def test_many_slow_calls_are_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """This holds with and without pruning."""
    monkeypatch.setattr(matches_module, "SECONDS_TO_SPARE", -1.0)
    for constraint in (matching("ab"), matching(r"(?=a)ab")):
        with pytest.raises(GenerationError, match=r"^matches=.* takes too long "):
            constraint.rejects_names(TOKENS, STATES)
    monkeypatch.setattr(matches_module, "SECONDS_A_CALL_ON_AVERAGE", 1.0)
    assert matching("a").match_all(["a", "b"] * 60, partial=False) == [True, False] * 60


@pytest.mark.parametrize(
    "expression",
    [
        "((((a{100}){100}){100}){100})",
        r"((((?:\p{L}|b){100}){100}){100}){100}",
        "(?x) (a{1 0 00} ) {1000 0}",
        "((((|){100}){100}){100}){100}",
        "(a{1000}){1000}",
        "a{" + "9" * 5000 + "}",
    ],
)
def test_too_large_expressions_are_never_compiled(
    expression: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(regex, "compile", lambda *_: pytest.fail("compiled"))
    with pytest.raises(SettingsError, match=r"^matches=.* is too large an expression"):
        matching(expression)


@pytest.mark.parametrize(
    "expression",
    [
        ".{1,1000000}",
        "((a{0,1000}){0,1000}){0,1000}",
        "[{}(){9000}]{20}",
        r"\({9000}\[{9000}",
        "a" * 10_000,
    ],
)
def test_expressions_of_a_normal_size_are_compiled(expression: str) -> None:
    matching(expression)


@given(plain_patterns, st.integers(1, 30))
@settings(max_examples=30)
def test_a_repeat_is_as_large_as_its_copies(pattern: str, times: int) -> None:
    assert (
        written_out(f"(?:{pattern}){{{times}}}")
        == written_out(pattern * times)
        == times * written_out(pattern)
    )


@pytest.mark.timeout(60)
@pytest.mark.parametrize("sign", ["[", "(", "{1", "\\", "[\\", "(?x", ")"])
def test_the_size_is_computed_quickly(sign: str) -> None:
    """A slow implementation would take hours, so the test would time out."""
    written_out(sign * (10_000 // len(sign)))


def test_every_error_is_a_namegen_error() -> None:
    """An expression either works or raises a ``NamegenError``."""
    for expression in (
        "",
        "\\",
        "(?P<",
        "[[:alpha:]",
        "(?<n",
        "\ud800",
        "a{99999999999}",
        "(" * 5000,
        "\0",
        "a|*",
    ):
        try:
            matching(expression).accepts("ab")
        except NamegenError:
            continue


def test_long_expressions_are_shortened_in_messages() -> None:
    shown = []
    for length in (60, 61, 500):
        with pytest.raises(SettingsError) as error:
            matching("(" + "a" * (length - 1))
        shown.append(str(error.value).split("'")[1])
    assert shown == ["(" + "a" * 59, "(" + "a" * 56 + "...", "(" + "a" * 56 + "..."]


def test_expressions_follow_the_regex_library() -> None:
    """Python's ``re`` differs: vowel signs aren't part of words, and ``(?i)i`` also matches the Turkish ``ı``."""
    assert matching(r"\w+").accepts("हिन्दी")
    assert [matching("(?i)i").accepts(letter) for letter in "Iıİ"] == [True, False, True]


def test_prefixes_and_names_that_cannot_match_are_rejected() -> None:
    constraint = matching("ab*c?")
    assert constraint.rejects_prefixes(TOKENS, STATES).tolist() == [False, True, True]
    assert constraint.rejects_names(TOKENS, STATES).tolist() == [False, True, True]
    assert matching("abc").rejects_names(TOKENS, STATES).all()
    around = matching("(?=a)ab")
    assert not around.rejects_prefixes(TOKENS, STATES).any()
    assert around.rejects_names(TOKENS, STATES).tolist() == [False, True, True]


def test_equal_strings_are_matched_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    constraint = matching("[ab]{2}c?")
    tokens = np.random.default_rng(0).integers(1, 4, (200, 3)).astype(np.int32)
    states = np.zeros(200, np.int64)
    alone = [constraint.rejects_names(tokens[row : row + 1], states[:1])[0] for row in range(200)]
    monkeypatch.setattr(constraint, "_match", lambda *_, **__: pytest.fail("matched again"))
    assert constraint.rejects_names(tokens, states).tolist() == alone
    assert 0 < sum(alone) < 200
