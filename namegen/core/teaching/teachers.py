"""Teachers: models that learned the training part of a list, or anything else, heard together with counting.

What is held out of the list reaches none of them. Networks that are trained to teach learn nine tenths of its training
part, and the last tenth of that part chooses their epochs, the n-gram, the weights and the temperature. Then each
shares its weight with a twin that learned all of the training part: a short list can least spare a tenth of its names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from namegen.core.data.batching import ListParts
from namegen.core.data.corpus import Corpus
from namegen.core.data.prefix_tree import PrefixTree, SortedNames
from namegen.core.data.vocabulary import BOUNDARY, Vocabulary
from namegen.core.engine import LanguageModel
from namegen.core.evaluation.mixture import MixtureModel
from namegen.core.evaluation.ngram import NgramModel
from namegen.core.evaluation.references import Baseline, HeldOutReferences
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
        labels: that it knows, with the id that each begins with; {}: its names begin with the boundary.
        twin: a network of the same kind that learned the names to choose by, too, and with which it shares its weight.
    """

    name: str
    model: LanguageModel
    vocabulary: Vocabulary
    twin: LanguageModel | None = None
    labels: Mapping[str, int] = field(default_factory=dict)

    def beginnings(self, labels: Sequence[str]) -> list[int]:
        """What it reads for each label of a list; −1 for one that it does not know."""
        return [self.labels.get(label, -1) if self.labels else BOUNDARY for label in labels]


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
    return corpus.training_part(data, seed=seed if data.split_seed is None else data.split_seed)


class TeachingParts:
    """The training part of a list, split once more.

    Args:
        names: ``taught_names`` of a list.
        data: ``own_data`` of its settings.
        vocabulary: of the student.
        labels: of the student, in the order of their beginnings.

    Raises:
        NamesError: too few names to split.
    """

    def __init__(self, names: Corpus, data: DataSettings, vocabulary: Vocabulary, labels: Sequence[str] = ()) -> None:
        self.data, self.vocabulary, self.labels = data, vocabulary, tuple(labels)
        # The parts of a list are over its own vocabulary and labels; those of the student may be more.
        self.parts, self.whole = (
            ListParts.from_corpus(names, one, seed=0, vocabulary=vocabulary, labels=self.labels)
            for one in (data, replace(data, validation=0.0))
        )

    @cached_property
    def to_choose_by(self) -> PrefixTree:
        """The names that no teacher has learned."""
        held_out = self.parts.held_out
        assert held_out is not None  # a tenth is held out
        if held_out.distinct_name_count <= MOST_TO_CHOOSE_BY:
            return held_out
        rows = held_out.sequences()
        some = np.random.default_rng(0).permutation(len(rows.counts))[:MOST_TO_CHOOSE_BY]
        return SortedNames.from_rows(rows.tokens[some], rows.counts[some], rows.beginnings[some])[0].tree()

    @cached_property
    def _best_counting(self) -> Baseline:
        """How to count, by the names to choose by."""
        return HeldOutReferences(self.to_choose_by, self.parts, self.vocabulary.size).baseline

    def counting(self) -> tuple[NgramModel, NgramModel]:
        """The n-gram that does best on the names to choose by: as it has not counted those, and as it has."""
        parts = (self.parts, self.whole)
        before, after = (self._best_counting.fitted_on(one.training, self.vocabulary.size) for one in parts)
        return before, after

    @property
    def counting_beginnings(self) -> list[int]:
        """What that n-gram reads for each label."""
        if not self._best_counting.by_label:
            return [BOUNDARY] * len(self.labels)
        return [self.vocabulary.size + place for place, _ in enumerate(self.labels)]


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
    begins = [one.beginnings(parts.labels) for one in teachers]
    if counting:
        before, after = parts.counting()
        weighed.append(before)
        vocabularies.append(parts.vocabulary)
        begins.append(parts.counting_beginnings)
    found = weigh(weighed, vocabularies, parts.vocabulary, parts.to_choose_by, counting=counting, beginnings=begins)
    heard: list[tuple[LanguageModel, Vocabulary, list[int], float]] = []
    for one, weight in zip(teachers, found.weights, strict=False):
        sharing = [one.model] if one.twin is None else [one.model, one.twin]
        heard += [(model, one.vocabulary, one.beginnings(parts.labels), weight / len(sharing)) for model in sharing]
    if counting:
        heard.append((after, parts.vocabulary, parts.counting_beginnings, found.weights[-1]))
    models, alphabets, begins, weights = map(list, zip(*heard, strict=True))
    mixture = MixtureModel(
        models,
        alphabets,
        weights,
        vocabulary=parts.vocabulary,
        temperature=found.temperature,
        beginnings=begins,
    )
    return mixture, found


def names_of(teachers: Sequence[str]) -> tuple[tuple[str, ...], bool]:
    """The models among what a setting names, and whether counting is among them.

    >>> names_of(("run-1", "counting"))
    (('run-1',), True)
    """
    return tuple(name for name in teachers if name != COUNTING), COUNTING in teachers
