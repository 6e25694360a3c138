"""Check that names and scores of labeled models depend on all labels, weighted by their shares."""

from __future__ import annotations

import math

import numpy as np
import pytest

from namegen import api
from namegen.core.data.corpus import Corpus
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.lists import load_bundled
from tests.labelled import FIRST, NAMES, labelled_checkpoint

MODEL = api.open_checkpoint(labelled_checkpoint(), "players")


def log_probabilities(names: list[str]) -> np.ndarray:
    """Compute log Σ share · p(name | label) for each name, by evaluating the names after each start token."""
    of_labels = []
    for token, share in zip(MODEL.start_tokens.tokens, MODEL.start_tokens.shares, strict=True):
        each = [PrefixTree.from_names([name], MODEL.vocabulary, [token]) for name in names]
        scores = [AccuracyEvaluator(MODEL.model).name_log_probabilities(tree)[0] for tree in each]
        of_labels.append(np.array(scores) + math.log(share))
    return np.logaddexp.reduce(of_labels)


def test_percentiles_include_all_labels() -> None:
    of_list = log_probabilities(list(NAMES[::25]))
    for name in ("John", "Johnson", "Kzzj"):
        score = MODEL.score(name)
        share = (of_list < score.log_probability).mean()
        assert score.percentile == pytest.approx(100 * share, abs=15)


def test_evaluation_of_unlabeled_names_includes_all_labels() -> None:
    names = list(FIRST[:50])
    metrics = api.evaluate(MODEL, Corpus(tuple(names), source="names")).metrics
    characters = len("".join(names)) + len(names)
    expected = -log_probabilities(names).sum() / characters
    assert metrics.loss_nats_per_char == pytest.approx(expected, abs=1e-6)


def test_family_names_are_new_in_all_forms_and_distinct() -> None:
    listed = {name.casefold() for name in load_bundled("world-family").names}
    women = api.generate_people(100, origins=["Czech"], gender="female", seed=9)
    assert len(women) == 100
    assert not listed & {person.family.casefold() for person in women}
    men = api.generate_people(15, origins=["Icelandic"], gender="male", seed=5)
    assert len({person.family for person in men}) == 15
