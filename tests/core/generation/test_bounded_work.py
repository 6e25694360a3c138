"""How much is read, drawn and judged: not more than names need, in few calls, and bounded where they never end."""

from __future__ import annotations

from collections.abc import Callable
from math import log2

import numpy as np
import pytest

import namegen.core.generation.count_splitting as count_splitting_module
import namegen.core.generation.exact.band_search as bands_module
import namegen.core.generation.search as search_module
from namegen.core.checkpoint.ngram_set import NgramSet
from namegen.core.checkpoint.score_rule import ScoreRule
from namegen.core.data.labels import StartTokens
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.generation.constraints.constraint_list import ConstraintList, NameFilter
from namegen.core.generation.constraints.matches import Matches
from namegen.core.generation.constraints.texts import Contains
from namegen.core.generation.count_splitting import Walk
from namegen.core.generation.exact.band_search import BandSearch, ByProbability
from namegen.core.generation.exact.most_likely import most_likely
from namegen.core.generation.exact.without_replacement import Arrivals
from namegen.core.generation.generator import Generator
from namegen.core.generation.name_source import Kind, PartOfName
from namegen.core.generation.people import PeopleInventor
from namegen.core.generation.sampling import SamplingSettings
from namegen.core.generation.scoring import Scorer, Source
from namegen.core.generation.search import Effort
from namegen.errors import GenerationError
from tests.core.generation.exact import ReadingModel, SmallModel, draw

ANY = {"allow_seen": True, "allow_repeats": True}


class Growing:
    """A model of names of a and b, hardly any of them short; z stands for all else.

    Each prefix of a and b can be followed by both, with these probabilities, so that the tree branches as long as one
    goes on, after so many characters of which only a is possible. The state is the length.

    Args:
        a, b: the probabilities.
        stop: of the end −log(probability), nats.
        alone: characters at the beginning without a choice, of which the next is an a with the probability 0.3.
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
    """The prefixes of each band of a search for the three likeliest names without a z."""
    walk, name_filter = Generator(model, model.vocabulary).prepare(
        3, 400, ConstraintList([Matches("[ab]*")]), True, True
    )
    search = BandSearch(walk, name_filter, ByProbability(), budget=budget)
    so_far = [0]
    for band in search.bands(3):
        so_far.append(search.prefixes_read)
        names = band.best.names
    assert len(names) == 3 or search.gave_up
    assert search.prefixes_read == so_far[-1], "none was begun that would not be read to its end"
    return np.diff(so_far).tolist()


@pytest.mark.parametrize(
    "model",
    [Growing(0.2, 0.11, 24), Growing(0.2, 0.11, 28, alone=10)],
    ids=["that branches slowly", "that branches late"],
)
def test_all_bands_before_the_last_cost_less_than_it(
    model: Growing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else to start from the top again each time would not be worth it: the bands are as wide as the tree wants."""
    monkeypatch.setattr(bands_module, "SMALL_BAND", 40)
    *before, last = read_by_bands(model)
    assert sum(before) < 0.75 * last
    assert read_by_bands(model, budget=sum(before) + last) == before, (
        "what the constraints are asked counts as well"
    )


def test_as_long_as_hardly_anything_is_found_the_bands_get_wider() -> None:
    """Down to 60 nats without a choice: as many bands as a few doublings, and not one for each three nats."""
    assert len(read_by_bands(Growing(0.35, 1e-30, 60))) <= 4 + 2 * log2(60 / 3)


def test_what_many_draws_have_in_common_is_read_in_few_calls_and_few_rows_of_a_large_vocabulary() -> (
    None
):
    model = ReadingModel("abcdefgh")
    draw(model, 1_000, rng=np.random.default_rng(0), sampling=SamplingSettings(max_length=12))
    assert sum(model.rows) > 500
    assert len(model.rows) <= 13 + 1, "one for each length"
    model = ReadingModel("".join(map(chr, range(300, 1_300))))
    draw(model, 3_000, rng=np.random.default_rng(0), sampling=SamplingSettings(max_length=2))
    assert sum(model.rows) > 2_000
    assert max(model.rows) * model.vocabulary_size <= count_splitting_module.BLOCK_NUMBERS


def test_what_a_search_may_read_goes_by_the_rows_that_the_model_reads_for_a_prefix() -> None:
    model, V = SmallModel(), SmallModel().vocabulary_size
    one = Generator(model, model.vocabulary)
    three = Generator(
        model, model.vocabulary, start_tokens=StartTokens((V, V + 1, V + 2), (0.5, 0.3, 0.2))
    )
    for source, rows in ((one, 1), (one.as_one(), 1), (three, 1), (three.as_one(), 3)):
        walk = source.prepare(1, 6, None, True, True)[0]
        assert walk.logits_per_prefix == rows * source.as_one().model.vocabulary_size


def test_names_are_judged_before_as_many_wait_as_are_wanted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only then does the floor rise, and what lies below it is not read. Few at a time would take long to sort."""
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


def test_two_rounds_mostly_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first shows how many draws fail, the second gives the rest."""
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
def test_whether_names_may_come_again_or_not_the_same_one_comes_first(seed: int) -> None:
    first = [
        next(arrivals(seed, [], allow_repeats=repeats).find(1)).names for repeats in (False, True)
    ]
    assert first[0] == first[1]
    assert len(first[0]) == 1


@pytest.mark.parametrize("allow_repeats", [False, True])
def test_never_are_fewer_told_than_were_given(allow_repeats: bool) -> None:
    told: list[int] = []
    given, stood = 0, []
    for found in arrivals(1, told, allow_repeats=allow_repeats).find(300):
        given += len(found.names)
        stood.append((len(told), given))
        assert allow_repeats or told[-1] == given
    assert given == 300
    assert [least for at, least in stood if at < len(told)], "some are read after some are given"
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


def test_each_part_of_each_request_is_checked_with_random_numbers_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else all requests that can hardly be kept would fail alike, and another seed would be of no help."""
    asked: list[float] = []
    monkeypatch.setattr(PartOfName, "check", lambda _, rng: asked.append(rng.random()))
    part = part_of(SmallModel(), Contains("a"))
    for seed in range(100):
        PeopleInventor(part, part).generate(1, rng=np.random.default_rng(seed))
    assert len(set(asked)) == len(asked) == 200


def test_the_kinds_of_a_part_read_no_more_in_vain_than_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_module, "UNFILTERED", Effort(draws_per_name=1, draws_in_vain=1))
    monkeypatch.setattr(search_module, "MAX_PREFIXES", 4_000)
    part = part_of(model := ReadingModel(), Contains("abc" * 4), kinds=10, longest=30)
    assert not any(part.all_of(1, kind, np.random.default_rng(0)) for kind in part.generators)
    assert 1_000 < sum(model.rows) < 5_000


class Endless(ReadingModel):
    """Its names never end."""

    def step(self, tokens: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        logits, state = super().step(tokens, state)
        logits[:, 0] = -1e9
        return logits, state


@pytest.mark.parametrize(
    ("constraint", "n"),
    [(None, 3_000), (Matches(".*" + "abcabc" * 3 + ".*"), 1), (Contains("abcabc" * 3), 3_000)],
    ids=["no constraint", "matches", "contains"],
)
def test_of_names_that_never_end_so_much_is_computed_and_no_more(
    constraint: Matches | Contains | None, n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many are asked for. Of a thousand characters each, draws alone would be no bound."""
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
def test_so_much_is_computed_for_filtered_names_that_never_end(
    constraint: Contains | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both passes and the exact search have a bound each."""
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
    )  # long prefixes count more
