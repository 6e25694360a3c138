"""How much is read, drawn and judged: not more than names need, and in few calls."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from math import log2

import numpy as np
import pytest

import namegen.core.generation.bands as bands_module
import namegen.core.generation.count_splitting as count_splitting_module
import namegen.core.generation.generator as generator_module
from namegen.core.data.vocabulary import Beginnings, Vocabulary
from namegen.core.generation.arrivals import Arrivals
from namegen.core.generation.bands import BandSearch, ByProbability
from namegen.core.generation.count_splitting import Walk
from namegen.core.generation.generator import Generator, likeliest, round_size
from namegen.core.generation.inventing import PlayerInventor
from namegen.core.generation.people import PartOfName, PeopleInventor
from namegen.core.generation.sampling import SamplingSettings
from namegen.core.generation.wishes.matches import Matches
from namegen.core.generation.wishes.wishlist import Contains, Judge, Wishlist
from namegen.errors import GenerationError
from tests.core.generation.exact import SmallModel, draw


class Growing:
    """A model of names of a and b, hardly any of them short; z stands for all else.

    Each prefix of a and b can be followed by both, with these probabilities, so that the tree branches as long as one
    goes on, after so many characters of which only a is possible. The state is the length.

    Args:
        a, b: the probabilities.
        stop: of the end −log(probability), nats.
        alone: characters at the beginning without a choice.
        next_alone: the probability of an a among them.
    """

    vocabulary = Vocabulary("abz")
    vocabulary_size = vocabulary.size

    def __init__(self, a: float, b: float, stop: float, alone: int = 0, next_alone: float = 0.3) -> None:
        impossible = 1e-30
        self.branching = np.log([np.exp(-stop), a, b, 1 - a - b]).astype(np.float32)
        self.chain = np.log([np.exp(-stop), next_alone, impossible, 1 - next_alone]).astype(np.float32)
        self.alone = alone

    def initial_state(self, rows: int) -> np.ndarray:
        return np.zeros(rows, np.int64)

    def step(self, tokens: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.where((state < self.alone)[:, None], self.chain, self.branching), state + 1

    def select(self, state: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return state[rows]


def read_by_bands(model: Growing) -> list[int]:
    """The prefixes of each band of a search for the three likeliest names without a z."""
    walk, judge = Generator(model, model.vocabulary).prepare(3, 400, Wishlist([Matches("[ab]*")]), True, True)
    search = BandSearch(walk, judge, ByProbability(), bound=10**9)
    so_far = [0]
    for found in search.bands(3):
        so_far.append(search.read)
        names = found.names
    assert len(names) == 3
    return np.diff(so_far).tolist()


@pytest.mark.parametrize(
    "model",
    [Growing(0.2, 0.11, 24), Growing(0.3, 0.2, 15), Growing(0.2, 0.11, 28, alone=10)],
    ids=["that branches slowly", "that branches fast", "that branches late"],
)
def test_all_bands_before_the_last_cost_less_than_it(model: Growing, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else to start from the top again each time would not be worth it: the bands are as wide as the tree wants."""
    monkeypatch.setattr(bands_module, "SMALL_BAND", 40)
    *before, last = read_by_bands(model)
    assert sum(before) < 0.75 * last


def test_as_long_as_hardly_anything_is_found_the_bands_get_wider() -> None:
    """Down to 90 nats without a choice: as many bands as a few doublings, and not one for each three nats."""
    assert len(read_by_bands(Growing(0.35, 1e-30, 90))) <= 4 + 2 * log2(90 / 3)


