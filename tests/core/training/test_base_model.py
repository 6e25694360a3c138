"""Check which runs are fine-tuned from a base model, their initial parameters and their metadata."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from namegen import api
from namegen.api import training
from namegen.api.training import open_base_model
from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.backends.opening import open_network
from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.checkpoint.ngram_set import NgramSet
from namegen.core.data.corpus import Corpus
from namegen.core.data.normalization import hash_names
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.network.architecture import RecurrentNetwork
from namegen.core.settings import Config, NetworkSettings, Recipe, TrainingSettings
from namegen.core.training.base_model import BaseModel, choose_starting_point
from namegen.core.training.preparation import PreparedTraining, prepare
from namegen.errors import CheckpointError, SettingsError
from namegen.lists import load_bundled
from namegen.settings_toml import merge, read_config
from tests.core.training.small_runs import After
from tests.reading import engine_of, logits_behind

ITALIAN = re.findall(
    r"\w+",
    "Rossi Russo Ferrari Esposito Bianchi Romano Colombo Ricci Marino Greco Bruno Gallo Conti Deluca Mancini Costa "
    "Giordano Rizzo Lombardi Moretti",
)
ELVES = ["Aelindra", "Thalorien", "Sylvaris", "Caelith", "Elowen", "Nimriel"]
TAVERNS = list(load_bundled("taverns").names[:24])
RNN = NetworkSettings(architecture="rnn")


@cache
def shipped() -> BaseModel:
    return open_base_model(None)


def small_base_model() -> BaseModel:
    network = RecurrentNetwork(4, "gru", (5,))
    values = network.initial_parameters("normal", rng=np.random.default_rng(0))
    parameters = {name: 9 * value.astype(np.float32) for name, value in values.items()}
    checkpoint = Checkpoint(network=network, vocabulary=Vocabulary("abc"), parameters=parameters)
    return BaseModel("small", checkpoint, open_network(checkpoint, "small"))


def of_names(names: list[str], *, for_use: bool = False, **network: object) -> PreparedTraining:
    return prepare(
        Corpus.from_names(names),
        Recipe(network=NetworkSettings(**network)),
        NumpyEngine,
        for_use=for_use,
        open_base_model=lambda _: shipped(),
    )


def test_new_characters_start_with_the_mean_of_known_ones() -> None:
    """For known characters, the logits are the same as in the base model."""
    base_model = small_base_model()
    shares = base_model.label_shares(Corpus.from_names(["xa", "ca"]), ())
    made = base_model.parameters(Vocabulary("acx"), shares, has_labels=False)
    mean = base_model.checkpoint.parameters["rnn.0.kernel"][1:].mean(axis=0)
    np.testing.assert_allclose(made["rnn.0.kernel"][3], mean, rtol=1e-6)
    logits = logits_behind(engine_of(replace(base_model.checkpoint, parameters=made)), (0, 1, 2))
    expected = logits_behind(base_model.model, (0, 1, 3))
    np.testing.assert_allclose(logits[:, :3], expected[:, [0, 1, 3]], rtol=1e-5)


def test_a_list_starts_with_the_weights_of_similar_labels() -> None:
    of_base = [label.name for label in shipped().checkpoint.labels]
    rows = shipped().checkpoint.parameters["rnn.0.kernel"][-len(of_base) :]
    given = load_bundled("world-given", labels="origin")
    pairs = zip(given.names, given.labels, strict=True)
    finnish_and_yoruba = [pair for pair in pairs if pair[1] in ("Finnish", "Yoruba")][::9]
    names, labels = zip(*finnish_and_yoruba, strict=True)
    corpus = Corpus.from_names(names, labels=labels)

    shares = shipped().label_shares(corpus, ("Finnish", "Yoruba"))
    assert [of_base[best] for best in shares.argmax(axis=1)] == ["Finnish given", "Yoruba given"]
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    made = shipped().parameters(corpus.vocabulary, shares, has_labels=True)["rnn.0.kernel"]
    np.testing.assert_allclose(made[-2:], shares @ rows, rtol=1e-5)
    unreadable = shipped().label_shares(Corpus.from_names(["王"]), ())
    np.testing.assert_allclose(unreadable, 1 / len(of_base))


def test_a_label_of_the_base_model_keeps_its_names() -> None:
    corpus = Corpus.from_names(ITALIAN[:2], labels=["elves", "Dutch given"])
    of_base = [label.name for label in shipped().checkpoint.labels]
    shares = shipped().label_shares(corpus, ("Dutch given", "elves"))
    assert [of_base[best] for best in shares.argmax(axis=1)] == ["Dutch given", "elves"]
    assert shares.max() == shares.sum() / 2 == 1


def test_ngrams_of_similar_labels_count_as_known() -> None:
    ngrams = of_names(ITALIAN, for_use=True).metadata.ngrams
    own = of_names(ITALIAN, for_use=True, base_model="none").metadata.ngrams
    vocabulary = Corpus.from_names(ITALIAN).vocabulary

    def missing(of: NgramSet, name: str) -> int:
        return int(of.missing(vocabulary.encode(name)[None], np.zeros(1, int))[0])

    assert missing(own, "Rossi") == missing(ngrams, "Rossi") == 0
    assert missing(own, "Martini") > missing(ngrams, "Martini") == 0
    assert missing(ngrams, "Rzzcmb") > 20


@pytest.mark.parametrize(
    ("names", "network", "quick", "remark"),
    [
        (ITALIAN, {}, False, "fine-tuning namegen's base model"),
        (ELVES, {}, False, "fine-tuning namegen's base model"),
        (ITALIAN[:1], {}, False, "fine-tuning namegen's base model"),
        (ITALIAN, {"hidden": (160,)}, False, ""),
        (ITALIAN, {"cell": "gru"}, False, ""),
        ([f"{one}王王" for one in ITALIAN], {}, False, "% of the list's characters"),
        (TAVERNS, {}, False, "training from scratch: the names of the list are phrases"),
        ([f"Al{'abcdefghij'[i % 10]}{i}" for i in range(500)], {}, False, ""),
        (ITALIAN, {}, True, ""),
        (ITALIAN, {"base_model": "none"}, False, ""),
        (
            [f"Al{'abcdefghij'[i % 10]}{i}" for i in range(500)],
            {"base_model": "base"},
            True,
            "fine-tuning the model 'base'",
        ),
    ],
)
def test_a_base_model_is_used_only_if_it_fits(
    names: list[str], network: dict, quick: bool, remark: str
) -> None:
    recipe = Recipe(network=replace(RNN, **network), training=TrainingSettings(quick=quick))
    start = choose_starting_point(recipe, lambda _: shipped(), Corpus.from_names(names))
    assert remark in start.remark
    assert bool(remark) == bool(start.remark)
    is_fine_tuned = start.base_model is not None
    assert is_fine_tuned == start.recipe.network.uses_base_model
    assert is_fine_tuned == start.remark.startswith("fine-tuning")


@pytest.mark.parametrize(
    "network", [{"cell": "lstm"}, {"hidden": (8,)}, {"architecture": "other"}, {}]
)
def test_a_requested_base_model_must_fit(network: dict) -> None:
    recipe = Recipe(network=replace(RNN, base_model="base", **network))
    names = Corpus.from_names(["王王", "王"] if not network else ITALIAN)
    with pytest.raises(SettingsError, match="base_model"):
        choose_starting_point(recipe, lambda _: shipped(), names)
    with pytest.raises(SettingsError, match="remove the setting"):  # for example, in a sweep
        choose_starting_point(recipe, None, names)


@pytest.mark.parametrize("write", [str.lower, str.upper])
def test_lists_in_one_case_are_trained_in_title_case_and_written_back(
    write: Callable[[str], str],
) -> None:
    one_case = api.load(api.train([write(name) for name in ITALIAN], save=False))
    usual = api.load(api.train(ITALIAN, save=False))
    names = usual.generate(9, seed=1)
    assert one_case.generate(9, seed=1) == [write(name) for name in names]
    assert one_case.generate(9, seed=1, letter_case="title") == names
    assert one_case.score(write(names[0])).letters == usual.score(names[0]).letters
    start = write("Ma")
    constrained = one_case.generate(5, seed=1, starts_with=start, ends_with=write("i"))
    assert all(name.startswith(start) and name.endswith(write("i")) for name in constrained)
    assert one_case.generate(5, seed=1, matches=write("m.*")) != []


@pytest.mark.parametrize("count", [1, 3, 12])
def test_very_few_names_give_well_formed_names(count: int) -> None:
    names = api.load(api.train(ITALIAN[:count], save=False)).generate(10, seed=1)
    for name in names:
        assert name == name.title()
        assert re.search("[aeiou]", name)
        assert not re.search(r"(.)\1\1", name)


def test_longer_lists_are_fine_tuned_with_dropout_and_label_smoothing() -> None:
    few = of_names(ITALIAN).recipe.training
    assert (few.epochs, few.learning_rate, few.label_smoothing, few.recurrent_dropout) == (
        15,  # of two steps
        0.002,
        0.0,
        0.0,
    )
    more = of_names(list(load_bundled("mlb-first").names[:300])).recipe.training
    assert (more.label_smoothing, more.output_dropout, more.recurrent_dropout > 0.1) == (
        0.3,
        0.0,
        True,
    )


def test_metadata_includes_names_and_credits_of_the_base_model() -> None:
    metadata = of_names(ITALIAN).metadata
    assert metadata.known_names.holds(hash_names(["Aino", ITALIAN[0], "Qqqq"])).tolist() == [
        True,
        True,
        False,
    ]
    assert metadata.training["base_model"] == "base"
    assert "Faraglia and contributors; MIT" in metadata.training["credit"]
    assert len(of_names(ITALIAN, base_model="none").metadata.known_names) == len(ITALIAN)


def test_the_remark_counts_held_out_names_that_the_base_model_has_seen() -> None:
    names = [*load_bundled("world-family").names[:150], *(f"{name}qu" for name in ITALIAN)]
    remark = of_names(names).remark
    seen, held_out = map(int, re.findall(r"seen (\d+) of the (\d+) held-out names", remark)[0])
    assert 0 < seen < held_out < 30


def test_a_run_is_resumed_exactly_without_its_base_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run is stopped in its first epoch, and then the base model is deleted."""
    config = merge(Config(), {"run.threads": 1, "training.epochs": 2})
    whole = api.train(ITALIAN, config=config, out=tmp_path / "whole").checkpoint
    assert not api.train(
        ITALIAN, config=config, out=tmp_path / "run", should_stop=After(2)
    ).finished
    assert read_config(tmp_path / "run" / "config.toml").network.base_model == "base"
    monkeypatch.setattr(training, "shipped_path", lambda _: tmp_path / "gone.safetensors")
    resumed = api.resume(tmp_path / "run").checkpoint
    for name, values in whole.parameters.items():
        np.testing.assert_array_equal(resumed.parameters[name], values)
    assert resumed.training == whole.training
    assert resumed.ngrams.to_bytes() == whole.ngrams.to_bytes()
    np.testing.assert_array_equal(resumed.known_names.numbers, whole.known_names.numbers)
    with pytest.raises(CheckpointError, match="base_model=none"):
        api.train(ITALIAN, config=config)
    again = api.train(
        ITALIAN,
        config=merge(config, {"network.base_model": str(tmp_path / "run"), "training.epochs": 1}),
    )
    assert again.checkpoint.training["credit"] == whole.training["credit"]
