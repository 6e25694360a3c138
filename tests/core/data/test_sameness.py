"""Sameness: of companies the legal form does not count; of other names it does, as ever."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from namegen.core.data.sameness import (
    NAMES,
    Sameness,
    digest,
    digests,
    joint,
    known_digests,
    legal_forms,
    normalise,
    sameness_of,
)
from namegen.errors import SettingsError
from namegen.lists import load_bundled
from tests.reference import same_form

COMPANIES = sameness_of("companies")
WORDS = st.sampled_from(
    [*legal_forms(), *map(str.upper, legal_forms()), "Acme", "&", "Costco", "S", "L", "de", "-", ","]
)
ANY_COMPANY = st.builds("".join, st.lists(st.one_of(WORDS, st.sampled_from([" ", ", ", " ", "  "])), max_size=9))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("BLACKROCK CORP", "BlackRock, Inc."),
        ("Acme", "ACME CO., LTD."),
        ("Barnes & Noble", "BARNES & NOBLE L P"),
        ("Foo S.A.B. de C.V.", "Foo"),
        ("Foo & Co. KGaA", "foo"),
        ("Foo and Company", "Foo"),
        ("Foo Holdings plc", "Foo Group N.V."),
        ("Foo,Inc", "Foo (publ)"),
        ("Müller GmbH", "MÜLLER AG"),
        ("Foo A.Ş.", "FOO OÜ"),
        ("Trust Co", "TRUST"),
    ],
)
def test_what_does_not_count(one: str, other: str) -> None:
    assert COMPANIES.normalise(one) == COMPANIES.normalise(other)
    assert len(COMPANIES.known_digests([one, other])) == 1
    assert len(NAMES.known_digests([one, other])) == 2


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
def test_what_counts(one: str, other: str) -> None:
    assert COMPANIES.normalise(one) != COMPANIES.normalise(other)


@given(st.lists(ANY_COMPANY, max_size=6))
@example(["", " ", ",", "&", "Co", "& Co", "L P", "A L P", "S A de C V", "x S A de C V", "Co,Co", "a\nInc"])
def test_the_rule_is_that_of_a_plain_slow_reference(names: list[str]) -> None:
    forms = [same_form(name, legal_forms()) for name in names]
    assert COMPANIES.digests(names).tolist() == [digest(form) for form in forms]
    assert COMPANIES.digests([*names, "é"]).tolist()[:-1] == [digest(form) for form in forms]  # not as bytes
    for name in names:
        assert COMPANIES.normalise(COMPANIES.normalise(name)) == COMPANIES.normalise(name)


def test_the_listed_companies_by_the_reference() -> None:
    names = load_bundled("companies").names
    assert list(map(COMPANIES.normalise, names)) == [same_form(name, legal_forms()) for name in names]
    # Nearly all differ in more than their legal form: it tells companies apart no better than letter case does.
    assert len(names) - 20 < len(COMPANIES.known_digests(names)) < len(names)


@given(st.lists(st.text(max_size=12), max_size=5))
def test_other_names_are_the_same_as_ever(names: list[str]) -> None:
    assert NAMES.digests(names).tolist() == digests(names).tolist()
    assert list(map(NAMES.normalise, names)) == list(map(normalise, names))
    assert Sameness(("",)).digests(names).tolist() == digests(names).tolist()


def test_of_several_lists_each_is_asked_by_its_own_rule() -> None:
    both = joint([NAMES, COMPANIES])
    known = np.unique(np.concatenate((known_digests(["Al Co"]), COMPANIES.known_digests(["Acme Inc"]))))
    assert both.are_known(["AL CO", "Al", "Acme Ltd", "Acme", "Bob"], known).tolist() == [
        True,
        False,
        True,
        True,
        False,
    ]
    assert joint([COMPANIES, COMPANIES]) is COMPANIES
    alone = COMPANIES.are_known(["Al Co", "Acme Co"], known)  # the first is known by the other rule only
    assert alone.tolist() == [False, True]


def test_endings_of_any_length_and_number_are_refused() -> None:
    """All their tails are kept: of one of 400,000 characters they would take 80 GB."""
    assert Sameness(("x" * 100,) * 10_000).endings
    for endings in (("x" * 101,), ("x",) * 10_001):
        with pytest.raises(SettingsError, match="expected at most 10,000, of at most 100 characters"):
            Sameness(endings)
