"""Check the reference results (the ceiling and the best n-gram), and that they're computed only if needed."""

from __future__ import annotations

from collections import Counter

import pytest

from namegen.core.data.corpus import Corpus
from namegen.core.data.list_parts import ListParts
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.evaluation.evaluator import AccuracyEvaluator, ceiling
from namegen.core.evaluation.references import HeldOutReferences, best_ngram
from namegen.core.settings import DataSettings
from namegen.lists import load_bundled

CORPUS = Corpus.from_names(load_bundled("mlb-first").names[:4000])


@pytest.mark.parametrize("duplicates", ["full", "sqrt"])
def test_references_are_computed_from_the_training_and_validation_sets(duplicates: str) -> None:
    parts = ListParts.from_corpus(CORPUS, DataSettings(duplicates=duplicates), seed=0)
    (training, chosen_by, _), size = CORPUS.split(DataSettings(), seed=0), CORPUS.vocabulary.size
    held_out = PrefixTree.from_names(chosen_by.names, CORPUS.vocabulary)
    assert parts.validation is not None
    references = HeldOutReferences(parts.validation, parts)
    assert references.ceiling == ceiling(held_out)
    kept = [name for name, count in Counter(training.names).items() for _ in range(count)]
    fewer = [
        name for name, count in Counter(training.names).items() for _ in range(round(count**0.5))
    ]
    figures = {
        reading: best_ngram(PrefixTree.from_names(names, CORPUS.vocabulary), held_out, size)[1]
        for reading, names in (("full", kept), ("sqrt", fewer))
    }
    assert references.with_same_weighting.metrics == figures[duplicates]
    assert figures["sqrt"].loss_nats_per_char < figures["full"].loss_nats_per_char
    assert references.baseline.metrics == figures["sqrt"]  # for either weighting of the network
    assert references.baseline.uses_sqrt_duplicates
    assert references.test_to_dict() == {}


def test_the_baseline_is_chosen_by_validation_loss_and_then_tested() -> None:
    parts = ListParts.from_corpus(CORPUS, DataSettings(test=0.1), seed=0)
    (_, *held_out), size = CORPUS.split(DataSettings(test=0.1), seed=0), CORPUS.vocabulary.size
    chosen_by, tested = (PrefixTree.from_names(part.names, CORPUS.vocabulary) for part in held_out)
    assert parts.validation is not None
    references = HeldOutReferences(parts.validation, parts)
    model, figures = best_ngram(parts.batches.tree, chosen_by, size)
    assert references.with_same_weighting.metrics == figures
    assert references.with_same_weighting.test == AccuracyEvaluator(model).evaluate(tested)
    document = references.test_to_dict()
    assert document["ceiling"] == ceiling(tested).to_dict()
    assert document["baseline"]["order"] == references.baseline.order
