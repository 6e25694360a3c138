"""Plausibility: how many of a model's new names could stand in the list, and how daring its drawing may be.

A model's loss says how well it foresees real names. What a person meets are the names that it makes up; so a judge,
which has learned other names of the list, is asked about each. A new name is *plausible* if the judge finds its
characters likelier, on average, than those of the tenth of real names that it finds oddest. A short list has no names
to spare for a judge: of its model's new names nearly all must have the shapes of names of the list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np

from namegen.core.data.prefix_tree import PrefixTree, SortedNames
from namegen.core.data.sameness import digests
from namegen.core.data.shapes import MOST_NAMES, fits, shapes_of
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.engine import LanguageModel
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.core.generation.generator import Generator
from namegen.core.generation.sampling import SamplingSettings
from namegen.core.models.ngram import KNESER_NEY, NgramModel
from namegen.errors import GenerationError
from namegen.types import Array, Bool, Float64, Int32

ODDEST = 0.1  # the share of real names that a plausible one is likelier than
ORDER = 5  # of the n-gram that judges
TEMPERATURES = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5)
# The share of new names that is to be plausible. The judge knows half of the names that the model learned, so it finds
# more of the model's names plausible than one would that knows others: 19 of 20 here are some 9 of 10 there.
WANTED = 0.95
# How often the label of a new name is to be heard, in those of real names. The judge knows half of the names that the
# model learned, and so hears it in more of the model's than an outsider would.
LABEL_HEARD = 1.0
FEWEST_NAMES = 100  # different ones: a half of fewer neither teaches a judge nor says what is odd
MOST_LABELS = 50  # the most frequent ones: each name is read once for each
MOST_REAL = 4_000  # names of the half that was not learned: the share is known to a per cent or so
FEWEST_REAL = 100
DRAWN = 2_000  # names at each temperature: the share is known to a per cent or so
FEWEST_DRAWN, MOST_CHARACTERS = 100, 100_000  # fewer names where they are so long that so many characters would come
# Of a short list: nearly all new names are to have shapes that its names have, before the others are refused. Above 0.7
# readers take few of them, well-shaped or not; the last where no temperature gives such shapes.
SHORT_LIST_TEMPERATURES = (0.7, 0.65, 0.6, 0.55, 0.5)
WELL_SHAPED = 0.985
ASKED_FOR = 200  # new names, if so many are found


@dataclass(frozen=True, eq=False)
class PlausibilityJudge:
    """A model that says which names could be real.

    Attributes:
        model: what judges.
        vocabulary: its characters.
        oddest: log-probability a character below which a name is not plausible, nats.
    """

    model: LanguageModel
    vocabulary: Vocabulary
    oddest: float

    @classmethod
    def of(cls, model: LanguageModel, vocabulary: Vocabulary, real: Sequence[str]) -> PlausibilityJudge:
        """A judge whose bar is set by real names, which it has not learned."""
        scores = cls(model, vocabulary, 0.0).scores(real)
        return cls(model, vocabulary, float(np.quantile(scores, ODDEST)))

    def scores(self, names: Sequence[str]) -> Float64[Array, "names"]:
        """The log-probability a character of different names, the end counted, in nats, in no particular order; −inf
        for one with a character that the judge does not know.
        """
        known = [name for name in names if not self.vocabulary.unknown(name)]
        found = np.full(len(names), -np.inf)
        if known:
            tree = PrefixTree.from_names(known, self.vocabulary)
            lengths = tree.sequences().lengths + 1
            found[: len(known)] = AccuracyEvaluator(self.model).name_log_probabilities(tree) / lengths
        return found

    def share(self, names: Sequence[str]) -> float:
        """How many of some different names are plausible; 0 of none."""
        return float((self.scores(names) > self.oddest).mean()) if names else 0.0


def halves(names: Sequence[str], *, bit: int = 0) -> tuple[list[str], list[str]]:
    """Different names in two halves, by a hash of each: names alike but for letter case and punctuation stay together.

    Args:
        names: each once.
        bit: of the hash; names that were halved by one can be halved once more by another.

    >>> [len(half) for half in halves(["Ann", "Bob", "Cid", "Dee", "Eve", "Flo"])]
    [4, 2]
    """
    odd = ((digests(names) >> np.uint64(bit)) % 2 == 1).tolist()
    return list(compress(names, odd)), [name for name, is_odd in zip(names, odd, strict=True) if not is_odd]


def counting_judge(learned: list[str], real: list[str], vocabulary: Vocabulary) -> PlausibilityJudge:
    """A judge that counted one half of some names, and whose bar the other half sets.

    The half that is learned is emptied, as of a long list it is large.
    """
    tree = PrefixTree.from_names(learned, vocabulary)
    learned.clear()
    model = NgramModel(tree, vocabulary.size, ORDER, KNESER_NEY)
    del tree
    return PlausibilityJudge.of(model, vocabulary, real)


class LabelJudge:
    """An n-gram for each label, of one half of a list's names; the other half says how often they are right.

    Args:
        training: a list's names, a root for each label.
        vocabulary: their characters.

    Attributes:
        labels: the beginnings that it looks at: the most frequent ones.
        real: how often it names the label of the other half, 0 to 1; None where there are too few names to tell.

    >>> names = [a + b + c for a in "abcdefgh" for b in "uvwxyz" for c in "kmprst"]
    >>> vocabulary = Vocabulary.from_names(names)
    >>> beginnings = [vocabulary.size + (name[0] in "abcd") for name in names]
    >>> LabelJudge(PrefixTree.from_names(names, vocabulary, beginnings), vocabulary).real
    1.0
    """

    def __init__(self, training: PrefixTree, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        rows = training.sequences()
        found, counts = np.unique(rows.beginnings, return_counts=True)
        self.labels: Int32[Array, "L"] = np.sort(found[np.argsort(-counts, kind="stable")[:MOST_LABELS]])
        names = vocabulary.decode_all(rows.tokens)
        learned = digests(names) % 2 == 1  # as ``halves``: alike but for letter case stay together
        self._models = []
        for label in self.labels:
            of_label = list(compress(names, (rows.beginnings == label) & learned))
            if of_label:
                tree = PrefixTree.from_names(of_label, vocabulary)
                model = NgramModel(tree, vocabulary.size, ORDER, KNESER_NEY)
                self._models.append((int(label), np.log(len(of_label)), AccuracyEvaluator(model)))
        real = np.flatnonzero(~learned & np.isin(rows.beginnings, self.labels))
        real = real[:: max(1, -(-len(real) // MOST_REAL))]
        of_real = [names[row] for row in real]
        self._mix = dict(
            zip(*map(np.ndarray.tolist, np.unique(rows.beginnings[real], return_counts=True)), strict=True)
        )
        enough = len(self._models) > 1 and len(real) >= FEWEST_REAL
        self.real = self.share(of_real, rows.beginnings[real]) if enough else None

    def hears(self, names: Sequence[str], labels: Int32[Array, "names"], wanted: float) -> bool:
        """Whether it is right about made-up names ``wanted`` times as often as about real ones, or more; True where
        nobody can tell.
        """
        return self.real is None or self.share(names, labels) >= wanted * self.real

    def share(self, names: Sequence[str], labels: Int32[Array, "names"]) -> float:
        """How often the label of a name is the one that it has, each label weighing as much as among the real names.

        Args:
            names: of characters of the vocabulary; a name stands once for each of its labels.
            labels: the beginning of each name; one that is not told apart does not count.

        Returns:
            0 to 1; 0 where no name counts.
        """
        if not names:
            return 0.0
        right = self._named(names) == labels
        total = hits = 0.0
        for label, weight in self._mix.items():
            here: Bool[Array, "names"] = labels == label
            if here.any():
                total += weight
                hits += weight * float(right[here].mean())
        return hits / total if total else 0.0

    def _named(self, names: Sequence[str]) -> Int32[Array, "names"]:
        """The likeliest label of each name."""
        distinct, ranking = SortedNames.ranked(names, self.vocabulary)
        tree, by_length = distinct.tree(), np.argsort(distinct.lengths, kind="stable")  # the order of the evaluator
        joint = np.empty((len(self._models), len(by_length)))
        for row, (_, log_count, evaluator) in enumerate(self._models):
            joint[row, by_length] = log_count + evaluator.name_log_probabilities(tree)
        of_models = np.array([label for label, _, _ in self._models], np.int32)
        named: Int32[Array, "names"] = of_models[joint.argmax(axis=0)][ranking.rank]
        return named


def drawing_temperature(
    generator: Generator,
    training: PrefixTree,
    *,
    longest: int,
    rng: np.random.Generator,
    judges: Sequence[PlausibilityJudge] = (),
    proceed: Callable[[], bool] = lambda: True,
) -> float | None:
    """What a model's names should be drawn with: the highest temperature at which 19 of 20 new ones are plausible, and
    at which, where names have labels, a judge names those of new ones as often as those of real ones. Where there are
    too few names to teach a judge, the highest up to 0.7 at which nearly all new ones have the shapes of real ones.

    Only the names that the model has learned from are asked for: what is held out has no part in it.

    Args:
        generator: of the model; knows which names are new.
        training: the names that it has learned from.
        longest: characters of the longest name that counts.
        rng: what names are drawn with.
        judges: others beside counting. Counting likes the names of a model that it taught: ask a network, too.
        proceed: asked before each temperature is tried; False ends it.

    Returns:
        Of 1.0, 0.95 … 0.5, of a short list 0.7, 0.65 … 0.5, the last where not even that is low enough; None where it
        was ended.
    """
    labelled, drawn = training, int(MOST_CHARACTERS * training.name_count / training.characters)
    training = training.under_one_root()  # a name is plausible whatever its label
    real = generator.vocabulary.decode_all(training.sequences().tokens)
    learned, others = halves(real)
    if len(real) < FEWEST_NAMES or min(len(learned), len(others)) < FEWEST_NAMES // 4:
        shapes = shapes_of(real[: MOST_NAMES - 1])
        for temperature in SHORT_LIST_TEMPERATURES:
            if not proceed():
                return None
            names, few = list[str](), max(FEWEST_DRAWN, min(DRAWN, drawn) // 4)
            while len(names) < ASKED_FOR and few <= drawn:  # of a list that is learned by heart few are new
                names = new_names(generator, few, temperature, longest=longest, rng=rng)
                few *= 4
            if sum(fits(name, shapes) for name in names) >= WELL_SHAPED * len(names):
                break
        return temperature
    del real
    labels = LabelJudge(labelled, generator.vocabulary) if labelled.roots > 1 else None
    drawn = max(FEWEST_DRAWN, min(DRAWN, drawn))
    counted = counting_judge(learned, others, generator.vocabulary)
    del others
    low, high = 0, len(TEMPERATURES) - 1  # places between which the first one that will do lies
    while low < high:
        if not proceed():
            return None
        middle = (low + high) // 2
        names, beginnings = new_draws(generator, drawn, TEMPERATURES[middle], longest=longest, rng=rng)
        different = list(dict.fromkeys(names))
        plausible = all(judge.share(different) >= WANTED for judge in (counted, *judges))
        if plausible and (labels is None or labels.hears(names, beginnings, LABEL_HEARD)):
            high = middle
        else:
            low = middle + 1
    return TEMPERATURES[high]


def new_names(generator: Generator, n: int, temperature: float, *, longest: int, rng: np.random.Generator) -> list[str]:
    """The different new names among so many that are drawn. Raises GenerationError: the logits are not numbers."""
    return list(dict.fromkeys(new_draws(generator, n, temperature, longest=longest, rng=rng)[0]))


def new_draws(
    generator: Generator, n: int, temperature: float, *, longest: int, rng: np.random.Generator
) -> tuple[list[str], Int32[Array, "names"]]:
    """The new names among so many that are drawn, each once for each beginning that it was drawn with; and that.

    Raises:
        GenerationError: the logits are not numbers, or the model does not know which names are new.
    """
    walk, _ = generator.prepare(n, longest, None, allow_seen=True, allow_repeats=True)
    draws = walk.draw(n, rng=rng, sampling=SamplingSettings(temperature, max_length=longest))
    names = draws.names(generator.vocabulary)
    if generator.known_names is None:
        raise GenerationError("the model does not say what it learned from, so nobody knows which names are new")
    if not names:
        return [], draws.beginnings
    different = {name: row for row, name in enumerate(dict.fromkeys(names))}
    is_new = ~generator.sameness.are_known(different, generator.known_names)
    rows = np.flatnonzero(is_new[[different[name] for name in names]])
    return [names[row] for row in rows.tolist()], draws.beginnings[rows]
