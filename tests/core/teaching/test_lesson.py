"""Targets: what teachers expect at every prefix."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.engine import LanguageModel
from namegen.core.models.mixture import MixtureModel
from namegen.core.models.ngram import NgramModel
from namegen.core.teaching import lesson
from namegen.core.teaching.lesson import draw, make_lesson
from namegen.errors import TrainingError
from tests.reading import logits_behind

NAMES = ["Al", "Ali", "Alan", "Bo", "Bob", "Bobby", "Cy", "Lia", "Lila", "Nell", "Ann"] * 3
VOCABULARY = Vocabulary.from_names(NAMES)
TREE = PrefixTree.from_names(NAMES, VOCABULARY)
TEACHERS = MixtureModel(
    [NgramModel(TREE, VOCABULARY.size, order, "witten-bell") for order in (2, 5)],
    [VOCABULARY] * 2,
    (0.3, 0.7),
    vocabulary=VOCABULARY,
    temperature=0.9,
)


def chances_after(prefix: str, model: LanguageModel = TEACHERS, vocabulary: Vocabulary = VOCABULARY) -> np.ndarray:
    return np.exp(logits_behind(model, (0, *vocabulary.encode(prefix)))[-1])


def prefixes_of(tree: PrefixTree, vocabulary: Vocabulary = VOCABULARY) -> list[str]:
    prefixes = [""] * tree.nodes
    for node in range(tree.roots, tree.nodes):
        prefixes[node] = prefixes[tree.parent[node]] + vocabulary.characters[tree.token[node] - 1]
    return prefixes


def test_every_batch_is_told_what_the_teachers_expect() -> None:
    made = make_lesson(TEACHERS, TREE, 200, longest=12, rng=np.random.default_rng(0))
    assert made.name_count == 200 + len(NAMES)
    for batch in made.epoch(0, batch_size=50, seed=1):
        assert batch.targets is not None
        for prefix, target in zip(prefixes_of(batch.tree), batch.targets, strict=True):
            np.testing.assert_allclose(target, chances_after(prefix), atol=1e-6)


def test_names_are_drawn_as_the_teachers_have_them() -> None:
    """The first two letters of forty thousand names against their exact chances."""
    draws = draw(TEACHERS, VOCABULARY, 40_000, longest=40, rng=np.random.default_rng(2))
    begins: Counter[tuple[int, ...]] = Counter()
    for name, count in zip(draws.names(VOCABULARY), draws.counts, strict=True):
        begins[(*VOCABULARY.encode(name).tolist(), 0, 0)[:2]] += int(count)
    first = chances_after("")
    for letters, count in begins.most_common(8):
        after = chances_after(VOCABULARY.characters[letters[0] - 1])
        expected = first[letters[0]] * after[letters[1]]
        assert count / 40_000 == pytest.approx(expected, abs=5 * np.sqrt(expected / 40_000))


def test_a_lesson_that_is_too_large_has_fewer_names(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = make_lesson(TEACHERS, TREE, 5_000, longest=30, rng=np.random.default_rng(0))
    monkeypatch.setattr(lesson, "LARGEST_TABLE", whole.tree.nodes * VOCABULARY.size // 2)
    smaller = make_lesson(TEACHERS, TREE, 5_000, longest=30, rng=np.random.default_rng(0))
    assert TREE.nodes <= smaller.tree.nodes <= whole.tree.nodes // 2
    monkeypatch.setattr(lesson, "LARGEST_TABLE", TREE.nodes * VOCABULARY.size // 2)
    with pytest.raises(TrainingError, match="do not fit into memory"):
        make_lesson(TEACHERS, TREE, 5_000, longest=30, rng=np.random.default_rng(0))


def test_teachers_whose_names_do_not_end_make_no_lesson() -> None:
    endless = PrefixTree.from_names(["A" * 300], VOCABULARY)
    teacher = MixtureModel([NgramModel(endless, VOCABULARY.size, 2, "kneser-ney")], [VOCABULARY])
    with pytest.raises(TrainingError, match="end within 5 characters"):
        draw(teacher, VOCABULARY, 100, longest=5, rng=np.random.default_rng(0))


def test_a_slice_is_an_epoch_and_all_slices_are_the_lesson() -> None:
    made = make_lesson(TEACHERS, TREE, 367, longest=12, rng=np.random.default_rng(0)).in_slices(100)
    assert made.name_count == 100
    letters: Counter[str] = Counter()
    for epoch in range(4):
        batches = list(made.epoch(epoch, batch_size=32, seed=3))
        assert len(batches) == made.steps(32)
        assert sum(batch.tree.name_count for batch in batches) == 100
        for batch in batches:
            letters.update(dict(zip(prefixes_of(batch.tree), batch.tree.count.tolist(), strict=True)))
    whole = dict(zip(prefixes_of(made.tree), made.tree.count.tolist(), strict=True))
    assert letters == Counter(whole), "each name of the lesson once, 400 in all"
    first, again = (next(made.epoch(epoch, batch_size=100, seed=3)).tree for epoch in (0, 4))
    assert not np.array_equal(first.token, again.token), "the second reading has an order of its own"
