"""Check that ``PlayerInventor`` invents players who don't share a full name with a real player."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from namegen import api
from namegen.core.data.normalization import known_set, normalize
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.generation.constraints.constraint_list import ConstraintList
from namegen.core.generation.generator import Generator
from namegen.core.generation.sampling import SamplingSettings
from namegen.core.models.ngram import NgramModel
from namegen.core.people.inventing import InventedPlayer, PlayerInventor
from namegen.core.people.names import Kind, PartOfName
from namegen.errors import GenerationError, SettingsError
from namegen.lists import load_bundled, players

FIRST = ["Al", "Alan", "Ed", "Edgar", "Bo"]
LAST = ["Mann", "Manning", "Ander", "Anderson", "Sander"]


def part(
    names: list[str], longest: int, temperature: float = 1.0, known: list[str] | None = None
) -> PartOfName:
    vocabulary = Vocabulary.from_names(names)
    model = NgramModel(PrefixTree.from_names(names, vocabulary), vocabulary.size, order=2)
    source = Generator(model, vocabulary, known_names=known_set(names if known is None else known))
    sampling = SamplingSettings(temperature, max_length=longest)
    return PartOfName("", {Kind(): source}, source, sampling, ConstraintList(), allow_seen=True)


def inventor(
    real: list[str], known: list[str] | None = None, temperature: float = 1.0
) -> PlayerInventor:
    return PlayerInventor(part(FIRST, 12, temperature), part(LAST, 16, temperature, known), real)


def invent(maker: PlayerInventor, n: int, seed: int = 0) -> list[InventedPlayer]:
    return [
        player for batch in maker.generate(n=n, rng=np.random.default_rng(seed)) for player in batch
    ]


def test_only_last_names_have_to_be_new():
    team = invent(inventor(["Al Mann"]), 100)
    lasts = [normalize(player.last) for player in team]
    assert len(set(lasts)) == 100
    assert not set(lasts) & {normalize(name) for name in LAST}
    assert {player.first for player in team} & set(FIRST)
    assert len({player.first for player in team}) < 100


def test_real_players_are_excluded_regardless_of_case_or_suffix():
    everyone = {
        normalize(player.full_name) for player in invent(inventor(["Zed Zed"], known=[]), 300)
    }
    taken = sorted(everyone)[::2]
    real = [name.upper() + (" Jr." if place % 2 else "") for place, name in enumerate(taken)]
    team = invent(inventor(real, known=[]), 300, seed=0)
    found = {normalize(player.full_name.removesuffix(" Jr.")) for player in team}
    assert len(team) == 300
    assert not found & set(taken)


def test_suffixes_are_as_frequent_as_in_the_list():
    real = ["Zed Zed Jr."] * 2 + ["Zed Zod III"] + ["Zed Zid"] * 7
    suffixes = Counter(
        player.suffix for seed in range(5) for player in invent(inventor(real), 200, seed)
    )
    assert set(suffixes) == {"Jr.", "III", ""}
    assert suffixes["Jr."] == pytest.approx(200, abs=64)  # five standard deviations
    assert suffixes["III"] == pytest.approx(100, abs=48)


def test_the_same_seed_gives_the_same_players():
    maker = inventor(["Al Mann"])
    assert invent(maker, 20, 1) == invent(maker, 20, 1) != invent(maker, 20, 2)
    assert invent(maker, 0) == []


def test_the_error_shows_how_many_players_were_found():
    with pytest.raises(GenerationError, match=r"0 of 5 players were found.*raise temperature"):
        invent(inventor(["Al Mann"], temperature=0.0), 5)
    firsts, lasts = ("A", "l", "AA", "Al", "lA", "ll"), set("".join(LAST))
    real = [f"{first} {last}" for first in firsts for last in lasts]  # every possible player
    only = PlayerInventor(part(["Al"], 2), part(LAST, 1), real)
    with pytest.raises(GenerationError, match="of 3 players were found"):
        invent(only, 3)


def test_values_out_of_range_are_rejected_immediately():
    with pytest.raises(SettingsError, match="-1 players"):
        inventor([]).generate(-1, rng=np.random.default_rng(0))
    with pytest.raises(SettingsError, match="temperature"):
        api.generate_players_batches(1, temperature=-1.0)


def test_the_built_in_models_invent_new_players():
    team = api.generate_players(100, seed=1)
    full = {normalize(player.full_name) for player in players()}
    last = {normalize(name) for name in load_bundled("mlb-last").names}
    assert len({normalize(player.full_name) for player in team}) == 100
    assert not {normalize(player.full_name) for player in team} & full
    assert not {normalize(player.last) for player in team} & last
    assert all(player.first and player.last for player in team)
