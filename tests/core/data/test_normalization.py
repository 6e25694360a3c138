"""When two names are one: letter case, spacing and punctuation do not count, and of companies the legal form."""

from __future__ import annotations

import string
import unicodedata
from hashlib import blake2b
from itertools import chain

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import namegen.core.data.normalization as module
from namegen.core.data.normalization import (
    NAMES,
    KnownSet,
    Normalization,
    hash_name,
    hash_names,
    joint,
    known_set,
    legal_forms,
    normalization_of,
    normalize,
)
from namegen.errors import SettingsError
from namegen.lists import load_bundled
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
def test_what_does_not_count(one: str, other: str) -> None:
    assert normalize(one) == normalize(other)
    assert hash_name(one) == hash_name(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Zoe", "Zoë"),
        ("か", "が"),
        ("Bob", "Rob"),
        ("कि", "की"),
        ("🎉", "🎈"),
        ("?", "!"),
        ("a1", "a2"),
    ],
)
def test_what_counts(one: str, other: str) -> None:
    assert hash_name(one) != hash_name(other)


@given(ANY_TEXT, st.data())
def test_letter_case_spacing_and_punctuation_change_nothing(name: str, data: st.DataObject) -> None:
    once = normalize(name)
    assert normalize(once) == once
    assert bool(once) == bool(name)
    name += data.draw(st.sampled_from("aZéß9か"))  # at least one character that stays
    changes = (str.upper, str.lower, str.title, str.swapcase, str.casefold)
    cased = "".join(data.draw(st.sampled_from(changes))(character) for character in name)
    assert normalize(cased) == normalize(name)
    places = [data.draw(st.text(st.sampled_from(PUNCTUATION), max_size=2)) for _ in name]
    assert normalize("".join(a + b for a, b in zip(places, name, strict=True))) == normalize(name)


def test_every_single_character_is_stable_and_free_of_case() -> None:
    for character in map(
        chr, chain(range(0x20000), range(0xE0000, 0xE0200))
    ):  # between them, ideographs alone
        category = unicodedata.category(character)
        if category in ("Cn", "Cs", "Co") or (
            category == "Lo" and not unicodedata.decomposition(character)
        ):
            continue  # unassigned, or a plain letter without case, of which there are a hundred thousand
        normal = normalize(character)
        assert normalize(normal) == normal
        assert normalize(character.upper()) == normalize(character.lower()) == normal


@given(ASCII)
def test_the_fast_way_for_ascii_is_the_general_way(name: str) -> None:
    kept = "".join(character for character in name.casefold() if character.isalnum())
    assert normalize(name) == (kept or name.casefold())
    assert normalize(name + "か") == kept + "か"


def test_the_digest_is_the_one_that_checkpoints_describe() -> None:
    expected = int.from_bytes(blake2b(b"delacruz", digest_size=8).digest(), "little")
    assert [hash_name("de la Cruz")] == hash_names(["de la Cruz"]).tolist() == [expected]


@given(st.lists(ANY_TEXT), st.lists(ANY_TEXT))
@example([], ["a"])
def test_known_is_what_a_plain_set_says(known: list[str], candidates: list[str]) -> None:
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
def test_shortened_digests_lose_no_name_and_are_read_as_they_were_written(
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


def test_one_name_in_256_is_taken_for_a_known_one() -> None:
    known, others = (
        hash_names(f"{which} {number}" for number in range(40_000)) for which in ("known", "other")
    )
    taken = KnownSet(np.sort(known)).short.holds(others).mean()
    assert abs(256 * taken - 1) < 4 * (256 / 40_000) ** 0.5
    assert len(KnownSet(np.sort(known)).to_bytes()) * 8 / 40_000 < 9.6


def test_of_very_many_names_no_digest_runs_over() -> None:
    most = np.array([2**64 - 1], np.uint64)
    assert module._shorten(most, 2**30).tolist() == [((2**32 - 1) * 256 * 2**30) >> 32]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("BLACKROCK CORP", "BlackRock, Inc."),
        ("Acme", "ACME CO., LTD."),
        ("Foo S.A.B. de C.V.", "Foo"),
        ("Müller GmbH", "MÜLLER AG"),
        ("Foo A.Ş.", "FOO OÜ"),
    ],
)
def test_a_legal_form_does_not_count(one: str, other: str) -> None:
    assert COMPANIES.normalize(one) == COMPANIES.normalize(other)
    assert len(COMPANIES.known_set([one, other])) == 1
    assert len(NAMES.known_set([one, other])) == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Costco", "Cost"),  # a form is a word of its own
        ("Inc Research", "Research"),  # at the end
        ("Acme Corp II", "Acme Corp"),  # the second of that name
        ("Acme Fund", "Acme"),  # what it does
        ("Co", "Inc"),  # a word always stays
    ],
)
def test_what_else_a_company_is_called_counts(one: str, other: str) -> None:
    assert COMPANIES.normalize(one) != COMPANIES.normalize(other)


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
def test_the_rule_is_that_of_a_plain_slow_reference(names: list[str]) -> None:
    forms = [same_form(name, legal_forms()) for name in names]
    assert COMPANIES.hash_names(names).tolist() == [hash_name(form) for form in forms]
    for name in names:
        assert COMPANIES.normalize(COMPANIES.normalize(name)) == COMPANIES.normalize(name)


def test_the_listed_companies_by_the_reference() -> None:
    names = load_bundled("companies").names
    assert list(map(COMPANIES.normalize, names[::5])) == [
        same_form(name, legal_forms()) for name in names[::5]
    ]
    # Nearly all differ in more than their legal form: it tells companies apart no better than letter case does.
    assert len(names) - 20 < len(COMPANIES.known_set(names)) < len(names)


def test_of_several_lists_each_is_asked_by_its_own_rule() -> None:
    both = joint([NAMES, COMPANIES])
    known = KnownSet.joined((known_set(["Al Co"]), COMPANIES.known_set(["Acme Inc"])))
    found = both.are_known(["AL CO", "Al", "Acme Ltd", "Acme", "Bob"], known).tolist()
    assert found == [True, False, True, True, False]
    assert joint([COMPANIES, COMPANIES]) is COMPANIES
    alone = COMPANIES.are_known(
        ["Al Co", "Acme Co"], known
    )  # the first is known by the other rule only
    assert alone.tolist() == [False, True]


def test_endings_of_any_length_and_number_are_refused() -> None:
    """All their tails are kept: of one of 400,000 characters they would take 80 GB."""
    assert Normalization(("x" * 100,) * 10_000).endings
    for endings in (("x" * 101,), ("x",) * 10_001):
        with pytest.raises(SettingsError, match="endings"):
            Normalization(endings)
