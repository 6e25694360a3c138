"""Check the filtered names of trained networks, including networks trained on very short lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pytest

from namegen import api
from namegen.api import LoadedModel
from namegen.core.checkpoint.metadata import ListMetadata
from namegen.core.checkpoint.ngram_set import NgramSet
from namegen.core.data.corpus import Corpus
from namegen.core.data.labels import StartTokens
from namegen.core.data.normalization import known_set
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.generation import fitting
from namegen.core.scoring.scorer import Scorer, Source
from namegen.core.settings import Config
from namegen.errors import GenerationError
from namegen.lists import load_bundled
from namegen.settings_toml import merge
from tests.core.generation.exact import SmallModel
from tests.core.plain_scores import PlainSource, plain_score, weighted

QUICK = merge(
    Config(),
    {
        "training.quick": True,
        "training.epochs": 3,
        "network.hidden": (16,),
        "data.validation": 0.0,
    },
)
PEOPLES = {
    "elf": "Aelindra Caelith Elowen Faelar Galadhiel Ilyana Lirael Naerwen Orophiel Silvaris Thalion Vaeloria "
    "Yavanniel Aerendil Celebria Earion Luthiel Miriel Nimloth Saelihn",
    "dwarf": "Borgrim Durgan Thrumli Gromdal Bruni Kazrik Dolgrin Hargrum Orvik Skaldrum Grundar Balgruk Thordrin "
    "Morgrim Dwalbur Kragni Ulfgrim Brokdur Gundrak Stromgar",
    "islander": "Kalani Moana Leilua Tavake Noelani Aolani Keoni Makoa Palila Malia Tuimana Lanakila Nalani Kaimana "
    "Iolana Pualani Manaia Hokulani Alamea Koamalu",
}


def test_new_names_reach_the_threshold() -> None:
    names = load_bundled("mlb-first").names[:400]
    model = api.load(api.train(names, config=QUICK))
    assert model.checkpoint is not None
    [rule] = model.checkpoint.score_rules
    new = model.generate(25, seed=1)
    scores = [
        plain_score(name, weighted(model.score(name).letters), rule, [PlainSource(names)])
        for name in new
    ]
    assert min(scores) >= rule.threshold
    assert all(
        model.metadata.shortest_name <= len(name) <= model.metadata.longest_name for name in new
    )
    unfiltered = model.generate(25, seed=1, unfiltered=True)
    assert [name for name in unfiltered if name in new] != unfiltered


def test_names_use_the_letter_pairs_of_their_label() -> None:
    """The model has three labels with 20 names each, and is trained with the default settings."""
    names_of = {label: names.split(" ") for label, names in PEOPLES.items()}
    corpus = Corpus.from_names(
        [name for names in names_of.values() for name in names],
        labels=[label for label, names in names_of.items() for _ in names],
    )
    model = api.load(api.train(corpus, config=merge(Config(), {"network.base_model": "none"})))
    foreign = []
    for label, listed in names_of.items():
        known = {pair for name in listed for pair in pairwise(f"^{name}$")}
        names = model.for_labels(label).generate(50, seed=1)
        foreign += [any(pair not in known for pair in pairwise(f"^{name}$")) for name in names]
    assert len(foreign) == 150
    assert np.mean(foreign) <= 0.05


@pytest.fixture(scope="module")
def tiny() -> LoadedModel:
    return api.load(api.train(["Ann", "Bob", "Cid"], config=QUICK))


@pytest.fixture(scope="module")
def labelled() -> LoadedModel:
    names = ["Ann", "Bob", "Cid", "Dora", "Eve", "Zoltan", "Quentin", "Quincy", "Quirin"]
    corpus = Corpus.from_names(names, labels=["a"] * 5 + ["b"] + ["c"] * 3)
    return api.load(api.train(corpus, config=QUICK))


def test_a_model_of_three_names_generates_new_names(tiny: LoadedModel) -> None:
    names = tiny.generate(20, seed=1)
    assert len(set(names)) == 20
    assert not set(names) & {"Ann", "Bob", "Cid"}
    assert {len(name) for name in names} == {3}
    with pytest.raises(GenerationError) as error:
        tiny.generate(1_000, seed=1)
    assert len(set(error.value.found)) == len(error.value.found) > 50


def test_a_label_with_one_name_generates_new_names(labelled: LoadedModel) -> None:
    names = labelled.for_labels("b").generate(20, seed=1)
    assert len(set(names)) == 20
    assert "Zoltan" not in names
    assert len(labelled.generate(20, seed=1)) == 20


def test_models_with_and_without_labels_can_be_blended(
    tiny: LoadedModel, labelled: LoadedModel
) -> None:
    for part in (labelled, labelled.for_labels("b")):
        both = api.blend([part, tiny])
        assert both.scorer is not None
        assert len(both.scorer.sources) == len(part.labels) + 1
        names = both.generate(20, seed=1)
        assert len(set(names)) == 20
        assert not set(names) & {"Ann", "Bob", "Cid", "Zoltan"}
        assert api.blend([both, tiny]).generate(5, seed=1)


def test_a_model_without_ngrams_is_not_filtered(tiny: LoadedModel) -> None:
    """A blend with such a model isn't filtered either."""
    without = replace(tiny, scorer=None)
    assert without.generate(9, seed=1) == tiny.generate(9, seed=1, unfiltered=True)
    assert api.blend([tiny, without]).scorer is None


def test_repeats_are_unfiltered(tiny: LoadedModel) -> None:
    names = tiny.generate(50, seed=1, allow_repeats=True)
    assert names == tiny.generate(50, seed=1, allow_repeats=True, unfiltered=True)
    assert len(set(names)) < 50


def test_missing_score_rules_are_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blends and unfinished runs have no stored rules. A label's rule doesn't depend on the other labels."""
    monkeypatch.setattr(fitting, "DRAWS", 2 * 10**9)
    monkeypatch.setattr(fitting, "MOST_CHARACTERS", 10**10)
    small = SmallModel()
    tokens = tuple(small.vocabulary_size + label for label in range(3))
    ngrams = NgramSet.from_tree(
        PrefixTree.from_names(["ab"] * 3, small.vocabulary, tokens), small.vocabulary, 3
    )
    model = LoadedModel(
        "small",
        small,
        ListMetadata(vocabulary=small.vocabulary, longest_name=4, known_names=known_set(["ab"])),
        start_tokens=StartTokens(tokens, (0.5, 0.3, 0.2)),
        scorer=Scorer([Source(ngrams, small.vocabulary)], tokens[0]),
        labels=("a", "b", "c"),
    )
    whole = scores_by_label(model, tokens)
    assert whole == scores_by_label(model, tokens)
    assert min(abs(one - other) for one, other in combinations(whole, 2)) > 0.15
    for labels in combinations(range(3), 2):
        found = scores_by_label(model.for_labels(*("abc"[label] for label in labels)), tokens)
        assert [found[label] for label in labels] == pytest.approx(
            [whole[label] for label in labels], abs=0.15
        )


def scores_by_label(model: LoadedModel, tokens: Sequence[int]) -> list[float]:
    """Return the score of a four-character name with each label."""
    scorer = model.filtering_generator.scorer
    assert scorer is not None
    count = len(tokens)
    return scorer.scores(
        np.full(count, -9.0), np.full(count, 4), np.zeros(count, np.int64), np.array(tokens)
    ).tolist()
