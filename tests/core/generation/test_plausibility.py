"""Plausibility: a judge's bar, an outsider that names labels, and the temperature that both ask for."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from namegen.core.data import shapes
from namegen.core.data.labels import Beginnings
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.sameness import known_set
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.engine import LanguageModel
from namegen.core.generation import plausibility
from namegen.core.generation.generator import Generator
from namegen.core.generation.plausibility import (
    ORDER,
    TEMPERATURES,
    LabelJudge,
    counting_judge,
    drawing_temperature,
    halves,
    new_draws,
    new_names,
)
from namegen.core.models.ngram import NgramModel
from namegen.core.models.softmax import all_log_probabilities
from namegen.lists import load_bundled

NAMES = sorted(set(load_bundled("mlb-first").names))[:900]
VOCABULARY = Vocabulary.from_names(NAMES)
NAME = st.text("aA1-' あ", min_size=1, max_size=9).map(lambda name: name.strip() or "a")
TREE = PrefixTree.from_names(NAMES, VOCABULARY)
LONGEST = 2 * max(map(len, NAMES))

CORPUS = load_bundled("world-family")
LABELS = ("Finnish", "Italian", "Irish")
PAIRS = [pair for pair in zip(CORPUS.names, CORPUS.labels, strict=True) if pair[1] in LABELS][::4]
LABELLED = [name for name, _ in PAIRS]
OF_LABELS = Vocabulary.from_names(LABELLED)
BEGINS = [OF_LABELS.size + LABELS.index(label) for _, label in PAIRS]
LABELLED_TREE = PrefixTree.from_names(LABELLED, OF_LABELS, BEGINS)
TWO_LABELS = np.array([OF_LABELS.size, OF_LABELS.size + 1], np.int32)


def generator() -> Generator:
    model = NgramModel(TREE, VOCABULARY.size, 2, "witten-bell")
    return Generator(model, VOCABULARY, known_names=known_set(NAMES))


def by_letters(model: LanguageModel, vocabulary: Vocabulary, name: str) -> float:
    """The slow way: a name alone, letter by letter."""
    state, total = model.initial_state(1), 0.0
    for read, wanted in pairwise([0, *vocabulary.encode(name), 0]):
        logits, state = model.step(np.array([read], np.int32), state)
        total += float(all_log_probabilities(logits)[0, wanted])
    return total


def test_a_score_is_that_of_reading_the_name_a_character() -> None:
    judge = counting_judge(*halves(NAMES), VOCABULARY)
    some = ["Al", "Aqqx", "Albertina", "Ed"]
    expected = [by_letters(judge.model, VOCABULARY, name) / (len(name) + 1) for name in some]
    assert sorted(judge.scores(some)) == pytest.approx(sorted(expected))
    assert judge.scores(["か"]).tolist() == [-math.inf]
    assert judge.share(["か", "Al"]) == 0.5


def test_nine_of_ten_real_names_are_plausible_and_noise_is_not() -> None:
    judge = counting_judge(*halves(NAMES), VOCABULARY)
    learned, real = halves(NAMES)
    assert len(learned) + len(real) == len(NAMES)
    assert not set(learned) & set(real)
    assert judge.share(real) == pytest.approx(0.9, abs=1 / len(real))
    rng = np.random.default_rng(0)
    noise = {"".join(rng.choice(list(VOCABULARY.characters), 6)) for _ in range(200)}
    assert judge.share(sorted(noise)) < 0.05
    assert judge.share([]) == 0.0


def test_the_temperature_is_the_highest_at_which_nineteen_of_twenty_are_plausible() -> None:
    """Looked for one by one, where the search halves."""
    found = drawing_temperature(generator(), TREE, longest=LONGEST, rng=np.random.default_rng(0))
    judge = counting_judge(*halves(NAMES), VOCABULARY)

    def share(temperature: float) -> float:
        names = new_names(generator(), 2_000, temperature, longest=LONGEST, rng=np.random.default_rng(1))
        return judge.share(names)

    slow = next((temperature for temperature in TEMPERATURES if share(temperature) >= 0.95), TEMPERATURES[-1])
    assert found is not None
    assert abs(TEMPERATURES.index(found) - TEMPERATURES.index(slow)) <= 1, (found, slow)
    assert share(1.0) < 0.95, "an n-gram of order 2 is too daring by itself"


def test_short_lists_and_halves_by_the_same_hash_go_by_the_shapes_of_their_names() -> None:
    """No judge could learn from a half of them."""
    first, _ = halves(NAMES)
    assert min(map(len, halves(first, bit=1))) > len(first) / 3
    for names in (first, NAMES[: plausibility.FEWEST_NAMES - 1]):
        tree = PrefixTree.from_names(names, VOCABULARY)
        found = drawing_temperature(generator(), tree, longest=LONGEST, rng=np.random.default_rng(0))
        assert found in plausibility.SHORT_LIST_TEMPERATURES
        rng = np.random.default_rng(0)
        assert drawing_temperature(generator(), tree, longest=LONGEST, rng=rng, proceed=lambda: False) is None


def test_a_well_shaped_name_has_the_words_of_the_list() -> None:
    """No letter three times in a row, in either letter case; and no word begins with a mark."""
    known = shapes.shapes_of(["Ann", "McCoy", "Bo-Lin", "Annabel of Bath", "राम", "सीता"])
    names = ["Ed-Ann", "राता", "wEber", "Annn", "Aaab", "ाम", "A", "-Ann", "Bo--Lin", "Lrsk"]
    assert [name for name in names if shapes.fits(name, known)] == ["Ed-Ann", "राता"]


@given(st.lists(NAME, min_size=1, max_size=5), NAME)
@example(["Ann", "Bo-Lin Lee", "Of Annabel of Bath"], "Annabel of Of Bath")
@example(["Aiaia Aiaia"], "Aiaiaiaiaiai Aiaiaiaiaiai")  # as long as they allow
def test_a_name_with_the_shapes_of_a_list_has_a_length_and_a_beginning_that_they_allow(
    names: list[str], name: str
) -> None:
    """A request for another length or beginning is refused before any search."""
    known = shapes.shapes_of(names)
    shortest, longest = shapes.lengths(known)
    for one in (name, *names):
        if shapes.fits(one, known):
            assert shortest <= len(one) <= (longest or 1_000)
            assert all(shapes.may_begin(one[:depth], known) for depth in range(len(one)))


def test_new_names_are_new_different_and_short_enough() -> None:
    names = new_names(generator(), 2_000, 1.0, longest=7, rng=np.random.default_rng(0))
    assert len(set(names)) == len(names) > 200
    assert not set(names) & set(NAMES)
    assert max(map(len, names)) <= 7


def test_it_names_the_label_whose_ngram_finds_a_name_the_likeliest() -> None:
    pairs = sorted(set(PAIRS))
    learned, other = (set(half) for half in halves(sorted({name for name, _ in pairs})))
    models = {}
    for label in LABELS:
        of_label = [name for name, of in pairs if of == label and name in learned]
        tree = PrefixTree.from_names(of_label, OF_LABELS)
        models[label] = NgramModel(tree, OF_LABELS.size, ORDER, "kneser-ney"), np.log(len(of_label))
    judge = LabelJudge(LABELLED_TREE, OF_LABELS)
    for place, label in enumerate(LABELS):
        asked = [name for name, of in pairs if of == label and name in other][:25]
        joint = [{of: by_letters(model, OF_LABELS, name) + n for of, (model, n) in models.items()} for name in asked]
        named = [max(of_name, key=of_name.__getitem__) for of_name in joint]
        begins = np.full(len(asked), OF_LABELS.size + place, np.int32)
        assert judge.share(asked, begins) == pytest.approx(named.count(label) / len(asked))
    asked = [(name, label) for name, label in pairs if name in other]
    begins = np.array([OF_LABELS.size + LABELS.index(label) for _, label in asked], np.int32)
    assert judge.real == pytest.approx(judge.share([name for name, _ in asked], begins))
    assert 0.5 < judge.real < 1


def test_each_label_weighs_as_among_the_real_names_and_is_heard_often_enough_or_not() -> None:
    """Ten thousand easy names of one label do not outvote the others."""
    judge, finnish, italian = LabelJudge(LABELLED_TREE, OF_LABELS), "Korhonen", "Bianchi"
    assert judge.real is not None
    assert judge.share([finnish, italian], TWO_LABELS) == 1.0
    assert judge.share([finnish, italian], TWO_LABELS[::-1].copy()) == 0.0
    half = judge.share([finnish, finnish], TWO_LABELS)  # the second is called Italian, wrongly
    assert judge.share([finnish] * 10, np.repeat(TWO_LABELS, [9, 1])) == half
    assert 0 < half < judge.real
    assert judge.hears([finnish, finnish], TWO_LABELS, 0.99 * half / judge.real)
    assert not judge.hears([finnish, finnish], TWO_LABELS, 1.01 * half / judge.real)
    assert judge.share([], TWO_LABELS[:0]) == 0.0
    assert judge.share([finnish], np.array([OF_LABELS.size + len(LABELS)], np.int32)) == 0.0  # a label it never met


def test_few_names_and_one_label_are_not_judged() -> None:
    one = PrefixTree.from_names(LABELLED, OF_LABELS, [OF_LABELS.size] * len(LABELLED))
    few = [PrefixTree.from_names(LABELLED[:n], OF_LABELS, BEGINS[:n]) for n in (1, 60)]
    for tree in (*few, one):
        judge = LabelJudge(tree, OF_LABELS)
        assert judge.real is None
        assert judge.hears(["Xx"], TWO_LABELS[:1], 1.0)


def test_a_model_that_confuses_labels_is_drawn_closer_to_what_is_likely(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same model, with the labels asked for and not."""
    beginnings = Beginnings.from_counts(OF_LABELS.size, [BEGINS.count(OF_LABELS.size + n) for n in range(3)])
    source = Generator(
        NgramModel(LABELLED_TREE, OF_LABELS.size, 3, "kneser-ney"),
        OF_LABELS,
        known_names=known_set(LABELLED),
        beginnings=beginnings,
    )
    judge = LabelJudge(LABELLED_TREE, OF_LABELS)
    assert judge.real is not None

    def found() -> tuple[float, float]:
        """The temperature, and how often the labels of names that are drawn at it are heard."""
        temperature = drawing_temperature(source, LABELLED_TREE, longest=20, rng=np.random.default_rng(0))
        assert temperature is not None
        drawn = new_draws(source, 2_000, temperature, longest=20, rng=np.random.default_rng(1))
        return temperature, judge.share(*drawn)

    with_labels, heard = found()
    assert heard > judge.real - 0.05 or with_labels == TEMPERATURES[-1]
    monkeypatch.setattr(plausibility, "LABEL_HEARD", 0.0)
    without, heard = found()
    assert heard < judge.real
    assert with_labels < without
