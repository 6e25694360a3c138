"""Check that generation doesn't do more work than necessary, and that the work is limited if names never end."""

from __future__ import annotations

from collections.abc import Callable
from math import log2

import numpy as np
import pytest

import namegen.core.generation.exact as bands_module
import namegen.core.generation.search as search_module
import namegen.core.generation.walk as count_splitting_module
from namegen.core.checkpoint.ngram_set import NgramSet
from namegen.core.checkpoint.score_rule import ScoreRule
from namegen.core.data.labels import StartTokens
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.generation.constraints.constraint_list import ConstraintList, NameFilter
from namegen.core.generation.constraints.matches import Matches
from namegen.core.generation.constraints.texts import Contains
from namegen.core.generation.exact import Arrivals, BandSearch, ByProbability, most_likely
from namegen.core.generation.generator import Generator
from namegen.core.generation.sampling import SamplingSettings
from namegen.core.generation.search import Effort
from namegen.core.generation.walk import Walk
from namegen.core.people.names import Kind, PartOfName
from namegen.core.people.people import PeopleInventor
from namegen.core.scoring.scorer import Scorer, Source
from namegen.errors import GenerationError
from tests.core.generation.exact import ReadingModel, SmallModel, draw

ANY = {"allow_seen": True, "allow_repeats": True}


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
    walk, name_filter = Generator(model, model.vocabulary).prepare(
        3, 400, ConstraintList([Matches("[ab]*")]), True, True
    )
    search = BandSearch(walk, name_filter, ByProbability(), budget=budget)
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
    draw(model, 1_000, rng=np.random.default_rng(0), sampling=SamplingSettings(max_length=12))
    assert sum(model.rows) > 500
    assert len(model.rows) <= 13 + 1, "expected one call for each length"
    model = ReadingModel("".join(map(chr, range(300, 1_300))))
    draw(model, 3_000, rng=np.random.default_rng(0), sampling=SamplingSettings(max_length=2))
    assert sum(model.rows) > 2_000
    assert max(model.rows) * model.vocabulary_size <= count_splitting_module.BLOCK_NUMBERS


def test_logits_per_prefix_include_every_start_token() -> None:
    model, V = SmallModel(), SmallModel().vocabulary_size
    one = Generator(model, model.vocabulary)
    three = Generator(
        model, model.vocabulary, start_tokens=StartTokens((V, V + 1, V + 2), (0.5, 0.3, 0.2))
    )
    for source, rows in ((one, 1), (one.as_one(), 1), (three, 1), (three.as_one(), 3)):
        walk = source.prepare(1, 6, None, True, True)[0]
        assert walk.logits_per_prefix == rows * source.as_one().model.vocabulary_size


