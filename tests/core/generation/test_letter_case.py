"""Check that names are written in the requested letter case, and still count as the same names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from namegen.core.data.normalization import NAMES, normalization_of, normalize
from namegen.core.generation.letter_case import title, write
from namegen.core.people.players import InventedPlayer
from namegen.core.settings import LETTER_CASES
from namegen.lists import load_bundled
from tests.strategies import any_name

COMPANIES = normalization_of("company")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("MCDONALD'S CORP", "McDonald's Corp"),
        ("O'REILLY AUTOMOTIVE INC", "O'Reilly Automotive Inc"),
        ("BANK OF NOVA SCOTIA", "Bank of Nova Scotia"),
        ("OF MICE LTD", "Of Mice Ltd"),
        ("SHELL PLC", "Shell plc"),
        ("GRUPO SIMEC S.A.B. DE C.V.", "Grupo Simec S.A.B. de C.V."),
        ("BASTIAN GMBH & CO. KG", "Bastian GmbH & Co. KG"),
        ("ENSTAR ACQUISITION CORP II", "Enstar Acquisition Corp II"),
        ("CVS HEALTH CORP", "CVS Health Corp"),  # no vowel: an acronym
        ("AT&T INC", "AT&T Inc"),
        ("1ST SOURCE CORP", "1st Source Corp"),
        ("A.K.A. BRANDS HOLDING CORP.", "A.K.A. Brands Holding Corp."),
        ("UBS Group AG", "UBS Group AG"),  # in mixed case, capitals mark an acronym
        ("iRobot Corp", "iRobot Corp"),
        ("acme holdings llc", "Acme Holdings LLC"),
        ("STRAßENBAU GMBH", "Straßenbau GmbH"),
        ("ΟΔΥΣΣΕΥΣ", "Οδυσσευς"),
    ],
)
def test_title_case_of_companies(name: str, expected: str) -> None:
    assert title(name, COMPANIES) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("JOHN NG III", "John Ng III"),  # "Ng" is a surname, not an acronym
        ("de la Cruz", "de la Cruz"),
        ("DE LA CRUZ", "De La Cruz"),
        ("d'arnaud", "D'Arnaud"),
        ("MCGWIRE", "McGwire"),
        ("JOE AG", "Joe Ag"),  # "Ag" is a legal form only in company names
        ("はなこ", "はなこ"),
    ],
)
def test_title_case_of_other_names(name: str, expected: str) -> None:
    assert title(name) == expected


@given(any_name, st.sampled_from(LETTER_CASES), st.sampled_from([NAMES, COMPANIES]))
def test_changing_the_case_keeps_the_normalized_name(name: str, case: str, normalization) -> None:
    written = write(name, case, normalization)
    assert normalize(written) == normalize(name)
    assert case != "original" or written == name


@pytest.mark.parametrize("name", ["companies", "japanese-given"])
def test_title_case_of_bundled_lists_is_stable(name: str) -> None:
    """Names in title case don't change, and no name becomes a different one."""
    for each in sorted(set(load_bundled(name).names))[::50]:
        once = title(each, COMPANIES)
        assert title(once, COMPANIES) == once
        assert normalize(once) == normalize(each)


def test_letter_case_of_strings_and_players() -> None:
    assert [write("Straße & Söhne", case) for case in ("upper", "lower")] == [
        "STRASSE & SÖHNE",
        "straße & söhne",
    ]
    assert InventedPlayer("KEN", "MCBO", "III").in_case("title").full_name == "Ken Mcbo III"
