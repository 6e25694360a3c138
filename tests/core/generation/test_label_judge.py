"""LabelJudge: an outsider that names labels, by the slow way, and what it asks of the drawing temperature."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.sameness import known_digests
from namegen.core.data.vocabulary import Beginnings, Vocabulary
from namegen.core.evaluation.evaluator import all_log_probabilities
from namegen.core.evaluation.ngram import NgramModel
from namegen.core.generation import plausibility
from namegen.core.generation.generator import Generator
from namegen.core.generation.plausibility import ORDER, TEMPERATURES, LabelJudge, drawing_temperature, halves, new_draws
from namegen.lists import load_bundled

CORPUS = load_bundled("world-family")
LABELS = ("Finnish", "Italian", "Irish")
PAIRS = [pair for pair in zip(CORPUS.names, CORPUS.labels, strict=True) if pair[1] in LABELS][::4]
NAMES = [name for name, _ in PAIRS]
VOCABULARY = Vocabulary.from_names(NAMES)
BEGINS = [VOCABULARY.size + LABELS.index(label) for _, label in PAIRS]
TREE = PrefixTree.from_names(NAMES, VOCABULARY, BEGINS)
COUNTS = [BEGINS.count(VOCABULARY.size + place) for place in range(len(LABELS))]


def by_letters(model: NgramModel, name: str) -> float:
    """The slow way: a name alone, letter by letter."""
    state, total = model.initial_state(1), 0.0
    for read, wanted in pairwise([0, *VOCABULARY.encode(name), 0]):
        logits, state = model.step(np.array([read], np.int32), state)
        total += float(all_log_probabilities(logits)[0, wanted])
    return total


def test_it_names_the_label_whose_ngram_finds_a_name_the_likeliest() -> None:
    pairs = sorted(set(PAIRS))
    learned, other = (set(half) for half in halves(sorted({name for name, _ in pairs})))
    models = {}
    for label in LABELS:
        of_label = [name for name, of in pairs if of == label and name in learned]
        tree = PrefixTree.from_names(of_label, VOCABULARY)
        models[label] = NgramModel(tree, VOCABULARY.size, ORDER, "kneser-ney"), np.log(len(of_label))
    judge = LabelJudge(TREE, VOCABULARY)
    for place, label in enumerate(LABELS):
        asked = [name for name, of in pairs if of == label and name in other][:25]
        named = [max(LABELS, key=lambda of: by_letters(models[of][0], name) + models[of][1]) for name in asked]
        begins = np.full(len(asked), VOCABULARY.size + place, np.int32)
        assert judge.share(asked, begins) == pytest.approx(named.count(label) / len(asked))
    asked = [(name, label) for name, label in pairs if name in other]
    begins = np.array([VOCABULARY.size + LABELS.index(label) for _, label in asked], np.int32)
    assert judge.real == pytest.approx(judge.share([name for name, _ in asked], begins))
    assert 0.5 < judge.real < 1


def test_each_label_weighs_as_among_the_real_names() -> None:
    """Ten thousand easy names of one label do not outvote the others."""
    judge = LabelJudge(TREE, VOCABULARY)
    finnish, italian = "Korhonen", "Bianchi"
    begins = np.array([VOCABULARY.size, VOCABULARY.size + 1], np.int32)
    assert judge.share([finnish, italian], begins) == 1.0
    assert judge.share([finnish, italian], begins[::-1].copy()) == 0.0
    half = judge.share([finnish, finnish], begins)  # the second is called Italian, wrongly
    assert judge.share([finnish] * 9 + [finnish], np.repeat(begins, [9, 1])) == half
    assert 0 < half < 1
    assert judge.share([], begins[:0]) == 0.0


def test_few_names_and_one_label_are_not_judged() -> None:
    few = PrefixTree.from_names(NAMES[:60], VOCABULARY, BEGINS[:60])
    assert LabelJudge(few, VOCABULARY).real is None
    one = PrefixTree.from_names(NAMES, VOCABULARY, [VOCABULARY.size] * len(NAMES))
    judge = LabelJudge(one, VOCABULARY)
    assert judge.real is None
    assert judge.hears(["Xx"], np.array([VOCABULARY.size], np.int32), 1.0)


def test_a_model_that_confuses_labels_is_drawn_closer_to_what_is_likely(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same model, with the labels asked for and not."""
    model = NgramModel(TREE, VOCABULARY.size, 3, "kneser-ney")
    generator = Generator(
        model, VOCABULARY, known_names=known_digests(NAMES), beginnings=Beginnings.from_counts(VOCABULARY.size, COUNTS)
    )

    def found() -> float:
        temperature = drawing_temperature(generator, TREE, longest=20, rng=np.random.default_rng(0))
        assert temperature is not None
        return temperature

    with_labels = found()
    judge = LabelJudge(TREE, VOCABULARY)
    assert judge.real is not None
    names, begins = new_draws(generator, 4_000, with_labels, longest=20, rng=np.random.default_rng(1))
    assert judge.share(names, begins) > judge.real - 0.05 or with_labels == TEMPERATURES[-1]
    monkeypatch.setattr(plausibility, "LABEL_HEARD", 0.0)
    without = found()
    names, begins = new_draws(generator, 4_000, without, longest=20, rng=np.random.default_rng(1))
    assert judge.share(names, begins) < judge.real
    assert with_labels < without


def test_it_hears_a_label_often_enough_or_not() -> None:
    judge = LabelJudge(TREE, VOCABULARY)
    assert judge.real is not None
    begins = np.array([VOCABULARY.size, VOCABULARY.size + 1], np.int32)
    names = ["Korhonen", "Korhonen"]  # the second is called Italian, wrongly
    as_often = judge.share(names, begins) / judge.real
    assert 0 < as_often < 1
    assert judge.hears(names, begins, 0.99 * as_often)
    assert not judge.hears(names, begins, 1.01 * as_often)


def test_of_one_name_and_of_labels_that_it_does_not_know_it_says_nothing() -> None:
    judge = LabelJudge(PrefixTree.from_names(["Korhonen"], VOCABULARY, [VOCABULARY.size]), VOCABULARY)
    assert judge.real is None
    judge = LabelJudge(TREE, VOCABULARY)
    assert judge.share(["Korhonen"], np.array([VOCABULARY.size + len(LABELS)], np.int32)) == 0.0
