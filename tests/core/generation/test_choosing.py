"""Choosing: of the new names of each length and label, the share that the model finds likeliest, exactly."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from namegen.core.data.fourgrams import FourGrams, fourgrams_of
from namegen.core.data.labels import Beginnings
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.sameness import known_set
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.generation import choosing
from namegen.core.generation.choosing import default_share, measure_bars, usual_shortest
from namegen.core.generation.generator import TRIES, TRIES_ABOVE_BARS, Generator
from namegen.core.generation.sampling import SamplingSettings
from namegen.core.generation.wishes.matches import Matches
from namegen.core.generation.wishes.texts import Contains, StartsWith
from namegen.core.generation.wishes.wishlist import Wishlist
from namegen.core.network.bars import SHARES, Bars
from namegen.errors import GenerationError, SettingsError
from namegen.events import Event, Widened
from tests.core.generation.exact import SmallModel, all_names, check_frequencies, conditioned, letters_of

MODEL = SmallModel()
V, LONGEST = MODEL.vocabulary_size, 4
TWO = Beginnings((V, V + 1), (0.7, 0.3))
KNOWN = {"a", "ba", "cab", "abca"}


def of_label(token: int) -> dict[str, float]:
    """The probability of each new name given its beginning."""
    found = all_names(MODEL, LONGEST, beginning=token)
    return {name: p for name, p in found.items() if name and name not in KNOWN}


def merit(token: int, name: str) -> float:
    """The log-probability, number by number; of the first three tokens half."""
    letters = letters_of(MODEL, token, name)
    return sum(letters) - sum(letters[:3]) / 2


def generator(beginnings: Beginnings = TWO, bars: Bars | None = None) -> Generator:
    return Generator(MODEL, MODEL.vocabulary, known_names=known_set(KNOWN), beginnings=beginnings, bars=bars)


def bars_of(*tokens: int) -> Bars:
    """What each share of the different new names of a length reaches, by looking at all of them."""
    table = np.full((len(tokens), len(SHARES), LONGEST), np.inf)
    for row, token in enumerate(tokens):
        for length in range(1, LONGEST + 1):
            scores = [merit(token, name) for name in of_label(token) if len(name) == length]
            table[row, :, length - 1] = np.quantile(scores, 1 - np.array(SHARES))
    return Bars(table.astype(np.float16))


BARS = bars_of(*TWO.tokens)


def reaching(share: float, beginnings: Beginnings = TWO, bars: Bars = BARS) -> dict[str, float]:
    """The probability of each name that reaches its bar, with every beginning with which it does."""
    found: Counter[str] = Counter()
    for token, of_all in zip(beginnings.tokens, beginnings.shares, strict=True):
        bar = bars.at(share)[min(max(token - V, 0), len(bars.table) - 1)]
        for name, p in of_label(token).items():
            if merit(token, name) >= bar[len(name)]:
                found[name] += of_all * p
    return dict(found)


def names_of(source: Generator, n: int, *, seed: int = 0, heat: float = 1.0, **asked: object) -> list[str]:
    sampling = SamplingSettings(heat, max_length=LONGEST)
    batches = source.generate(n, rng=np.random.default_rng(seed), sampling=sampling, **asked)  # type: ignore[arg-type]
    return [name for batch in batches for name in batch.names]


@pytest.mark.parametrize("beginnings", [TWO, Beginnings.single(V + 1)], ids=["both labels", "the second"])
@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_the_names_are_those_that_reach_their_bar_as_often_as_the_model_draws_them(
    beginnings: Beginnings, share: float
) -> None:
    counts = Counter(names_of(generator(beginnings, BARS), 20_000, allow_repeats=True, choose=share))
    check_frequencies(counts, conditioned(reaching(share, beginnings)))


def test_the_bars_of_one_row_hold_for_every_label() -> None:
    bars = replace(BARS, table=BARS.table[:1])
    counts = Counter(names_of(generator(TWO, bars), 20_000, allow_repeats=True, choose=0.33))
    check_frequencies(counts, conditioned(reaching(0.33, TWO, bars)))


def test_all_of_a_share_come_before_the_next_larger_one_and_each_is_told_once() -> None:
    told: list[Event] = []
    first, second, every = (set(reaching(share)) for share in (0.1, 0.33, 0.5))
    every = {name for token in TWO.tokens for name in of_label(token)}
    names = names_of(generator(TWO, BARS), len(every), choose=0.1, watch=told.append)
    assert len(first) < len(second) < len(every)
    assert set(names[: len(first)]) == first
    assert set(names[: len(second)]) == second
    assert set(names) == every
    widened = [(event.found, event.share) for event in told if isinstance(event, Widened)]
    assert widened == [(len(first), 0.33), (len(second), 1.0)]
    with pytest.raises(GenerationError, match="no other name is possible"):
        names_of(generator(TWO, BARS), len(every) + 1, choose=0.1)


def test_fewer_names_are_the_first_of_more() -> None:
    """What is offered does not depend on how many are asked for."""
    few, many = (set(names_of(generator(TWO, BARS), n, choose=0.1)) for n in (3, len(reaching(0.1))))
    assert few < many == set(reaching(0.1))


@pytest.mark.parametrize("tries", [(TRIES, TRIES_ABOVE_BARS), (0, 0)], ids=["drawn", "searched for"])
def test_a_name_waits_while_its_beginning_has_come_too_often(
    tries: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the model's own chance of it; not where a text, a pattern or another temperature is asked for."""
    p_of, search = of_label(V), Generator.__module__
    source = generator(Beginnings.single(V), Bars(np.full((1, len(SHARES), LONGEST), -99, np.float16)))
    texts = ({"wishes": Wishlist([wish])} for wish in (StartsWith("a"), Matches("a.*")))
    asked: list[Any] = [{}, *texts, {"heat": 0.9}]

    def in_turn(names: list[str]) -> int:
        begun = Counter[str]()
        for given, name in enumerate(names):
            if begun[name[:3]] >= 1 + 1.75 * math.exp(sum(letters_of(MODEL, V, name)[:3])) * given:
                return given
            begun[name[:3]] += 1
        return len(names)

    def all_asked() -> list[list[str]]:
        return [names_of(source, 60 if "heat" in one else 20 if one else len(p_of), choose=0.5, **one) for one in asked]

    monkeypatch.setattr(f"{search}.TRIES", tries[0])
    monkeypatch.setattr(f"{search}.TRIES_ABOVE_BARS", tries[1])
    watched, *as_drawn = all_asked()
    monkeypatch.setattr(f"{search}.VARIED", 0)
    free, *the_same = all_asked()
    assert (set(watched), as_drawn) == (p_of.keys(), the_same)
    assert in_turn(watched) > 60 > 30 > in_turn(free)


