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
from namegen.constraints import Constraints, make_constraints
from namegen.core.data.normalization import hash_names, known_set
from namegen.core.generation.advice import advice
from namegen.core.generation.constraints.constraint import Constraint
from namegen.core.generation.constraints.constraint_list import (
    CONSTRAINTS,
    ConstraintList,
    Distinct,
    ExcludedNames,
    ExcludedWords,
    MaxLength,
    MinDistance,
    MinLength,
    NameFilter,
    New,
    WellFormed,
)
from namegen.core.generation.constraints.matches import Matches
from namegen.core.generation.constraints.texts import Contains, EndsWith, StartsWith
from namegen.core.generation.generator import Generator
from namegen.core.generation.sampling import SamplingSettings
from namegen.core.generation.search import Effort
from namegen.core.generation.walk import PrefixFilter
from namegen.errors import GenerationError, NamegenError, SettingsError
from tests.core.generation.constraints.test_neighbours import edit_distance
from tests.core.generation.exact import SmallModel, all_names, check_frequencies, conditioned, draw

MODEL = SmallModel()
LONGEST = 6
SAMPLING = SamplingSettings(max_length=LONGEST)


def generate(
    n: int, constraints: ConstraintList | None, seed: int = 0, **asked: object
) -> list[str]:
    asked = {"sampling": SAMPLING, "allow_seen": True, "allow_repeats": True} | asked
    source, rng = Generator(MODEL, MODEL.vocabulary), np.random.default_rng(seed)
    return [
        name
        for batch in source.generate(n, rng=rng, constraints=constraints, **asked)
        for name in batch.names
    ]  # type: ignore[arg-type]


# Each example is a list of constraints, and a plain function that checks a name in the same way.
EXAMPLES: dict[str, tuple[ConstraintList, Callable[[str], bool]]] = {
    "starts": (ConstraintList([StartsWith("ab")]), lambda name: name.startswith("ab")),
    "ends": (ConstraintList([EndsWith("ca")]), lambda name: name.endswith("ca")),
    "contains": (ConstraintList([Contains("bab")]), lambda name: "bab" in name),
    "matches": (
        ConstraintList([Matches("a.*(b|c)c")]),
        lambda name: regex.fullmatch("a.*(b|c)c", name) is not None,
    ),
    "looks around": (
        ConstraintList([Matches(r"(?!.*aa).*b\b")]),
        lambda name: "aa" not in name and name.endswith("b"),
    ),
    "shortest": (ConstraintList([MinLength(4)]), lambda name: len(name) >= 4),
    "exclude_words": (
        ConstraintList([ExcludedWords(["AB", "cc"])]),
        lambda name: "ab" not in name and "cc" not in name,
    ),
    "exclude_names": (
        ConstraintList([ExcludedNames(["A", "b C", "aa-a"])]),
        lambda name: name not in ("a", "bc", "aaa"),
    ),
    "near": (
        ConstraintList([MinDistance(2, ["abc", "cab"])]),
        lambda name: edit_distance(name, "abc") >= 2 and edit_distance(name, "cab") >= 2,
    ),
    "all at once": (
        ConstraintList(
            [StartsWith("a"), EndsWith("ab"), Contains("c"), Matches("[abc]+b"), MinLength(5)]
        ),
        lambda name: name[0] == "a" and name.endswith("ab") and "c" in name and len(name) >= 5,
    ),
    "overlapping": (
        ConstraintList([StartsWith("aba"), EndsWith("bab"), Contains("abab")]),
        lambda name: name.startswith("aba") and name.endswith("bab") and "abab" in name,
    ),
}


@pytest.mark.parametrize("constraint", EXAMPLES)
def test_constraints_keep_the_relative_probabilities(constraint: str) -> None:
    constraints, holds = EXAMPLES[constraint]
    for sampling in ({}, {"temperature": 1.4}):
        exact = {
            name: p
            for name, p in all_names(MODEL, LONGEST, **sampling).items()
            if name and holds(name)
        }
        names = generate(
            8_000, constraints, sampling=SamplingSettings(**sampling, max_length=LONGEST)
        )
        check_frequencies(Counter(names), conditioned(exact))


