"""Check the results for groups of names by comparing them with plain calculations for each name."""

from __future__ import annotations

import math

import numpy as np

from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.evaluation.name_groups import GROUPS, group_sums, groups_of
from namegen.core.models.ngram import NgramModel
from namegen.lists import load_bundled
from tests.core.evaluation.test_evaluator import letters_of


def test_group_sums_agree_with_evaluating_each_name_separately() -> None:
    """Duplicates are counted, and a name's group doesn't depend on its label."""
    names = list(load_bundled("mlb-first").names[:100])  # includes many duplicates
    vocabulary = Vocabulary.from_names(names)
    labels = [vocabulary.size + index % 2 for index in range(100)]
    model = NgramModel(PrefixTree.from_names(names[:50], vocabulary), vocabulary.size, 3)
    for tree, start_tokens in (
        (PrefixTree.from_names(names, vocabulary), [0] * 100),
        (PrefixTree.from_names(names, vocabulary, labels), labels),
    ):
        sums = np.zeros((GROUPS, 4))
        for name, start_token in zip(names, start_tokens, strict=True):
            for score, right in letters_of(model, start_token, vocabulary.encode(name).tolist()):
                sums[groups_of([name])[0]] += (1, -score, right, math.exp(score))
        sums_of_groups = group_sums(model, tree, vocabulary)
        made = np.stack(
            [sums_of_groups[name] for name in ("characters", "nats", "hits", "sampled")], axis=1
        )
        np.testing.assert_allclose(made, sums, atol=1e-9)
