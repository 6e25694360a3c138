"""Wishes: every name keeps every one, and what is left has just the probabilities of the model."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

import namegen.core.generation.generator as generator_module
from namegen.cli.terminal import option_name
from namegen.core.data.sameness import known_digests
from namegen.core.generation.generator import Generator
from namegen.core.generation.sampling import SamplingSettings
from namegen.core.generation.wishes.matches import Matches
from namegen.core.generation.wishes.wishlist import (
    WISHES,
    Avoid,
    Banned,
    Contains,
    EndsWith,
    MinDistance,
    MinLength,
    StartsWith,
    Wishlist,
)
from namegen.errors import GenerationError, SettingsError
from namegen.wishes import Wishes, make_wishes
from tests.core.generation.exact import SmallModel, all_names, check_frequencies, conditioned, draw
from tests.core.generation.wishes.test_neighbours import edit_distance

MODEL = SmallModel()
LONGEST = 6
SAMPLING = SamplingSettings(max_length=LONGEST)


def generate(n: int, wishes: Wishlist | None, seed: int = 0, **asked: object) -> list[str]:
    source = Generator(MODEL, MODEL.vocabulary)
    asked = {"sampling": SAMPLING, "allow_seen": True, "allow_repeats": True} | asked
    batches = source.generate(n, rng=np.random.default_rng(seed), wishes=wishes, **asked)  # type: ignore[arg-type]
    return [name for batch in batches for name in batch.names]


# A wish, and the same as a plain question about a name.
EXAMPLES: dict[str, tuple[Wishlist, Callable[[str], bool]]] = {
    "starts": (Wishlist([StartsWith("ab")]), lambda name: name.startswith("ab")),
    "ends": (Wishlist([EndsWith("ca")]), lambda name: name.endswith("ca")),
    "contains": (Wishlist([Contains("bab")]), lambda name: "bab" in name),
    "matches": (Wishlist([Matches("a.*(b|c)c")]), lambda name: regex.fullmatch("a.*(b|c)c", name) is not None),
    "looks around": (Wishlist([Matches(r"(?!.*aa).*b\b")]), lambda name: "aa" not in name and name.endswith("b")),
    "shortest": (Wishlist([MinLength(4)]), lambda name: len(name) >= 4),
    "banned": (Wishlist([Banned(["AB", "cc"])]), lambda name: "ab" not in name and "cc" not in name),
    "avoid": (Wishlist([Avoid(["A", "b C", "aa-a"])]), lambda name: name not in ("a", "bc", "aaa")),
    "near": (
        Wishlist([MinDistance(2, ["abc", "cab"])]),
        lambda name: edit_distance(name, "abc") >= 2 and edit_distance(name, "cab") >= 2,
    ),
    "all at once": (
        Wishlist([StartsWith("a"), EndsWith("ab"), Contains("c"), Matches("[abc]+b"), MinLength(5)]),
        lambda name: name[0] == "a" and name.endswith("ab") and "c" in name and len(name) >= 5,
    ),
    "overlapping": (
        Wishlist([StartsWith("aba"), EndsWith("bab"), Contains("abab")]),
        lambda name: name.startswith("aba") and name.endswith("bab") and "abab" in name,
    ),
}


@pytest.mark.parametrize("wish", EXAMPLES)
def test_frequencies_are_the_exact_conditioned_probabilities(wish: str) -> None:
    wishes, holds = EXAMPLES[wish]
    for sampling in ({}, {"temperature": 1.4}):
        exact = {name: p for name, p in all_names(MODEL, LONGEST, **sampling).items() if name and holds(name)}
        names = generate(8_000, wishes, sampling=SamplingSettings(**sampling, max_length=LONGEST))
        check_frequencies(Counter(names), conditioned(exact))


def test_log_probability_counts_the_beginning_that_is_forced() -> None:
    exact = all_names(MODEL, LONGEST)
    draws = draw(MODEL, 500, rng=np.random.default_rng(0), sampling=SAMPLING, wishes=[StartsWith("ca")])
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
def test_every_name_keeps_every_wish_and_nothing_else_is_missing(
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
        patch.setattr(generator_module, "TRIES", 300)
        try:
            wishes = make_wishes(
                starts_with=starts_with,
                ends_with=ends_with,
                contains=contains,
                matches=matches,
                min_length=min_length,
                banned=banned,
                avoid=avoided,
                min_distance=distance,
            )
            batches = Generator(MODEL, MODEL.vocabulary, known_names=known_digests(seen)).generate(
                8,
                rng=np.random.default_rng(seed),
                sampling=SamplingSettings(max_length=max_length),
                wishes=wishes,
                allow_repeats=allow_repeats,
            )
            for batch in batches:
                found += batch.names
        except SettingsError:
            assert not possible
        except GenerationError:  # there are no more, and that is sure
            assert not possible if allow_repeats else set(found) == possible
        else:
            assert len(found) == 8
    assert set(found) <= possible
    assert allow_repeats or len(set(found)) == len(found)


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
    with pytest.raises(SettingsError) as caught:
        Generator(model, model.vocabulary).generate(
            5,
            rng=np.random.default_rng(0),
            sampling=SamplingSettings(max_length=max_length),
            wishes=make_wishes(**wish),  # type: ignore[arg-type]
            allow_seen=True,
        )
    assert re.search(says, caught.value.told(option_name))


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({"ends_with": "aaaaa"}, "relax --ends-with"),
        ({"matches": "a{6}|b{6}"}, "relax --matches"),
        ({"min_length": 6, "starts_with": "abca"}, "--starts-with"),
        ({"banned": frozenset("abc")}, "shorten the list of --banned"),
        ({"avoid": ["a", "b", "c", "aaa", "bbb", "ccc", "abc"], "min_distance": 3}, "lower --min-distance"),
    ],
)
def test_a_wish_that_runs_dry_says_what_to_relax(
    wish: dict[str, object], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generator_module, "TRIES", 2_000)
    with pytest.raises(GenerationError) as caught:
        generate(2_000, make_wishes(**wish), allow_repeats=False)  # type: ignore[arg-type]
    sentence = rf"names found: \d+ of 2,000 .* no other name is possible: .*{says}"
    assert re.match(sentence, caught.value.told(option_name))


def test_temperature_0_gives_the_one_name_after_the_beginning() -> None:
    names = {tuple(generate(3, Wishlist([StartsWith(text)]), sampling=SamplingSettings(0.0))) for text in "abc"}
    assert all(len(set(three)) == 1 for three in names)


def test_in_python_a_message_names_the_arguments() -> None:
    with pytest.raises(SettingsError, match=r"^min_length=9 contradicts max_length=5: raise max_length"):
        generate(1, Wishlist([MinLength(9)]), sampling=SamplingSettings(max_length=5))
    with pytest.raises(GenerationError, match=r"with avoid, or give allow_seen=True$"):
        generate(1, Wishlist(), allow_seen=False)


def test_a_wish_that_asks_for_nothing_is_left_out() -> None:
    nothing = Wishlist([StartsWith(""), Contains(""), EndsWith(""), MinLength(0), Banned([])])
    assert list(nothing) == []
    assert nothing.get(MinLength) is None
    assert nothing.shortest == 0


def test_every_wish_is_listed_once_by_its_setting() -> None:
    assert all(kind.name == name for name, kind in WISHES.items())
    assert set(Wishes.__annotations__) | {"max_length", "allow_seen", "allow_repeats", "not_a_name"} == set(WISHES)
