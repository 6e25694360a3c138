"""How well a model predicts a list of names, and how well any model could."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from namegen.api.model import LoadedModel
from namegen.core.data.corpus import Corpus
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.evaluation.any_beginning import as_one
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.core.evaluation.metrics import Metrics, ceiling
from namegen.errors import NamesError


@dataclass(frozen=True)
class ListCeiling:
    """The best that any model can do on a list, and how large the list is."""

    metrics: Metrics
    names: int
    distinct_names: int
    distinct_prefixes: int  # the empty one included
    characters: int  # the boundary at the end of each name included

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        sizes = {name: value for name, value in vars(self).items() if name != "metrics"}
        return {**self.metrics.to_dict(), **sizes}


def list_ceiling(corpus: Corpus) -> ListCeiling:
    """What a list allows: each of its prefixes predicts what follows it in this very list."""
    tree = PrefixTree.from_names(corpus.names, corpus.vocabulary)
    return ListCeiling(ceiling(tree), tree.name_count, tree.distinct_name_count, tree.nodes, tree.characters)


@dataclass(frozen=True)
class Evaluation:
    """How well a model predicts a list.

    Attributes:
        metrics: of the names that the model can read.
        ceiling: of the same names.
        names: how many they are.
        left_out: names with characters that the model does not know.
        model: what it was asked for by.
    """

    metrics: Metrics
    ceiling: Metrics
    names: int
    left_out: int
    model: str

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {
            **self.metrics.to_dict(),
            "names": self.names,
            "left_out": self.left_out,
            "ceiling": self.ceiling.to_dict(),
            "model": self.model,
        }


def evaluate(model: LoadedModel, corpus: Corpus) -> Evaluation:
    """Measure a model on a list; names with characters that it does not know are left out, and counted.

    A model of labelled names predicts them whatever their label: by their probability over all of its beginnings.

    Raises:
        NamesError: no name is left.
    """
    knows_all = len(model.blended) < 2 and not model.vocabulary.unknown("".join(corpus.names))
    names = corpus.names if knows_all else [name for name in corpus.names if model.reads(name)]
    if not names:
        raise NamesError(
            f"{corpus.source}: every name has characters that {model.name} does not know: give a list in the script "
            "that it was trained on"
        )
    reader, beginning = as_one(model.model, model.beginnings)
    tree = PrefixTree.from_names(names, model.vocabulary, [beginning] * len(names))
    metrics = AccuracyEvaluator(reader).evaluate(tree)
    return Evaluation(metrics, ceiling(tree), len(names), len(corpus.names) - len(names), model.name)
