"""The split of a list: which names are held out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from namegen.core.data.corpus import Corpus
from namegen.core.data.split import split_names
from namegen.errors import NamesError, SettingsError
from namegen.lists import load_bundled
from tests.strategies import clean_lists, clean_name


class TestSplit:
    @given(clean_lists, st.floats(0.05, 0.9), st.sampled_from(["unique", "names"]), st.integers(0, 2**63 - 1))
    def test_the_two_parts_are_the_whole_in_its_order(
        self, names: list[str], share: float, split: str, seed: int
    ) -> None:
        corpus = Corpus.from_names(names)
        try:
            parts = corpus.split(share, split, seed)
        except NamesError:
            return
        assert sorted(parts.training + parts.validation) == sorted(corpus.names)
        for part in (parts.training, parts.validation):
            left = iter(corpus.names)
            assert all(name in left for name in part), "a part is a subsequence of the list"
        seen = sum(name in parts.training for name in parts.validation)
        assert parts.seen_percent == pytest.approx(100 * seen / len(parts.validation))
        if split == "unique":
            assert not set(parts.training) & set(parts.validation)
        else:
            assert len(parts.validation) == round(share * len(names))

    @given(st.lists(clean_name, min_size=20, max_size=40), clean_name, st.integers(0, 40), st.integers(0, 99))
    def test_an_added_name_moves_no_other(self, names: list[str], added: str, place: int, seed: int) -> None:
        try:
            before = Corpus.from_names(names).split(0.3, "unique", seed)
        except NamesError:
            return
        after = Corpus.from_names([*names[:place], added, *names[place:]]).split(0.3, "unique", seed)
        assert set(after.training) - {added} == set(before.training) - {added}
        assert set(after.validation) - {added} == set(before.validation) - {added}

    @pytest.mark.parametrize("name", ["mlb-first", "mlb-last", "companies", "japanese-given"])
    def test_unique_holds_out_about_the_share_asked_for(self, name: str) -> None:
        corpus = load_bundled(name)
        shares = [len(corpus.split(0.1, "unique", seed).validation) / len(corpus.names) for seed in range(10)]
        assert all(0.05 < share < 0.15 for share in shares)
        assert sum(shares) / 10 == pytest.approx(0.1, abs=0.015)

    def test_names_says_how_much_was_seen(self) -> None:
        assert load_bundled("mlb-first").split(0.2, "names", 0).seen_percent > 90
        assert load_bundled("companies").split(0.2, "names", 0).seen_percent == 0

    def test_the_same_seed_gives_the_same_split_and_another_one_another(self) -> None:
        corpus = load_bundled("companies")
        for split in ("unique", "names"):
            assert corpus.split(0.2, split, 3) == corpus.split(0.2, split, 3)
            assert corpus.split(0.2, split, 3) != corpus.split(0.2, split, 4)

    def test_the_split_of_a_name_is_fixed(self) -> None:
        """A change here would hold out other names than models in use were trained without."""
        corpus = Corpus.from_names([f"name {i}" for i in range(30)])
        held_out = [int(name.removeprefix("name ")) for name in corpus.split(0.2, "unique", 0).validation]
        assert held_out == [0, 5, 6, 7, 23, 29]

    @given(st.integers(0, 99), st.sampled_from(["unique", "names"]))
    def test_a_test_part_is_taken_out_of_what_is_trained_on(self, seed: int, split: str) -> None:
        corpus = load_bundled("companies")
        two, three = corpus.split(0.1, split, seed), corpus.split(0.1, split, seed, test=0.15)
        assert three.validation == two.validation
        assert sorted(three.training + three.test) == sorted(two.training)
        assert len(three.test) == pytest.approx(0.15 * len(corpus.names), abs=120)
        assert not two.test
        if split == "unique":
            assert not set(three.test) & set(three.training + three.validation)

    def test_a_test_part_alone(self) -> None:
        parts = load_bundled("companies").split(0.0, test=0.1)
        assert parts.test
        assert not parts.validation

    @pytest.mark.parametrize(("validation", "test"), [(0.5, 0.5), (0.1, -0.1), (0.1, 1.0)])
    def test_shares_that_leave_nothing(self, validation: float, test: float) -> None:
        with pytest.raises(SettingsError, match=r"test is .*expected a share from 0 to below 1"):
            Corpus.from_names(["a"] * 50).split(validation, test=test)

    def test_nothing_held_out(self) -> None:
        parts = Corpus.from_names(["a"]).split(0.0)
        assert (parts.training, parts.validation, parts.seen_percent) == (("a",), (), 0.0)

    @pytest.mark.parametrize("split", ["unique", "names"])
    @pytest.mark.parametrize("names", [["a", "b"], ["a"] * 9, ["Bob"]])
    def test_too_few_names(self, names: list[str], split: str) -> None:
        with pytest.raises(NamesError, match=r"too few to hold out.*validation=0"):
            Corpus.from_names(names).split(0.5, split)

    def test_a_single_name_that_repeats_cannot_be_on_one_side_only(self) -> None:
        with pytest.raises(NamesError, match="1 distinct"):
            Corpus.from_names(["a"] * 50).split(0.5, "unique")

    @pytest.mark.parametrize(
        ("share", "split"), [(1.0, "unique"), (-0.1, "unique"), (float("nan"), "names"), (0.1, "x")]
    )
    def test_wrong_settings(self, share: float, split: str) -> None:
        with pytest.raises(SettingsError, match="expected"):
            Corpus.from_names(["a", "b"]).split(share, split)

    @pytest.mark.parametrize(("entries", "said"), [(0, "0 names"), (1, "1 name"), (5, "5 names")])
    def test_it_is_said_how_many_names_are_too_few(self, entries: int, said: str) -> None:
        with pytest.raises(NamesError, match=rf" has {said} \("):
            split_names(["a"] * entries, 0.5, "unique", 0, source="a list")