def test_names_are_checked_in_batches_during_a_search(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Checked names raise the floor, and prefixes below it are skipped. Sorting many small batches would be slow."""
    monkeypatch.setattr(count_splitting_module, "BLOCK_ROWS", 40)
    model, judged, keep = SmallModel("abcd"), [], NameFilter.keep
    monkeypatch.setattr(
        NameFilter,
        "keep",
        lambda name_filter, names, n: judged.append(len(names)) or keep(name_filter, names, n),
    )
    [*names] = next(
        most_likely(Generator(model, model.vocabulary), 1_000, max_length=6, **ANY)
    ).names
    assert len(names) == 1_000
    assert len(judged) > 1
    assert max(judged) < 1_000
    assert np.mean(judged) > 100


def test_two_rounds_are_usually_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first round shows how many draws fail, and the second round finds the rest of the names."""
    drawn, whole = [], Walk.draw
    monkeypatch.setattr(
        Walk, "draw", lambda walk, n, **rest: drawn.append(n) or whole(walk, n, **rest)
    )
    model, sampling = SmallModel("abcdefgh"), SamplingSettings(max_length=12)
    asked = {
        "rng": np.random.default_rng(0),
        "sampling": sampling,
        "constraints": ConstraintList([Contains("a")]),
        **ANY,
    }
    batches = Generator(model, model.vocabulary).generate(9_000, **asked)  # type: ignore[arg-type]
    assert sum(len(batch.names) for batch in batches) == 9_000
    assert len(drawn) <= 3


def arrivals(seed: int, told: list[int], *, allow_repeats: bool) -> Arrivals:
    model = SmallModel()
    walk, name_filter = Generator(model, model.vocabulary).prepare(1, 6, None, True, allow_repeats)
    rng = np.random.default_rng(seed)
    return Arrivals(
        walk, name_filter, SamplingSettings(max_length=6), rng, lambda found, _: told.append(found)
    )


@pytest.mark.parametrize("seed", range(2))
def test_allowing_repeats_does_not_change_the_first_name(seed: int) -> None:
    first = [
        next(arrivals(seed, [], allow_repeats=repeats).find(1)).names for repeats in (False, True)
    ]
    assert first[0] == first[1]
    assert len(first[0]) == 1


@pytest.mark.parametrize("allow_repeats", [False, True])
def test_progress_never_reports_fewer_names_than_were_returned(allow_repeats: bool) -> None:
    told: list[int] = []
    given, stood = 0, []
    for found in arrivals(1, told, allow_repeats=allow_repeats).find(300):
        given += len(found.names)
        stood.append((len(told), given))
        assert allow_repeats or told[-1] == given
    assert given == 300
    assert [least for at, least in stood if at < len(told)], (
        "the search should continue after it has returned names"
    )
    for at, least in stood:
        assert all(count >= least for count in told[at:])


def part_of(
    model: SmallModel, constraint: Contains, kinds: int = 1, longest: int = 4
) -> PartOfName:
    source, sampling = Generator(model, model.vocabulary), SamplingSettings(max_length=longest)
    sources = {Kind(str(kind)): source for kind in range(kinds)}
    return PartOfName(
        "given", sources, source, sampling, ConstraintList([constraint]), allow_seen=True
    )


def test_each_check_uses_its_own_random_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Otherwise, all requests with strict constraints would fail together, and another seed wouldn't help."""
    asked: list[float] = []
    monkeypatch.setattr(PartOfName, "check", lambda _, rng: asked.append(rng.random()))
    part = part_of(SmallModel(), Contains("a"))
    for seed in range(100):
        PeopleInventor(part, part).generate(1, rng=np.random.default_rng(seed))
    assert len(set(asked)) == len(asked) == 200


def test_failed_searches_for_several_kinds_share_one_budget(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(search_module, "UNFILTERED", Effort(draws_per_name=1, draws_in_vain=1))
    monkeypatch.setattr(search_module, "MAX_PREFIXES_BY_ARRIVAL", 4_000)
    part = part_of(model := ReadingModel(), Contains("abc" * 4), kinds=10, longest=30)
    assert not any(part.find(1, kind, np.random.default_rng(0)) for kind in part.generators)
    assert 1_000 < sum(model.rows) < 5_000


class Endless(ReadingModel):
    """A model whose names never end."""

    def step(self, tokens: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        logits, state = super().step(tokens, state)
        logits[:, 0] = -1e9
        return logits, state


@pytest.mark.parametrize(
    ("constraint", "n"),
    [(None, 3_000), (Matches(".*" + "abcabc" * 3 + ".*"), 1), (Contains("abcabc" * 3), 3_000)],
    ids=["no constraint", "matches", "contains"],
)
def test_work_is_limited_if_names_never_end(
    constraint: Matches | Contains | None, n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit doesn't depend on n. Draws are 900 characters long, so limiting their number isn't enough."""
    for module in (count_splitting_module, bands_module, search_module):
        monkeypatch.setattr(module, "MAX_IN_VAIN", 150_000)
    model = Endless()
    source, rng = Generator(model, model.vocabulary), np.random.default_rng(0)
    sampling = SamplingSettings(max_length=900)
    constraints = ConstraintList([constraint] if constraint else [])
    searches: list[Callable[[], object]] = [
        lambda: list(
            most_likely(source, n, max_length=900, allow_seen=True, constraints=constraints)
        ),
        lambda: list(
            source.generate(n, rng=rng, sampling=sampling, allow_seen=True, constraints=constraints)
        ),
    ]
    for search in searches:
        model.rows.clear()
        with pytest.raises(GenerationError, match=r"^found 0 of .* gave up after"):
            search()
        assert 100 < sum(model.rows) < 2 * 150_000 / model.vocabulary_size


@pytest.mark.parametrize(
    "constraint", [None, Contains("abcabc" * 3)], ids=["no constraint", "contains"]
)
def test_work_is_limited_if_filtered_names_never_end(
    constraint: Contains | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both passes and the exact search have their own limits."""
    for module in (count_splitting_module, bands_module, search_module):
        monkeypatch.setattr(module, "MAX_IN_VAIN", 150_000)
    model = Endless()
    ngrams = NgramSet.from_tree(PrefixTree.from_names(["abc"], model.vocabulary), model.vocabulary)
    rule = ScoreRule(
        mean_level=0.0, mean_slope=-1.0, spread_level=1.0, spread_slope=0.0, threshold=-9_999.0
    )
    scorer = Scorer([Source(ngrams, model.vocabulary)], 0, [rule])
    batches = Generator(model, model.vocabulary, scorer=scorer).generate(
        3_000,
        rng=np.random.default_rng(0),
        sampling=SamplingSettings(max_length=900),
        allow_seen=True,
        constraints=ConstraintList([constraint] if constraint else []),
    )
    with pytest.raises(GenerationError, match=r"^found 0 of .* gave up after"):
        list(batches)
    assert (
        100 < sum(model.rows) < 0.75 * 150_000 / model.vocabulary_size
    )  # long prefixes count as more work
