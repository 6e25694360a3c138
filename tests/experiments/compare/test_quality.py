"""Test the statistics of generated names, and the judge that decides which new names are plausible."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from namegen.core.data.corpus import Corpus
from namegen.core.data.list_parts import ListParts
from namegen.core.data.normalization import hash_name
from namegen.core.models.ngram import NgramModel
from namegen.core.settings import DataSettings
from namegen.experiments.compare import quality
from namegen.experiments.compare.document import ODDEST, NameFigures, ReferenceSubject, SplitName
from namegen.experiments.compare.quality import (
    FEWEST_NAMES,
    NameJudge,
    describe_names,
    describe_ngram_names,
    divergences,
    fit_judge,
    two_halves,
)
from namegen.lists import load_bundled

NAMES = load_bundled("mlb-first").names[:300]


def slow_divergence(names: list[str], others: list[str], order: int) -> float:
    """Compute the Jensen–Shannon divergence by its definition, one n-gram at a time."""

    def shares(of: list[str]) -> dict[str, float]:
        grams: Counter[str] = Counter()
        for name in of:
            text = f"^{name}^" if order > 1 else f"{name}^"
            grams.update(text[start : start + order] for start in range(len(text) - order + 1))
        return {gram: count / grams.total() for gram, count in grams.items()}

    p, q = shares(names), shares(others)
    total = 0.0
    for gram in p.keys() | q.keys():
        middle = (p.get(gram, 0) + q.get(gram, 0)) / 2
        total += sum(
            share * math.log2(share / middle) / 2
            for share in (p.get(gram, 0), q.get(gram, 0))
            if share
        )
    return total


def test_divergences_match_their_definition() -> None:
    left, right = two_halves(NAMES)
    assert sorted(left + right) == sorted(NAMES)
    for order, value in divergences(left, right).items():
        assert value == pytest.approx(slow_divergence(left, right, int(order)))
    assert set(divergences(left, left).values()) == {0.0}
    assert divergences(["aa"], []) == {"1": 1.0, "2": 1.0, "3": 1.0}


WHOLE = load_bundled("mlb-last").names
CORPUS = Corpus(WHOLE[::4], source="x")
SPLIT = ReferenceSubject("by-row", seed=0, validation=0.2)


@pytest.fixture(scope="module")
def judge() -> NameJudge:
    return fit_judge(CORPUS, SPLIT)


def test_recreated_unique_and_duplicated_names_are_counted(judge: NameJudge) -> None:
    result = describe_names(["Al", "AL", "Bo", "Bo", "Cy"], ["Al", "Dee"], ["Al"], judge)
    # A change of letter case doesn't make a name new.
    assert result.recreated_percent == pytest.approx(40)
    assert result.unique_percent == pytest.approx(80)
    assert (result.duplicates, result.duplicated_names) == ((("Bo", 2),), 1)
    assert result.lengths == {"2": 5}
    assert describe_names([], ["Al"], ["Al"], judge).unique_percent == 0


@pytest.mark.parametrize("split", ["by-row", "by-name"])
def test_the_judge_does_not_learn_training_names(
    split: SplitName, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted, bar = [], []

    def watched_ngram(tree, *arguments):
        counted.extend(CORPUS.vocabulary.decode_all(tree.sequences().tokens))
        return NgramModel(tree, *arguments)

    monkeypatch.setattr(quality, "NgramModel", watched_ngram)
    scores = NameJudge.unordered_scores
    monkeypatch.setattr(
        NameJudge,
        "unordered_scores",
        lambda judge, names: bar.extend(names) or scores(judge, names),
    )
    subject = replace(SPLIT, split=split)
    result = fit_judge(CORPUS, subject)
    training, chosen_by, _ = CORPUS.split(
        DataSettings(validation=subject.validation, split=split), seed=subject.seed
    )
    learned = {hash_name(name) for name in training.names}
    assert len(counted) == len(set(counted)) == result.names >= FEWEST_NAMES
    assert set(counted) <= set(chosen_by.names)
    assert not learned & {hash_name(name) for name in counted}
    assert set(bar) <= set(training.names)
    assert len(bar) == quality.MOST_THRESHOLD_NAMES  # chosen by hash, not by order


def test_nine_of_ten_unknown_real_names_are_plausible(judge: NameJudge) -> None:
    training, chosen_by, _ = CORPUS.split(
        DataSettings(validation=SPLIT.validation, split=SPLIT.split), seed=SPLIT.seed
    )
    outside = [name for name in WHOLE[1::4] if not CORPUS.vocabulary.unknown(name)]
    fresh = sorted({*outside} - {*training.names} - {*chosen_by.names})
    assert judge.plausible_percent(fresh) == pytest.approx(100 * (1 - ODDEST), abs=4)
    shuffled = ["".join(np.random.default_rng(3).permutation(list(name))) for name in fresh]
    assert judge.plausible_percent(shuffled) < 40  # the same letters in random order


def test_new_names_are_not_in_the_training_set(judge: NameJudge) -> None:
    training, chosen_by, _ = CORPUS.split(
        DataSettings(validation=SPLIT.validation, split=SPLIT.split), seed=SPLIT.seed
    )
    read = training.names[0]
    held_out = next(name for name in chosen_by.names if name not in set(training.names))

    def described(*names: str) -> NameFigures:
        return describe_names(names, CORPUS.names, CORPUS.names, judge)

    result = described(read, read.upper(), held_out, "Xq", "Xq")
    assert result.new_percent == pytest.approx(60)  # repeats count
    # Each new name counts once: the held-out name is plausible, but Xq isn't.
    assert result.plausible_percent == pytest.approx(50)
    assert result.new_names == (held_out, "Xq")
    for nothing in (described(read), described()):
        assert (nothing.new_percent, nothing.plausible_percent, nothing.new_names) == (0, None, ())
    assert len(described(*(f"Xq{place}" for place in range(20))).new_names) == 10


def test_names_from_n_grams_are_described(monkeypatch: pytest.MonkeyPatch) -> None:
    half = two_halves(CORPUS.names)[0]

    def beside_half(names, known, other_names, judge):
        assert other_names == half, "names from networks are compared with the same half"
        return describe_names(names, known, other_names, judge)

    monkeypatch.setattr(quality, "describe_names", beside_half)
    data = DataSettings(validation=SPLIT.validation, split=SPLIT.split)
    parts = ListParts.from_corpus(CORPUS, data, seed=SPLIT.seed)
    ngram = NgramModel(parts.batches.tree, CORPUS.vocabulary.size, 4)
    judge = fit_judge(CORPUS, SPLIT)
    result = describe_ngram_names(CORPUS, parts, ngram, judge, names=1_000, seed=0)
    assert result.keys() == {"ngram", "chain", "pairs"}
    chain, pairs = result["chain"], result["pairs"]
    assert sum(chain.lengths.values()) == 1_000
    assert chain.unique_percent < 100
    assert chain.new_percent < result["ngram"].new_percent < pairs.new_percent
    assert chain.plausible_percent > pairs.plausible_percent + 10  # type: ignore[operator]


def test_names_are_drawn_with_all_labels() -> None:
    names = CORPUS.names[:1500]
    labels = tuple("ab"[place % 2] for place in range(len(names)))
    corpus = Corpus(names, source="x", labels=labels)
    parts = ListParts.from_corpus(corpus, DataSettings(validation=0.2, split="by-row"), seed=0)
    ngram = NgramModel(parts.batches.tree, corpus.vocabulary.size, 3)
    judge = fit_judge(corpus, SPLIT)
    result = describe_ngram_names(corpus, parts, ngram, judge, names=500, seed=0)
    assert all(sum(one.lengths.values()) == 500 for one in result.values())
    assert result["chain"].new_percent < 70  # without a label at the start, all names would be new
