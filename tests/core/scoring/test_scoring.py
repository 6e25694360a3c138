"""Check that scores match a plain formula, and that prefixes of names that reach the threshold are kept."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from namegen.core.checkpoint.ngram_set import NgramSet
from namegen.core.checkpoint.score_rule import ScoreRule
from namegen.core.data.normalization import KnownSet
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.scoring.scorer import Scorer, Source, Tally
from namegen.core.scoring.words import has_phrases, known_words, word_digests, words_by_label
from tests.core.generation.exact import SmallModel, letters_of
from tests.core.plain_scores import PlainSource, plain_score

CHARACTERS = "ab12 "
word = st.text("ab12", min_size=1, max_size=5)
phrase = st.lists(word, min_size=1, max_size=3).map(" ".join)
rules = st.builds(
    ScoreRule,
    mean_level=st.floats(-6, 0),
    mean_slope=st.floats(-3, 0.5),
    spread_level=st.floats(-0.5, 2),
    spread_slope=st.floats(-0.3, 0.3),
    threshold=st.floats(-20, 2),
)
RULE = ScoreRule(
    mean_level=-1.0, mean_slope=-1.0, spread_level=0.5, spread_slope=0.25, threshold=-3.0
)


def source_of(
    names: Sequence[str], labels: Sequence[int], count: int, vocabulary: Vocabulary, *, words: bool
) -> Source:
    """Return a source with the n-grams and words of each label. Words have full hashes, so their set is exact."""
    entries = words_by_label(names, labels) if words else list(zip(names, labels, strict=True))
    starts = [vocabulary.size + label for _, label in entries] if count else None
    tree = PrefixTree.from_names([text for text, _ in entries], vocabulary, starts)
    known = KnownSet(np.unique(word_digests(entries))) if words else None
    return Source(NgramSet.from_tree(tree, vocabulary, count), vocabulary, words=known)


def scores_of(
    scorer: Scorer, names: Sequence[str], log_probabilities: Sequence[float], start_token: int
) -> Iterator[float]:
    """Yield the score of each name, computed separately."""
    start_tokens = np.array([start_token])
    for name, log_probability in zip(names, log_probabilities, strict=True):
        missing = scorer.missing([name], start_tokens)
        yield float(
            scorer.scores(
                np.array([log_probability]), np.array([len(name)]), missing, start_tokens
            )[0]
        )


@given(
    entries=st.lists(st.tuples(st.integers(0, 2), phrase), min_size=1, max_size=8),
    others=st.lists(phrase, max_size=4),
    rules_of_labels=st.tuples(rules, rules, rules),
    log_probability=st.floats(-30, 0),
    has_labels=st.booleans(),
    words=st.booleans(),
)
@example([(0, "a1"), (1, "b b")], ["a2 b", "b"], (RULE, RULE, RULE), -3.0, True, True)
def test_scores_match_the_formula(
    entries: list[tuple[int, str]],
    others: list[str],
    rules_of_labels: tuple[ScoreRule, ...],
    log_probability: float,
    has_labels: bool,
    words: bool,
) -> None:
    vocabulary = Vocabulary.from_names([CHARACTERS])
    names = [name for _, name in entries]
    labels = [label if has_labels else 0 for label, _ in entries]
    source = source_of(names, labels, 3 if has_labels else 0, vocabulary, words=words)
    scorer = Scorer(
        [source], vocabulary.size, rules_of_labels if has_labels else rules_of_labels[:1]
    )
    asked = [*names, *others]
    log_probabilities = [log_probability - index for index in range(len(asked))]
    for label in range(3 if has_labels else 1):
        start_token = vocabulary.size + label if has_labels else 0
        listed = [name for name, of in zip(names, labels, strict=True) if of == label]
        found = list(scores_of(scorer, asked, log_probabilities, start_token))
        plain = [PlainSource(listed, words)]
        expected = [
            plain_score(name, each, rules_of_labels[label], plain)
            for name, each in zip(asked, log_probabilities, strict=True)
        ]
        assert found == pytest.approx(expected, abs=1e-9)


def test_a_single_rule_applies_to_every_label() -> None:
    vocabulary = Vocabulary("ab")
    scorer = Scorer(
        [source_of(["ab", "ba"], [0, 1], 2, vocabulary, words=False)], vocabulary.size, [RULE]
    )
    first, second = (
        next(scores_of(scorer, ["ab"], [-3.0], vocabulary.size + label)) for label in (0, 1)
    )
    assert first == pytest.approx(plain_score("ab", -3, RULE, [PlainSource(["ab"])]))
    assert second == pytest.approx(plain_score("ab", -3, RULE, [PlainSource(["ba"])]))
    assert second < first


@given(
    first=st.lists(st.text("ab1", min_size=1, max_size=5), min_size=1, max_size=5),
    second=st.lists(
        st.lists(st.text("bc2", min_size=1, max_size=4), min_size=2).map(" ".join),
        min_size=1,
        max_size=5,
    ),
    others=st.lists(st.text("abc12", min_size=1, max_size=6), max_size=4),
)
def test_a_blend_uses_the_source_with_fewest_missing_ngrams(
    first: list[str], second: list[str], others: list[str]
) -> None:
    """The first list has no labels. The second list has phrases and two labels, of which only one is blended."""
    tokens = Vocabulary.from_names(["abc12 "])
    plain = source_of(first, [0] * len(first), 0, Vocabulary.from_names(first), words=False)
    labels = [n % 2 for n in range(len(second) + 1)]
    labelled = source_of(
        [*second, second[-1]], labels, 2, Vocabulary.from_names(second), words=True
    )
    sources = [plain.for_blend(tokens, 0), labelled.for_blend(tokens, 1)]
    scorer = Scorer(sources, tokens.size, [RULE])
    names = [*first, *second, *others]
    of_label = [
        name for name, label in zip([*second, second[-1]], labels, strict=True) if label == 1
    ]
    expected = [
        plain_score(name, -9.0, RULE, [PlainSource(first), PlainSource(of_label, has_phrases=True)])
        for name in names
    ]
    assert list(scores_of(scorer, names, [-9.0] * len(names), tokens.size)) == pytest.approx(
        expected
    )


LONGEST = 5
MODEL = SmallModel(" ab")


@cache
def letters(start_token: int, name: str) -> list[float]:
    return letters_of(MODEL, start_token, name)


def all_prefixes(
    scorer: Scorer, start_token: int
) -> Iterator[tuple[list[str], np.ndarray, Tally, Tally, np.ndarray]]:
    """Yield all K prefixes of each length.

    For each length, this yields the prefixes as strings, their start tokens, their tallies, their tallies after the end
    of the name, and log-probabilities of shape (2, K): those of the prefixes, and those of the names.
    """
    tally = scorer.start(np.array([start_token]))
    for length in range(1, LONGEST + 1):
        tokens = np.array(list(product(range(1, 4), repeat=length)), np.int32)
        start_tokens = np.full(len(tokens), start_token)
        tally = scorer.read(
            tally[np.repeat(np.arange(len(tally.missing)), 3)], tokens, start_tokens
        )
        texts = MODEL.vocabulary.decode_all(tokens)
        steps = [letters(start_token, text) for text in texts]
        log_probabilities = np.array(
            [[sum(each[:-1]) for each in steps], [sum(each) for each in steps]]
        )
        ended = scorer.read(tally, tokens, start_tokens, are_whole_names=True)
        yield texts, start_tokens, tally, ended, log_probabilities


def reaches_threshold(
    scorer: Scorer,
    log_probabilities: np.ndarray,
    length: int,
    tally: Tally,
    start_tokens: np.ndarray,
    *,
    are_whole_names: bool,
) -> np.ndarray:
    return scorer.reaches(
        log_probabilities,
        length=length,
        tally=tally,
        start_tokens=start_tokens,
        longest=LONGEST,
        are_whole_names=are_whole_names,
    )


@given(
    listed=st.lists(st.text("ab", min_size=1, max_size=3), min_size=1, max_size=4),
    rules_of_labels=st.tuples(rules, rules),
    label=st.integers(0, 1),
    words=st.booleans(),
)
def test_prefixes_of_names_that_reach_the_threshold_are_kept(
    listed: list[str], rules_of_labels: tuple[ScoreRule, ...], label: int, words: bool
) -> None:
    """A name reaches the threshold if its score does, and only then."""
    names = [f"{first} {second}" for first, second in pairwise([*listed, "b", "a"])]
    source = source_of(names, [n % 2 for n in range(len(names))], 2, MODEL.vocabulary, words=words)
    scorer = Scorer([source], MODEL.vocabulary_size, rules_of_labels)
    threshold = rules_of_labels[label].threshold
    kept, reaching = set(), set()
    for texts, start_tokens, tally, ended, (prefixes, names) in all_prefixes(
        scorer, MODEL.vocabulary_size + label
    ):
        length = len(texts[0])
        may_reach = reaches_threshold(
            scorer, prefixes, length, tally, start_tokens, are_whole_names=False
        )
        kept |= {text for text, keep in zip(texts, may_reach, strict=True) if keep}
        scores = scorer.scores(
            names, np.full(len(texts), length), ended.missing.min(axis=1), start_tokens
        )
        assume((np.abs(scores - threshold) > 1e-9).all())
        reaches = reaches_threshold(
            scorer, names, length, ended, start_tokens, are_whole_names=True
        )
        assert reaches.tolist() == (scores >= threshold).tolist()
        reaching |= {text for text, reach in zip(texts, reaches, strict=True) if reach}
    assert {name[:end] for name in reaching for end in range(1, len(name) + 1)} <= kept


def test_prefixes_that_cannot_reach_the_threshold_are_skipped() -> None:
    scorer = Scorer(
        [source_of(["ab", "ba"], [0, 0], 0, MODEL.vocabulary, words=False)],
        MODEL.vocabulary_size,
        [RULE],
    )
    for texts, start_tokens, tally, _, (prefixes, _) in all_prefixes(scorer, 0):
        if len(texts[0]) == 2:
            kept = reaches_threshold(
                scorer, prefixes, 2, tally, start_tokens, are_whole_names=False
            )
            assert {text for text, keep in zip(texts, kept, strict=True) if keep} == {"ab", "ba"}


def test_memory_does_not_grow_with_the_maximum_length() -> None:
    """A user may allow names of a million characters, with a model that has many labels."""
    source = source_of(["ab"], [0], 0, MODEL.vocabulary, words=False)
    scorer = Scorer([source], MODEL.vocabulary_size, [RULE] * 100)
    start_tokens = np.arange(100) + MODEL.vocabulary_size
    tracemalloc.start()
    try:
        for missing in range(5):
            tally = Tally(np.zeros((100, 1), np.int64), np.full((100, 1), missing))
            reaches = scorer.reaches(
                np.full(100, -1e9),
                length=3,
                tally=tally,
                start_tokens=start_tokens,
                longest=10**6,
                are_whole_names=False,
            )
            assert not reaches.any()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100_000_000


def test_lists_have_phrases_if_many_names_contain_spaces() -> None:
    names = ["Red Fox", "Old Inn", "The Star", *"ABCDEFG"]
    assert not has_phrases(names)
    assert has_phrases([*names, "Sly Hen"])
    assert not has_phrases([])


def test_words_are_known_only_for_their_label() -> None:
    words = words_by_label(["Red Fox", "Old Fox", "Red Inn"], [0, 1, 1])
    assert words == [("Fox", 0), ("Fox", 1), ("Inn", 1), ("Old", 1), ("Red", 0), ("Red", 1)]
    known = known_words(words)
    assert len(known) == 6
    assert known.holds(word_digests(words)).all()
    assert not known.holds(word_digests([("Old", 0), ("Inn", 0), ("Fox", 2)])).any()
