"""The temperature of each model: measured as it is trained, kept, and taken unless another is asked for."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from namegen import api
from namegen.backends import load_engine
from namegen.core.data.batching import ListParts
from namegen.core.data.corpus import Corpus
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.generation.plausibility import SHORT_LIST_TEMPERATURES, TEMPERATURES, drawing_temperature
from namegen.core.network.checkpoint import Checkpoint
from namegen.core.network.record import default_max_length
from namegen.core.settings import DataSettings
from namegen.core.training.preparation import prepare
from namegen.core.training.result import RunResult
from namegen.core.training.run import TrainingRun
from namegen.lists import load_bundled
from namegen.settings_toml import Config, merge

NAMES = load_bundled("mlb-first").names[:2_000]
QUICK = merge(Config(), {"training.effort": "quick", "training.epochs": 3, "network.hidden": (16,)})


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    return api.train(NAMES, config=QUICK, out=tmp_path_factory.mktemp("trained") / "run")


@pytest.fixture
def cool(trained: RunResult) -> Checkpoint:
    """The same model with a temperature that no other has."""
    return replace(trained.checkpoint, drawing_temperature=0.55)


def test_it_is_measured_on_the_training_part_and_kept(trained: RunResult) -> None:
    assert trained.out is not None
    kept = Checkpoint.load(trained.out / "model.safetensors")
    assert kept.drawing_temperature in TEMPERATURES
    model = api.load(trained.out)
    assert model.default_temperature == kept.drawing_temperature
    parts = ListParts.from_corpus(Corpus.from_names(NAMES), DataSettings(), seed=0)
    again = drawing_temperature(
        model.generator,
        parts.training,
        longest=default_max_length(kept.longest_name),
        rng=np.random.default_rng([0, 0, 4]),
    )
    assert again == kept.drawing_temperature


ELVES = """Aelindra, Thalion, Caelum, Lirael, Faelar, Sylwen, Elrohar, Naivara, Galanis, Ithilwen, Vaelith, Erevan,
Laucian, Quelenna, Mirethil, Soveliss, Aramil, Theren, Keyleth, Ildris, Shanairla, Varis, Adrie, Birel,
Jelenneth, Meriele, Carric, Althaea, Drusilia, Enialis, Heian, Immeral, Lamlis, Paelias, Riardon, Tharivol,
Antinua, Bethrynna, Felosial, Leshanna, Sariel, Thiala, Valanthe, Xanaphia, Peren"""
SPELLS = """Fireball, Magic Missile, Cone of Cold, Lightning Bolt, Shield, Mage Armor, Ray of Frost, Acid Arrow, Web,
Mirror Image, Invisibility, Haste, Slow, Polymorph, Wall of Fire, Ice Storm, Dimension Door, Scrying,
Cloudkill, Fly, Hold Person, Teleport, Disintegrate, Chain Lightning, Finger of Death, Power Word Stun, Time
Stop, Meteor Swarm, Gate, Charm Person, Sleep, Burning Hands, Feather Fall, Detect Magic, Identify, Knock,
Levitate, Misty Step, Darkness, Blur, Shatter, Suggestion, Fear, Counterspell, Wish"""


DROIDS = """R2-D2, C-3PO, BB-8, K-2SO, IG-88, R5-D4, 4-LOM, R4-P17, L3-37, BB-9E, HK-47, T3-M4, G0-T0, R7-A7"""


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        (ELVES, r"[A-Z][a-z]{3,}"),
        (DROIDS, r"(?=.*\d)[A-Z\d]{1,2}-[A-Z\d]{1,3}"),
        pytest.param(SPELLS, r"[A-Z][a-z]+( of)?( [A-Z][a-z]+){0,2}", marks=pytest.mark.slow),
    ],
)
def test_the_new_names_of_a_short_list_are_shaped_like_it(text: str, shape: str) -> None:
    """At defaults; no two are the same, and none stands in the list."""
    names = " ".join(text.split()).split(", ")
    result = api.train(names)
    assert result.checkpoint.drawing_temperature in SHORT_LIST_TEMPERATURES
    drawn = api.open_checkpoint(result.checkpoint, "short").generate(200, seed=1)
    assert len(set(drawn) - set(names)) == 200
    assert [name for name in drawn if re.fullmatch(shape, name) is None] == []


def test_of_long_names_fewer_are_drawn(trained: RunResult, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of names of 998 letters 2,000 at each temperature took minutes."""
    drawn = []

    def draw(generator: Any, n: int, *more: Any, **settings: Any) -> tuple[list[str], np.ndarray]:
        drawn.append(n)
        return [], np.zeros(0, np.int32)

    monkeypatch.setattr("namegen.core.generation.plausibility.new_draws", draw)
    generator = api.open_checkpoint(trained.checkpoint, "long").generator
    letters = "abcdefghijklmnopqrstuvwxyz"
    for repeated in (1, 25, 499):
        names = [repeated * f"{a}{b}" for a in letters[:12] for b in letters]
        tree = PrefixTree.from_names(names, generator.vocabulary)
        drawing_temperature(generator, tree, longest=1000, rng=np.random.default_rng(0))
    assert sorted(set(drawn)) == [100, 1960, 2000]


def test_names_are_drawn_with_it_unless_another_is_asked_for(cool: Checkpoint) -> None:
    model = api.open_checkpoint(cool, "cool")
    assert model.generate(20, seed=1) == model.generate(20, seed=1, temperature=0.55)
    assert model.generate(20, seed=1) != model.generate(20, seed=1, temperature=1.0)


def test_a_model_without_one_is_drawn_as_it_is(trained: RunResult) -> None:
    model = api.open_checkpoint(replace(trained.checkpoint, drawing_temperature=None), "old")
    assert model.generate(20, seed=1) == model.generate(20, seed=1, temperature=1.0)


def test_a_blend_takes_the_highest(trained: RunResult, cool: Checkpoint) -> None:
    warm = api.open_checkpoint(replace(trained.checkpoint, drawing_temperature=0.9), "warm")
    assert api.blend([warm, api.open_checkpoint(cool, "cool")]).default_temperature == 0.9


def test_runs_of_sweeps_and_comparisons_measure_none() -> None:
    """Nobody asks them for names, and it takes its time."""
    prepared = prepare(Corpus.from_names(NAMES), QUICK.recipe, load_engine("numpy"))
    assert TrainingRun(prepared).run().checkpoint.drawing_temperature is None
