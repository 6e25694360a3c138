"""Measure a list: its size, its ceiling, and the n-gram baseline on each split."""

from __future__ import annotations

import math
from dataclasses import replace

from namegen.core.data.list_parts import ListParts, label_start_tokens
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.engine import LanguageModel
from namegen.core.evaluation.evaluator import AccuracyEvaluator, ceiling
from namegen.core.evaluation.name_groups import group_sums
from namegen.core.evaluation.references import best_ngram
from namegen.core.models.ngram import NgramModel
from namegen.core.settings import DataSettings
from namegen.documents import UNSET, UnsetType
from namegen.experiments.compare.document import (
    GENERATED_NAMES,
    HeldOutGroups,
    ListFacts,
    Parts,
    Reference,
    ReferencePart,
    ReferenceSubject,
)
from namegen.experiments.compare.quality import (
    describe_ngram_names,
    divergences,
    fit_judge,
    lengths,
    two_halves,
)
from namegen.experiments.compare.request import Request
from namegen.experiments.trained import plain_metrics

GROUP_DIGITS = 4  # the number of decimals in a group's sums


def measure_list(request: Request) -> ListFacts:
    """Measure the size of the list, its ceiling, and the divergence of its two halves."""
    corpus = request.corpus
    start_tokens = label_start_tokens(corpus, corpus.vocabulary, corpus.label_counts)
    tree = PrefixTree.from_names(request.names, corpus.vocabulary, start_tokens)
    first_half, second_half = two_halves(request.names)
    return ListFacts(
        names=tree.name_count,
        distinct_names=tree.distinct_name_count,
        distinct_prefixes=tree.nodes,
        characters=tree.characters,
        ceiling=plain_metrics(ceiling(tree)),
        lengths=lengths(request.names),
        divergence_of_halves_bits=divergences(first_half, second_half),
    )


def measure_reference(request: Request, subject: ReferenceSubject) -> Reference:
    """Measure the ceiling and the n-gram on each part of a split.

    The n-gram has the same training data as the networks: the training set, with square-root weighting of duplicates
    if the list uses it.
    """
    corpus = request.corpus
    data = DataSettings(validation=subject.validation, split=subject.split)
    parts = ListParts.from_corpus(corpus, data, seed=subject.seed)
    held_out = held_out_tree(parts)
    ngram, _ = best_ngram(parts.batches.tree, held_out, corpus.vocabulary.size)
    judge = fit_judge(corpus, subject)
    names_by_model = describe_ngram_names(
        corpus, parts, ngram, judge, names=GENERATED_NAMES, seed=0
    )
    return Reference(
        **vars(subject),
        seen_percent=parts.seen_percent,
        baseline_order=ngram.order,
        sqrt_duplicates=parts.uses_sqrt_duplicates,
        parts=_measure_parts(parts, held_out, ngram),
        ngram_names=names_by_model,
        judge_names=judge.names,
    )


def held_out_tree(parts: ListParts) -> PrefixTree:
    """Return the held-out names. Every measurement of a comparison has some."""
    if parts.validation is None:
        raise ValueError("the measurement has no held-out names: report this")
    return parts.validation


def _measure_parts(
    parts: ListParts, held_out: PrefixTree, ngram: NgramModel
) -> Parts[ReferencePart]:
    """Measure the ceiling and the n-gram on each part of the list, and the n-gram on groups of held-out names."""
    groups = measure_groups(ngram, held_out, parts.vocabulary)
    held_out_part = _measure_part(held_out, ngram)
    return Parts(
        training=_measure_part(parts.training, ngram),
        held_out=replace(held_out_part, baseline_groups=groups),
        whole=_measure_part(parts.whole, ngram),
    )


def _measure_part(tree: PrefixTree, ngram: NgramModel) -> ReferencePart:
    """Measure the ceiling and the n-gram on one part of the list."""
    return ReferencePart(
        names=tree.name_count,
        characters=tree.characters,
        ceiling=plain_metrics(ceiling(tree)),
        baseline=plain_metrics(AccuracyEvaluator(ngram).evaluate(tree)),
    )


def measure_groups(
    model: LanguageModel, held_out: PrefixTree, vocabulary: Vocabulary
) -> HeldOutGroups | UnsetType:
    """Evaluate a model on groups of the held-out names.

    Returns:
        The sums over each group, or ``UNSET`` if a name has the probability 0.
    """
    sums = group_sums(model, held_out, vocabulary)
    total_nats = sums["nats"].sum()
    if not math.isfinite(total_nats):
        return UNSET
    columns = {name: tuple(values.round(GROUP_DIGITS).tolist()) for name, values in sums.items()}
    return HeldOutGroups(**columns)
