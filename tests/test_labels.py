"""Check training, resuming, generation, scores and evaluation with labeled lists."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from namegen import api
from namegen.api import LoadedModel
from namegen.core.data.corpus import Corpus
from namegen.core.data.list_parts import ListParts
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.core.evaluation.references import HeldOutReferences, best_ngram
from namegen.core.settings import Config, DataSettings
from namegen.errors import SettingsError
from namegen.lists import load_bundled
from namegen.settings_toml import merge

QUICK = merge(Config(), {"training.quick": True, "training.epochs": 3, "network.hidden": (16,)})


def part_of_list(*labels: str) -> Corpus:
    """Return 90 names of each origin, spread evenly over its sorted names."""
    corpus = load_bundled("world-given")
    origins = np.array([label.split(",")[0] for label in corpus.labels])
    names: list[str] = []
    for label in labels:
        of_label = np.array(corpus.names)[origins == label]
        names += of_label[:: len(of_label) // 90][:90].tolist()
    return Corpus.from_names(names, labels=list(np.repeat(labels, 90)), source="some")


SOME = part_of_list("Finnish", "Italian", "Yoruba")


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    return api.load(api.train(SOME, config=QUICK))


def log_probability(model: LoadedModel, name: str, token: int) -> float:
    """Evaluate a name after a start token."""
    tree = PrefixTree.from_names([name], model.vocabulary, [token])
    return float(AccuracyEvaluator(model.model).name_log_probabilities(tree)[0])


def test_names_of_a_label_follow_its_start_token(model: LoadedModel) -> None:
    yoruba = model.for_labels("yoruba")
    assert (yoruba.labels, yoruba.start_tokens.shares) == (("Yoruba",), (1.0,))
    token = model.start_tokens.tokens[2]
    for batch in yoruba.generate_batches(30, seed=1):
        for name, score in zip(batch.names, batch.log_probability, strict=True):
            assert log_probability(model, name, token) == pytest.approx(score, abs=1e-4)
    assert yoruba.generate(30, seed=1) != model.for_labels("Finnish").generate(30, seed=1)


def test_label_probabilities_follow_bayes_rule(model: LoadedModel) -> None:
    start_tokens = model.start_tokens
    joint = {
        label: share * math.exp(log_probability(model, "Anna", token))
        for label, token, share in zip(
            model.labels, start_tokens.tokens, start_tokens.shares, strict=True
        )
    }
    total = sum(joint.values())
    found = model.label_probabilities("Anna")
    assert found == pytest.approx({label: each / total for label, each in joint.items()}, rel=1e-4)
    assert list(found.values()) == sorted(found.values(), reverse=True)
    assert model.score("Anna").log_probability == pytest.approx(math.log(total), abs=1e-4)
    with pytest.raises(SettingsError, match="has no labels"):
        api.load("mlb-first").label_probabilities("Anna")


def test_labeled_lists_are_evaluated_for_each_label(model: LoadedModel) -> None:
    found = api.evaluate(model, SOME)
    assert list(found.by_label) == list(model.labels)
    nats = 0.0
    characters = 0
    for label, (metrics, count) in found.by_label.items():
        names = [name for name, of in zip(SOME.names, SOME.labels, strict=True) if of == label]
        alone = api.evaluate(model.for_labels(label), Corpus.from_names(names)).metrics
        assert metrics.loss_nats_per_char == pytest.approx(alone.loss_nats_per_char)
        assert count == len(names)
        characters += len("".join(names)) + count
        nats += (len("".join(names)) + count) * metrics.loss_nats_per_char
    assert found.metrics.loss_nats_per_char == pytest.approx(nats / characters)
    other = Corpus.from_names(["Aino", "Anna", "Bo"], labels=["Finnish", "Klingon", "Italian"])
    found = api.evaluate(model, other)
    assert (found.names, found.left_out) == (2, 1)


def test_blends_use_the_selected_labels(model: LoadedModel) -> None:
    """A blend of a model with itself predicts the same as the model, with all labels and with one."""
    for one in (model, model.for_labels("Italian")):
        twice = api.blend([one, one])
        assert twice.score("Anna").log_probability == pytest.approx(
            one.score("Anna").log_probability, abs=1e-5
        )
    mixed = api.blend([model.for_labels("Italian"), api.load("companies")])
    parts = [
        model.for_labels("Italian").score("A").letters[0],
        api.load("companies").score("A").letters[0],
    ]
    assert mixed.score("A").letters[0] == pytest.approx(math.log(np.mean(np.exp(parts))), abs=1e-5)


def test_a_resumed_run_is_equal_bit_for_bit(tmp_path: Path) -> None:
    out = "with a comma, and 'quotes'"
    tricky = Corpus.from_names(
        [*SOME.names, 'O"Hara', "=1+1", "a;b"],
        labels=[*SOME.labels, "Finnish", '<b>"x",y</b>', '<b>"x",y</b>'],
    )
    steps = iter(range(10_000))
    stopped = api.train(
        tricky, config=QUICK, out=tmp_path / out, should_stop=lambda: next(steps) > 12
    )
    assert not stopped.finished
    resumed = api.resume(tmp_path / out)
    whole = api.train(tricky, config=QUICK)
    assert resumed.checkpoint.labels == whole.checkpoint.labels
    for name, values in whole.checkpoint.parameters.items():
        np.testing.assert_array_equal(values, resumed.checkpoint.parameters[name])


def test_the_better_of_both_ngram_baselines_is_used() -> None:
    parts = ListParts.from_corpus(SOME, DataSettings(), seed=0)
    assert parts.validation is not None
    found = HeldOutReferences(parts.validation, parts).baseline
    with_labels = (parts.training, parts.validation)
    without = tuple(tree.under_one_root() for tree in with_labels)
    losses = [
        best_ngram(*trees, SOME.vocabulary.size)[1].loss_nats_per_char
        for trees in (with_labels, without)
    ]
    assert found.metrics.loss_nats_per_char <= min(losses)
    assert found.by_label == (losses[0] < losses[1])


@pytest.fixture(scope="module")
def parted(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    """Train a model whose labels have an origin and a gender. A third of the names have no gender."""
    genders = itertools.cycle(("female", "male", ""))
    labels = [f"{label},{gender}" for label, gender in zip(SOME.labels, genders, strict=False)]
    result = api.train(Corpus.from_names(SOME.names, labels=labels), config=QUICK)
    path = tmp_path_factory.mktemp("parts") / "model.safetensors"
    result.checkpoint.save(path)
    return api.load(path)


class TestLabelParts:
    def test_any_part_of_a_label_can_be_selected(self, parted: LoadedModel) -> None:
        assert parted.for_labels("Finnish").labels == ("Finnish,", "Finnish,female", "Finnish,male")
        some = parted.for_labels("yoruba,male", "Finnish,female")
        assert some.labels == ("Yoruba,", "Yoruba,male", "Finnish,", "Finnish,female")
        assert len(parted.for_labels("female").generate(9, seed=1)) == 9
        with pytest.raises(SettingsError, match="did you mean 'female'"):
            parted.for_labels("femal")


def test_a_label_without_training_names_is_rejected(model: LoadedModel) -> None:
    checkpoint: Any = model.checkpoint
    labels = (replace(checkpoint.labels[0], names=0), *checkpoint.labels[1:])
    none = api.open_checkpoint(replace(checkpoint, labels=labels), "some")
    with pytest.raises(SettingsError, match="no name of the training set has one of these labels"):
        none.for_labels("Finnish")
    assert none.generate(20, seed=0)
