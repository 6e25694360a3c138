"""Digests: letter case, spacing and punctuation do not count; every other difference does."""

from __future__ import annotations

import string
import sys
import unicodedata
from hashlib import blake2b

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from namegen.core.data.sameness import digest, digests, is_known, known_digests, normalise
from namegen.lists import BUNDLED, load_bundled

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=12)
PUNCTUATION = string.punctuation + " \t\u00a0\u3000\u2019\u2013\u00b7\u200d\u200e\u00b4\u0060\u00ad\u30fb"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("de la Cruz", "DELACRUZ"),
        ("O'Neil", "O’Neil"),
        ("O´Neil", "oneil"),
        ("Jean-Luc", "jean luc"),
        ("Straße", "STRASSE"),
        ("Zoe\u0308", "ZO\u00cb"),
        ("ＡＢＣ　Ｄ", "abc d"),
        ("IŞIK", "ışık"),
        ("ｶﾞ", "ガ"),
        ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
        ("J.P. Morgan & Co.", "JP Morgan Co"),
        ("A\ufe0f", "a"),
        ("α\u0345\u0301", "ᾴ"),
    ],
)
def test_what_does_not_count(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)
    assert digest(one) == digest(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Zoe", "Zoë"), ("か", "が"), ("Bob", "Rob"), ("कि", "की"), ("🎉", "🎈"), ("?", "!"), ("a1", "a2")],
)
def test_what_counts(one: str, other: str) -> None:
    assert digest(one) != digest(other)


@given(ANY_TEXT, st.data())
def test_letter_case_spacing_and_punctuation_change_nothing(name: str, data: st.DataObject) -> None:
    name += data.draw(st.sampled_from("aZéß9か"))  # at least one character that stays
    changes = (str.upper, str.lower, str.title, str.swapcase, str.casefold)
    cased = "".join(data.draw(st.sampled_from(changes))(character) for character in name)
    assert normalise(cased) == normalise(name)
    places = [data.draw(st.text(st.sampled_from(PUNCTUATION), max_size=2)) for _ in name]
    assert normalise("".join(a + b for a, b in zip(places, name, strict=True))) == normalise(name)


@given(ANY_TEXT)
def test_normalising_twice_changes_nothing_and_never_leaves_nothing(name: str) -> None:
    once = normalise(name)
    assert normalise(once) == once
    assert bool(once) == bool(name)


def test_every_single_character_is_stable_and_free_of_case() -> None:
    for character in map(chr, range(sys.maxunicode + 1)):
        category = unicodedata.category(character)
        if category in ("Cn", "Cs", "Co") or (category == "Lo" and not unicodedata.decomposition(character)):
            continue  # unassigned, or a plain letter without case, of which there are a hundred thousand
        normal = normalise(character)
        assert normalise(normal) == normal
        assert normalise(character.upper()) == normalise(character.lower()) == normal


@given(st.text(st.characters(max_codepoint=127), max_size=12))
def test_the_fast_way_for_ascii_is_the_general_way(name: str) -> None:
    kept = "".join(character for character in name.casefold() if character.isalnum())
    assert normalise(name) == (kept or name.casefold())


@given(st.text(st.characters(max_codepoint=127), min_size=1, max_size=12))
def test_a_foreign_letter_beside_it_changes_nothing_about_ascii(name: str) -> None:
    kept = "".join(character for character in name.casefold() if character.isalnum())
    assert normalise(name + "か") == kept + "か"


def test_the_digest_is_the_one_that_checkpoints_describe() -> None:
    expected = int.from_bytes(blake2b(b"delacruz", digest_size=8).digest(), "little")
    assert digest("de la Cruz") == expected
    assert digests(["de la Cruz"]).tolist() == [expected]


@given(st.lists(ANY_TEXT), st.lists(ANY_TEXT))
def test_known_is_what_a_plain_set_says(known: list[str], candidates: list[str]) -> None:
    stored = known_digests(known)
    assert stored.dtype == np.uint64
    assert (stored[1:] > stored[:-1]).all()
    spelled = set(map(normalise, known))
    asked = candidates + known
    assert is_known(digests(asked), stored).tolist() == [normalise(name) in spelled for name in asked]


@pytest.mark.parametrize("name", BUNDLED)
def test_real_lists_have_no_collisions(name: str) -> None:
    names = set(load_bundled(name).names)
    assert len(known_digests(names)) == len(set(map(normalise, names)))
    assert is_known(digests(names), known_digests(names)).all()
    assert not is_known(digests(["Qqzzyx"]), known_digests(names)).any()


def test_digests_of_any_iterable_and_of_nothing() -> None:
    assert digests(iter(["a", "b", "A"])).tolist() == [digest("a"), digest("b"), digest("a")]
    assert len(digests([])) == len(known_digests([])) == 0
    assert is_known(digests(["a"]), known_digests([])).tolist() == [False]


@given(st.lists(st.one_of(ANY_TEXT, st.text(st.characters(max_codepoint=127), max_size=6)), max_size=20))
@example(["a\nb", "c"])
@example(["?!", "", "A.B", "?\n"])
@example(["ab", "", "é"])
def test_many_at_once_are_as_one_by_one(names: list[str]) -> None:
    """Blocks of plain ASCII go together; a line end inside a name, or a name of punctuation alone, changes nothing."""
    assert digests(names).tolist() == [digest(name) for name in names]


def test_blocks_of_names_follow_each_other() -> None:
    names = [f"N-{i}" for i in range(9000)] + ["é"]
    assert digests(names).tolist() == [digest(name) for name in names]


@pytest.mark.parametrize("names", [["a\nb"], ["a\nb", "c"], ["a", "b\n"], ["a\n", "b", "c\n"]], ids=repr)
def test_a_line_break_within_a_name_makes_no_two_of_it(names: list[str]) -> None:
    assert digests(names).tolist() == [digest(name) for name in names]
