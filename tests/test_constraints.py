"""Check that names from a trained network satisfy the constraints passed from Python."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from namegen import api
from namegen.api import LoadedModel
from namegen.cli.generate import generate
from namegen.cli.terminal import option_name
from namegen.core.data.normalization import hash_names, known_set, normalize
from namegen.core.generation.constraints.constraint import Finished
from namegen.core.generation.constraints.others import MinDistance
from namegen.core.generation.request import NameConstraints
from namegen.core.settings import Config
from namegen.lists import load_bundled
from namegen.settings_toml import merge

NAMES = load_bundled("mlb-first").names[:2_000]


@pytest.fixture(scope="session")
def model() -> LoadedModel:
    """Train a network on 2,000 first names for a few epochs."""
    settings = {
        "training.quick": True,
        "training.epochs": 3,
        "network.hidden": (16,),
        "training.batch_size": 64,
    }
    result = api.train(NAMES, config=merge(Config(), settings))
    return api.open_checkpoint(result.checkpoint, "small")


def test_names_satisfy_all_constraints(model: LoadedModel) -> None:
    """The tests of core check the constraints themselves. This test checks that each argument is used."""
    found = model.generate(
        9, starts_with="Ma", ends_with="n", min_length=5, max_length=9, temperature=0.9, seed=1
    )
    assert all(re.fullmatch("Ma.{2,6}n", name) for name in found)
    far = model.generate(
        9,
        matches="[A-Z][a-z]+",
        contains="e",
        exclude_words=["an"],
        exclude_names=NAMES,
        min_distance=2,
        seed=1,
    )
    far += model.most_likely(
        3,
        matches="[A-Z][a-z]+",
        contains="e",
        exclude_words=["an"],
        exclude_names=NAMES,
        min_distance=2,
    )
    assert all(
        re.fullmatch("[A-Z][a-z]+", name) and "e" in name and "an" not in name.lower()
        for name in far
    )
    assert not MinDistance(2, NAMES).rejects(Finished(far)).any()
    assert len(set(model.generate(9, top_k=1, allow_seen=True, allow_repeats=True, seed=1))) == 1


def test_known_names_are_never_new_in_any_spelling(model: LoadedModel) -> None:
    """This includes names of the validation set."""
    known = known_set(NAMES)
    for temperature in (0.5, 1.6):
        names = model.generate(1_000, temperature=temperature, seed=1)
        assert not known.holds(hash_names(names)).any()
        assert not {normalize(name) for name in names} & {normalize(name) for name in NAMES}
    assert not known.holds(hash_names(model.most_likely(100))).any()
    for name in NAMES[:50]:
        spelled = (name.upper(), name.lower(), f" {name} ", "-".join(name))
        assert model.checkpoint.known_names.holds(hash_names(spelled)).all()  # type: ignore[union-attr]


def test_min_distance_applies_to_the_models_bundled_list() -> None:
    model, near = (
        api.load_shipped("japanese-given"),
        MinDistance(2, load_bundled("japanese-given").names).rejects,
    )
    assert near(Finished(model.generate(5, seed=0))).any()
    assert not near(Finished(model.generate(5, min_distance=2, seed=0))).any()


def test_simple_constraints_load_neither_regex_nor_rapidfuzz() -> None:
    program = (
        "import sys, namegen.api as api; model = api.load_shipped('mlb-first');"
        "model.generate(2, seed=1, starts_with='A', min_length=2);"
        "print(sorted({'regex', 'rapidfuzz'} & set(sys.modules)))"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert said.stdout == "[]\n"


def test_every_constraint_has_an_option_and_is_documented() -> None:
    options = {option.name for option in generate.params}
    document = (Path(__file__).parents[1] / "docs" / "guides" / "generate.md").read_text(
        encoding="utf-8"
    )
    for declaration in fields(NameConstraints):
        name = declaration.name
        assert name in options
        assert f"\n| `{name}` | `{option_name(name)}" in document


def test_an_unknown_option_raises_a_type_error(model: LoadedModel) -> None:
    with pytest.raises(TypeError, match="'startswith'"):
        model.generate(startswith="Mc")


def test_min_length_0_disables_the_minimum() -> None:
    """By default, the minimum for this list is four characters."""
    model = api.load_shipped("mlb-last")
    assert model.generate(1, seed=1, matches="Jon", min_length=0) == ["Jon"]
