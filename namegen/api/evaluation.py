"""Measure how well a model predicts a list of names, and how well the best possible model could."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass, field, replace
from pathlib import Path

import numpy as np

from namegen.api.model import LoadedModel, load
from namegen.core.data.corpus import Corpus
from namegen.core.data.label_parts import meant_labels
from namegen.core.data.labels import StartTokens
from namegen.core.data.list_parts import label_start_tokens
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.evaluation.evaluator import AccuracyEvaluator, Metrics, ceiling
from namegen.core.models.mixture import as_one
from namegen.errors import NamesError, shown


@dataclass(frozen=True)
class ListCeiling:
    """The best possible scores on a list, and the size of the list."""

    metrics: Metrics
    names: int
    distinct_names: int
    distinct_prefixes: int  #: including the empty one
    characters: int  #: including the end token of each name

    def to_dict(self) -> dict[str, object]:
        """Return the results as plain values for JSON."""
        sizes = {name: value for name, value in vars(self).items() if name != "metrics"}
        return {**self.metrics.to_dict(), **sizes}


def list_ceiling(corpus: Corpus) -> ListCeiling:
    """Compute the best scores that any model can reach on a list.

    The best possible model knows the list. It predicts each character with its relative frequency after the same
    prefix in the list.

    Raises:
        NamesError: the list isn't a ``Corpus``.

    >>> list_ceiling(Corpus.from_names(["Al", "Ali"])).distinct_prefixes
    4
    """
    _check_is_corpus(corpus)
    start_tokens = label_start_tokens(corpus, corpus.vocabulary, corpus.label_counts)
    tree = PrefixTree.from_names(corpus.names, corpus.vocabulary, start_tokens)
    return ListCeiling(
        metrics=ceiling(tree),
        names=tree.name_count,
        distinct_names=tree.distinct_name_count,
        distinct_prefixes=tree.nodes,
        characters=tree.characters,
    )


@dataclass(frozen=True)
class Evaluation:
    """How well a model predicts a list."""

    metrics: Metrics  #: for all names whose characters and labels the model knows
    ceiling: Metrics  #: the best possible scores on the same names
    names: int  #: the number of names whose characters and labels the model knows
    left_out: int  #: the number of skipped names
    model: str  #: the name or path that the model was loaded from
    #: The metrics for each label and its number of names, or {} if the list or the model has no labels.
    by_label: Mapping[str, tuple[Metrics, int]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, object]:
        """Return the results as plain values for JSON."""
        document: dict[str, object] = {
            **self.metrics.to_dict(),
            "names": self.names,
            "left_out": self.left_out,
            "ceiling": self.ceiling.to_dict(),
            "model": self.model,
        }
        if self.by_label:
            document["labels"] = {
                label: {**metrics.to_dict(), "names": names}
                for label, (metrics, names) in self.by_label.items()
            }
        return document


def evaluate(model: LoadedModel | str | Path, corpus: Corpus) -> Evaluation:
    """Measure how well a model predicts a list. Names that contain unknown characters are skipped and counted.

    If both the list and the model have labels, each name is predicted given its label. If only the model has labels, it
    predicts each name by combining all of its labels.

    Args:
        model: a loaded model, or anything that ``load`` accepts.
        corpus: the list.

    Raises:
        NamesError: every name was skipped, or the list isn't a ``Corpus``.

    >>> evaluate("mlb-first", Corpus.from_names(["Hank", "Babe", "Дима"])).left_out
    1
    """
    _check_is_corpus(corpus)
    if not isinstance(model, LoadedModel):
        model = load(model)
    corpus = replace(corpus, names=tuple(map(model.as_read, corpus.names)))
    use_labels = bool(model.labels and corpus.labels)

    # Group the names that the model can read by label. Without labels, they form one group. A blend reads a name if one
    # of its models does.
    is_blend = len(model.blended) >= 2
    can_read_all = not is_blend and not model.vocabulary.unknown("".join(corpus.names))
    labels = corpus.labels if use_labels else [""] * len(corpus.names)
    groups = corpus.label_counts if use_labels else [""]
    names_by_label: dict[str, list[str]] = {label: [] for label in groups}
    for name, label in zip(corpus.names, labels, strict=True):
        if can_read_all or model.reads(name):
            names_by_label[label].append(name)

    by_label: dict[str, tuple[Metrics, int]] = {}
    characters: list[int] = []  # of each label, including end tokens
    read_names: list[str] = []
    label_tokens: list[int] = []  # of each read name: a different token for each label
    for label, names in names_by_label.items():
        start_tokens = _start_tokens_of(label, model) if use_labels else model.start_tokens
        if start_tokens is None or not names:
            continue
        network, start_token = as_one(model.model, start_tokens)
        tree = PrefixTree.from_names(names, model.vocabulary, [start_token] * len(names))
        label_tokens += [model.vocabulary.size + len(by_label)] * len(names)
        read_names += names
        by_label[label] = (AccuracyEvaluator(network).evaluate(tree), len(names))
        characters.append(tree.characters)
    if not by_label:
        unknown = "a label or characters" if use_labels else "characters"
        raise NamesError(
            f"{corpus.source}: every name has {unknown} that {model.name} doesn't know: pass a similar list"
        )

    table = [astuple(metrics) for metrics, names in by_label.values()]  # (labels, metrics)
    means = np.average(table, axis=0, weights=characters)
    # The best possible scores, if the labels are known beforehand.
    best = ceiling(PrefixTree.from_names(read_names, model.vocabulary, label_tokens))
    return Evaluation(
        metrics=Metrics(*means.tolist()),
        ceiling=best,
        names=len(read_names),
        left_out=len(corpus.names) - len(read_names),
        model=model.name,
        by_label=by_label if use_labels else {},
    )


def _start_tokens_of(label: str, model: LoadedModel) -> StartTokens | None:
    """Return the model's start tokens for a label of the list, or None if the model doesn't know the label.

    If the model doesn't have exactly this label, the result includes every label that it could mean.
    """
    indexes = meant_labels(label, model.labels)
    if label in model.labels:
        indexes = [model.labels.index(label)]
    if not indexes:
        return None
    if len(indexes) == 1:
        return StartTokens.single(model.start_tokens.tokens[indexes[0]])
    return model.start_tokens.only(indexes)


def _check_is_corpus(corpus: object) -> None:
    """Raise NamesError unless the list is a Corpus."""
    if not isinstance(corpus, Corpus):
        raise NamesError(
            f"the list is {shown(corpus)}: expected a Corpus, as read_names or Corpus.from_names returns"
        )
