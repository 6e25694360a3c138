"""A ``.tflite`` of labelled names gives what the NumPy engine gives, behind each beginning and over all of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from namegen import api
from namegen.backends.tflite.export import export_tflite
from namegen.backends.tflite.runtime import TFLiteModel
from namegen.core.data.corpus import Corpus
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.sameness import Sameness
from namegen.core.data.vocabulary import Beginnings
from namegen.core.generation.generator import Generator
from namegen.core.network.checkpoint import Checkpoint
from namegen.errors import CheckpointError
from tests.labelled import FIRST, LABELS, NAMES, labelled_checkpoint
from tests.tflite.conftest import engine_of, logits_of
from tests.tflite.forging import resealed


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("labelled") / "model.tflite"
    report = export_tflite(replace(labelled_checkpoint(), endings=("inc",)), path)
    assert report.names == 1000
    assert report.largest_logit_difference < 1e-4
    return path


def test_logits_behind_each_beginning_are_those_of_the_numpy_engine(path: Path) -> None:
    checkpoint, model = labelled_checkpoint(), TFLiteModel.load(path)
    beginnings = [checkpoint.vocabulary.size + (place >= len(FIRST)) for place in range(len(NAMES))]
    tree = PrefixTree.from_names(NAMES, checkpoint.vocabulary, beginnings)
    assert tree.roots == 2
    expected = logits_of(engine_of(checkpoint, "float64"), tree)
    np.testing.assert_allclose(logits_of(model, tree), expected, rtol=0, atol=1e-4)
    assert np.abs(expected[0] - expected[1]).max() > 0.5


def test_it_carries_the_labels_and_when_names_are_the_same(path: Path) -> None:
    model = TFLiteModel.load(path)
    assert api.load(path).sameness == model.sameness == Sameness(("inc",))
    assert api.load(path).labels == ("first", "last")
    assert model.labels == LABELS
    assert model.beginnings == labelled_checkpoint().beginnings
    assert (model.beginnings.shares, model.vocabulary_size) == ((0.6, 0.4), labelled_checkpoint().vocabulary.size)


def test_the_loop_in_the_file_chooses_the_beginning_by_the_first_number(path: Path) -> None:
    checkpoint, model = labelled_checkpoint(), TFLiteModel.load(path)
    uniforms = np.random.default_rng(5).random((1000, 9))
    drawn = model.generate_tokens(uniforms, 0.9)
    assert drawn.shape == (1000, 8)
    numpy = Generator(engine_of(checkpoint), model.vocabulary, beginnings=checkpoint.beginnings)
    assert (drawn == numpy.draw_one_by_one(uniforms, temperature=0.9)).all(axis=1).sum() >= 995
    for place, token in enumerate(checkpoint.beginnings.tokens):
        apart = Generator(engine_of(checkpoint), model.vocabulary, beginnings=Beginnings.single(token))
        here = (uniforms[:, 0] >= 0.6) == bool(place)
        same = (drawn == apart.draw_one_by_one(uniforms[:, 1:], temperature=0.9)).all(axis=1)
        assert same[here].mean() > 0.99
        assert same[~here].mean() < 0.9
    ends = np.array([[0.0, 0.0], [0.6, 0.0], [np.nextafter(1.0, 0), 0.0]])
    assert model.generate_tokens(ends).shape == (3, 1)
    assert model.generate_tokens(uniforms[:, :1]).shape == (1000, 0)


def test_names_and_figures_are_those_of_the_checkpoint(path: Path) -> None:
    loaded, source = api.load(path), api.open_checkpoint(labelled_checkpoint(), "checkpoint")
    assert loaded.score("Johnson").log_probability == pytest.approx(source.score("Johnson").log_probability, abs=1e-4)
    assert loaded.best(10, allow_seen=True) == source.best(10, allow_seen=True)
    found, expected = (api.evaluate(model, Corpus(NAMES, source="names")).metrics for model in (loaded, source))
    assert found.loss_nats_per_char == pytest.approx(expected.loss_nats_per_char, abs=1e-5)


@pytest.mark.slow
def test_one_label_alone_takes_no_number(tmp_path: Path) -> None:
    """The second label's beginning as the only one: a network of one label."""
    two = labelled_checkpoint()
    kernel = np.delete(two.parameters["rnn.0.kernel"], two.vocabulary.size, axis=0)
    one: Checkpoint = replace(
        two,
        network=replace(two.network, labels=1),
        parameters={**two.parameters, "rnn.0.kernel": kernel},
        labels=(LABELS[1],),
    )
    export_tflite(one, tmp_path / "one.tflite")
    model = TFLiteModel.load(tmp_path / "one.tflite")
    uniforms = np.random.default_rng(6).random((300, 8))
    apart = Generator(engine_of(two), two.vocabulary, beginnings=Beginnings.single(two.vocabulary.size + 1))
    assert (model.generate_tokens(uniforms) == apart.draw_one_by_one(uniforms)).all(axis=1).mean() > 0.99


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"labels":[{"name":"first","names":600}', b'"labels":[{"name":"first","names":-60}'),
        (b'"labels":2', b'"labels":3'),
    ],
)
def test_labels_that_do_not_fit_are_refused(path: Path, old: bytes, new: bytes) -> None:
    content = path.read_bytes()
    assert content.count(old) == 1
    with pytest.raises(CheckpointError, match="does not fit together"):
        TFLiteModel(resealed(content, old, new), path="some.tflite")
