"""Teachers: models that learned the training part of a list, or anything else, heard together with counting.

What is held out of the list reaches none of them. Networks that are trained to teach learn nine tenths of its training
part, and the last tenth of that part chooses their epochs, the n-gram, the weights and the temperature. Then each
shares its weight with a twin that learned all of the training part: a short list can least spare a tenth of its names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from namegen.core.data.corpus import Corpus
from namegen.core.data.parts import ListParts
from namegen.core.data.prefix_tree import PrefixTree, SortedNames
from namegen.core.data.repeats import damped_tree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.engine import LanguageModel
from namegen.core.evaluation.counting import NgramModel
from namegen.core.evaluation.mixture import MixtureModel
from namegen.core.evaluation.references import HeldOutReferences
from namegen.core.settings import COUNTING, DataSettings
from namegen.core.teaching.weighing import Weighing, weigh

CHOSEN_BY = 0.1  # the share of the training part that chooses
FEWEST_NAMES = 100  # different ones that a training part has to have: a tenth of fewer can choose nothing
MOST_TO_CHOOSE_BY = 5_000  # names: more would only take memory
_SPLIT_SEEDS = 1_000_003  # apart from those that split lists: a name of the training part is in no held-out range


@dataclass(frozen=True, eq=False)
class Teacher:
    """A model that teaches.

    Attributes:
        name: what it is called in messages.
        model, vocabulary: what it knows, and of which characters.
        twin: a network of the same kind that learned the names to choose by, too, and with which it shares its weight.
    """

    name: str
    model: LanguageModel
    vocabulary: Vocabulary
    twin: LanguageModel | None = None


def own_data(data: DataSettings, *, seed: int) -> DataSettings:
    """How the training part of a list is split once more, for its teachers.

    Args:
        data: the list's settings.
        seed: of the training, which splits the list where its settings have no seed of their own.

    >>> own_data(DataSettings(), seed=0).validation
    0.1
    """
    split_seed = seed if data.split_seed is None else data.split_seed
    return replace(data, validation=CHOSEN_BY, test=0.0, split_seed=(split_seed + _SPLIT_SEEDS) % 2**63)


def taught_names(corpus: Corpus, data: DataSettings, *, seed: int) -> Corpus:
    """The training part of a list as a list: what teachers may see of it. Raises NamesError."""
    split_seed = seed if data.split_seed is None else data.split_seed
    return Corpus(corpus.split(data.validation, data.split, split_seed, test=data.test).training, corpus.source)


class TeachingParts:
    """The training part of a list, split once more.

    Args:
        names: ``taught_names`` of a list.
        data: ``own_data`` of its settings.
        vocabulary: of the student.

    Raises:
        NamesError: too few names to split.
    """

    def __init__(self, names: Corpus, data: DataSettings, vocabulary: Vocabulary) -> None:
        self.data, self.vocabulary = data, vocabulary
        # The parts of a list are over its own vocabulary; those of the student may be more.
        self.parts = ListParts.from_corpus(names, data, seed=0, vocabulary=vocabulary)
        self.whole = ListParts.from_corpus(names, replace(data, validation=0.0), seed=0, vocabulary=vocabulary)

    @cached_property
    def to_choose_by(self) -> PrefixTree:
        """The names that no teacher has learned."""
        held_out = self.parts.held_out
        assert held_out is not None  # a tenth is held out
        if held_out.distinct_name_count <= MOST_TO_CHOOSE_BY:
            return held_out
        rows = held_out.sequences()
        some = np.random.default_rng(0).permutation(len(rows.counts))[:MOST_TO_CHOOSE_BY]
        return SortedNames.from_rows(rows.tokens[some], rows.counts[some])[0].tree()

    def counting(self) -> tuple[NgramModel, NgramModel]:
        """The n-gram that does best on the names to choose by: as it has not counted those, and as it has."""
        best = HeldOutReferences(self.to_choose_by, self.parts, self.vocabulary.size).baseline

        def of(parts: ListParts) -> NgramModel:
            tree = damped_tree(parts.training) if best.damped else parts.training
            return NgramModel(tree, self.vocabulary.size, best.order, best.smoothing)

        return of(self.parts), of(self.whole)


def together(teachers: Sequence[Teacher], parts: TeachingParts, *, counting: bool) -> tuple[MixtureModel, Weighing]:
    """The teachers as one model over the student's vocabulary, each heard as much as it knows of names that it has not
    learned.

    Args:
        teachers: trained models.
        parts: of the list.
        counting: whether an n-gram of the list teaches too, as the last one. It is chosen and weighed as it has not
            seen the names to choose by, and counts them in the end.
    """
    weighed, vocabularies = [one.model for one in teachers], [one.vocabulary for one in teachers]
    if counting:
        before, after = parts.counting()
        weighed.append(before)
        vocabularies.append(parts.vocabulary)
    found = weigh(weighed, vocabularies, parts.vocabulary, parts.to_choose_by, counting=counting)
    heard: list[tuple[LanguageModel, Vocabulary, float]] = []
    for one, weight in zip(teachers, found.weights, strict=False):
        sharing = [one.model] if one.twin is None else [one.model, one.twin]
        heard += [(model, one.vocabulary, weight / len(sharing)) for model in sharing]
    if counting:
        heard.append((after, parts.vocabulary, found.weights[-1]))
    models, alphabets, weights = zip(*heard, strict=True)
    mixture = MixtureModel(models, alphabets, weights, vocabulary=parts.vocabulary, temperature=found.temperature)
    return mixture, found


def names_of(teachers: Sequence[str]) -> tuple[tuple[str, ...], bool]:
    """The models among what a setting names, and whether counting is among them.

    >>> names_of(("run-1", "counting"))
    (('run-1',), True)
    """
    return tuple(name for name in teachers if name != COUNTING), COUNTING in teachers
