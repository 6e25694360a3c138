"""Check which names count as the same: case, spacing, punctuation and the legal form of companies are ignored."""

from __future__ import annotations

import string
from hashlib import blake2b

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from namegen.core.data.normalization import (
    NAMES,
    KnownSet,
    hash_name,
    hash_names,
    joint,
    known_set,
    legal_forms,
    normalization_of,
    normalize,
)
from tests.reference import same_form

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=12)
ASCII = st.text(st.characters(max_codepoint=127), max_size=12)
PUNCTUATION = (
    string.punctuation + " \t\u00a0\u3000\u2019\u2013\u00b7\u200d\u200e\u00b4\u0060\u00ad\u30fb"
)
COMPANIES = normalization_of("company")
WORDS = st.sampled_from(
    [
        *legal_forms(),
        *map(str.upper, legal_forms()),
        "Acme",
        "&",
        "Costco",
        "S",
        "L",
        "de",
        "-",
        ",",
    ]
)
ANY_COMPANY = st.builds(
    "".join, st.lists(st.one_of(WORDS, st.sampled_from([" ", ", ", " ", "  "])), max_size=9)
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("de la Cruz", "DELACRUZ"),
        ("O'Neil", "O’Neil"),
        ("Straße", "STRASSE"),
        ("Zoe\u0308", "ZO\u00cb"),
        ("ＡＢＣ　Ｄ", "abc d"),
        ("IŞIK", "ışık"),
        ("J.P. Morgan & Co.", "JP Morgan Co"),
        ("α\u0345\u0301", "ᾴ"),
    ],
)
def test_equivalent_spellings_have_the_same_hash(one: str, other: str) -> None:
    assert normalize(one) == normalize(other)
    assert hash_name(one) == hash_name(other)


@given(ANY_TEXT, st.data())
def test_case_spacing_and_punctuation_are_ignored(name: str, data: st.DataObject) -> None:
    once = normalize(name)
    assert normalize(once) == once
    assert bool(once) == bool(name)
    name += data.draw(st.sampled_from("aZéß9か"))  # at least one character that isn't removed
    changes = (str.upper, str.lower, str.title, str.swapcase, str.casefold)
    cased = "".join(data.draw(st.sampled_from(changes))(character) for character in name)
    assert normalize(cased) == normalize(name)
    places = [data.draw(st.text(st.sampled_from(PUNCTUATION), max_size=2)) for _ in name]
    assert normalize("".join(a + b for a, b in zip(places, name, strict=True))) == normalize(name)


@given(ASCII)
def test_the_fast_path_for_ascii_gives_the_same_result(name: str) -> None:
    kept = "".join(character for character in name.casefold() if character.isalnum())
    assert normalize(name) == (kept or name.casefold())
    assert normalize(name + "か") == kept + "か"


def test_the_hash_matches_the_documented_checkpoint_format() -> None:
    expected = int.from_bytes(blake2b(b"delacruz", digest_size=8).digest(), "little")
    assert [hash_name("de la Cruz")] == hash_names(["de la Cruz"]).tolist() == [expected]


@given(st.lists(ANY_TEXT), st.lists(ANY_TEXT))
@example([], ["a"])
def test_known_names_agree_with_a_plain_set(known: list[str], candidates: list[str]) -> None:
    stored = known_set(known)
    assert (stored.numbers[1:] > stored.numbers[:-1]).all()
    spelled = set(map(normalize, known))
    asked = candidates + known
    assert stored.holds(hash_names(iter(asked))).tolist() == [
        normalize(name) in spelled for name in asked
    ]


@given(st.sets(st.integers(0, 2**64 - 1), max_size=300))
@example(set())
@example({2**64 - 1})
def test_shortened_hashes_keep_all_names_and_are_read_back(
    numbers: set[int],
) -> None:
    whole = KnownSet(np.array(sorted(numbers), np.uint64))
    data = whole.to_bytes()
    short = KnownSet.read(data)
    assert short.numbers.tolist() == sorted(
        ((one >> 32) * 256 * len(numbers)) >> 32 for one in numbers
    )
    assert short.to_bytes() == data
    assert all(one in short for one in numbers)
    assert short.holds(whole.numbers).all()
    for cut in range(len(data)):
        with pytest.raises(ValueError, match=r"cut short|as namegen writes them"):
            KnownSet.read(data[:cut])
    with pytest.raises(ValueError, match="as namegen writes them"):
        KnownSet.read(data + b"\0")


def test_one_in_256_new_names_counts_as_known() -> None:
    known, others = (
        hash_names(f"{which} {number}" for number in range(40_000)) for which in ("known", "other")
    )
    taken = KnownSet(np.sort(known)).short.holds(others).mean()
    assert abs(256 * taken - 1) < 4 * (256 / 40_000) ** 0.5
    assert len(KnownSet(np.sort(known)).to_bytes()) * 8 == 40_000 * 10 + 32


@given(st.lists(ANY_COMPANY, max_size=6))
@example(
    [
        "",
        " ",
        ",",
        "&",
        "Co",
        "& Co",
        "L P",
        "A L P",
        "S A de C V",
        "x S A de C V",
        "Co,Co",
        "a\nInc",
    ]
)
def test_company_normalization_agrees_with_a_slow_reference(names: list[str]) -> None:
    forms = [same_form(name, legal_forms()) for name in names]
    assert COMPANIES.hash_names(names).tolist() == [hash_name(form) for form in forms]
    for name in names:
        assert COMPANIES.normalize(COMPANIES.normalize(name)) == COMPANIES.normalize(name)


def test_each_of_several_lists_uses_its_own_rule() -> None:
    both = joint([NAMES, COMPANIES])
    known = KnownSet.joined((known_set(["Al Co"]), COMPANIES.known_set(["Acme Inc"])))
    found = both.are_known(["AL CO", "Al", "Acme Ltd", "Acme", "Bob"], known).tolist()
    assert found == [True, False, True, True, False]
    assert joint([COMPANIES, COMPANIES]) is COMPANIES
    alone = COMPANIES.are_known(
        ["Al Co", "Acme Co"], known
    )  # the first name is known only by the other rule
    assert alone.tolist() == [False, True]
