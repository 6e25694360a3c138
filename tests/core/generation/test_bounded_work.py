"""Check that generation doesn't do more work than necessary, and that the work is limited if names never end."""

from __future__ import annotations

from math import log2

import numpy as np
import pytest

import namegen.core.generation.exact as bands_module
import namegen.core.generation.search as search_module
import namegen.core.generation.walk as walk_module
from namegen.core.checkpoint.ngram_set import NgramSet
from namegen.core.checkpoint.score_rule import ScoreRule
from namegen.core.data.labels import StartTokens
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.generation.constraints.constraint_list import ConstraintList
from namegen.core.generation.exact import Arrivals, BandSearch, ByProbability
from namegen.core.generation.generator import Generator
from namegen.core.generation.search import Effort
from namegen.core.generation.walk import Walk
from namegen.core.people.names import Kind, PartOfName
from namegen.core.people.people import PeopleInventor
from namegen.core.scoring.scorer import Scorer, Source
from namegen.errors import GenerationError
from tests.core.generation.exact import (
    ReadingModel,
    SmallModel,
    asking,
    most_likely,
    names_of,
    walk_of,
)


class Growing:
    """A model of the characters a, b and z, whose names are hardly ever short.

    The searches below exclude names with a z. At first, the only other likely character is a. Later, both a and b can
    follow any prefix, so the tree of prefixes branches at every character. The state is the length of the prefix.

    Args:
        a, b: the probabilities of these characters where the tree branches.
        stop: −log(probability) that the name ends, in nats.
        alone: the number of characters before the tree branches. There, an a has a probability of 0.3.
    """

    vocabulary = Vocabulary("abz")
    vocabulary_size = vocabulary.size

    def __init__(self, a: float, b: float, stop: float, alone: int = 0) -> None:
        self.branching = np.log([np.exp(-stop), a, b, 1 - a - b]).astype(np.float32)
        self.chain = np.log([np.exp(-stop), 0.3, 1e-30, 0.7]).astype(np.float32)
        self.alone = alone

    def initial_state(self, rows: int) -> np.ndarray:
        return np.zeros(rows, np.int64)

    def step(self, tokens: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.where((state < self.alone)[:, None], self.chain, self.branching), state + 1

    def select(self, state: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return state[rows]


def read_by_bands(model: Growing, budget: int = 10**9) -> list[int]:
    """Search for the three most likely names without a z, and return how many prefixes are read in each band."""
    request = asking(max_length=400, matches="[ab]*", allow_repeats=True)
    walk = Generator(model, model.vocabulary).prepare(request)
    search = BandSearch(walk, ByProbability(), budget=budget)
    so_far = [0]
    for band in search.bands(3):
        so_far.append(search.prefixes_read)
        names = band.best.names
    assert len(names) == 3 or search.gave_up
    assert search.prefixes_read == so_far[-1], "the search started a band that it didn't finish"
    return np.diff(so_far).tolist()


@pytest.mark.parametrize(
    "model",
    [Growing(0.2, 0.11, 24), Growing(0.2, 0.11, 28, alone=10)],
    ids=["that branches slowly", "that branches late"],
)
def test_the_last_band_costs_more_than_all_others_together(
    model: Growing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each band starts from the start token again, so the earlier bands have to be cheap."""
    monkeypatch.setattr(bands_module, "SMALL_BAND", 40)
    *before, last = read_by_bands(model)
    assert sum(before) < 0.75 * last
    assert read_by_bands(model, budget=sum(before) + last) == before, (
        "checking constraints should also count as work"
    )


def test_bands_get_wider_while_few_names_are_found() -> None:
    """All names are 60 nats below the start token. If the width doubles, few bands are needed to get there."""
    assert len(read_by_bands(Growing(0.35, 1e-30, 60))) <= 4 + 2 * log2(60 / 3)


def test_draws_are_read_in_few_calls_of_limited_size() -> None:
    model = ReadingModel("abcdefgh")
    walk_of(model, max_length=12).draw(1_000, np.random.default_rng(0))
    assert sum(model.rows) > 500
    assert len(model.rows) <= 13 + 1, "expected one call for each length"
    model = ReadingModel("".join(map(chr, range(300, 1_300))))
    walk_of(model, max_length=2).draw(3_000, np.random.default_rng(0))
    assert sum(model.rows) > 2_000
    assert max(model.rows) * model.vocabulary_size <= walk_module.BLOCK_NUMBERS


def test_logits_per_prefix_include_every_start_token() -> None:
    model, V = SmallModel(), SmallModel().vocabulary_size
    tokens = StartTokens((V, V + 1, V + 2), (0.5, 0.3, 0.2))
    three = Generator(model, model.vocabulary, start_tokens=tokens)
    for source, rows in ((three, 1), (three.as_one(), 3)):
        walk = source.prepare(asking())
        assert walk.logits_per_prefix == rows * source.as_one().model.vocabulary_size


def test_names_are_checked_in_batches_during_a_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checked names raise the floor, and prefixes below it are skipped. Sorting many small batches would be slow."""
    monkeypatch.setattr(walk_module, "BLOCK_ROWS", 40)
    model, judged, keep = SmallModel("abcd"), [], ConstraintList.keep
    monkeypatch.setattr(
        ConstraintList,
        "keep",
        lambda constraints, names, n: judged.append(len(names)) or keep(constraints, names, n),
    )
    source = Generator(model, model.vocabulary)
    assert len(most_likely(source, 1_000, max_length=6, allow_repeats=True)) == 1_000
    assert len(judged) > 1
    assert max(judged) < 1_000
    assert np.mean(judged) > 100


def test_two_rounds_are_usually_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first round shows how many draws fail, and the second round finds the rest of the names."""
    drawn, whole = [], Walk.draw
    monkeypatch.setattr(
        Walk, "draw", lambda walk, n, *rest: drawn.append(n) or whole(walk, n, *rest)
    )
    model = SmallModel("abcdefgh")
    source = Generator(model, model.vocabulary)
    assert len(names_of(source, 9_000, max_length=12, contains="a", allow_repeats=True)) == 9_000
    assert len(drawn) <= 3


def arrivals(seed: int, told: list[int], *, allow_repeats: bool) -> Arrivals:
    walk = walk_of(SmallModel(), max_length=6, allow_repeats=allow_repeats)
    rng = np.random.default_rng(seed)
    return Arrivals(walk, rng, report=lambda found, _: told.append(found))


def test_allowing_repeats_does_not_change_the_first_name() -> None:
    first = [
        next(arrivals(1, [], allow_repeats=repeats).find(1)).names for repeats in (False, True)
    ]
    assert first[0].tolist() == first[1].tolist()
    assert len(first[0]) == 1


@pytest.mark.parametrize("allow_repeats", [False, True])
def test_progress_never_reports_fewer_names_than_were_returned(allow_repeats: bool) -> None:
    told: list[int] = []
    given, stood = 0, []
    for found in arrivals(1, told, allow_repeats=allow_repeats).find(300):
        given += len(found)
        stood.append((len(told), given))
        assert allow_repeats or told[-1] == given
    assert given == 300
    assert [least for at, least in stood if at < len(told)], (
        "the search should continue after it has returned names"
    )
    for at, least in stood:
        assert all(count >= least for count in told[at:])


def part_of(model: SmallModel, contains: str, kinds: int = 1, longest: int = 4) -> PartOfName:
    source = Generator(model, model.vocabulary)
    sources = {Kind(str(kind)): source for kind in range(kinds)}
    return PartOfName("given", sources, source, asking(contains=contains, max_length=longest))


def test_each_check_uses_its_own_random_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Otherwise, all requests with strict constraints would fail together, and another seed wouldn't help."""
    asked: list[float] = []
    monkeypatch.setattr(PartOfName, "check", lambda _, rng: asked.append(rng.random()))
    part = part_of(SmallModel(), "a")
    for seed in range(100):
        PeopleInventor(part, part).generate(1, rng=np.random.default_rng(seed))
    assert len(set(asked)) == len(asked) == 200


def test_failed_searches_for_several_kinds_share_one_budget(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(search_module, "UNFILTERED", Effort(draws_per_name=1, draws_in_vain=1))
    monkeypatch.setattr(search_module, "MAX_PREFIXES_BY_ARRIVAL", 4_000)
    part = part_of(model := ReadingModel(), "abc" * 4, kinds=10, longest=30)
    assert not any(part.find(1, kind, np.random.default_rng(0)) for kind in part.generators)
    assert 1_000 < sum(model.rows) < 5_000


class Endless(ReadingModel):
    """A model whose names never end."""

    def step(self, tokens: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        logits, state = super().step(tokens, state)
        logits[:, 0] = -1e9
        return logits, state


@pytest.mark.parametrize(
    ("options", "n"),
    [
        ({}, 3_000),
        ({"matches": ".*" + "abcabc" * 3 + ".*"}, 1),
        ({"contains": "abcabc" * 3}, 3_000),
    ],
    ids=["no constraint", "matches", "contains"],
)
@pytest.mark.parametrize("how", ["most likely", "drawn", "filtered"])
def test_work_is_limited_if_names_never_end(
    how: str, options: dict[str, str], n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit doesn't depend on n. Draws are 900 characters long, so limiting their number isn't enough.

    Both passes of a filtered search and the exact search have their own limits. Long prefixes count as more work.
    """
    for module in (walk_module, bands_module, search_module):
        monkeypatch.setattr(module, "MAX_IN_VAIN", 150_000)
    model = Endless()
    scorer = None
    if how == "filtered":
        tree = PrefixTree.from_names(["abc"], model.vocabulary)
        ngrams = NgramSet.from_tree(tree, model.vocabulary)
        rule = ScoreRule(
            mean_level=0.0, mean_slope=-1.0, spread_level=1.0, spread_slope=0.0, threshold=-9_999.0
        )
        scorer = Scorer([Source(ngrams, model.vocabulary)], 0, [rule])
    source = Generator(model, model.vocabulary, scorer=scorer)
    find = most_likely if how == "most likely" else names_of
    with pytest.raises(GenerationError, match=r"^found 0 of .* gave up after"):
        find(source, n, max_length=900, **options)
    assert 100 < sum(model.rows) < 2 * 150_000 / model.vocabulary_size
