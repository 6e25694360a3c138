"""Check whole runs: stopping and resuming, the saved model, and rejected settings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.checkpoint.self_test import self_test_logits
from namegen.core.data.corpus import Corpus
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.core.optimizers import OPTIMIZERS
from namegen.core.scoring.words import word_digests
from namegen.core.settings import (
    DataSettings,
    NetworkSettings,
    Recipe,
)
from namegen.core.training.preparation import prepare
from namegen.core.training.run_folder import RunFolder
from namegen.errors import CheckpointError, NamesError
from namegen.events import Event, Measuring
from tests.core.training.small_runs import CORPUS, SHORT, After, make_run, states, untimed
from tests.lion import LION
from tests.reading import assert_same_state, engine_of


@pytest.mark.parametrize(
    ("optimizer", "stops"),
    [("adam", (0,)), ("adam", (3,)), ("momentum", (12, 1, 9)), ("lion", (5,))],
)
def test_a_resumed_run_gives_exactly_the_same_result(
    tmp_path: Path, optimizer: str, stops: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(OPTIMIZERS, "lion", LION)
    training = replace(SHORT, optimizer=optimizer, recurrent_dropout=0.3, output_dropout=0.2)
    whole = make_run(training)
    whole.run()
    for number, steps in enumerate(stops):
        run = make_run(training, folder=RunFolder(tmp_path), should_stop=After(steps))
        if number:
            run.resume()
        assert not run.run().finished
    last = make_run(training, folder=RunFolder(tmp_path))
    last.resume()
    result = last.run()
    assert result.finished
    assert_same_state(states(last), states(whole))
    assert untimed(last.progress.history) == untimed(whole.progress.history)
    assert last.progress.best.epoch == whole.progress.best.epoch
    assert_same_state(dict(last.best_parameters), dict(whole.best_parameters))


def test_resuming_fits_the_score_rules_after_a_stop(tmp_path: Path) -> None:
    told: list[Event] = []
    whole = make_run(for_use=True).run()
    stop = lambda: told.count(Measuring()) > 1  # noqa: E731  # the second Measuring event precedes the score rules
    first = make_run(
        for_use=True, folder=RunFolder(tmp_path), on_progress=told.append, should_stop=stop
    ).run()
    assert told[-2:] == [Measuring()] * 2
    assert not first.finished
    assert first.epochs == SHORT.epochs
    assert first.checkpoint.score_rules == ()
    last = make_run(for_use=True, folder=RunFolder(tmp_path))
    last.resume()
    result = last.run()
    assert result.finished
    assert len(result.checkpoint.score_rules) == 1
    assert result.checkpoint.score_rules == whole.checkpoint.score_rules


def test_resuming_keeps_the_best_epoch_and_the_patience(
    tmp_path: Path,
) -> None:
    training = replace(SHORT, epochs=60, learning_rate=0.1, patience=4, monitor="accuracy")
    data = DataSettings(split="by-name")
    whole = make_run(training, data)
    wanted = whole.run()
    assert wanted.epochs == wanted.best_epoch + 4 < 60
    pause = (wanted.best_epoch + 2) * whole.steps + 1  # in the third epoch after the best one
    make_run(training, data, folder=RunFolder(tmp_path), should_stop=After(pause)).run()
    last = make_run(training, data, folder=RunFolder(tmp_path))
    last.resume()
    result = last.run()
    assert (result.epochs, result.best_epoch) == (wanted.epochs, wanted.best_epoch)
    assert_same_state(dict(result.checkpoint.parameters), dict(wanted.checkpoint.parameters))


def test_changed_settings_or_names_are_rejected(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    make_run(folder=folder, should_stop=After(5)).run()
    with pytest.raises(CheckpointError, match=r"other settings \[training\]"):
        make_run(replace(SHORT, batch_size=16), folder=folder).resume()
    with pytest.raises(CheckpointError, match=r"other settings \[data\]"):
        make_run(data=DataSettings(validation=0.2, split="by-row"), folder=folder).resume()
    with pytest.raises(NamesError, match="has changed since"):
        make_run(corpus=Corpus((*CORPUS.names[:-1], "Bob"), source="other"), folder=folder).resume()


def test_the_model_contains_the_percentiles_of_its_list() -> None:
    run = make_run()
    checkpoint = run.run().checkpoint
    engine = engine_of(checkpoint)
    tree = PrefixTree.from_names(CORPUS.names, CORPUS.vocabulary)
    names = CORPUS.vocabulary.decode_all(tree.sequences().tokens)
    log_probabilities = AccuracyEvaluator(engine).name_log_probabilities(tree).tolist()
    by_name = dict(zip(names, log_probabilities, strict=True))
    of_entries = np.sort([by_name[name] for name in CORPUS.names])
    assert checkpoint.score_quantiles[0] == pytest.approx(of_entries[0], abs=1e-5)
    assert checkpoint.score_quantiles[-1] == pytest.approx(of_entries[-1], abs=1e-5)
    assert checkpoint.score_quantiles[50] == pytest.approx(np.median(of_entries), abs=0.05)


def test_self_test_logits_match_the_saved_parameters(tmp_path: Path) -> None:
    worse = replace(SHORT, lr_schedule="steps", learning_rate=None, lr_steps=((0, 0.01), (1, 0.3)))
    for is_begun in (False, True):
        run = make_run(worse, folder=RunFolder(tmp_path))
        if is_begun:
            run.resume()
        result = run.run()
        assert result.best_epoch < result.epochs
        engine = engine_of(result.checkpoint)
        np.testing.assert_array_equal(result.checkpoint.probe, self_test_logits(engine, 0))


@pytest.mark.parametrize("labels", [1, 2])
@pytest.mark.parametrize("separator", ["", " "], ids=["words", "phrases"])
def test_ngrams_and_words_come_only_from_the_training_set(separator: str, labels: int) -> None:
    """Each name has two characters that no other name has and, if it's a phrase, two such words."""
    names = [f"{chr(0x4E00 + n)}a{separator}b{chr(0x5E00 + n)}" for n in range(80)]
    label_of = {name: n % labels for n, name in enumerate(names)}
    corpus = Corpus.from_names(
        names, labels=[f"label {label}" for label in label_of.values()] if labels > 1 else None
    )
    recipe = Recipe(DataSettings(validation=0.2, test=0.2), NetworkSettings(hidden=(8,)), SHORT)
    prepared = prepare(corpus, recipe, NumpyEngine, for_use=True)
    metadata, learned = prepared.metadata, corpus.split(recipe.data, seed=SHORT.seed)[0].names
    assert 30 < len(learned) < 60
    assert metadata.ngrams is not None
    words_of = {name: name.split() for name in names}  # n-grams are counted within words
    for name in names:
        for word in words_of[name]:
            tokens = metadata.vocabulary.encode(word).astype(np.int64)
            missing = metadata.ngrams.missing(tokens[None], np.array([label_of[name]]))
            assert (missing[0] == 0) == (name in learned)
    if separator:
        assert metadata.words is not None
        words = [(word, label_of[name]) for name in learned for word in words_of[name]]
        assert len(metadata.words) == len(words)
        assert metadata.words.holds(word_digests(words)).all()
    else:
        assert metadata.words is None