def test_log_probability_includes_the_forced_start() -> None:
    exact = all_names(MODEL, LONGEST)
    draws = draw(
        MODEL, 500, rng=np.random.default_rng(0), sampling=SAMPLING, constraints=[StartsWith("ca")]
    )
    for name, given_ in zip(draws.names(MODEL.vocabulary), draws.log_probability, strict=True):
        np.testing.assert_allclose(given_, np.log(exact[name]), rtol=1e-5)


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
    asked: Constraints, max_length: int, seen: list[str], allow_repeats: bool, seed: int
) -> None:
    """Check random constraints. If an error is raised, there are really no more names."""

    def holds(name: str) -> bool:
        return (
            asked["min_length"] <= len(name) <= max_length  # type: ignore[operator]
            and name.startswith(asked["starts_with"])  # type: ignore[arg-type]
            and name.endswith(asked["ends_with"])  # type: ignore[arg-type]
            and asked["contains"] in name  # type: ignore[operator]
            and regex.fullmatch(asked["matches"] or ".*", name) is not None
            and not any(word.lower() in name for word in asked["exclude_words"])  # type: ignore[union-attr]
            and name not in seen
            and all(
                edit_distance(name, other) >= asked["min_distance"]
                for other in asked["exclude_names"]
            )  # type: ignore[operator, union-attr]
        )

    possible = {name for name in all_names(MODEL, max_length) if name and holds(name)}
    found: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search_module, "UNFILTERED", Effort(draws_per_name=300, draws_in_vain=300))
        try:
            batches = Generator(MODEL, MODEL.vocabulary, known_names=known_set(seen)).generate(
                8,
                rng=np.random.default_rng(seed),
                sampling=SamplingSettings(max_length=max_length),
                constraints=make_constraints(**asked),
                allow_repeats=allow_repeats,
            )
            for batch in batches:
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
    constraints: list[Constraint] = [
        StartsWith(begins),
        Contains(has),
        EndsWith(ends),
        Matches(expression),
        MinLength(2),
    ]
    name = begins + name[len(begins) :]
    prefix_filter = PrefixFilter(ConstraintList([*constraints, MaxLength(5)]), MODEL.vocabulary)
    assert prefix_filter.forced.tolist() == MODEL.vocabulary.encode(begins).tolist()
    tokens = MODEL.vocabulary.encode_all([name])[0][None, :]  # (1, length)
    states = prefix_filter.start(1)
    rejected = False
    for depth in range(len(begins), len(name) + 1):
        if depth > len(begins):
            states = prefix_filter.advance(states, np.zeros(1, np.int64), tokens[:, depth - 1])
        rejected = rejected or any(
            True for _ in prefix_filter.rejections(tokens[:, :depth], states, are_whole_names=False)
        )
    wanted = len(name) <= 5 and all(constraint.accepts(name) for constraint in constraints)
    assert not (wanted and rejected)
    failed = [
        reason for reason, _ in prefix_filter.rejections(tokens, states, are_whole_names=True)
    ]
    assert (rejected or bool(failed)) == (not wanted)


