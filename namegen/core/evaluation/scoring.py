"""Scoring: how likely a name is under a model, letter by letter, and how that compares with the names of its list."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from namegen.core.checkpoint.metadata import QUANTILES
from namegen.core.data.labels import Beginnings
from namegen.core.data.prefix_tree import PrefixTree, SortedNames
from namegen.core.data.vocabulary import BOUNDARY, Vocabulary
from namegen.core.engine import LanguageModel
from namegen.core.evaluation.evaluator import AccuracyEvaluator, limited_rows
from namegen.core.models import all_log_probabilities
from namegen.core.models.mixture import AnyBeginning, as_one
from namegen.errors import NamesError
from namegen.types import Array, Float64, Int32

AGAINST = 1.0  # nats, by each 4-gram that a label lacks: gave the most right first origins of held-out given names
MAX_NAME = 10_000  # characters: a step of the network each
BLOCK_NAMES = 4096  # names that are read together
MAX_READ = 1_000_000  # prefixes, each behind each beginning, that percentiles are worth
FAR_TOO_MANY = 4 * MAX_READ  # that not even the fewest names may need


@dataclass(frozen=True)
class NameScore:
    """What a model thinks of one name.

    Attributes:
        name: the name.
        letters: the log-probability of each character given those before it, and last that of the name's end; nats.
        percentile: how many of a hundred names of the model's list are less likely, 0 to 100; None where the model
            does not carry that.
    """

    name: str
    letters: tuple[float, ...]
    percentile: float | None

    @property
    def log_probability(self) -> float:
        """Of the whole name, its end included, in nats."""
        return math.fsum(self.letters)

    @property
    def bits_per_char(self) -> float:
        """Mean surprise over the characters and the end of the name, in bits."""
        return -self.log_probability / math.log(2) / len(self.letters)


def score_names(
    model: LanguageModel,
    vocabulary: Vocabulary,
    names: Sequence[str],
    quantiles: Float64[Array, "101"] | None = None,
    beginnings: Beginnings | None = None,
) -> list[NameScore]:
    """Score names, in their order; where names begin in several ways, by their probability over all of them.

    Args:
        model: any LanguageModel.
        vocabulary: its characters.
        names: the names.
        quantiles: log-probabilities at the percentiles 0 to 100 of the model's list (``score_quantiles`` of a
            checkpoint).
        beginnings: what names begin with, by their shares; None: the boundary.

    Raises:
        NamesError: a name is empty, longer than 10,000 characters, or has a character that the model does not know.

    >>> from namegen.core.models.ngram import NgramModel
    >>> from namegen.core.data.prefix_tree import PrefixTree, SortedNames
    >>> vocabulary = Vocabulary.from_names(["Al", "Ali"])
    >>> model = NgramModel(PrefixTree.from_names(["Al", "Ali"], vocabulary), vocabulary.size, order=3)
    >>> score, = score_names(model, vocabulary, ["Al"])
    >>> len(score.letters), round(score.bits_per_char, 2)     # A, l and the end
    (3, 0.47)
    """
    _check_lengths(names)
    scores: list[NameScore] = []
    model, beginning = as_one(model, beginnings or Beginnings.single())
    size = limited_rows(model, BLOCK_NAMES)
    for start in range(0, len(names), size):
        block = names[start : start + size]
        letters = _letters(model, np.full(len(block), beginning, np.int32), vocabulary, block)
        scores += [
            NameScore(name, tuple(row[: len(name) + 1]), _percentile(row, name, quantiles))
            for name, row in zip(block, letters.tolist(), strict=True)
        ]
    return scores


def label_probabilities(
    model: LanguageModel, vocabulary: Vocabulary, name: str, beginnings: Beginnings
) -> Float64[Array, "R"]:
    """The probability of each beginning given a whole name, by Bayes's rule: which label it is likeliest to have.

    Args:
        model: any LanguageModel.
        vocabulary: its characters.
        name: the name.
        beginnings: what names begin with, by their shares.

    Raises:
        NamesError: the name is empty, longer than 10,000 characters, or has a character that the model does not know.
    """
    _check_lengths([name])
    letters = _letters(model, beginnings.ids, vocabulary, [name] * len(beginnings.tokens))
    joint = beginnings.log_shares + letters[:, : len(name) + 1].sum(axis=1)
    if not joint.max() > -np.inf:
        joint = beginnings.log_shares
    chances: Float64[Array, "R"] = np.exp(joint - joint.max())
    chances /= chances.sum()
    return chances


def _check_lengths(names: Sequence[str]) -> None:
    """Raise NamesError for an empty name, and for one that would take longer to read than anybody waits."""
    if "" in names:
        raise NamesError("a name is empty: give names of at least one character")
    longest = max(map(len, names), default=0)
    if longest > MAX_NAME:
        raise NamesError(f"a name has {longest:,} characters: expected at most {MAX_NAME:,}")


def _letters(
    model: LanguageModel,
    beginnings: Int32[Array, "names"],
    vocabulary: Vocabulary,
    names: Sequence[str],
) -> Float64[Array, "names T"]:
    """The log-probability of each token of each name; behind a name's end the numbers mean nothing."""
    flat, lengths = vocabulary.encode_all(names)
    tokens = np.full((len(names), int(lengths.max()) + 1), BOUNDARY, np.int32)  # (names, T)
    tokens[np.arange(tokens.shape[1]) < lengths[:, None]] = flat
    letters = np.empty(tokens.shape)
    state, last, rows = model.initial_state(len(names)), beginnings, np.arange(len(names))
    for depth in range(tokens.shape[1]):
        logits, state = model.step(last, state)
        last = np.ascontiguousarray(tokens[:, depth])
        letters[:, depth] = all_log_probabilities(logits)[rows, last]
    return letters


