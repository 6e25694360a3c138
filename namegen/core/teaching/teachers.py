"""Teachers: models that learned the training part of a list, or anything else, heard together with counting.

What is held out of the list reaches none of them. Networks that are trained to teach learn nine tenths of its training
part, and the last tenth of that part chooses their epochs, the n-gram, the weights and the temperature. Then each
shares its weight with a twin that learned all of the training part: a short list can least spare a tenth of its names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import cast

import numpy as np

from namegen.core.data.batching import ListParts
from namegen.core.data.corpus import Corpus
from namegen.core.data.prefix_tree import PrefixTree, SortedNames
from namegen.core.data.vocabulary import BOUNDARY, Vocabulary
from namegen.core.engine import LanguageModel, State
from namegen.core.evaluation.evaluator import read_prefixes
from namegen.core.evaluation.references import HeldOutReferences
from namegen.core.models.mixture import MixtureModel, MixtureState
from namegen.core.settings import COUNTING, DataSettings
from namegen.types import Array, Float32, Float64, Int32, Int64

# Characters that each network counts as having foretold before any is looked at. A tenth of a short list holds so few
# names that weights which suit just those do not suit others: without it three of four networks that learned baseball's
# first names are left out, and the mixture loses 0.013 nats. Counting, which knows names in another way, has to earn
# what it gets: on Japanese names that is nothing.
BEFOREHAND = 100.0
IMPOSSIBLE = 1e-30  # a chance of less counts as this
SMALLEST_WEIGHT = 1e-4  # none is left out altogether: it may know characters that the others do not
MOST_ROUNDS, SMALLEST_CHANGE = 500, 1e-5  # of the weights
TEMPERATURES = tuple(round(0.8 + 0.02 * step, 2) for step in range(21))  # 0.8 to 1.2


@dataclass(frozen=True)
class Weighing:
    """How several models are heard together.

    Attributes:
        weights: one for each model, summing to 1.
        temperature: of their mixture.
        alone: nats per character that each loses alone.
        together: nats per character of the mixture.
    """

    weights: tuple[float, ...]
    temperature: float
    alone: tuple[float, ...]
    together: float


def weigh(
    models: Sequence[LanguageModel],
    vocabularies: Sequence[Vocabulary],
    vocabulary: Vocabulary,
    tree: PrefixTree,
    *,
    counting: bool,
    beginnings: Sequence[Sequence[int]] | None = None,
) -> Weighing:
    """Choose weights by expectation–maximisation, then the temperature out of a grid.

    First the networks among themselves, then all of them together beside counting.

    Args:
        models: those to mix.
        vocabularies: one for each model.
        vocabulary: of the mixture.
        tree: names to choose by, over that vocabulary. No model may have learned from them.
        counting: whether the last model is an n-gram of the list.
        beginnings: what each model reads for each label of the tree, as a ``MixtureModel`` takes them.

    Source: Dempster, Laird and Rubin, 1977; the weights of a mixture are their first example.
    """
    apart = _Apart(models, vocabularies, vocabulary=vocabulary, beginnings=beginnings)
    chances: Float32[Array, "N M V"] = np.empty((tree.nodes, len(models), vocabulary.size), np.float32)
    for nodes, of_each, *_ in read_prefixes(apart, tree):
        chances[nodes] = of_each
    of_all: Float64[Array, "E"] = tree.edge_count / tree.edge_count.sum()
    of_edges: Float64[Array, "E M"] = chances[tree.edge_node, :, tree.edge_token].astype(np.float64)
    of_edges = np.maximum(of_edges, IMPOSSIBLE)
    networks = len(models) - counting
    weights = np.ones(len(models))
    if networks:
        weights[:networks] = _weights(of_edges[:, :networks], tree.edge_count, BEFOREHAND)
    if networks and counting:
        both = np.stack([of_edges[:, :networks] @ weights[:networks], of_edges[:, networks]], axis=1)
        share = _weights(both, tree.edge_count, 0.0)
        weights[:networks] *= share[0]
        weights[networks] = share[1]
    weights = np.maximum(weights, SMALLEST_WEIGHT) / np.maximum(weights, SMALLEST_WEIGHT).sum()
    able = chances.any(axis=2)  # of one that does not know a character of a prefix nothing is heard
    heard: Float64[Array, "N M"] = able * weights
    heard /= np.maximum(heard.sum(axis=1, keepdims=True), IMPOSSIBLE)
    mixed: Float64[Array, "N V"] = np.einsum("nm,nmv->nv", heard, chances)
    losses = [_loss_at(temperature, mixed, tree, of_all) for temperature in TEMPERATURES]
    best = int(np.argmin(losses))
    return Weighing(
        weights=tuple(weights.tolist()),
        temperature=TEMPERATURES[best],
        alone=tuple((of_all @ -np.log(of_edges)).tolist()),
        together=losses[best],
    )


def _weights(of_edges: Float64[Array, "E M"], count: Int64[Array, "E"], beforehand: float) -> Float64[Array, "M"]:
    """Each round gives a model the share of the characters that are its doing, those beforehand counted in."""
    models = of_edges.shape[1]
    weights = np.full(models, 1 / models)
    for _ in range(MOST_ROUNDS):
        heard = of_edges * weights
        before = weights
        weights = count @ (heard / heard.sum(axis=1, keepdims=True)) + beforehand
        weights /= weights.sum()
        if np.abs(weights - before).max() < SMALLEST_CHANGE:
            break
    return weights


def _loss_at(temperature: float, mixed: Float64[Array, "N V"], tree: PrefixTree, share: Float64[Array, "E"]) -> float:
    """Nats a character of the mixture at a temperature."""
    with np.errstate(divide="ignore"):
        logits = np.log(mixed) / temperature
    sums = np.log(np.exp(logits).sum(axis=1))
    floor = np.log(IMPOSSIBLE)
    return float(-share @ (np.maximum(logits[tree.edge_node, tree.edge_token], floor) - sums[tree.edge_node]))


class _Apart(MixtureModel):
    """A mixture whose models are read side by side and not yet mixed: in place of logits it gives what each by itself
    expects, and nothing for one that does not know the prefix.
    """

    def step(self, tokens: Int32[Array, "B"], state: State) -> tuple[Float64[Array, "B M V"], MixtureState]:
        chances, after = self.step_each(tokens, cast(MixtureState, state))
        return chances * after.able[:, :, None], after


CHOSEN_BY = 0.1  # the share of the training part that chooses
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


class TeachingParts:
    """The training part of a list, split once more.

    Args:
        names: the training part as a list: what teachers may see of it.
        data: the settings of the whole list.
        seed: of the training, which splits the list where its settings have no seed of their own.
        vocabulary: of the student.
        labels: of the student, in the order of their beginnings.

    Attributes:
        data: the settings of the training part.

    Raises:
        NamesError: too few names to split.
    """

    def __init__(
        self, names: Corpus, data: DataSettings, *, seed: int, vocabulary: Vocabulary, labels: tuple[str, ...] = ()
    ) -> None:
        split_seed = (seed if data.split_seed is None else data.split_seed) + _SPLIT_SEEDS
        self.data = replace(data, validation=CHOSEN_BY, test=0.0, split_seed=split_seed % 2**63)
        self.names, self.vocabulary, self.labels = names, vocabulary, labels
        # The parts of a list are over its own vocabulary and labels; those of the student may be more.
        self.parts, self.whole = (
            ListParts.from_corpus(names, one, seed=0, vocabulary=vocabulary, labels=labels)
            for one in (self.data, replace(self.data, validation=0.0))
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

    def counting(self) -> tuple[Teacher, Teacher]:
        """The n-gram that does best on the names to choose by: as it has not counted those, and as it has."""
        best, size = HeldOutReferences(self.to_choose_by, self.parts).baseline, self.vocabulary.size
        labels = {label: token for token, label in enumerate(self.labels if best.by_label else (), start=size)}
        models = (best.fitted_on(one.training, size) for one in (self.parts, self.whole))
        before, after = (Teacher(COUNTING, model, self.vocabulary, labels=labels) for model in models)
        return before, after


def together(teachers: Sequence[Teacher], parts: TeachingParts, *, counting: bool) -> tuple[MixtureModel, Weighing]:
    """The teachers as one model over the student's vocabulary, each heard as much as it knows of names that it has not
    learned.

    Args:
        teachers: trained models.
        parts: of the list.
        counting: whether an n-gram of the list teaches too, as the last one. It is chosen and weighed as it has not
            seen the names to choose by, and counts them in the end.
    """
    counted = [parts.counting()] if counting else []
    weighed = [*teachers, *(before for before, _ in counted)]
    models, vocabularies = [one.model for one in weighed], [one.vocabulary for one in weighed]
    begins = [one.beginnings(parts.labels) for one in weighed]
    found = weigh(models, vocabularies, parts.vocabulary, parts.to_choose_by, counting=counting, beginnings=begins)
    heard: list[tuple[LanguageModel, Vocabulary, list[int], float]] = []
    for one, weight in zip([*teachers, *(after for _, after in counted)], found.weights, strict=True):
        sharing = [one.model] if one.twin is None else [one.model, one.twin]
        heard += [(model, one.vocabulary, one.beginnings(parts.labels), weight / len(sharing)) for model in sharing]
    models, alphabets, begins, weights = map(list, zip(*heard, strict=True))
    mixture = MixtureModel(
        models, alphabets, weights, vocabulary=parts.vocabulary, temperature=found.temperature, beginnings=begins
    )
    return mixture, found


def names_of(teachers: Sequence[str]) -> tuple[tuple[str, ...], bool]:
    """The models among what a setting names, and whether counting is among them.

    >>> names_of(("run-1", "counting"))
    (('run-1',), True)
    """
    return tuple(name for name in teachers if name != COUNTING), COUNTING in teachers
