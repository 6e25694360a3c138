"""How much each teacher is heard: the weights and the temperature that suit names which no teacher has learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.engine import LanguageModel, State
from namegen.core.evaluation.evaluator import read_prefixes
from namegen.core.evaluation.mixture import MixtureModel, MixtureState
from namegen.types import Array, Float32, Float64, Int, Int32, Int64

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
    mixture = MixtureModel(models, vocabularies, vocabulary=vocabulary, beginnings=beginnings)
    chances: Float32[Array, "N M V"] = np.empty((tree.nodes, len(models), mixture.vocabulary_size), np.float32)
    for nodes, of_each in read_prefixes(_Apart(mixture), tree):
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


class _Apart:
    """A mixture whose models are read side by side and not yet mixed: in place of logits it gives what each by itself
    expects, and nothing for one that does not know the prefix.
    """

    def __init__(self, mixture: MixtureModel) -> None:
        self.mixture = mixture
        self.vocabulary_size = mixture.vocabulary_size

    def initial_state(self, rows: int) -> MixtureState:
        return self.mixture.initial_state(rows)

    def step(self, tokens: Int32[Array, "B"], state: State) -> tuple[Float64[Array, "B M V"], MixtureState]:
        chances, after = self.mixture.step_each(tokens, cast(MixtureState, state))
        return chances * after.able[:, :, None], after

    def select(self, state: State, rows: Int[Array, "K"]) -> MixtureState:
        return self.mixture.select(state, rows)
