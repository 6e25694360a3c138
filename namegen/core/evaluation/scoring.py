"""Scores of names: how likely a model considers each character, and how that compares with the names of its list."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from namegen.core.checkpoint.metadata import QUANTILES
from namegen.core.data.arrays import blocks
from namegen.core.data.labels import StartTokens
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.sorted_names import SortedNames
from namegen.core.data.vocabulary import END_TOKEN, Vocabulary
from namegen.core.engine import LanguageModel
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.core.evaluation.prefix_reader import limited_rows
from namegen.core.models import all_log_probabilities
from namegen.core.models.mixture import AnyLabel, as_one
from namegen.errors import NamesError
from namegen.types import Array, Float64

MAX_NAME = 10_000  # characters, each of which takes one step of the model
BLOCK_NAMES = 4096  # names per step
MAX_READ = 1_000_000  # how many prefixes to read for the percentiles, counted once per start token
FAR_TOO_MANY = 4 * MAX_READ  # with more, there are no percentiles


@dataclass(frozen=True)
class NameScore:
    """The probability of one name."""

    name: str
    #: The log-probability of each character given the characters before it, and then of the end token; nats.
    letters: tuple[float, ...]
    #: How many percent of the names in the model's list are less likely; None if the model doesn't contain quantiles.
    percentile: float | None

    @property
    def log_probability(self) -> float:
        """The log-probability of the whole name and its end, in nats."""
        return math.fsum(self.letters)

    @property
    def bits_per_char(self) -> float:
        """The mean surprise per character in bits. The end of the name counts as a character."""
        return -self.log_probability / math.log(2) / len(self.letters)


def score_names(
    model: LanguageModel,
    vocabulary: Vocabulary,
    names: Sequence[str],
    quantiles: Float64[Array, "101"] | None = None,
    start_tokens: StartTokens | None = None,
) -> list[NameScore]:
    """Score names, in the same order. For a labeled model, a name's probability is the sum over all its start tokens.

    Args:
        model: Any LanguageModel.
        vocabulary: Its vocabulary.
        names: The names.
        quantiles: Log-probabilities at the percentiles 0 to 100 of the model's list, from ``score_quantiles``.
        start_tokens: The start tokens and their shares; None: the plain start token.

    Raises:
        NamesError: If a name is empty, longer than 10,000 characters, or contains a character that the model doesn't
            know.

    >>> from namegen.core.models.ngram import NgramModel
    >>> from namegen.core.data.prefix_tree import PrefixTree
    >>> vocabulary = Vocabulary.from_names(["Al", "Ali"])
    >>> model = NgramModel(PrefixTree.from_names(["Al", "Ali"], vocabulary), vocabulary.size, order=3)
    >>> score, = score_names(model, vocabulary, ["Al"])
    >>> len(score.letters), round(score.bits_per_char, 2)     # A, l and the end
    (3, 0.47)
    """
    _check_lengths(names)
    model, start_token = as_one(model, start_tokens or StartTokens.single())
    scores: list[NameScore] = []
    for block in blocks(len(names), limited_rows(model, BLOCK_NAMES)):
        block_names = names[block]
        characters, lengths = vocabulary.encode_all(block_names)
        depth = int(lengths.max()) + 1
        tokens = np.full((len(block_names), depth), END_TOKEN, np.int32)  # (B, T)
        is_character = np.arange(depth) < lengths[:, None]  # (B, T)
        tokens[is_character] = characters

        # Read the names token by token. The values after a name's end token have no meaning.
        letters = np.empty(tokens.shape)  # (B, T)
        rows = np.arange(len(block_names))
        state = model.initial_state(len(block_names))
        latest = np.full(len(block_names), start_token, np.int32)  # (B,)
        for position in range(depth):
            logits, state = model.step(latest, state)
            latest = np.ascontiguousarray(tokens[:, position])
            letters[:, position] = all_log_probabilities(logits)[rows, latest]
        for name, row in zip(block_names, letters.tolist(), strict=True):
            of_name = row[: len(name) + 1]
            percentile = None if quantiles is None else percentile_of(math.fsum(of_name), quantiles)
            scores.append(NameScore(name, tuple(of_name), percentile))
    return scores


def label_probabilities(
    model: LanguageModel, vocabulary: Vocabulary, name: str, start_tokens: StartTokens
) -> Float64[Array, "R"]:
    """Return the probability of each start token given a whole name, by Bayes's rule: which label it probably has.

    Args:
        model: Any LanguageModel.
        vocabulary: Its vocabulary.
        name: The name.
        start_tokens: The start tokens and their shares.

    Raises:
        NamesError: If the name is empty, longer than 10,000 characters, or contains a character that the model doesn't
            know.
    """
    _check_lengths([name])
    names, _ = SortedNames.ranked([name], vocabulary)
    evaluator = AccuracyEvaluator(model)
    log_likelihood = evaluator.log_probabilities_after(names, start_tokens.ids)[:, 0]  # (R,)
    log_joint = start_tokens.log_shares + log_likelihood  # (R,)
    if log_joint.max() == -np.inf:  # no label can have the name
        log_joint = start_tokens.log_shares
    joint = np.exp(log_joint - log_joint.max())  # (R,)
    probabilities: Float64[Array, "R"] = joint / joint.sum()
    return probabilities


def _check_lengths(names: Sequence[str]) -> None:
    """Raise NamesError if a name is empty or so long that reading it would take too much time."""
    if "" in names:
        raise NamesError("a name is empty: expected at least one character")
    longest = max(map(len, names), default=0)
    if longest > MAX_NAME:
        raise NamesError(f"a name has {longest:,} characters: expected at most {MAX_NAME:,}")


def percentile_of(log_probability: float, quantiles: Float64[Array, "101"]) -> float:
    """Return the percentile of a name. If its log-probability equals several quantiles, it's the middle of them.

    >>> quantiles = np.arange(101) - 100.0
    >>> percentile_of(-50.5, quantiles), percentile_of(-300.0, quantiles), percentile_of(1.0, quantiles)
    (49.5, 0.0, 100.0)
    """
    below = int(np.searchsorted(quantiles, log_probability, "left"))
    up_to = int(np.searchsorted(quantiles, log_probability, "right"))
    if below < up_to:
        return (below + up_to - 1) / 2
    if below == 0:
        return 0.0
    if below == len(quantiles):
        return 100.0
    left = float(quantiles[below - 1])
    right = float(quantiles[below])
    return below - 1 + (log_probability - left) / (right - left)


def score_quantiles(
    model: LanguageModel, tree: PrefixTree, start_tokens: StartTokens | None = None
) -> Float64[Array, "101"] | None:
    """Return the percentiles 0 to 100 of the log-probabilities of a list's names, in nats. Duplicates count.

    With several start tokens, a name's probability is the sum over all of them, whatever its own label is. If reading
    all names after all start tokens would take long, a random sample of the names is used.

    Args:
        model: Any LanguageModel.
        tree: The list.
        start_tokens: The start tokens and their shares. With None or a single one, each name has its start token in the
            tree.

    Returns:
        None if there are so many start tokens that even the smallest useful sample would take too long.

    >>> from namegen.core.models.ngram import NgramModel
    >>> vocabulary = Vocabulary.from_names(["Al", "Ali"])
    >>> tree = PrefixTree.from_names(["Al", "Ali"], vocabulary)
    >>> quantiles = score_quantiles(NgramModel(tree, vocabulary.size, order=3), tree)
    >>> len(quantiles), bool(quantiles[0] <= quantiles[100])
    (101, True)
    """
    if start_tokens is not None and start_tokens.several:
        token_count = len(start_tokens.tokens)
        tree = tree.under_one_root()
        share = MAX_READ / (tree.nodes * token_count)
        if share < 1:  # a random sample, with at least two names per percentile
            names = tree.sequences()
            name_count = len(names.counts)
            sample_size = max(int(share * name_count), 2 * QUANTILES)
            chosen = np.random.default_rng(0).permutation(name_count)[:sample_size]
            sample, _ = SortedNames.from_rows(names.tokens[chosen], names.counts[chosen])
            tree = PrefixTree.of(sample)
        if tree.nodes * token_count > FAR_TOO_MANY:
            return None
        model = AnyLabel(model, start_tokens)
    scores = AccuracyEvaluator(model).name_log_probabilities(tree)  # (names,)
    counts = tree.edge_count[tree.edge_token == END_TOKEN]  # (names,), in the same order
    by_score = np.argsort(scores)
    names_up_to = np.cumsum(counts[by_score])
    positions = np.linspace(0, names_up_to[-1] - 1, QUANTILES).round()
    index = np.searchsorted(names_up_to, positions, side="right")
    quantiles: Float64[Array, "101"] = scores[by_score][index]
    return quantiles
