"""How well a model predicts a list of names, and how well any model could."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass, field
from pathlib import Path

import numpy as np

from namegen.api.model import LoadedModel, load
from namegen.core.data.corpus import Corpus
from namegen.core.data.label_parts import meant_labels
from namegen.core.data.labels import Beginnings
from namegen.core.data.list_parts import label_beginnings
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
        """Plain values for JSON."""
        sizes = {name: value for name, value in vars(self).items() if name != "metrics"}
        return {**self.metrics.to_dict(), **sizes}


def list_ceiling(corpus: Corpus) -> ListCeiling:
    """Compute the best possible scores on a list: those of a model that knows the list itself.

    After each prefix, this model predicts the characters that follow the prefix in the list, as often as they do.

    Raises:
        NamesError: the list isn't a ``Corpus``.

    >>> list_ceiling(Corpus.from_names(["Al", "Ali"])).distinct_prefixes
    4
    """
    _check_is_corpus(corpus)
    start_tokens = label_beginnings(corpus, corpus.vocabulary, corpus.label_counts)
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

    metrics: Metrics  #: of the names that the model knows all characters and the label of
    ceiling: Metrics  #: the best possible scores on the same names
    names: int  #: the number of these names
    left_out: int  #: the number of other names
    model: str  #: the name that the model was loaded by
    #: The metrics of each label's names, given the label, and their number; {} if the list or the model has no labels.
    by_label: Mapping[str, tuple[Metrics, int]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
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
    """Measure how well a model predicts a list. Names with characters that it doesn't know are skipped and counted.

    If the list and the model have labels, each name is predicted given its label. Otherwise a model with labels
    predicts a name by its probability over all labels.

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
    with_labels = bool(model.labels and corpus.labels)
    by_label: dict[str, tuple[Metrics, int]] = {}
    names: list[str] = []
    labels: list[int] = []  # a start token for each name, which tells the labels apart
    characters: list[int] = []  # of each label's names
    known_names = _names_by_label(model, corpus, with_labels=with_labels)
    for label_token, (label, names_of_label) in enumerate(
        known_names.items(), start=model.vocabulary.size
    ):
        beginnings = _beginnings_of(label, model) if with_labels else model.beginnings
        if beginnings is None or not names_of_label:
            continue
        reader, start_token = as_one(model.model, beginnings)
        start_tokens = [start_token] * len(names_of_label)
        tree = PrefixTree.from_names(names_of_label, model.vocabulary, start_tokens)
        metrics = AccuracyEvaluator(reader).evaluate(tree)
        by_label[label] = (metrics, len(names_of_label))
        names += names_of_label
        labels += [label_token] * len(names_of_label)
        characters.append(tree.characters)
    if not by_label:
        unknown = "a label or characters" if with_labels else "characters"
        raise NamesError(
            f"{corpus.source}: every name has {unknown} that {model.name} doesn't know: pass a similar list"
        )
    return Evaluation(
        metrics=_weighted_mean([metrics for metrics, _ in by_label.values()], characters),
        ceiling=ceiling(PrefixTree.from_names(names, model.vocabulary, labels)),
        names=len(names),
        left_out=len(corpus.names) - len(names),
        model=model.name,
        by_label=by_label if with_labels else {},
    )


def _names_by_label(
    model: LoadedModel, corpus: Corpus, *, with_labels: bool
) -> dict[str, list[str]]:
    """The names that a model can read, by label; all under "" unless ``with_labels``."""
    all_characters = "".join(corpus.names)
    knows_all = len(model.blended) < 2 and not model.vocabulary.unknown(all_characters)
    names: dict[str, list[str]] = {label: [] for label in corpus.label_counts}
    if not with_labels:
        names = {"": []}
    for name, label in _labelled_names(corpus):
        if knows_all or model.reads(name):
            names[label if with_labels else ""].append(name)
    return names


def _labelled_names(corpus: Corpus) -> Iterator[tuple[str, str]]:
    """Each name with its label; "" if the list has none."""
    labels = corpus.labels or [""] * len(corpus.names)
    return zip(corpus.names, labels, strict=True)


def _weighted_mean(metrics: list[Metrics], weights: list[int]) -> Metrics:
    """The mean of several metrics, weighted by the number of characters."""
    table = [astuple(metrics_of_label) for metrics_of_label in metrics]  # (labels, metrics)
    return Metrics(*np.average(table, axis=0, weights=weights).tolist())


def _beginnings_of(label: str, model: LoadedModel) -> Beginnings | None:
    """The start tokens for the names of a list's label: those of the same label, or of all labels that it could mean.

    None if the model knows no such label.
    """
    if label in model.labels:
        indexes = [model.labels.index(label)]
    else:
        indexes = meant_labels(label, model.labels)
    if not indexes:
        return None
    if len(indexes) == 1:
        return Beginnings.single(model.beginnings.tokens[indexes[0]])
    return model.beginnings.only(indexes)


def _check_is_corpus(corpus: object) -> None:
    if not isinstance(corpus, Corpus):
        raise NamesError(
            f"the list is {shown(corpus)}: expected a Corpus, as read_names or Corpus.from_names returns"
        )
