"""Check that names satisfy all constraints and keep their relative probabilities.

Contradictory constraints are reported.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

import namegen.core.generation.search as search_module
from namegen.cli.terminal import option_name
from namegen.core.data.normalization import hash_names, known_set
from namegen.core.generation.advice import advice
from namegen.core.generation.generator import Generator
from namegen.core.generation.request import GenerationRequest
from namegen.core.generation.search import Effort
from namegen.errors import GenerationError, NamegenError, SettingsError
from tests.core.generation.constraints.test_neighbours import edit_distance
from tests.core.generation.exact import (
    SmallModel,
    all_names,
    asking,
    check_frequencies,
    conditioned,
    names_of,
    walk_of,
)

MODEL = SmallModel()
LONGEST = 6

# Each example is a list of constraints, and a plain function that checks a name in the same way.
EXAMPLES: dict[str, tuple[dict[str, Any], Callable[[str], bool]]] = {
    "starts": ({"starts_with": "ab"}, lambda name: name.startswith("ab")),
    "ends": ({"ends_with": "ca"}, lambda name: name.endswith("ca")),
    "contains": ({"contains": "bab"}, lambda name: "bab" in name),
    "matches": (
        {"matches": "a.*(b|c)c"},
        lambda name: regex.fullmatch("a.*(b|c)c", name) is not None,
    ),
    "looks around": (
        {"matches": r"(?!.*aa).*b\b"},
        lambda name: "aa" not in name and name.endswith("b"),
    ),
    "shortest": ({"min_length": 4}, lambda name: len(name) >= 4),
    "exclude_words": (
        {"exclude_words": ["AB", "cc"]},
        lambda name: "ab" not in name and "cc" not in name,
    ),
    "exclude_names": (
        {"exclude_names": ["A", "b C", "aa-a"]},
        lambda name: name not in ("a", "bc", "aaa"),
    ),
    "near": (
        {"min_distance": 2, "exclude_names": ["abc", "cab"]},
        lambda name: edit_distance(name, "abc") >= 2 and edit_distance(name, "cab") >= 2,
    ),
    "all at once": (
        {
            "starts_with": "a",
            "ends_with": "ab",
            "contains": "c",
            "matches": "[abc]+b",
            "min_length": 5,
        },
        lambda name: name[0] == "a" and name.endswith("ab") and "c" in name and len(name) >= 5,
    ),
    "overlapping": (
        {"starts_with": "aba", "ends_with": "bab", "contains": "abab"},
        lambda name: name.startswith("aba") and name.endswith("bab") and "abab" in name,
    ),
}


@pytest.mark.parametrize("constraint", EXAMPLES)
def test_constraints_keep_the_relative_probabilities(constraint: str) -> None:
    options, holds = EXAMPLES[constraint]
    exact = all_names(MODEL, LONGEST, temperature=1.4)
    wanted = {name: p for name, p in exact.items() if name and holds(name)}
    source = Generator(MODEL, MODEL.vocabulary)
    options = options | {"temperature": 1.4, "max_length": LONGEST, "allow_repeats": True}
    check_frequencies(Counter(names_of(source, 8_000, **options)), conditioned(wanted))


PATTERNS = (
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
)
texts = st.text("abc", max_size=3)
asked_for = st.fixed_dictionaries(
    {
        "starts_with": texts,
        "ends_with": texts,
        "contains": texts,
        "matches": st.sampled_from((*PATTERNS, "a$|b.+")),
        "min_length": st.integers(0, 5),
        "exclude_words": st.frozensets(st.text("ABc", min_size=1, max_size=2), max_size=2),
        "exclude_names": st.lists(st.text("abc", max_size=3), max_size=4),
        "min_distance": st.integers(1, 3),
    }
)


@given(
    asked=asked_for,
    max_length=st.integers(1, 6),
    seen=st.lists(st.text("abc", min_size=1, max_size=4), max_size=5),
    allow_repeats=st.booleans(),
    seed=st.integers(0, 3),
)
@settings(max_examples=25)
def test_exactly_the_names_that_satisfy_all_constraints_are_found(
    asked: dict[str, Any], max_length: int, seen: list[str], allow_repeats: bool, seed: int
) -> None:
    """Check random constraints. If an error is raised, there are really no more names."""

    def holds(name: str) -> bool:
        return (
            asked["min_length"] <= len(name) <= max_length
            and name.startswith(asked["starts_with"])
            and name.endswith(asked["ends_with"])
            and asked["contains"] in name
            and regex.fullmatch(asked["matches"] or ".*", name) is not None
            and not any(word.lower() in name for word in asked["exclude_words"])
            and name not in seen
            and all(
                edit_distance(name, other) >= asked["min_distance"]
                for other in asked["exclude_names"]
            )
        )

    possible = {name for name in all_names(MODEL, max_length) if name and holds(name)}
    found: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search_module, "UNFILTERED", Effort(draws_per_name=300, draws_in_vain=300))
        source = Generator(MODEL, MODEL.vocabulary, known_names=known_set(seen))
        request = asking(
            8,
            seed=seed,
            max_length=max_length,
            allow_seen=False,
            allow_repeats=allow_repeats,
            **asked,
        )
        try:
            for batch in source.generate(request):
                found += batch.names
        except SettingsError:
            assert not possible
        except GenerationError:  # every possible name has been found
            assert not possible if allow_repeats else set(found) == possible
        else:
            assert len(found) == 8
    assert set(found) <= possible
    assert allow_repeats or len(set(found)) == len(found)


@given(
    texts,
    texts,
    texts,
    st.sampled_from(("[abc]*", "a.*", "(?=a).*b", ".{3}")),
    st.text("abc", max_size=5),
)
def test_prefixes_of_valid_names_are_never_rejected(
    begins: str, has: str, ends: str, expression: str, name: str
) -> None:
    name = begins + name[len(begins) :]
    try:
        constraints = walk_of(
            MODEL,
            starts_with=begins,
            contains=has,
            ends_with=ends,
            matches=expression,
            min_length=2,
            max_length=5,
        ).constraints
    except SettingsError:  # they contradict each other
        return
    assert constraints.forced.tolist() == MODEL.vocabulary.encode(begins).tolist()
    tokens = MODEL.vocabulary.encode_all([name])[0][None, :]  # (1, length)
    states = constraints.start(1)
    rejected = False
    for depth in range(len(begins), len(name) + 1):
        if depth > len(begins):
            states = constraints.advance(states, np.zeros(1, np.int64), tokens[:, depth - 1])
        found = list(constraints.rejections(tokens[:, :depth], states, are_whole_names=False))
        rejected = rejected or bool(found)
    failed = list(constraints.rejections(tokens, states, are_whole_names=True))
    is_wanted = len(constraints.keep([name], np.ones(1, np.int64)).rows) == 1
    assert not (is_wanted and rejected)
    assert (rejected or bool(failed)) == (not is_wanted)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"min_length": 9}, r"--min-length 9 asks for more than the 5 .* raise --max-length"),
        ({"starts_with": "abcabc"}, r"--starts-with 'abcabc': .* 6 .*than the 5 .*--max-length"),
        (
            {"starts_with": "abc", "ends_with": "aaa"},
            r"'abc', --ends-with 'aaa': a name needs 6 .*the 5 ",
        ),
        ({"starts_with": "Xab"}, r"--starts-with 'Xab' .*'X'"),
        ({"contains": "\x1b["}, r"--contains '\\x1b\["),
        (
            {"starts_with": "ab", "matches": "a?c.*"},
            r"--starts-with 'ab' contradicts --matches 'a\?c\.\*'",
        ),
        (
            {"ends_with": "ab", "exclude_words": ["A-B"]},
            r"--ends-with 'ab' contradicts --exclude-words",
        ),
        ({"matches": "a(b"}, r"--matches 'a\(b' .* at position 4"),
        ({"starts_with": " a"}, "space"),
        ({"ends_with": "a "}, "space"),
        ({"min_distance": 2}, "--min-distance needs names to compare with"),
    ],
    ids=str,
)
def test_contradictions_are_reported_before_drawing(options: dict[str, Any], says: str) -> None:
    class Untouched(SmallModel):
        def step(self, tokens: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            raise AssertionError("the model was asked")

    source = Generator(Untouched(), SmallModel(" abc").vocabulary)
    with pytest.raises(SettingsError) as caught:
        source.generate(asking(5, max_length=5, **options))
    assert re.search(says, caught.value.message_with(option_name))


@pytest.mark.parametrize(
    ("rejected", "options", "drawn", "expected"),
    [
        ({"max_length": 9}, {}, True, "raise --max-length"),
        ({"max_length": 9, "matches": 1}, {"matches": "(?=a)b"}, True, "relax --matches"),
        ({"matches": 9}, {"matches": "b", "temperature": 0.0}, True, "raise --temperature"),
        ({"new": 9}, {}, True, "raise --temperature, or allow names of the list with --allow-seen"),
        ({"new": 9}, {}, False, "allow names of the list with --allow-seen"),
        ({"not_a_name": 9}, {"top_k": 1, "temperature": 0.0}, True, "raise --temperature and"),
        ({"not_a_name": 9}, {"top_k": 5, "top_p": 0.9}, True, "raise --top-k or --top-p or"),
        (
            {"distinct": 9},
            {"top_k": 1},
            True,
            "raise --top-k, ask for fewer, or allow more with --allow-repeats",
        ),
        ({}, {}, True, "ask for fewer"),
        ({"distinct": 9}, {"starts_with": "b"}, False, "or relax --starts-with"),
    ],
)
def test_advice_names_settings_that_can_help(
    rejected: dict[str, int], options: dict[str, Any], drawn: bool, expected: str
) -> None:
    source = Generator(MODEL, MODEL.vocabulary, known_names=known_set([]))
    constraints = source.prepare(GenerationRequest(max_length=9, **options)).constraints
    text = NamegenError(advice(Counter(rejected), constraints, drawn=drawn))
    assert expected in text.message_with(option_name)


def test_rejections_are_counted_for_the_first_constraint_that_fails() -> None:
    names = ["Anna", "Bob", " Ann", "Hanna", "Hannah", "Annabella"]
    counts = np.array([1, 2, 4, 8, 16, 32])
    model = SmallModel(" ABHabehln")
    source = Generator(model, model.vocabulary, known_names=known_set(["HANNA"]))
    request = GenerationRequest(max_length=8, contains="nn", exclude_names=["Hannah"])
    constraints = source.prepare(request).constraints
    rows, kept, refused = constraints.keep(names, counts)
    assert (rows.tolist(), kept.names) == ([0], ["Anna"])
    assert kept.hashes.tolist() == hash_names(["Anna"]).tolist()
    assert refused == {
        "not_a_name": 4,
        "max_length": 32,
        "contains": 2,
        "new": 8,
        "exclude_names": 16,
    }
    assert constraints.reserved is not None
    constraints.reserved.add(hash_names(["ANNA"]))
    assert constraints.keep(names, counts).rejected["distinct"] == 1
    assert walk_of(MODEL, allow_repeats=True).constraints.reserved is None


def test_the_list_knows_if_nearly_all_draws_pass() -> None:
    source = Generator(MODEL, MODEL.vocabulary, known_names=known_set([]))
    easy = {
        "allow_seen": False,
        "allow_repeats": True,
        "exclude_names": [],
        "min_distance": 2,
    }
    assert source.prepare(asking(**easy)).constraints.lets_all_through
    for options in ({"exclude_names": ["a"]}, {"allow_repeats": False}, {"contains": "a"}):
        assert not source.prepare(asking(**easy | options)).constraints.lets_all_through