@pytest.mark.parametrize(
    ("constraint", "max_length", "says"),
    [
        ({"min_length": 9}, 5, r"--min-length 9 asks for more than the 5 .* raise --max-length"),
        ({"starts_with": "abcabc"}, 5, r"--starts-with 'abcabc': .* 6 .*than the 5 .*--max-length"),
        (
            {"starts_with": "abc", "ends_with": "aaa"},
            5,
            r"'abc', --ends-with 'aaa': a name needs 6 .*the 5 ",
        ),
        ({"starts_with": "Xab"}, 9, r"--starts-with 'Xab' .*'X'"),
        ({"contains": "\x1b["}, 9, r"--contains '\\x1b\["),
        (
            {"starts_with": "ab", "matches": "a?c.*"},
            9,
            r"--starts-with 'ab' contradicts --matches 'a\?c\.\*'",
        ),
        (
            {"ends_with": "ab", "exclude_words": frozenset({"A-B"})},
            9,
            r"--ends-with 'ab' contradicts --exclude-words",
        ),
        ({"min_length": -1}, 9, r"--min-length is -1"),
        ({"matches": "a(b"}, 9, r"--matches 'a\(b' .* at position 4"),
    ],
)
def test_contradictions_are_reported_before_drawing(
    constraint: dict[str, Any], max_length: int, says: str
) -> None:
    class Untouched(SmallModel):
        def step(self, tokens: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            raise AssertionError("the model was asked")

    source = Generator(Untouched(), MODEL.vocabulary)
    sampling = SamplingSettings(max_length=max_length)
    with pytest.raises(SettingsError) as caught:
        source.generate(
            5,
            rng=np.random.default_rng(0),
            sampling=sampling,
            constraints=make_constraints(**constraint),
            allow_seen=True,
        )
    assert re.search(says, caught.value.message_with(option_name))


@pytest.mark.parametrize(
    ("rejected", "constraints", "sampling", "expected"),
    [
        ({"max_length": 9}, {}, {}, "raise --max-length"),
        ({"max_length": 9}, {}, {"temperature": 0.0}, "raise --temperature"),
        ({"max_length": 9, "matches": 1}, {"matches": "(?=a)b"}, {}, "relax --matches"),
        (
            {"matches": 9},
            {"matches": "b"},
            {"temperature": 0.0},
            "raise --temperature, or relax --matches",
        ),
        (
            {"new": 9},
            {},
            {},
            "raise --temperature, or allow names of the list with --allow-seen",
        ),
        (
            {"new": 9},
            {},
            {"top_p": 1e-9},
            "raise --top-p, or allow names of the list with --allow-seen",
        ),
        (
            {"not_a_name": 9},
            {},
            {"top_k": 1, "temperature": 0.0},
            "raise --temperature and --top-k",
        ),
        (
            {"not_a_name": 9},
            {},
            {"top_k": 5, "top_p": 0.9},
            "raise --top-k or --top-p or --temperature",
        ),
        (
            {"distinct": 9},
            {},
            {"top_k": 1},
            "ask for fewer, raise --top-k, or allow more with --allow-repeats",
        ),
        ({"new": 9}, {}, None, "allow names of the list with --allow-seen"),
        ({"not_a_name": 9}, {}, None, "ask for fewer"),
        ({}, {}, {}, "ask for fewer"),
        (
            {"distinct": 9, "max_length": 1},
            {"starts_with": "Mc", "min_length": 3, "exclude_words": ["x"]},
            None,
            "ask for fewer, allow more with --allow-repeats, relax --min-length, relax --starts-with, or relax "
            "--exclude-words",
        ),
    ],
)
def test_advice_names_settings_that_can_help(
    rejected: dict[str, int],
    constraints: dict[str, Any],
    sampling: dict[str, float] | None,
    expected: str,
) -> None:
    settings = None if sampling is None else SamplingSettings(**sampling)  # type: ignore[arg-type]
    every = [
        WellFormed(),
        MaxLength(9),
        New(known_set([])),
        Distinct(),
        *make_constraints(**constraints),
    ]
    assert (
        NamegenError(advice(Counter(rejected), ConstraintList(every), settings)).message_with(
            option_name
        )
        == expected
    )


def test_rejections_are_counted_for_the_first_constraint_that_fails() -> None:
    names, counts = (
        ["Anna", "Bob", " Ann", "Hanna", "Hannah", "Annabella"],
        np.array([1, 2, 4, 8, 16, 32]),
    )
    constraints = [
        WellFormed(),
        MaxLength(8),
        Contains("nn"),
        New(known_set(["HANNA"])),
        ExcludedNames(["Hannah"]),
    ]
    rows, kept, refused = NameFilter(ConstraintList(constraints)).keep(names, counts)
    assert (rows.tolist(), kept.names) == ([0], ["Anna"])
    assert kept.hashes.tolist() == hash_names(["Anna"]).tolist()
    assert refused == {
        "not_a_name": 4,
        "max_length": 32,
        "contains": 2,
        "new": 8,
        "exclude_names": 16,
    }
    name_filter = NameFilter(ConstraintList([Distinct()]))
    assert name_filter.reserved is not None
    name_filter.reserved.add(hash_names(["BOB"]))
    assert name_filter.keep(names, counts)[0].tolist() == [0, 2, 3, 4, 5]
    assert NameFilter(ConstraintList()).reserved is None


def test_the_filter_knows_if_nearly_all_draws_pass() -> None:
    always = [WellFormed(), MaxLength(9), New(known_set([])), ExcludedNames([]), MinDistance(2, [])]
    assert NameFilter(ConstraintList(always)).lets_all_through
    for constraint in (New(known_set(["a"])), ExcludedNames(["a"]), Distinct(), Contains("a")):
        assert not NameFilter(ConstraintList([*always, constraint])).lets_all_through


def test_constraints_are_listed_by_key_and_empty_constraints_skipped() -> None:
    assert all(kind.key == key for key, kind in CONSTRAINTS.items())
    settings = {kind.setting_name for kind in CONSTRAINTS.values()}
    assert settings == {
        *Constraints.__annotations__,
        "max_length",
        "allow_seen",
        "allow_repeats",
        None,  # WellFormed has no setting
    }
    nothing = ConstraintList(
        [StartsWith(""), Contains(""), EndsWith(""), MinLength(0), ExcludedWords([])]
    )
    assert (list(nothing), nothing.get(MinLength), nothing.shortest) == ([], None, 0)
