"""Check that lines of the baseball list are parsed by the rules of the original project."""

from __future__ import annotations

import pytest

from namegen.core.people.players import Player, split_name
from namegen.errors import NamesError
from namegen.lists import players


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Henry Aaron", ("Henry", "Aaron", "")),
        ("Adams", ("", "Adams", "")),
        ("Ronald Acuña Jr.", ("Ronald", "Acuña", "Jr.")),
        ("Jr.", ("", "Jr.", "")),
        ("Smith IV", ("", "Smith", "IV")),
        # In names of at least three words, not counting the suffix, the last name starts at de or De.
        ("Alejandro De Aza", ("Alejandro", "De Aza", "")),
        ("Jose Luis De La Cruz Jr.", ("Jose Luis", "De La Cruz", "Jr.")),
        ("Eliezer Montes de Oca", ("Eliezer", "Montes de Oca", "")),
        ("Ponce de Leon", ("", "Ponce de Leon", "")),
        ("De Jesus Jr.", ("De", "Jesus", "Jr.")),
        ("De Leon Ponce", ("", "De Leon Ponce", "")),
        # If the second-to-last word is a particle, the last name is everything after the first word.
        ("Bruce Dal Canton", ("Bruce", "Dal Canton", "")),
        ("Mary Ann Van Dyke", ("Mary", "Ann Van Dyke", "")),
        ("Al van Dyke", ("Al van", "Dyke", "")),  # a lowercase van isn't a particle
    ],
)
def test_names_are_split_by_the_rules(name: str, parts: tuple[str, str, str]) -> None:
    assert split_name(name) == parts
    player = Player.from_line(f"{name}  (1990-1995)")
    assert (player.first, player.last, player.suffix) == parts
    assert player.full_name == name


def test_a_plus_sign_means_the_hall_of_fame() -> None:
    assert Player.from_line("Henry Aaron+ (1954-1976)") == Player(
        "Henry", "Aaron", "", 1954, 1976, True
    )
    assert Player.from_line("Henry Aaron  (1954-1976)") == Player(
        "Henry", "Aaron", "", 1954, 1976, False
    )
    assert Player.from_line("Ken Griffey Jr.+ (1989-2010)\r\n") == Player(
        "Ken", "Griffey", "Jr.", 1989, 2010, True
    )


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Henry Aaron (1954)",
        "+ (1954-1976)",
        "Al  (19５4-1976)",
        "A\nB  (1954-1976)",
        "x" * 1_000_000,
    ],
)
def test_a_malformed_line_is_rejected_and_quoted(line: str) -> None:
    with pytest.raises(NamesError, match="is not a player: expected the form") as caught:
        Player.from_line(line)
    assert repr(line)[:40] in str(caught.value)
    assert len(str(caught.value)) < 200


def test_the_whole_list_is_parsed() -> None:
    everyone = players()
    assert len(everyone) == 23_542
    assert sum(player.hall_of_fame for player in everyone) == 307
    assert sum(player.suffix != "" for player in everyone) == 33
    assert sum(player.first == "" for player in everyone) == 321
    assert all(player.last for player in everyone)
    assert all(1871 <= player.first_year <= player.last_year <= 2025 for player in everyone)