def _percentile(
    letters: list[float], name: str, quantiles: Float64[Array, "101"] | None
) -> float | None:
    """Where the name stands between the percentiles; in the middle of those that it equals."""
    if quantiles is None:
        return None
    score = math.fsum(letters[: len(name) + 1])
    below, up_to = (int(np.searchsorted(quantiles, score, side)) for side in ("left", "right"))
    if below < up_to:
        return (below + up_to - 1) / 2
    if below in (0, len(quantiles)):
        return 0.0 if below == 0 else 100.0
    left, right = float(quantiles[below - 1]), float(quantiles[below])
    return below - 1 + (score - left) / (right - left)


def score_quantiles(
    model: LanguageModel, tree: PrefixTree, beginnings: Beginnings | None = None
) -> Float64[Array, "101"] | None:
    """The percentiles 0 to 100 of the log-probabilities of a list's names, repeats counted; nats. Where reading all
    names behind all beginnings would take long, those of some names that are chosen at random; None where there are so
    many beginnings that not even those can be read.

    Args:
        model: any LanguageModel.
        tree: the list.
        beginnings: what names begin with, by their shares: a name has its probability over all of them, whatever its
            own label is; None or a single one: that with which each stands in the tree.
    """
    if beginnings is not None and beginnings.several:
        tree = _some_names(tree.under_one_root(), len(beginnings.tokens))
        model = AnyBeginning(model, beginnings)
        if tree.nodes * len(beginnings.tokens) > FAR_TOO_MANY:
            return None
    scores = AccuracyEvaluator(model).name_log_probabilities(tree)
    counts = tree.edge_count[tree.edge_token == BOUNDARY]  # in the same order
    order = np.argsort(scores)
    reached = np.cumsum(counts[order])
    wanted = np.linspace(0, reached[-1] - 1, QUANTILES).round()
    return scores[order][np.searchsorted(reached, wanted, side="right")]


def _some_names(tree: PrefixTree, beginnings: int) -> PrefixTree:
    """So many names that reading them behind each beginning takes some seconds; at least two for each percentile."""
    share = MAX_READ / (tree.nodes * beginnings)
    if share >= 1:
        return tree
    rows = tree.sequences()
    chosen = np.random.default_rng(0).permutation(len(rows.counts))[
        : max(int(share * len(rows.counts)), 2 * QUANTILES)
    ]
    return SortedNames.from_rows(rows.tokens[chosen], rows.counts[chosen])[0].tree()
