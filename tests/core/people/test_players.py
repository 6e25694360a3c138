"""Check that real players are parsed, and that invented ones don't share a full name with a real one."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from namegen import api
from namegen.core.data.normalization import known_set, normalize
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.generation.generator import Generator
from namegen.core.models.ngram import NgramModel
from namegen.core.people.names import Kind, PartOfName
from namegen.core.people.players import InventedPlayer, Player, PlayerInventor, split_name
from namegen.lists import load_bundled, players
from tests.core.generation.exact import asking

FIRST = ["Al", "Alan", "Ed", "Edgar", "Bo"]
LAST = ["Mann", "Manning", "Ander", "Anderson", "Sander"]


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Henry Aaron", ("Henry", "Aaron", "")),
        ("Adams", ("", "Adams", "")),
        ("Ronald Acuña Jr.", ("Ronald", "Acuña", "Jr.")),
        ("Jr.", ("", "Jr.", "")),
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
    player = Player.from_line(f"{name}+ (1990-1995)\r\n")
    assert player == Player(*parts, first_year=1990, last_year=1995, hall_of_fame=True)
    assert player.full_name == name


def test_the_whole_list_is_parsed() -> None:
    everyone = players()
    assert len(everyone) == 23_542
    assert sum(player.hall_of_fame for player in everyone) == 307
    assert sum(player.suffix != "" for player in everyone) == 33
    assert sum(player.first == "" for player in everyone) == 321
    assert all(player.last for player in everyone)
    assert all(1871 <= player.first_year <= player.last_year <= 2025 for player in everyone)


def part(names: list[str], longest: int, temperature: float = 1.0) -> PartOfName:
    vocabulary = Vocabulary.from_names(names)
    model = NgramModel(PrefixTree.from_names(names, vocabulary), vocabulary.size, order=2)
    source = Generator(model, vocabulary, known_names=known_set(names))
    # Players have new last names.
    request = asking(max_length=longest, temperature=temperature, allow_seen=names is FIRST)
    return PartOfName("", {Kind(): source}, source, request)


def inventor(real: list[str], temperature: float = 1.0) -> PlayerInventor:
    return PlayerInventor(part(FIRST, 12, temperature), part(LAST, 16, temperature), real)


def invent(maker: PlayerInventor, n: int, seed: int = 0) -> list[InventedPlayer]:
    batches = maker.generate(n=n, rng=np.random.default_rng(seed))
    return [player for batch in batches for player in batch]


def test_real_players_are_excluded_regardless_of_case_or_suffix() -> None:
    team = invent(inventor([]), 300)
    taken = [f"{player.first} {player.last}" for player in team[::2]]
    real = [name.upper() + (" Jr." if index % 2 else "") for index, name in enumerate(taken)]
    other_team = invent(inventor(real), 300)
    full_names = {normalize(f"{player.first} {player.last}") for player in other_team}
    assert len(full_names) == 300
    assert not full_names & set(map(normalize, taken))


def test_suffixes_are_as_frequent_as_in_the_list() -> None:
    real = ["Zed Zed Jr."] * 2 + ["Zed Zod III"] + ["Zed Zid"] * 7
    suffixes: Counter[str] = Counter()
    for seed in range(5):
        suffixes.update(player.suffix for player in invent(inventor(real), 200, seed))
    assert set(suffixes) == {"Jr.", "III", ""}
    assert suffixes["Jr."] == pytest.approx(200, abs=64)  # five standard deviations
    assert suffixes["III"] == pytest.approx(100, abs=48)


def test_the_built_in_models_invent_new_players() -> None:
    team = api.generate_players(40, seed=1)
    assert team == api.generate_players(40, seed=1) != api.generate_players(40, seed=2)
    full_names = {normalize(player.full_name) for player in team}
    last_names = {normalize(player.last) for player in team}
    assert len(full_names) == len(last_names) == 40
    assert not full_names & {normalize(player.full_name) for player in players()}
    assert not last_names & {normalize(name) for name in load_bundled("mlb-last").names}
    assert all(player.first and player.last for player in team)
