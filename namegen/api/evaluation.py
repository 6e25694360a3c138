"""How well a model predicts a list of names, and how well any model could."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from itertools import repeat
from pathlib import Path

import numpy as np

from namegen.api.model import LoadedModel, load
from namegen.core.data.batching import label_beginnings
from namegen.core.data.corpus import Corpus
from namegen.core.data.label_parts import meant_labels
from namegen.core.data.labels import Beginnings
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.evaluation.evaluator import AccuracyEvaluator, Metrics, ceiling
from namegen.core.models.mixture import as_one
from namegen.errors import NamesError, shown


@dataclass(frozen=True)
class ListCeiling:
    """The best that any model can do on a list, and how large the list is."""

    metrics: Metrics
    names: int
    distinct_names: int
    distinct_prefixes: int  # the empty one included
    characters: int  # the boundary at the end of each name included

    def to_dict(self) -> dict[str, object]:
        """As plain values, for JSON."""
        sizes = {name: value for name, value in vars(self).items() if name != "metrics"}
        return {**self.metrics.to_dict(), **sizes}


def list_ceiling(corpus: Corpus) -> ListCeiling:
    """The best that any model can do on a list: the list itself as a model, which predicts after each prefix what
    follows that prefix in the list.
    """
    _check_list(corpus)
    beginnings = label_beginnings(corpus, corpus.vocabulary, corpus.label_counts)
    tree = PrefixTree.from_names(corpus.names, corpus.vocabulary, beginnings)
    return ListCeiling(
        ceiling(tree), tree.name_count, tree.distinct_name_count, tree.nodes, tree.characters
    )


@dataclass(frozen=True)
class Evaluation:
    """How well a model predicts a list.

    Attributes:
        metrics: of the names that the model can read.
        ceiling: of the same names.
        names: how many they are.
        left_out: names with characters, or labels, that the model does not know.
        model: what it was asked for by.
        by_label: the figures of the names of each label apart, given their label, with how many they are; {}: the list
            or the model has no labels.
    """

    metrics: Metrics
    ceiling: Metrics
    names: int
    left_out: int
    model: str
    by_label: Mapping[str, tuple[Metrics, int]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, object]:
        """As plain values, for JSON."""
        labels = {
            label: {**metrics.to_dict(), "names": names}
            for label, (metrics, names) in self.by_label.items()
        }
        return {
            **self.metrics.to_dict(),
            "names": self.names,
            "left_out": self.left_out,
            "ceiling": self.ceiling.to_dict(),
            "model": self.model,
            **({"labels": labels} if labels else {}),
        }


def evaluate(model: LoadedModel | str | Path, corpus: Corpus) -> Evaluation:
    """Measure a model, or what ``load`` makes of a name or a path, on a list; names with characters that it does not
    know are left out and counted.

    A model of labelled names predicts those of a labelled list given their labels, and of any other list whatever their
    label: by their probability over all of its beginnings.

    Raises:
        NamesError: no name is left.
    """
    _check_list(corpus)
    model = model if isinstance(model, LoadedModel) else load(model)
    knows_all = len(model.blended) < 2 and not model.vocabulary.unknown("".join(corpus.names))
    by_label = bool(model.labels and corpus.labels)
    names_of: dict[str, list[str]] = (
        {label: [] for label in corpus.label_counts} if by_label else {"": []}
    )
    for name, label in zip(corpus.names, corpus.labels if by_label else repeat(""), strict=False):
        if knows_all or model.reads(name):
            names_of[label].append(name)
    each: dict[str, tuple[Metrics, int]] = {}
    names, tokens, characters = [], [], []
    for token, (label, some) in enumerate(names_of.items(), start=model.vocabulary.size):
        beginnings = _meant(label, model) if by_label else model.beginnings
        if beginnings is None or not some:
            continue
        reader, beginning = as_one(model.model, beginnings)
        tree = PrefixTree.from_names(some, model.vocabulary, [beginning] * len(some))
        each[label] = AccuracyEvaluator(reader).evaluate(tree), len(some)
        names += some
        tokens += [token] * len(some)
        characters.append(tree.characters)
    if not each:
        unknown = "a label or characters" if by_label else "characters"
        raise NamesError(
            f"{corpus.source}: every name has {unknown} that {model.name} does not know: give a list like its own"
        )
    figures = [astuple(of_label) for of_label, _ in each.values()]
    metrics = Metrics(*np.average(figures, axis=0, weights=characters).tolist())
    best = ceiling(PrefixTree.from_names(names, model.vocabulary, tokens))
    left_out = len(corpus.names) - len(names)
    return Evaluation(metrics, best, len(names), left_out, model.name, each if by_label else {})


def _meant(label: str, model: LoadedModel) -> Beginnings | None:
    """What the names of a list's label begin with: that label, or where the model does not know it, those that it
    means; None: it means none.
    """
    places = (
        [model.labels.index(label)] if label in model.labels else meant_labels(label, model.labels)
    )
    if len(places) < 2:
        return Beginnings.single(model.beginnings.tokens[places[0]]) if places else None
    return model.beginnings.only(places)


def _check_list(corpus: object) -> None:
    if not isinstance(corpus, Corpus):
        raise NamesError(
            f"the list is {shown(corpus)}: expected a Corpus, as read_names or Corpus.from_names gives it"
        )
