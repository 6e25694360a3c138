"""Check that profanity is never generated, and that almost no real names count as profanity."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from namegen import api
from namegen.core.data.profanity import MAX_STRETCH, are_profane, folded, hash_of, read_hashes
from namegen.core.generation.constraints.words import NoProfanity
from namegen.errors import SettingsError
from namegen.lists import BUNDLED, load_bundled

REAL = (
    "Cockburn",
    "Marsen",
    "Dickens",
    "Dickinson",
    "Assad",
    "Cummings",
    "Titus",
    "Sussex",
    "Ana-Li",
    "Hancock",
)
PROFANITY = (
    "Wolfcock",
    "Fagger",
    "Cockie",
    "COCK",
    "Shitts",
    "Joshito",
    "Ewanka",
    "Bitchell",
    "O'Cunt",
    "Fúcksen",
    "Dick-Slut",
    "Ass Foods Inc",
)


SLURS = (
    "Wigger",
    "Wog",
    "Chink",
    "Gook",
    "Golliwog",
    "Retard",
    "Nazi",
    "Hitler",
    "Goebbels",
    "Paki",
    "Spic",
    "Anna Wigger",
    "Golliwog-Smith",
)
LIKE_SLURS = (
    "Cassandra",
    "Essex",
    "Vashita",
    "Yamashita",
    "Wogan",
    "Chinkara",
    "Nazir",
    "Pollock",
    "Usama",
)


@pytest.mark.parametrize(
    ("names", "refused"),
    [(REAL, False), (PROFANITY, True), (SLURS, True), (LIKE_SLURS, False), ((), False)],
)
def test_profanity_is_rejected_and_real_names_are_not(
    names: tuple[str, ...], refused: bool
) -> None:
    assert are_profane(names).tolist() == [refused] * len(names)


@given(
    st.lists(
        st.text(st.sampled_from("acfhiknosuK \n-ïé😀"), max_size=20)
        | st.sampled_from(REAL + PROFANITY),
        max_size=6,
    )
)
def test_a_batch_matches_a_check_of_every_substring(names: list[str]) -> None:
    refused, allowed = (set(hashes.tolist()) for hashes in read_hashes())

    def is_rude(name: str) -> bool:
        text = folded([name])
        places = [
            (i, j)
            for i in range(len(text))
            for j in range(i + 1, min(len(text), i + MAX_STRETCH) + 1)
        ]
        found = [(i, j) for i, j in places if hash_of(text[i:j]) in refused]
        around = [text[i - (text[i] != " ") : j + (text[j - 1] != " ")] for i, j in found]
        return any(hash_of(stretch) not in allowed for stretch in around)

    assert are_profane(names).tolist() == [is_rude(name) for name in names]


def test_hardly_any_real_name_is_rejected() -> None:
    """If this fails after a list has changed, make the hashes again (``docs/develop/data.md``)."""
    names = [name for list_name in BUNDLED for name in set(load_bundled(list_name).names)]
    assert are_profane(names).mean() < 0.0002


def test_the_most_likely_names_only_lose_profanity() -> None:
    model = api.load_shipped("mlb-last")
    every = model.most_likely(40, starts_with="Cock", allow_profanity=True)
    polite = [name for name, rude in zip(every, are_profane(every), strict=True) if not rude]
    assert 5 < len(polite) < 40
    assert model.most_likely(len(polite), starts_with="Cock") == polite


def test_every_generator_excludes_profanity_by_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = api.load_shipped("world-family")

    def drawn(**rude: bool) -> list[str]:
        people = [
            f"{person.given} {person.family}" for person in api.generate_people(9, seed=1, **rude)
        ]
        players = [player.full_name for player in api.generate_players(9, seed=1, **rude)]
        repeated = model.generate(40, seed=1, allow_repeats=True, **rude)
        return [*people, *players, *model.generate(9, seed=1, **rude), *repeated]

    monkeypatch.setattr(
        NoProfanity, "rejects", lambda _, some: np.array(["w" in name for name in some.names], bool)
    )
    assert "w" not in "".join(drawn())
    assert "w" in "".join(drawn(allow_profanity=True))


def test_profane_constraints_are_rejected() -> None:
    model = api.load_shipped("mlb-last")
    for constraint in ("starts_with", "contains", "ends_with"):
        with pytest.raises(SettingsError, match=f"{constraint}='fuck' contains profanity"):
            model.generate(1, **{constraint: "fuck"})
    assert model.generate(1, ends_with="cock", seed=1)[0].endswith("cock")  # "Hancock" is fine
