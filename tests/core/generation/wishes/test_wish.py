"""A wish of one's own, through the public classes: found contradictory, refused early, kept, counted, advised."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

import namegen.core.generation.generator as generator_module
from namegen.cli.terminal import option_name
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.generation.generator import Generator, likeliest
from namegen.core.generation.sampling import SamplingSettings
from namegen.core.generation.wishes.wish import Finished, Tracker, Wish
from namegen.core.generation.wishes.wishlist import MinLength, StartsWith, Wishlist
from namegen.errors import GenerationError, SettingsError, setting
from tests.core.generation.exact import SmallModel, all_names, check_frequencies, conditioned, draw

MODEL = SmallModel()
SAMPLING = SamplingSettings(max_length=5)


class NoDoubles(Wish):
    """No letter twice, one behind the other."""

    name = "no_doubles"

    @property
    def advice(self) -> tuple[str, ...]:
        return (f"allow doubled letters without {setting(self.name)}",)

    def check(self, vocabulary: Vocabulary, wishes: Wishlist) -> None:
        beginning = wishes.get(StartsWith)
        if beginning is not None and not self.keeps(beginning.text):
            raise SettingsError(f"{beginning.told} contradicts {setting(self.name)}: give another beginning")

    def tracker(self, vocabulary: Vocabulary, longest: int) -> Tracker:
        return LastLetter()

    def keeps(self, name: str) -> bool:
        return all(left != right for left, right in pairwise(name))


class LastLetter(Tracker):
    """Its place: the last token, or −1 once two were equal."""

    def go_on(self, places: np.ndarray, tokens: np.ndarray) -> np.ndarray:
        return np.where((places == tokens) | (places < 0), -1, tokens).astype(np.int64)

    def refuses_prefixes(self, tokens: np.ndarray, places: np.ndarray) -> np.ndarray:
        return places < 0


WISHES = Wishlist([NoDoubles(True)])


def wanted() -> dict[str, float]:
    return {name: p for name, p in all_names(MODEL, 5).items() if name and NoDoubles(True).keeps(name)}


def test_it_is_kept_and_bends_no_probability() -> None:
    batches = Generator(MODEL, MODEL.vocabulary).generate(
        8_000, rng=np.random.default_rng(0), sampling=SAMPLING, wishes=WISHES, allow_seen=True, allow_repeats=True
    )
    check_frequencies(Counter(name for batch in batches for name in batch.names), conditioned(wanted()))


def test_the_likeliest_keep_it() -> None:
    found = next(likeliest(Generator(MODEL, MODEL.vocabulary), 20, max_length=5, wishes=WISHES, allow_seen=True)).names
    assert found == sorted(wanted(), key=lambda name: -wanted()[name])[:20]


def test_its_draws_are_refused_early_and_counted_under_its_name() -> None:
    read = 0

    class Counting(SmallModel):
        def step(self, tokens: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            nonlocal read
            read += len(tokens)
            return super().step(tokens, state)

    rows = {}
    for name, wishes in (("all", ()), ("no doubles", WISHES)):
        read = 0
        draws = draw(Counting(), 5_000, rng=np.random.default_rng(0), sampling=SAMPLING, wishes=wishes)
        rows[name] = read
        assert draws.counts.sum() + draws.rejected.total() == 5_000
        assert (draws.rejected["no_doubles"] > 0) == bool(wishes)
    assert rows["no doubles"] < 0.5 * rows["all"]


def test_what_contradicts_it_is_named_and_its_advice_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator_module, "TRIES", 2_000)
    source, rng = Generator(MODEL, MODEL.vocabulary), np.random.default_rng(0)
    contradiction = Wishlist([StartsWith("aa"), *WISHES])
    with pytest.raises(SettingsError) as caught:
        source.generate(1, rng=rng, sampling=SAMPLING, wishes=contradiction, allow_seen=True)
    assert caught.value.told(option_name) == "--starts-with 'aa' contradicts --no-doubles: give another beginning"
    never = SmallModel("a", seed=2)
    impossible = Wishlist([*WISHES, StartsWith("a"), MinLength(2)])
    batches = Generator(never, never.vocabulary).generate(2, rng=rng, wishes=impossible, allow_seen=True)
    with pytest.raises(GenerationError, match=r"names found: 0 of 2 .* allow doubled letters without no_doubles"):
        list(batches)


def test_a_wish_that_asks_nothing_of_a_name_says_what_it_lacks() -> None:
    with pytest.raises(NotImplementedError, match="Wish has neither keeps nor refuses"):
        Wish(1).refuses(Finished(["Anna"]))
