"""Check each constraint by itself: what it accepts, and which prefixes it rejects."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from namegen.core.data.normalization import hash_names, known_set, normalize
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.generation.constraints.constraint import Finished
from namegen.core.generation.constraints.lengths import MaxLength, MinLength
from namegen.core.generation.constraints.others import Distinct, ExcludedNames, MinDistance, New
from namegen.core.generation.constraints.texts import Contains, EndsWith, shortest_text
from namegen.core.generation.constraints.words import ExcludedWords, WellFormed
from namegen.core.generation.request import GenerationRequest

texts = st.text("abc", max_size=3)


@pytest.mark.parametrize(
    ("name", "is_one"), [("Anna", True), ("de la Cruz", True), ("", False), (" A", False)]
)
def test_empty_names_and_outer_spaces_are_rejected(name: str, is_one: bool) -> None:
    assert WellFormed().accepts(name) == is_one
    assert not WellFormed().accepts(f"{name} ")


@pytest.mark.parametrize("combines", [False, True])
@pytest.mark.parametrize(
    "names", [["Anna", "", "A ", "\u00a0A", "e\u0301"], ["Anna", "Bob"], [" A", "B"], []]
)
def test_a_batch_gives_the_same_results_as_single_names(names: list[str], combines: bool) -> None:
    constraint = WellFormed(combines)
    assert (~constraint.rejects(Finished(names))).tolist() == [
        constraint.accepts(name) for name in names
    ]


def test_lengths_at_the_limits_are_allowed() -> None:
    names, states = Finished(["Al", "Bob", "Anna"]), np.zeros(2, np.int64)
    assert MinLength(3).rejects(names).tolist() == [True, False, False]
    assert MaxLength(3).rejects(names).tolist() == [False, False, True]
    for depth in range(6):
        tokens = np.ones((2, depth), np.int32)
        assert MinLength(3).rejects_names(tokens, states).tolist() == [depth < 3] * 2
        assert not MinLength(3).rejects_prefixes(tokens, states).any()
        assert MaxLength(3).rejects_prefixes(tokens, states).tolist() == [depth > 3] * 2


@given(texts, texts, texts)
def test_shortest_text_matches_brute_force(start_token: str, inside: str, end: str) -> None:
    length = shortest_text(start_token, inside, end)

    def fits(size: int) -> bool:
        """Return whether a string of this size can have all three parts, with the middle part at any index."""
        if size < max(len(start_token), len(inside), len(end)):
            return False
        for index in range(size - len(inside) + 1):
            text: dict[int, str] = {}
            laid = ((0, start_token), (index, inside), (size - len(end), end))
            if all(
                text.setdefault(start + offset, character) == character
                for start, part in laid
                for offset, character in enumerate(part)
            ):
                return True
        return False

    assert length == next(size for size in range(20) if fits(size))


@given(st.text("abc", min_size=1, max_size=4), st.text("abc", max_size=8))
def test_prefixes_without_room_for_the_string_are_rejected(text: str, prefix: str) -> None:
    """A prefix is rejected only if the string can't follow any more. An accepted name has the string."""
    vocabulary, longest = Vocabulary("abc"), 9
    tokens = vocabulary.encode_all([prefix])[0]
    for constraint in (Contains(text, vocabulary, longest), EndsWith(text, vocabulary, longest)):
        states = np.array([constraint.start(tokens)])
        assert constraint.rejects_names(tokens[None, :], states).tolist() == [
            not constraint.accepts(prefix)
        ]
        room = longest - len(prefix)
        hopeless = room < min(
            k for k in range(len(text) + 1) if constraint.accepts(prefix + text[len(text) - k :])
        )
        assert constraint.rejects_prefixes(tokens[None, :], states).tolist() == [hopeless]


@given(st.text(max_size=8), st.lists(st.text(max_size=4), max_size=5))
def test_banned_words_match_a_plain_search(name: str, banned: list[str]) -> None:
    """Words are found as they are written, and also if letter case, spaces and punctuation differ."""
    typed = [word.strip().casefold() for word in banned if word.strip() and word.strip()[0] != "="]
    forms = [*typed, *(normalize(word) for word in typed)]
    expected = any(
        form in text for form in forms if form for text in (name.casefold(), normalize(name))
    )
    assert (
        ExcludedWords(word for word in banned if word.strip()[:1] != "=").accepts(name) != expected
    )


def test_examples_of_banned_words() -> None:
    constraint = ExcludedWords(["Damn", " hell\n", "", "  ", "&", "b.a.d"])
    found = ["Goddamned", "D-A-M-N", "Shell Oil", "A & B", "Sinbad", "Adam N."]
    assert not any(constraint.accepts(name) for name in found)
    assert all(constraint.accepts(name) for name in ("", "Dan", "Hel", "<b>", "\x1b[1m", "ba"))


def test_an_equals_sign_bans_only_whole_words() -> None:
    constraint = ExcludedWords(["=Ann", " =o'neil ", "=", "=van der"])
    assert not any(
        map(constraint.accepts, ("ann", "Mary Ann", "Ann-Lee", "A. O\u2019Neil", "Van-der"))
    )
    assert all(map(constraint.accepts, ("Anna", "Joann", "", "=", "Vanderlyn")))
    constraint.check(GenerationRequest(starts_with="Ann"))  # Annn is allowed


def test_lists_reject_every_spelling_of_their_names() -> None:
    names = Finished(["ANNA", "Bob", "Anne"])
    distinct = Distinct()
    distinct.add(hash_names(["bob"]))
    assert New(known_set(["Anna"])).rejects(names).tolist() == [True, False, False]
    assert ExcludedNames(["b-o-b"]).rejects(names).tolist() == [False, True, False]
    assert distinct.rejects(names).tolist() == [False, True, False]
    assert MinDistance(2, ["Anna"]).rejects(names).tolist() == [True, False, True]


def test_a_search_remembers_all_names_that_it_found() -> None:
    distinct = Distinct()
    rng = np.random.default_rng(0)
    every: set[str] = set()
    for size in (5, 0, 1, 3, 40, 2, 2):
        names = [f"n{number}" for number in rng.choice(10**6, size, replace=False)]
        distinct.add(hash_names(names))
        every |= set(names)
        asked = [*every, "nobody"]
        assert distinct.rejects(Finished(asked)).tolist() == [True] * len(every) + [False]