class CountingModel(SmallModel):
    """Notes how many rows it reads, call by call."""

    rows: list[int]

    def step(self, tokens: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self.rows.append(len(tokens))
        return super().step(tokens, state)


def test_what_many_draws_have_in_common_is_read_in_few_calls() -> None:
    model = CountingModel("abcdefgh")
    model.rows = []
    draw(model, 1_000, rng=np.random.default_rng(0), sampling=SamplingSettings(max_length=12))
    assert sum(model.rows) > 500
    assert len(model.rows) <= 13 + 1, "one for each length"


def test_of_a_large_vocabulary_few_prefixes_are_read_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    model = CountingModel("".join(map(chr, range(300, 1_300))))
    model.rows = []
    draw(model, 3_000, rng=np.random.default_rng(0), sampling=SamplingSettings(max_length=2))
    assert sum(model.rows) > 2_000
    assert max(model.rows) * model.vocabulary_size <= count_splitting_module.BLOCK_NUMBERS


def test_what_a_search_may_read_goes_by_the_rows_that_the_model_reads_for_a_prefix() -> None:
    model, V = SmallModel(), SmallModel().vocabulary_size
    one = Generator(model, model.vocabulary)
    three = Generator(model, model.vocabulary, beginnings=Beginnings((V, V + 1, V + 2), (0.5, 0.3, 0.2)))
    for source, rows in ((one, 1), (one.as_one(), 1), (three, 1), (three.as_one(), 3)):
        walk = source.prepare(1, 6, None, True, True)[0]
        assert walk.logits_a_prefix == rows * source.as_one().model.vocabulary_size


class CountingJudge(Judge):
    """Notes how many names it judges at a time."""

    names: list[int]

    def keep(self, names: list[str], counts: np.ndarray) -> tuple[object, ...]:  # type: ignore[override]
        self.names.append(len(names))
        return super().keep(names, counts)


def test_names_are_judged_before_as_many_wait_as_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only then does the floor rise, and what lies below it is not read. Few at a time would take long to sort."""
    monkeypatch.setattr(count_splitting_module, "BLOCK_ROWS", 40)
    model = SmallModel("abcd")
    walk, judge = Generator(model, model.vocabulary).prepare(1_000, 6, None, True, True)
    counting = CountingJudge(judge.wishes, judge.sameness)
    counting.names = []
    (*_, found) = BandSearch(walk, counting, ByProbability(), bound=10**9).bands(1_000)
    assert len(found.names) == 1_000
    assert len(counting.names) > 1
    assert max(counting.names) < 1_000
    assert np.mean(counting.names) > 100


def test_as_many_are_drawn_as_are_likely_to_give_what_is_missing() -> None:
    """Of a thousand draws half were names: a thousand more names take two thousand draws, and a few to spare."""
    for missing in (100, 1_000, 50_000):
        size = round_size(missing, 500, 1_000, certain=False)
        assert 2 * missing <= size <= 2.2 * missing + 100


def test_two_rounds_mostly_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first shows how many draws fail, the second gives the rest."""
    drawn: list[int] = []
    whole = Walk.draw

    def counted(walk: Walk, n: int, **rest: object) -> object:
        drawn.append(n)
        return whole(walk, n, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Walk, "draw", counted)
    model = SmallModel("abcdefgh")
    batches = Generator(model, model.vocabulary).generate(
        9_000,
        rng=np.random.default_rng(0),
        sampling=SamplingSettings(max_length=12),
        wishes=Wishlist([Contains("a")]),
        allow_seen=True,
        allow_repeats=True,
    )
    assert sum(len(batch.names) for batch in batches) == 9_000
    assert len(drawn) <= 3


def arrivals(seed: int, told: list[int], *, allow_repeats: bool) -> Arrivals:
    model = SmallModel()
    walk, judge = Generator(model, model.vocabulary).prepare(1, 6, None, True, allow_repeats)
    rng = np.random.default_rng(seed)
    return Arrivals(walk, judge, SamplingSettings(max_length=6), rng, lambda found, _: told.append(found))


@pytest.mark.parametrize("seed", range(5))
def test_whether_names_may_come_again_or_not_the_same_one_comes_first(seed: int) -> None:
    first = [next(arrivals(seed, [], allow_repeats=repeats).find(1))[0] for repeats in (False, True)]
    assert first[0] == first[1]
    assert len(first[0]) == 1


def test_those_of_a_band_are_told_beside_those_that_were_given_before() -> None:
    told: list[int] = []
    given = 0
    for names, _ in arrivals(0, told, allow_repeats=False).find(300):
        given += len(names)
        assert told[-1] == given
    assert given == 300
    assert told == sorted(told)


@pytest.mark.parametrize("allow_repeats", [False, True])
def test_never_are_fewer_told_than_were_given(allow_repeats: bool) -> None:
    told: list[int] = []
    given, stood = 0, []
    for names, _ in arrivals(1, told, allow_repeats=allow_repeats).find(300):
        given += len(names)
        stood.append((len(told), given))
    assert [least for at, least in stood if at < len(told)], "some are read after some are given"
    for at, least in stood:
        assert all(count >= least for count in told[at:])


def test_each_part_of_each_request_is_checked_with_random_numbers_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else all requests that can hardly be kept would fail alike, and another seed would be of no help."""
    asked: list[float] = []
    monkeypatch.setattr(PartOfName, "check", lambda _, rng: asked.append(rng.random()))
    model = SmallModel()
    source, wishes = Generator(model, model.vocabulary), Wishlist([Contains("a")])
    part = PartOfName("given", {None: source}, source, SamplingSettings(max_length=4), wishes, allow_seen=True)
    for seed in range(100):
        PeopleInventor(part, part).generate(1, rng=np.random.default_rng(seed))
    assert len(set(asked)) == len(asked) == 200


@pytest.mark.parametrize(
    ("function", "options"),
    [
        (BandSearch.__init__, {"bound", "on_progress"}),
        (BandSearch.bands, {"at_first"}),
        (PlayerInventor.generate, {"rng", "temperature", "first_wishes", "last_wishes", "on_progress"}),
    ],
)
def test_options_are_given_by_name_and_all_else_in_either_way(
    function: Callable[..., object], options: set[str]
) -> None:
    """So that another option may stand between them, and a reader sees what a number means."""
    of_function = inspect.signature(function).parameters.values()
    assert {one.name for one in of_function if one.kind is one.KEYWORD_ONLY} == options
    assert not [one.name for one in of_function if one.kind is one.POSITIONAL_ONLY]


class Endless(SmallModel):
    """Its names never end; counts the characters that it reads."""

    characters = 0

    def step(self, tokens: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self.characters += len(tokens)
        logits, state = super().step(tokens, state)
        logits[:, 0] = -1e9
        return logits, state


@pytest.mark.parametrize("n", [1, 3_000])
@pytest.mark.parametrize("search", ["generate", "likeliest"])
def test_of_names_that_never_end_so_much_is_computed_and_no_more(
    search: str, n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many are asked for. Of a thousand characters each, draws alone would be no bound."""
    for module in (count_splitting_module, bands_module, generator_module):
        monkeypatch.setattr(module, "MAX_IN_VAIN", 300_000)
    model = Endless()
    source, rng = Generator(model, model.vocabulary), np.random.default_rng(0)
    sampling = SamplingSettings(max_length=900)
    searches: dict[str, Callable[[], object]] = {
        "likeliest": lambda: list(likeliest(source, n, max_length=900, allow_seen=True)),
        "generate": lambda: list(source.generate(n, rng=rng, sampling=sampling, allow_seen=True)),
    }
    with pytest.raises(GenerationError, match=r"names found: 0 of .* no more within"):
        searches[search]()
    assert 100 < model.characters < 2 * 300_000


def test_a_text_that_long_names_hardly_have_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (count_splitting_module, bands_module, generator_module):
        monkeypatch.setattr(module, "MAX_IN_VAIN", 300_000)
    model = Endless()
    source = Generator(model, model.vocabulary)
    for wish in (Matches(".*" + "abcabc" * 3 + ".*"), Contains("abcabc" * 3)):
        batches = source.generate(
            1,
            rng=np.random.default_rng(0),
            sampling=SamplingSettings(max_length=900),
            wishes=Wishlist([wish]),
            allow_seen=True,
        )
        with pytest.raises(GenerationError, match=r"names found: 0 of 1 .* no more within"):
            list(batches)
    assert model.characters < 4 * 300_000
