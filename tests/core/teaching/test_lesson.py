"""Targets: what teachers expect at every prefix, or what followed it, smoothed towards counting."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.data.batching import BatchMaker
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.engine import LanguageModel
from namegen.core.models.mixture import MixtureModel
from namegen.core.models.ngram import NgramModel
from namegen.core.settings import DataSettings, NetworkSettings, Recipe, TrainingSettings
from namegen.core.teaching import lesson
from namegen.core.teaching.lesson import draw, make_lesson, smoothed
from namegen.core.training.preparation import prepare
from namegen.errors import SettingsError, TrainingError
from namegen.lists import load_bundled
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


LISTED = ["Al", "Alan", "Alan", "Ali", "Bo", "Bob", "Bobby", "Cy", "Lia", "Al"]
LETTERS = Vocabulary.from_names(LISTED)


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_a_target_is_counting_and_what_followed(share: float) -> None:
    batches = BatchMaker.from_names(LISTED, LETTERS)
    model = NgramModel(batches.tree, LETTERS.size, 8, "kneser-ney")
    for batch in smoothed(batches, LETTERS.size, share).epoch(0, batch_size=4, seed=1):
        tree = batch.tree
        assert batch.targets is not None
        for node, before in enumerate(prefixes_of(tree, LETTERS)):
            followed = np.zeros(LETTERS.size)
            for edge in np.flatnonzero(tree.edge_node == node):
                followed[tree.edge_token[edge]] = tree.edge_count[edge] / tree.count[node]
            wanted = share * chances_after(before, model, LETTERS) + (1 - share) * followed
            np.testing.assert_allclose(batch.targets[node], wanted, rtol=1e-6, atol=1e-7)


def test_batches_without_targets_stay_as_they_were() -> None:
    batches = BatchMaker.from_names(LISTED, LETTERS)
    smoothed(batches, LETTERS.size, 0.5)
    assert next(batches.epoch(0, batch_size=4, seed=1)).targets is None


def test_no_held_out_name_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    corpus, counted = load_bundled("mlb-first"), []

    def counting(tree: PrefixTree, *arguments: Any) -> NgramModel:
        counted.append(tree)
        return NgramModel(tree, *arguments)

    monkeypatch.setattr(lesson, "NgramModel", counting)
    training = TrainingSettings(effort="quick", label_smoothing=0.5)
    prepared = prepare(corpus, Recipe(DataSettings(test=0.1), NetworkSettings(hidden=(2,)), training), NumpyEngine)
    (tree,) = counted
    training, *held_out = (part.names for part in corpus.split(DataSettings(test=0.1), seed=0))
    names = set(corpus.vocabulary.decode_all(tree.sequences().tokens))
    assert names == set(training)
    assert names.isdisjoint(sum(held_out, ()))
    assert next(prepared.batches.epoch(0, batch_size=8, seed=0)).targets is not None


def test_more_than_memory_holds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lesson, "LARGEST_TARGETS", 10)
    with pytest.raises(SettingsError, match=r"label_smoothing is 0\.5"):
        smoothed(BatchMaker.from_names(LISTED, LETTERS), LETTERS.size, 0.5)


def test_counting_of_labels_leans_on_shorter_contexts_and_on_all_names() -> None:
    """As a plain loop has it, prefix by prefix and context by context; a label of one name learns from the others."""
    labels = [VOCABULARY.size + (place % 3 == 0) for place, _ in enumerate(NAMES)]
    labels[-1] = VOCABULARY.size + 2
    tree = PrefixTree.from_names(NAMES, VOCABULARY, labels)
    counts: Counter[tuple[int, str, str]] = Counter()  # by label (0: any), context and what follows; ^ begins, $ ends
    for name, label in zip(NAMES, labels, strict=True):
        text = f"^{name}$"
        for end in range(1, len(text)):
            for start in range(max(end - lesson.LABEL_ORDER, 0), end + 1):
                counts.update([(label, text[start:end], text[end]), (0, text[start:end], text[end])])

    def mixed(label: int, context: str, shorter: np.ndarray, weight: float) -> np.ndarray:
        found = np.array([counts[label, context, character] for character in "$" + VOCABULARY.characters])
        return (found + weight * shorter) / (found.sum() + weight)

    chances, prefixes = lesson.counting_of_labels(tree, VOCABULARY.size), prefixes_of(tree)
    for node, prefix in enumerate(prefixes):
        root = node
        while tree.parent[root] >= 0:
            root = tree.parent[root]
        own = of_all = np.full(VOCABULARY.size, 1 / VOCABULARY.size)
        for length in range(min(len(prefix) + 1, lesson.LABEL_ORDER) + 1):
            context = f"^{prefix}"[len(prefix) + 1 - length :]
            of_all = mixed(0, context, of_all, lesson.WEIGHT_OF_ALL)
            shorter = lesson.OWN_SHARE * own + (1 - lesson.OWN_SHARE) * of_all
            own = mixed(int(tree.token[root]), context, shorter, lesson.WEIGHT_OF_LABEL)
        np.testing.assert_allclose(chances[node], own, atol=1e-6)
    maker = smoothed(BatchMaker.from_names(NAMES, VOCABULARY, labels), VOCABULARY.size, 1.0)
    [batch] = maker.epoch(0, batch_size=99, seed=0)
    np.testing.assert_allclose(batch.targets, chances, atol=1e-6)