def test_a_wish_that_no_name_above_the_bar_keeps_goes_to_all_names_after_one_larger_share() -> None:
    below = next(name for name in of_label(V) if name not in reaching(0.5) and len(name) == LONGEST)
    told: list[Event] = []
    wishes = Wishlist([StartsWith(below)])
    assert names_of(generator(TWO, BARS), 1, choose=0.02, wishes=wishes, watch=told.append) == [below]
    assert [event.share for event in told if isinstance(event, Widened)] == [0.1, 1.0]


def test_the_share_of_all_is_the_models_own_distribution() -> None:
    asked = {"n": 500, "allow_repeats": True}
    assert names_of(generator(TWO, BARS), **asked) == names_of(generator(), **asked)  # type: ignore[arg-type]
    assert names_of(generator(), **asked, choose=0.1) == names_of(generator(), **asked)  # type: ignore[arg-type]


@pytest.mark.parametrize(("row", "token"), list(enumerate(TWO.tokens)))
def test_measured_bars_are_the_quantiles_of_the_new_names_of_each_length(
    row: int, token: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many draws give every name; of a length with twenty names no other has a part in its bar."""
    for constant, value in (("NEAREST", 20), ("NEAREST_ALLOWED", 20), ("DRAWN", 10**7), ("MAX_CHARACTERS", 10**8)):
        monkeypatch.setattr(choosing, constant, value)
    of_one = generator(Beginnings.single(token))
    found = measure_bars(of_one, shortest={}, longest=LONGEST, rng=np.random.default_rng(0))
    assert found is not None
    for share in (0.1, 0.33):
        assert found.at(share)[0, 3:] == pytest.approx(BARS.at(share)[row, 3:], abs=0.05)
    assert found.new_names == pytest.approx(len(of_label(token)), abs=2)
    short = measure_bars(of_one, shortest={token: (3, 4)}, longest=LONGEST, rng=np.random.default_rng(0))
    assert short is not None
    assert [np.isfinite(short.at(share)[0]).nonzero()[0].tolist() for share in (0.02, 0.03, 0.05)] == [[4], [4], [3, 4]]
    assert measure_bars(of_one, shortest={}, longest=2, rng=np.random.default_rng(0), proceed=lambda: False) is None


def test_labels_of_few_names_share_how_far_merits_lie_around_the_line_of_each() -> None:
    rng = np.random.default_rng(0)
    lines = ((-5.0, -1.0, 5_000), (-9.0, -0.5, 60))
    lengths = [rng.integers(3, 9, n) for _, _, n in lines]
    merits = [level + slope * of + rng.normal(0, of / 4) for of, (level, slope, _) in zip(lengths, lines, strict=True)]
    every = [np.ones(len(of), bool) for of in lengths]
    table = choosing._bars(list(zip(lengths, merits, every, strict=True)), range(4, 9))
    assert np.isinf(table[:, :, :3]).all()
    for row, (level, slope, _) in zip(table, lines, strict=True):
        for length in (4, 8):
            exact = level + slope * length + length / 4 * 1.6449  # what one in twenty of a normal distribution exceeds
            assert row[1, length - 1] == pytest.approx(exact, abs=0.6)


def test_where_others_are_not_offered_the_bar_is_lower_by_as_much_as_the_share_asks_for() -> None:
    rng = np.random.default_rng(1)
    rates = (0.2, 0.6)  # of two labels
    found = [(np.full(20_000, 5), rng.normal(0, 1, 20_000), rng.random(20_000) < rate) for rate in rates]
    for (_, merits, may_be), bars in zip(found, choosing._bars(found, range(5, 6))[:, :, 4], strict=True):
        reach = np.mean(may_be & (merits >= bars[:, None]), axis=1)
        assert reach == pytest.approx(np.minimum(SHARES, may_be.mean()), abs=0.01)


def test_a_bar_is_not_set_by_the_few_that_may_be_offered_at_a_length() -> None:
    """Of 300 names at each of nine lengths, some five may be: by those alone a bar would lie by chance."""
    rng = np.random.default_rng(2)
    lengths, merits, may_be = np.arange(2_700) % 9 + 3, rng.normal(0, 1, 2_700), rng.random(2_700) < 0.02
    bars = choosing._bars([(lengths, merits, may_be)], range(3, 12))[0, SHARES.index(0.02), 2:]
    assert np.ptp(bars) < 1


def test_with_four_grams_the_names_are_those_that_have_no_other() -> None:
    """Beside their bars, and as often as the model draws them; others of all names not for a text inside."""

    def grams(name: str) -> set[str]:
        return {f"{'^' * 4}{name}$"[at : at + 4] for at in range(1, len(name) + 2)}

    listed = [name for name in all_names(MODEL, LONGEST, beginning=V + 1) if len(name) == LONGEST][::5]
    tree = PrefixTree.from_names(listed, MODEL.vocabulary)
    known = FourGrams(fourgrams_of(tree, MODEL.vocabulary, shortest=0), MODEL.vocabulary)
    first = replace(generator(TWO, BARS), fourgrams=known)
    wanted = {name: p for name, p in reaching(0.5).items() if grams(name) <= set().union(*map(grams, listed))}
    assert 5 < len(wanted) < len(reaching(0.5))
    check_frequencies(Counter(names_of(first, 20_000, allow_repeats=True, choose=0.5)), conditioned(wanted))
    assert len(names_of(first, len(reaching(0.5)), choose=0.5)) == len(reaching(0.5))  # the rest of all names
    with pytest.raises(GenerationError, match=r"; unlikely names come with choose=1$") as error:
        names_of(first, len(reaching(0.5)), choose=0.5, wishes=Wishlist([Contains("a")]))
    assert len(names_of(replace(first, bars=None), 9, choose=0.5, wishes=Wishlist([Contains("a")]))) == 9
    assert f"found: {sum('a' in name for name in wanted)} of" in str(error.value).replace(",", "")


def test_a_labelled_name_may_have_one_gram_inside_that_its_label_has_not() -> None:
    """Of several words, it may not."""
    rng, vocabulary = np.random.default_rng(0), Vocabulary.from_names(["abc d"])
    names = ["".join(letters) for letters in rng.choice(list("abc "), (400, 6), p=[0.3, 0.3, 0.3, 0.1])]
    most = np.array([int(" " not in name) for name in names])
    lists = [names[:70], names[70:140], names[140:155]]
    starts = [vocabulary.size + label for label, some in enumerate(lists) for _ in some]
    tree = PrefixTree.from_names(names[:155], vocabulary, starts)
    known, tokens = FourGrams(fourgrams_of(tree, vocabulary), vocabulary, 3), vocabulary.encode_all(names)[0]

    def grams(name: str) -> list[str]:
        return [f"^^^{name}$"[at : at + 4] for at in range(len(name) + 1)]

    for label, some in enumerate(lists):
        have = {gram for name in some for gram in grams(name)}
        lacking = np.array([sum(gram not in have for gram in grams(name)[3:-1]) for name in names])
        lacking += [2 * any(gram not in have for gram in (*grams(name)[:3], grams(name)[-1])) for name in names]
        found = known.allows_whole(tokens.reshape(-1, 6), np.full(400, vocabulary.size + label))
        assert found[lacking <= most].all()
        assert found[lacking > most].mean() < 0.005  # one gram in 256 is taken for one of theirs
        assert (lacking[most == 1] == 1).any()
        assert (lacking > most).sum() > 150
    assert fourgrams_of(PrefixTree.from_names(names[:149], vocabulary, starts[:149]), vocabulary) is None  # too few


def test_so_may_one_of_a_list_of_many_grams_for_each_name() -> None:
    rng, vocabulary = np.random.default_rng(4), Vocabulary.from_names(["abcdefgh"])
    names = ["".join(letters) for letters in rng.choice(list("abcdefgh"), (300, 6))]
    kept, tokens = fourgrams_of(PrefixTree.from_names(names, vocabulary), vocabulary), vocabulary.encode_all(names)[0]
    tokens, start, strict = tokens.reshape(-1, 6), np.zeros(300, int), FourGrams(kept, vocabulary)
    tokens[:, 2:5] = tokens[rng.permutation(300), 2:5]
    inside = strict.allows(tokens[:, :3], start, ended=False) & strict.allows(tokens, start, ended=True)
    assert len(set(strict.missing(tokens, start)[inside].tolist())) > 2
    for known, most in ((None, 0), (known_set(names), 1), (known_set(map(str, range(len(kept)))), 0)):
        allowed = FourGrams(kept, vocabulary, known_names=known).allows_whole(tokens, start)
        assert (allowed == (inside & (strict.missing(tokens, start) <= most))).all()


def test_a_share_between_two_has_a_bar_between_theirs_and_others_have_none() -> None:
    between, low, high = (BARS.at(share)[:, 1:] for share in (0.2, 0.1, 0.33))
    assert ((high <= between) & (between <= low)).all()
    assert (BARS.at(0.33)[:, 1:] == BARS.table[:, 3]).all()
    for wrong in (0.0, 0.01, 0.6, 1.1, math.nan):
        with pytest.raises(SettingsError, match=r"choose=.*: expected a share .* from 0\.02 to 0\.5, or 1"):
            generator(TWO, BARS).generate(1, rng=np.random.default_rng(0), choose=wrong)


def test_short_lists_and_labels_offer_a_smaller_share() -> None:
    known, vocabulary = known_set(map(str, range(100))), MODEL.vocabulary
    few, many = (FourGrams(known, vocabulary, known_names=known_set(map(str, range(n)))) for n in (34, 33))
    assert default_share(500, FourGrams(known, vocabulary, 2), 0) == default_share(500, many, 0)
    assert default_share(500, many, 0) < default_share(500, None, 0) == default_share(500, few, 0)
    assert default_share(500, few, 9_000) > default_share(499, few, 9_000)


@pytest.mark.parametrize(("new_names", "share"), [(9_000, 0.02), (2_000, 0.05), (400, 0.25), (45, 0.5), (0, 0.5)])
def test_of_a_short_list_another_seed_gives_other_names(new_names: int, share: float) -> None:
    assert default_share(60, None, new_names) == share


def test_the_shortest_name_is_no_single_one_of_its_list_or_of_its_label() -> None:
    """Of a label a quarter are shorter than those that are offered first."""

    def shortest(short: int, starts: tuple[int, ...] = (0,)) -> list[tuple[int, int]]:
        names = ["a" * (2 if n < short else 4 + (start == V + 1)) + chr(98 + n) for start in starts for n in range(150)]
        vocabulary = Vocabulary.from_names(names)
        begin = [start and start - V + vocabulary.size for start in starts for _ in range(150)]
        return list(usual_shortest(PrefixTree.from_names(names, vocabulary, begin)).values())

    assert (shortest(1), shortest(2)) == ([(5, 5)], [(3, 3)])
    assert (shortest(1, TWO.tokens), shortest(2, TWO.tokens)) == ([(5, 5), (6, 6)], [(3, 5), (3, 6)])
    assert (shortest(37, TWO.tokens), shortest(38, TWO.tokens)) == ([(3, 5), (3, 6)], [(3, 3), (3, 3)])
    found = measure_bars(generator(), shortest={V: (2, 4)}, longest=LONGEST, rng=np.random.default_rng(0))
    assert found is not None
    assert np.isinf(found.table[:, 0]).sum(axis=1).tolist() == [3, 3]  # of a label without names as of the others
    assert np.isinf(found.table[:, 1:]).sum(axis=(1, 2)).tolist() == [4, 4]


def test_a_wish_for_lengths_that_the_smallest_share_lacks_finds_names_of_the_next() -> None:
    """And not of all that the model may draw."""
    table = BARS.table.copy()
    table[:, 0, :3] = np.inf
    watched: list[Event] = []
    batches = generator(TWO, Bars(table)).generate(
        3, rng=np.random.default_rng(0), sampling=SamplingSettings(max_length=3), choose=0.02, watch=watched.append
    )
    assert sum(len(batch.names) for batch in batches) == 3
    assert [one.share for one in watched if isinstance(one, Widened)] == [0.1]
