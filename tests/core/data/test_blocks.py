"""How much is worked on at a time: many names take few calls, and what is settled is not looked at again."""

from __future__ import annotations

import numpy as np
import pytest

import namegen.core.data.prefix_tree as ranking_module
import namegen.core.data.sameness as digests_module
import namegen.core.data.sameness as sameness_module
from namegen.core.data.prefix_tree import PrefixTree, Ranking, SortedNames
from namegen.core.data.sameness import digests, sameness_of
from namegen.core.data.vocabulary import Vocabulary

LETTERS = "abcdefghijklmnopqrstuvwxyz"
RNG = np.random.default_rng(0)
NAMES = ["".join(name) for name in RNG.choice(list(LETTERS), (5_000, 30)).tolist()]  # alike in a few letters at most
MIXED = ["Ann-Marie", "Bo", "O'Neil"] * 500


class Counted(np.ndarray):
    """An array that notes how many numbers are taken from it, call by call."""

    taken: list[int]

    def take(self, indices: np.ndarray, *rest: object, **by_name: object) -> np.ndarray:  # type: ignore[override]
        Counted.taken.append(np.size(indices))
        return np.asarray(self).take(indices, *rest, **by_name)  # type: ignore[call-overload, no-any-return]


def test_a_list_is_encoded_in_few_portions_of_bounded_size() -> None:
    vocabulary = Vocabulary(LETTERS)
    plain = vocabulary.encode_compactly(NAMES)[0]
    vocabulary.__dict__["_id_of_code"] = vocabulary._id_of_code.view(Counted)
    Counted.taken = []
    text = NAMES * 10
    np.testing.assert_array_equal(np.tile(plain, 10), vocabulary.encode_compactly(text)[0])
    assert sum(Counted.taken) == 1_500_000
    assert len(Counted.taken) <= 100, "a call for each few names takes longer than the looking up"
    assert max(Counted.taken) <= 1_000_000, "at four bytes each on the way, beside the list itself"


def looks(names: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    """How often names' characters are taken while they are sorted."""
    packed = ranking_module._packed

    def counted(group: np.ndarray, tokens: np.ndarray, *rest: object) -> np.ndarray:
        return packed(group, tokens.view(Counted), *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(ranking_module, "_packed", counted)
    Counted.taken = []
    assert len(Ranking.of(names, Vocabulary(LETTERS)).counts) == len(set(names))
    monkeypatch.undo()
    return len(Counted.taken)


def test_a_list_is_sorted_in_few_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    assert looks(NAMES, monkeypatch) <= 2 * looks(NAMES[:10], monkeypatch), "5,000 names take as many calls as ten"


def test_names_that_are_told_apart_by_their_first_characters_are_not_read_to_their_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    short = [name[:12] for name in NAMES]
    assert len(set(short)) == len(NAMES)
    assert looks(NAMES, monkeypatch) == looks(short, monkeypatch)


def test_plain_names_are_normalised_all_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """One by one takes several times as long."""
    expected = [digests_module.digest(name) for name in MIXED]
    monkeypatch.setattr(digests_module, "normalise", lambda name: pytest.fail(f"{name} was looked at by itself"))
    assert digests(MIXED).tolist() == expected


def test_plain_companies_are_cut_into_words_all_together(monkeypatch: pytest.MonkeyPatch) -> None:
    companies = sameness_of("companies")
    names = ["Acme Inc.", "Bo & Co., Ltd.", "Zed"] * 200
    expected = [digests_module.digest(companies.normalise(name)) for name in names]
    monkeypatch.setattr(
        sameness_module.Sameness, "normalise", lambda _, name: pytest.fail(f"{name} was looked at by itself")
    )
    assert companies.digests(names).tolist() == expected


def test_trees_and_what_they_are_made_of_can_be_compared_and_stand_in_a_set() -> None:
    """Arrays can do neither, so each is equal to itself alone."""
    vocabulary = Vocabulary(LETTERS)
    pairs = [(SortedNames.from_names(["al", "bo"], vocabulary), SortedNames.from_names(["al", "bo"], vocabulary))]
    trees = [names.tree() for names in pairs[0]]
    assert all(isinstance(tree, PrefixTree) for tree in trees)
    for one, other in [*pairs, (trees[0], trees[1]), (trees[0].sequences(), trees[1].sequences())]:
        assert one == one
        assert one != other
        assert len({one, other, one}) == 2
