"""Very many names, characters, banned words, prefixes: time and memory stay within bounds, and what is given is right.

Each attack runs in a child process with a limit of memory and of processor time (``attack.py``).
"""

from __future__ import annotations

import numpy as np
import pytest

from namegen.core.data.corpus import Corpus
from namegen.core.data.description import describe
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Beginnings, Vocabulary
from namegen.core.evaluation.evaluator import AccuracyEvaluator, ceiling
from namegen.core.evaluation.ngram import NgramModel
from namegen.core.generation import bands
from namegen.core.generation.generator import Generator, likeliest
from namegen.core.generation.wishes.matches import Matches
from namegen.core.generation.wishes.wishlist import Banned, Wishlist
from namegen.errors import GenerationError
from tests.core.generation.exact import SmallModel, all_names
from tests.harm.attack import attack
from tests.harm.effort import tries

LINES = tries(few=50_000, landing=1_000_000, hour=10_000_000)
CHARACTERS = tries(few=4_000, landing=20_000, hour=20_000)
MEBIBYTE = 2**20
MANY = "".join(map(chr, range(0x4E00, 0x4E00 + CHARACTERS)))


class Flat:
    """A model of as many characters as are wanted whose logits are the same behind every prefix.

    State: nothing but how many rows there are.
    """

    def __init__(self, vocabulary: Vocabulary, end: float = 0.0) -> None:
        self.vocabulary = vocabulary
        self.logits = np.zeros(vocabulary.size, np.float32)
        self.logits[0] = end
        self.rows_read = 0

    @property
    def vocabulary_size(self) -> int:
        return self.vocabulary.size

    def initial_state(self, rows: int) -> np.ndarray:
        return np.zeros(rows)

    def step(self, tokens: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self.rows_read += len(tokens)
        return np.tile(self.logits, (len(tokens), 1)), state

    def select(self, state: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return state[rows]


def best(generator: Generator, n: int, longest: int, wishes: Wishlist | None = None) -> list[str]:
    batches = likeliest(generator, n, max_length=longest, allow_seen=True, wishes=wishes)
    return [name for batch in batches for name in batch.names]


# Searches.


@pytest.mark.parametrize("end", [0.0, -100.0, -1e30])
def test_a_search_over_very_many_characters_ends(monkeypatch: pytest.MonkeyPatch, end: float) -> None:
    monkeypatch.setattr(bands, "MOST_LOGITS", 20_000_000)

    def search(longest: int) -> None:
        vocabulary = Vocabulary(MANY)
        with pytest.raises(
            GenerationError, match=r"^names found: 0 of 2 asked for, .*; no more within [\d,]+ prefixes"
        ):
            best(Generator(Flat(vocabulary, end), vocabulary), 2, longest)

    assert attack(search, [20, 1_000], memory=400 * MEBIBYTE).returned == 2


def test_the_bound_counts_what_is_read_behind_every_label(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bands, "MOST_LOGITS", 300_000)
    vocabulary = Vocabulary("abcdefghi")
    model = Flat(vocabulary, -100.0)
    beginnings = Beginnings.from_counts(vocabulary.size, [1] * 30)
    with pytest.raises(GenerationError, match="no more within"):
        best(Generator(model, vocabulary, beginnings=beginnings), 2, 20)
    assert model.rows_read * vocabulary.size <= 300_000


def test_a_search_that_would_keep_too_much_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    model = SmallModel()
    exact = all_names(model, 7)
    generator = Generator(model, model.vocabulary)
    expected = sorted((name for name in exact if name), key=lambda name: (-exact[name], name))
    monkeypatch.setattr("namegen.core.generation.count_splitting.BLOCK_NUMBERS", 20)  # so that blocks wait
    monkeypatch.setattr(bands, "MOST_NUMBERS", 500)
    batches = likeliest(generator, 1_000, max_length=7, allow_seen=True)
    found: list[str] = []
    told = ""
    try:
        for batch in batches:
            found += batch.names
    except GenerationError as error:
        told = str(error)
    assert told.startswith(f"names found: {len(found)} of 1,000 asked for, the likeliest there are; no more within")
    assert found == expected[: len(found)]
    monkeypatch.undo()
    assert best(generator, 1_000, 7) == expected[:1_000]


def test_few_logits_at_a_time_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = Generator(SmallModel(), SmallModel().vocabulary)
    expected = best(generator, 200, 7)
    monkeypatch.setattr("namegen.core.generation.count_splitting.BLOCK_NUMBERS", 20)
    assert best(generator, 200, 7) == expected


@pytest.mark.parametrize("expression", ["([a-zA-Z]+)*1", "(a|b|c|(d|e)+)*1", r"([a-z]+)*1\b"])
def test_a_repeat_inside_a_repeat_ends(monkeypatch: pytest.MonkeyPatch, expression: str) -> None:
    monkeypatch.setattr(bands, "MOST_LOGITS", 200_000)

    def search(seed: int) -> None:
        model = SmallModel("1abcde", seed=seed, impossible="1")
        best(Generator(model, model.vocabulary), 5, 40, Wishlist([Matches(expression)]))

    assert attack(search, range(2)).refused == 2


def test_a_million_banned_words() -> None:
    words = {np.base_repr(number, 36).lower() for number in range(40_000, 40_000 + min(LINES, 1_000_000))}

    def ban(name: str) -> None:
        wish = Banned(words)
        assert not wish.keeps(f"Ab {np.base_repr(40_000, 36)} & Co.")
        assert all(wish.keeps(name) for _ in range(20_000))

    assert attack(ban, ["A.b.c."], seconds=10).returned == 1


# Lists.


def names_of(lines: int) -> list[str]:
    """Different names that share little, drawn at random: of 8 letters each."""
    drawn = np.random.default_rng(0).integers(97, 123, (lines, 8), dtype=np.uint8)
    return [name.decode() for name in np.unique(drawn.view("S8")[:, 0]).tolist()]


@pytest.mark.parametrize("what", ["describe", "ceiling"])
def test_memory_and_time_are_linear_in_the_lines(what: str) -> None:
    """600 bytes a name and its eight characters, and 8 seconds a million."""
    content = "\n".join(names_of(LINES)).encode()

    def read(_: int) -> None:
        corpus = Corpus.from_bytes(content, source="names.txt")
        if what == "describe":
            assert describe(corpus.names).distinct == len(corpus.names)
        else:
            assert ceiling(PrefixTree.from_names(corpus.names, corpus.vocabulary)).accuracy_argmax < 0.7

    assert attack(read, [0], seconds=2 + 8e-6 * LINES, memory=100 * MEBIBYTE + 600 * LINES).returned == 1


def test_counting_takes_little_beside_the_tree() -> None:
    """200 bytes a name of eight characters, whose tree takes 190; and 10 seconds a million."""
    names = names_of(LINES)
    vocabulary = Vocabulary.from_names(names)
    tree = PrefixTree.from_names(names, vocabulary)

    def count(order: int) -> None:
        assert NgramModel(tree, vocabulary.size, order, "kneser-ney").order == order

    assert attack(count, [4], seconds=2 + 10e-6 * LINES, memory=30 * MEBIBYTE + 200 * LINES).returned == 1


def test_very_many_characters_are_read_a_few_prefixes_at_a_time() -> None:
    rng = np.random.default_rng(0)
    names = ["".join(MANY[place] for place in rng.integers(CHARACTERS, size=3)) for _ in range(1_500)]
    vocabulary = Vocabulary(MANY)
    tree = PrefixTree.from_names(names, vocabulary)

    def evaluate(order: int) -> None:
        figures = AccuracyEvaluator(NgramModel(tree, vocabulary.size, order)).evaluate(tree)
        assert figures.loss_nats_per_char < np.log(CHARACTERS)

    assert attack(evaluate, [1, 3], memory=150 * MEBIBYTE, seconds=20).returned == 2
