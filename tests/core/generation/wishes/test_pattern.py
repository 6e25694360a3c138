"""Pattern: a regular expression that prunes nothing that may match, and is stopped where it explodes."""

from __future__ import annotations

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

import namegen.core.generation.wishes.matches as pattern_module
from namegen.core.generation.wishes.matches import Pattern, written_out
from namegen.errors import GenerationError, NamegenError, SettingsError

plain_patterns = st.recursive(
    st.sampled_from(("a", "b", "c", ".", "[ab]", "[^a]", r"\w", r"\d", r"\p{L}")),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map("(?:{0[0]}|{0[1]})".format),
        st.tuples(inner, st.sampled_from(("*", "+", "?", "{2}", "{1,2}", "*?", "{2,}"))).map("({0[0]}){0[1]}".format),
    ),
    max_leaves=5,
)


@given(plain_patterns, st.text("abc", max_size=5), st.sampled_from(("", "^", "(?i)")), st.sampled_from(("", "$")))
@settings(max_examples=300)
def test_no_beginning_of_a_match_is_pruned(pattern: str, name: str, before: str, after: str) -> None:
    asked = Pattern(before + pattern + after)
    assert asked.prunes
    assert asked.matches(name) == (regex.fullmatch(before + pattern + after, name) is not None)
    if asked.matches(name):
        assert all(asked.may_begin(name[:length]) for length in range(len(name) + 1))


@pytest.mark.parametrize(
    "expression",
    [
        r"a\Bb",
        r"a\b.*",
        "(?=a).*",
        "(?!a).*",
        "(?<=a)b",
        r"(a)\1",
        "(?>a|ab)",
        "a++",
        "a*+b",
        "(?:ab){e<=1}",
        r"\Ka",
        "[a&&b]",
        "[[a]--[b]]",
        "(?r)ab",
        "a{1,2}{e}",
        "(?P<x>a)(?&x)",
        r"\X",
        "(*FAIL)",
        "a^b",
        "(?|a|b)",
    ],
)
def test_what_looks_beyond_its_place_is_asked_of_whole_names_only(expression: str) -> None:
    try:
        pattern = Pattern(expression)
    except SettingsError:
        return
    assert not pattern.prunes
    assert pattern.may_begin("whatever")


def test_an_expression_that_explodes_is_stopped_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pattern_module, "SECONDS_A_CALL", 0.05)
    pattern = Pattern("(a|aa)+")
    with pytest.raises(GenerationError, match=r"takes too long .*simplify"):
        pattern.matches("a" * 60 + "b")


@pytest.mark.parametrize(
    "expression",
    [
        "((((a{100}){100}){100}){100})",
        "((([ab(]{100}){100}){100,}?){100,200}+",
        r"((((?:\p{L}|b){100}){100}){100}){100}",
        "(?x) (a{1 0 00} ) {1000 0}",
        "(?=((((^){100}){100}){100}){100})",
        "((((|){100}){100}){100}){100}",
        "a{1000000}",
        "a{" + "9" * 5000 + "}",
    ],
)
def test_an_expression_that_is_too_large_is_never_compiled(expression: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regex, "compile", lambda *_: pytest.fail("compiled"))
    with pytest.raises(SettingsError, match=r"^matches=.* is too large an expression"):
        Pattern(expression)


@pytest.mark.parametrize(
    "expression",
    [
        ".{1,1000000}",
        "((a{0,1000}){0,1000}){0,1000}",
        r"(?:\p{Lu}\p{Ll}+ ?){1,1000}",
        "[{}(){9000}]{20}",
        r"\({9000}\[{9000}",
        "|".join(["[A-Z][a-z]{3,9}"] * 500),
    ],
)
def test_an_expression_of_a_usual_size_is_compiled(expression: str) -> None:
    Pattern(expression)


@given(plain_patterns, st.integers(1, 30))
def test_the_size_of_a_repeat_is_that_of_its_copies(pattern: str, times: int) -> None:
    assert written_out(f"(?:{pattern}){{{times}}}") == written_out(pattern * times) == times * written_out(pattern)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("sign", ["[", "(", "{1", "\\", "[\\", "(?x", ")"])
def test_the_size_is_counted_at_once(sign: str) -> None:
    """A signal ends what would go on for hours."""
    written_out(sign * (10_000 // len(sign)))


def test_many_slow_calls_are_stopped_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pattern_module, "SECONDS_TO_SPARE", -1.0)
    with pytest.raises(GenerationError, match=r"matches='a' takes too long \("):
        Pattern("a").ask_all(["a"], partial=False)


def test_every_error_is_one_of_ours() -> None:
    """Whatever is typed as an expression: an answer or a named error."""
    for expression in ("", "\\", "(?P<", "[[:alpha:]", "(?<n", "\ud800", "a{99999999999}", "(" * 5000, "\0", "a|*"):
        try:
            Pattern(expression).matches("ab")
        except NamegenError:
            continue


@given(plain_patterns, st.text("abcAB1", max_size=6), st.sampled_from(("", "(?i)")))
@settings(max_examples=200)
def test_texts_in_the_characters_that_stand_for_others_are_answered_alike(pattern: str, text: str, flag: str) -> None:
    asked = Pattern(flag + pattern)
    other = text.translate(asked.alike("1ABabc"))
    assert asked.matches(other) == asked.matches(text)
    assert asked.may_begin(other) == asked.may_begin(text)


@pytest.mark.parametrize("expression", [r"\p{Uppercase-Letter}a*", r"\P{Script=Latin}", r"\p{Script: Old Italic}+"])
def test_a_property_in_any_of_its_spellings_prunes(expression: str) -> None:
    assert Pattern(expression).prunes


def test_an_expression_means_what_it_means_in_the_library() -> None:
    """Where Python's ``re`` differs: vowel signs are parts of words, and letter case is Unicode's, Turkish aside."""
    assert Pattern(r"\w+").matches("हिन्दी")
    assert [Pattern("(?i)i").matches(letter) for letter in "Iıİ"] == [True, False, True]


def test_the_longest_expression() -> None:
    Pattern("a" * 10_000)
    with pytest.raises(SettingsError, match="matches has 10,001 characters: expected at most 10,000"):
        Pattern("a" * 10_001)


def test_few_characters_stand_for_many() -> None:
    assert set(Pattern("([A-Z]+)*1").alike("1ABCZabz").values()) == {"1", "A", "a"}
    assert set(Pattern(r"(?i)^(?:a{2}|\\d+?)*$").alike("aAbB12").values()) == {"a", "b", "B", "1"}
