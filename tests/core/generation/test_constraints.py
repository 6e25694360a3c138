"""Constraints: every name keeps every one, and what is left has just the probabilities of the model."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

import namegen.core.generation.generator as generator_module
import namegen.core.generation.pattern as pattern_module
from namegen.core.data.digests import known_digests, normalise
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.generation.constraints import Constraints, Words, shortest_text
from namegen.core.generation.generator import Generator, SamplingSettings
from namegen.core.generation.neighbours import Neighbours
from namegen.core.generation.pattern import Pattern, written_out
from namegen.errors import GenerationError, NamegenError, SettingsError
from tests.core.generation.exact import SmallModel, all_names, check_frequencies, conditioned
from tests.core.generation.test_neighbours import edit_distance

MODEL = SmallModel()
LONGEST = 6
SAMPLING = SamplingSettings(max_length=LONGEST)


def generate(n: int, constraints: Constraints, seed: int = 0, **asked: object) -> list[str]:
    source = Generator(MODEL, MODEL.vocabulary)
    asked = {"sampling": SAMPLING, "allow_seen": True, "allow_repeats": True} | asked
    batches = source.generate(n, rng=np.random.default_rng(seed), constraints=constraints, **asked)  # type: ignore[arg-type]
    return [name for batch in batches for name in batch.names]


# A wish, and the same as a plain question about a name.
WISHES: dict[str, tuple[dict[str, object], Callable[[str], bool]]] = {
    "starts": ({"starts_with": "ab"}, lambda name: name.startswith("ab")),
    "ends": ({"ends_with": "ca"}, lambda name: name.endswith("ca")),
    "contains": ({"contains": "bab"}, lambda name: "bab" in name),
    "matches": ({"matches": "a.*(b|c)c"}, lambda name: regex.fullmatch("a.*(b|c)c", name) is not None),
    "looks around": ({"matches": r"(?!.*aa).*b\b"}, lambda name: "aa" not in name and name.endswith("b")),
    "shortest": ({"min_length": 4}, lambda name: len(name) >= 4),
    "banned": ({"banned": frozenset({"AB", "cc"})}, lambda name: "ab" not in name and "cc" not in name),
    "avoid": ({"avoid": known_digests(["A", "b C", "aa-a"])}, lambda name: name not in ("a", "bc", "aaa")),
    "near": (
        {"near": Neighbours(["abc", "cab"], 2)},
        lambda name: edit_distance(name, "abc") >= 2 and edit_distance(name, "cab") >= 2,
    ),
    "all at once": (
        {"starts_with": "a", "ends_with": "ab", "contains": "c", "matches": "[abc]+b", "min_length": 5},
        lambda name: name[0] == "a" and name.endswith("ab") and "c" in name and len(name) >= 5,
    ),
    "overlapping": (
        {"starts_with": "aba", "ends_with": "bab", "contains": "abab"},
        lambda name: name.startswith("aba") and name.endswith("bab") and "abab" in name,
    ),
}


@pytest.mark.parametrize("wish", WISHES)
def test_frequencies_are_the_exact_conditioned_probabilities(wish: str) -> None:
    constraints, holds = WISHES[wish]
    for sampling in ({}, {"temperature": 1.4}):
        exact = {name: p for name, p in all_names(MODEL, LONGEST, **sampling).items() if name and holds(name)}
        names = generate(
            8_000,
            Constraints(**constraints),  # type: ignore[arg-type]
            sampling=SamplingSettings(**sampling, max_length=LONGEST),
        )
        check_frequencies(Counter(names), conditioned(exact))


def test_log_probability_counts_the_beginning_that_is_forced() -> None:
    exact = all_names(MODEL, LONGEST)
    source = Generator(MODEL, MODEL.vocabulary)
    draws = source.draw(500, rng=np.random.default_rng(0), sampling=SAMPLING, constraints=Constraints(starts_with="ca"))
    for name, given_ in zip(MODEL.vocabulary.decode_all(draws.tokens), draws.log_probability, strict=True):
        np.testing.assert_allclose(given_, np.log(exact[name]), rtol=1e-5)


patterns = st.sampled_from(
    (
        None,
        "a.*",
        ".*c",
        "(ab|b)*",
        "[^b]{2,}",
        "a?b?c?a?",
        r"\w*",
        r"(?=.*b).*",
        r".*\Bc",
        "(?i)A.*",
        "(.).*\\1",
        "a$|b.+",
    )
)
texts = st.text("abc", max_size=3)


@given(
    starts_with=texts,
    ends_with=texts,
    contains=texts,
    matches=patterns,
    min_length=st.integers(0, 5),
    banned=st.frozensets(st.text("ABc", min_size=1, max_size=2), max_size=2),
    avoided=st.lists(st.text("abc", max_size=3), max_size=4),
    distance=st.integers(1, 3),
    max_length=st.integers(1, 6),
    seen=st.lists(st.text("abc", min_size=1, max_size=4), max_size=5),
    allow_repeats=st.booleans(),
    seed=st.integers(0, 3),
)
@settings(max_examples=150)
def test_every_name_keeps_every_constraint_and_nothing_else_is_missing(
    starts_with: str,
    ends_with: str,
    contains: str,
    matches: str | None,
    min_length: int,
    banned: frozenset[str],
    avoided: list[str],
    distance: int,
    max_length: int,
    seen: list[str],
    allow_repeats: bool,
    seed: int,
) -> None:
    """Random wishes: each name keeps them; and a wish that is called contradictory, or in vain, is so."""

    def holds(name: str) -> bool:
        return (
            min_length <= len(name) <= max_length
            and name.startswith(starts_with)
            and name.endswith(ends_with)
            and contains in name
            and (matches is None or regex.fullmatch(matches, name) is not None)
            and not any(word.lower() in name for word in banned)
            and name not in avoided
            and name not in seen
            and all(edit_distance(name, other) >= distance for other in avoided)
        )

    possible = {name for name in all_names(MODEL, max_length) if name and holds(name)}
    found: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(generator_module, "TRIES", 3_000)
        try:
            constraints = Constraints(
                starts_with, ends_with, contains, matches, min_length, banned, known_digests(avoided),
                Neighbours(avoided, distance),
            )  # fmt: skip
            batches = Generator(MODEL, MODEL.vocabulary, known_names=known_digests(seen)).generate(
                8,
                rng=np.random.default_rng(seed),
                sampling=SamplingSettings(max_length=max_length),
                constraints=constraints,
                allow_repeats=allow_repeats,
            )
            for batch in batches:
                found += batch.names
        except SettingsError:
            assert not possible
        except GenerationError:
            exact = all_names(MODEL, max_length)
            begin = sum(p for name, p in exact.items() if name.startswith(starts_with))
            missed = 0.0 if allow_repeats and found else sum(exact[name] for name in possible - set(found))
            assert missed < 0.01 * max(begin, 1e-9), "names that are not so rare were not found"
        else:
            assert len(found) == 8
    assert set(found) <= possible
    assert allow_repeats or len(set(found)) == len(found)


@given(texts, texts, texts)
def test_shortest_text_is_that_of_trying_every_text(beginning: str, inside: str, end: str) -> None:
    length = shortest_text(beginning, inside, end)

    def fits(size: int) -> bool:
        """Lay the three over a text of unknown characters, the middle one wherever it goes."""
        if size < max(len(beginning), len(inside), len(end)):
            return False
        for place in range(size - len(inside) + 1):
            text: dict[int, str] = {}
            laid = ((0, beginning), (place, inside), (size - len(end), end))
            if all(
                text.setdefault(start + offset, character) == character
                for start, part in laid
                for offset, character in enumerate(part)
            ):
                return True
        return False

    assert length == next(size for size in range(20) if fits(size))


@pytest.mark.parametrize(
    ("wish", "max_length", "says"),
    [
        ({"min_length": 9}, 5, r"--min-length 9 contradicts --max-length 5: raise --max-length"),
        ({"starts_with": "abcabc"}, 5, r"--starts-with 'abcabc' has 6 characters.*--max-length 5"),
        ({"contains": "abcabc"}, 5, r"--contains 'abcabc'.*--max-length 5"),
        ({"starts_with": "abc", "ends_with": "aaa"}, 5, r"--starts-with 'abc', --ends-with 'aaa' need 6 .*5"),
        ({"starts_with": "Xab"}, 9, r"--starts-with 'Xab' has the characters 'X', which the model has never seen"),
        ({"ends_with": "éa"}, 9, r"--ends-with 'éa' has the characters 'é'"),
        ({"contains": "<b>"}, 9, r"--contains '<b>' has the characters '<>'"),
        ({"contains": "\x1b["}, 9, r"--contains '\\x1b\[' has the characters"),
        ({"starts_with": "ab", "matches": "a?c.*"}, 9, r"--starts-with 'ab' contradicts --matches 'a\?c\.\*'"),
        ({"ends_with": "ab", "banned": frozenset({"A-B"})}, 9, r"--ends-with 'ab' contradicts --banned"),
        ({"min_length": -1}, 9, r"--min-length is -1"),
        ({"matches": "a(b"}, 9, r"--matches 'a\(b' is not a regular expression: missing \) at position 4"),
        ({"matches": "[a"}, 9, r"--matches .* at position \d+"),
        ({"matches": "*a"}, 9, r"--matches .* at position \d+"),
        ({"matches": "a" * 20_000}, 9, r"20,000 characters"),
        ({"matches": "((((a{100}){100}){100}){100})"}, 9, r"--matches .* is too large an expression"),
    ],
)
def test_contradictions_are_named_before_anything_is_drawn(wish: dict[str, object], max_length: int, says: str) -> None:
    class Untouched(SmallModel):
        def step(self, tokens: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            raise AssertionError("the model was asked")

    model = Untouched()
    with pytest.raises(SettingsError, match=says):
        Generator(model, model.vocabulary).generate(
            5,
            rng=np.random.default_rng(0),
            sampling=SamplingSettings(max_length=max_length),
            constraints=Constraints(**wish),  # type: ignore[arg-type]
            allow_seen=True,
        )


def test_a_space_at_an_end_is_named() -> None:
    vocabulary = Vocabulary(" a")
    for wish in (Constraints(starts_with=" a"), Constraints(ends_with="a ")):
        with pytest.raises(SettingsError, match="space"):
            wish.check(vocabulary, 9)


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({"ends_with": "aaaaa"}, "relax --ends-with"),
        ({"matches": "a{6}|b{6}"}, "relax --matches"),
        ({"min_length": 6, "starts_with": "abca"}, "--starts-with"),
        ({"banned": frozenset("abc")}, "shorten the list of --banned"),
        ({"near": Neighbours(["a", "b", "c", "aaa", "bbb", "ccc", "abc"], 3)}, "lower --min-distance"),
    ],
)
def test_a_wish_that_runs_dry_says_what_to_relax(
    wish: dict[str, object], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generator_module, "TRIES", 2_000)
    with pytest.raises(GenerationError, match=rf"\d+ names found of 2,000 .* no more within [\d,]+ tries: .*{says}"):
        generate(2_000, Constraints(**wish), allow_repeats=False)  # type: ignore[arg-type]


def test_temperature_0_gives_the_one_name_after_the_beginning() -> None:
    names = {tuple(generate(3, Constraints(starts_with=text), sampling=SamplingSettings(0.0))) for text in "abc"}
    assert all(len(set(three)) == 1 for three in names)


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
    with pytest.raises(SettingsError, match=r"^--matches .* is too large an expression"):
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


@pytest.mark.parametrize("sign", ["[", "(", "{1", "\\", "[\\", "(?x", ")"])
def test_the_size_is_counted_at_once(sign: str) -> None:
    start = time.perf_counter()
    written_out(sign * (10_000 // len(sign)))
    assert time.perf_counter() - start < 1


def test_many_slow_calls_are_stopped_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pattern_module, "SECONDS_TO_SPARE", -1.0)
    with pytest.raises(GenerationError, match="for 1 names"):
        Pattern("a").matches("a")


@given(st.text(max_size=8), st.lists(st.text(max_size=4), max_size=5))
def test_words_are_those_of_a_plain_search(name: str, banned: list[str]) -> None:
    """As they are typed, and in the form in which case, spaces and punctuation do not count."""
    typed = [word.strip().casefold() for word in banned if word.strip()]
    forms = [*typed, *(normalise(word) for word in typed)]
    expected = any(form in text for form in forms if form for text in (name.casefold(), normalise(name)))
    assert Words(banned).found_in(name) == expected


def test_words_as_one_would_hope() -> None:
    words = Words(["Damn", " hell\n", "", "  ", "&", "b.a.d"])
    found = ["Goddamned", "D-A-M-N", "Shell Oil", "A & B", "Sinbad"]
    assert all(words.found_in(name) for name in found)
    assert not any(words.found_in(name) for name in ("", "Dan", "Hel", "<b>", "\x1b[1m", "ba"))
    assert words.found_in("Adam N.")  # spaces and points do not count


def test_every_error_is_one_of_ours() -> None:
    """Whatever is typed as an expression: an answer or a named error."""
    for expression in ("", "\\", "(?P<", "[[:alpha:]", "(?<n", "\ud800", "a{99999999999}", "(" * 5000, "\0", "a|*"):
        try:
            Pattern(expression).matches("ab")
        except NamegenError:
            continue
