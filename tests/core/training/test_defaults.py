"""Check that the default settings depend on the list and never replace the user's settings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.data.corpus import Corpus
from namegen.core.settings import (
    DROPOUT_SETTINGS,
    DataSettings,
    NetworkSettings,
    Recipe,
    TrainingSettings,
)
from namegen.core.training.defaults import ListSize, with_defaults
from namegen.core.training.preparation import data_for, prepare
from namegen.core.training.trainer import Trainer

SHORT = ListSize(
    names=300,
    distinct_names=300,
    listed_names=300,
    characters=2_000,
    prefixes=1_200,
    vocabulary_size=40,
)
LONG = ListSize(
    names=27_000,
    distinct_names=27_000,
    listed_names=27_000,
    characters=200_000,
    prefixes=90_000,
    vocabulary_size=53,
)
RNN = NetworkSettings(architecture="rnn")
STANDARD, QUICK = TrainingSettings(quick=False), TrainingSettings(quick=True)


def chosen(
    size: ListSize, training: TrainingSettings = STANDARD, network: NetworkSettings = RNN
) -> Recipe:
    return with_defaults(Recipe(network=network, training=training), size)


@pytest.mark.parametrize(
    ("names", "said", "share"),
    [
        (99, {}, 0.0),
        (100, {}, 0.1),
        (99, {"quick": True}, 0.1),
        (99, {"validation": 0.1}, 0.1),
        (100, {"validation": 0.0}, 0.0),
        (99, {"test": 0.1}, 0.1),
    ],
)
def test_a_tenth_is_held_out_unless_the_list_is_short(
    names: int, said: dict[str, Any], share: float
) -> None:
    data = DataSettings(**{name: said[name] for name in ("validation", "test") if name in said})
    training = TrainingSettings(quick=said.get("quick", False))
    corpus = Corpus.from_names([f"Al{number}" for number in range(names)] * 2)
    assert data_for(corpus, Recipe(data, training=training)) == replace(
        data, validation=share, name_type="plain"
    )


@pytest.mark.parametrize(
    ("names", "length", "network", "label_smoothing"),
    [
        (4_999, 7, ("gru", 128), 0.5),
        (5_000, 7, ("lstm", 192), 0.3),
        (5_000, 4, ("lstm", 192), 0.1),
        (14_999, 7, ("lstm", 192), 0.3),
        (15_000, 7, ("lstm", 224), 0.5),
        (999, 12, ("gru", 128), 0.5),
        (1_000, 11, ("gru", 128), 0.5),
        (1_000, 12, ("gru", 192), 0.5),
        (1_000, 20, ("lstm", 256), 0.5),
        (15_000, 12, ("gru", 256), 0.5),
    ],
)
def test_defaults_change_at_the_documented_sizes(
    names: int, length: int, network: tuple[str, int], label_smoothing: float
) -> None:
    """The table in docs/concepts/training-defaults.md contains these limits."""
    size = replace(
        LONG,
        names=names,
        distinct_names=names,
        listed_names=names,
        characters=names * length,
        prefixes=names,
    )
    recipe = chosen(size)
    cell, width = network
    assert (recipe.network.cell, recipe.network.hidden) == (cell, (width,))
    assert recipe.training.label_smoothing == label_smoothing


@pytest.mark.parametrize(
    "said", [{"recurrent_dropout": 0.0}, {"label_smoothing": 0.0}, {"epochs": 3}, {"batch_size": 7}]
)
def test_defaults_do_not_replace_explicit_settings(said: dict[str, float]) -> None:
    (name,) = said
    training = chosen(LONG, replace(STANDARD, **said)).training
    assert getattr(training, name) == said[name]
    assert replace(training, **{name: None}) == replace(chosen(LONG).training, **{name: None})


def test_quick_runs_use_the_network_of_the_original_project() -> None:
    recipe = chosen(LONG, QUICK)
    assert (recipe.network.cell, recipe.network.hidden) == ("simple_rnn", (32, 32))
    assert [getattr(recipe.training, name) for name in (*DROPOUT_SETTINGS, "label_smoothing")] == [
        0.0
    ] * 4


@pytest.mark.parametrize(
    ("names", "duplicates", "batch_size", "epochs"),
    [
        (21_000, "full", 128, 120),
        (6_000, "sqrt", 128, 64),
        (100_000, "sqrt", 128, 40),
        (270, "full", 16, 177),
        (1, "sqrt", 16, 3000),
    ],
)
def test_quick_runs_have_enough_updates(
    names: int, duplicates: str, batch_size: int, epochs: int
) -> None:
    recipe = Recipe(data=DataSettings(duplicates=duplicates), network=RNN, training=QUICK)
    training = with_defaults(recipe, replace(LONG, names=names)).training
    assert (training.batch_size, training.epochs) == (batch_size, epochs)


@pytest.mark.parametrize(
    "names", [["Al"] * 60, [f"{chr(0x4E00 + i)}a" for i in range(120)], ["a" * 300] * 12]
)
def test_extreme_lists_can_be_trained(names: list[str]) -> None:
    """Train on one name repeated many times, a large alphabet, and names of 300 characters."""
    recipe = Recipe(DataSettings(validation=0.0), training=TrainingSettings(epochs=1))
    prepared = prepare(Corpus.from_names(names), recipe, NumpyEngine)
    size, batches = ListSize.of(prepared.parts), prepared.batches
    assert (size.names, size.characters) == (
        batches.name_count,
        batches.tree.characters,
    )  # with square-root weighting of duplicates
    result = Trainer(prepared).run()
    assert result.training.loss_nats_per_char < 20
