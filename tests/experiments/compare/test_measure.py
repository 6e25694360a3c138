"""One measurement, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from namegen.children import own_environment
from namegen.core.data.batching import ListParts
from namegen.core.data.corpus import Corpus
from namegen.core.evaluation.references import HeldOutReferences
from namegen.core.settings import DataSettings
from namegen.documents import UNSET
from namegen.errors import EngineError
from namegen.experiments.compare import measure
from namegen.experiments.compare.measure import measure_generation, measure_list, measure_reference, measure_training
from namegen.experiments.compare.measurements import (
    GenerationSubject,
    HeldOutGroups,
    ListSubject,
    ReferenceSubject,
    Request,
    SplitName,
    TrainingSubject,
)
from namegen.experiments.trained import PlainMetrics, plain_metrics
from namegen.lists import load_bundled
from tests.core.training.small_runs import make_run
from tests.fake_engine import FakeEngine

NAMES = load_bundled("mlb-first").names[:300]


@pytest.fixture(autouse=True)
def few_names_of_counting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand take seconds."""
    monkeypatch.setattr(measure, "GENERATED_NAMES", 100)


def test_nothing_heavy_is_loaded_before_the_threads_are_pinned() -> None:
    code = "import sys, namegen.experiments.compare.measure\nprint({'numpy', 'keras', 'matplotlib'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], env=own_environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


def test_a_list_and_its_split_are_measured_by_their_parts() -> None:
    facts = measure_list(Request("list", ListSubject(), "x", NAMES, None, None, 1, 0.0))
    subject = ReferenceSubject("names", seed=0, validation=0.2)
    found = measure_reference(Request("reference", subject, "x", NAMES, None, None, 1, 0.0))
    assert facts.names == found.parts.whole.names == 300
    assert found.parts.whole.ceiling == facts.ceiling
    split = Corpus(NAMES, source="x").split(DataSettings(validation=0.2, split="names"), seed=0)
    assert [found.parts.training.names, found.parts.held_out.names, 0] == [len(part.names) for part in split]
    assert sum(facts.lengths.values()) == 300
    assert isinstance(found.counting_names, dict)
    assert {sum(drawn.lengths.values()) for drawn in found.counting_names.values()} == {100}


def assert_sums_of(groups: object, figures: PlainMetrics, characters: int) -> None:
    """Whether all groups together have the figures of the part."""
    assert isinstance(groups, HeldOutGroups)
    assert sum(groups.characters) == characters
    assert sum(groups.nats) / characters == pytest.approx(figures.loss_nats_per_char, abs=1e-4)
    assert sum(groups.hits) / characters == pytest.approx(figures.accuracy_argmax)
    assert sum(groups.sampled) / characters == pytest.approx(figures.accuracy_sampled, abs=1e-4)


def test_network_and_counting_are_measured_on_the_same_held_out_names(tmp_path: Path) -> None:
    subject = ReferenceSubject("unique", seed=1, validation=0.2)
    reference = measure_reference(Request("reference", subject, "x", NAMES, None, None, 1, 0.0))
    held_out = reference.parts.held_out
    assert_sums_of(held_out.baseline_groups, held_out.baseline, held_out.characters)
    assert reference.parts.whole.baseline_groups is reference.parts.training.baseline_groups is UNSET
    config = {"network": {"hidden": [4]}, "data": {"split": "unique", "validation": 0.2, "split_seed": 1}}
    config["training"] = {"seed": 0, "epochs": 2, "effort": "quick"}
    path = str(tmp_path / "model.safetensors")
    trained = measure_training(Request("training", TrainingSubject("numpy", config), "x", NAMES, path, None, 1, 0.0))
    assert_sums_of(trained.held_out_groups, trained.figures.held_out, held_out.characters)
    assert isinstance(trained.held_out_groups, HeldOutGroups)
    assert isinstance(held_out.baseline_groups, HeldOutGroups)
    assert trained.held_out_groups.characters == held_out.baseline_groups.characters  # the same names in each

    for split in (subject, None):
        asked = GenerationSubject("numpy", 50, 0, split=split)
        drawn = measure_generation(Request("generation", asked, "x", NAMES, None, path, 1, 0.0)).algorithms
        for found in drawn.values():
            assert (found.new_percent is UNSET, found.plausible_percent) == ((False, None) if split else (True, UNSET))


@pytest.mark.parametrize(("seconds", "passes"), [(0.01, 20), (0.25, 4), (0.9, 3), (6.0, 1)])
def test_generating_is_timed_often_and_if_it_is_slow_once(
    seconds: float, passes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    monkeypatch.setattr(measure, "time", SimpleNamespace(perf_counter=lambda: len(made) * seconds))
    names, speed = measure._timed(lambda: made.append("Al") or ["Al"], 10)  # type: ignore[func-returns-value]
    assert (len(made) - 1, names) == (passes, ["Al"])  # the first compiles
    assert speed.names_per_second == pytest.approx(10 / seconds)


@pytest.mark.parametrize(("split", "damped"), [("names", False), ("unique", True)])
def test_the_n_gram_reads_what_the_network_reads(split: SplitName, damped: bool) -> None:
    names = load_bundled("mlb-last").names[:500]
    found = measure_reference(Request("reference", ReferenceSubject(split, 0, 0.2), "x", names, None, None, 1, 0.0))
    corpus = Corpus(names, source="x")
    parts = ListParts.from_corpus(corpus, DataSettings(validation=0.2, split=split), seed=0)
    assert parts.held_out is not None
    beside = HeldOutReferences(parts.held_out, parts)
    assert found.repeats_damped == damped
    assert found.baseline_order == beside.same_reading.order
    assert found.parts.held_out.baseline == plain_metrics(beside.same_reading.metrics)


def test_a_network_that_an_engine_lacks_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Attention(FakeEngine):
        cells = frozenset({"attention"})

    monkeypatch.setattr("namegen.backends.load_engine", lambda name: Attention)
    monkeypatch.setattr("namegen.backends.opening.load_engine", lambda name: Attention)
    config = {"network": {"cell": "lstm"}, "data": {"split": "names"}, "training": {"seed": 0}}
    training = Request("training", TrainingSubject("x", config), "x", NAMES, None, None, 1, 0.0)
    with pytest.raises(EngineError, match="the engine fake has no cell lstm: choose one of attention"):
        measure_training(training)
    path = tmp_path / "model.safetensors"
    make_run().finish().checkpoint.save(path)
    generation = Request("generation", GenerationSubject("x", 10, 0), "x", NAMES, None, str(path), 1, 0.0)
    with pytest.raises(EngineError, match="no cell simple_rnn, which the network has: it reads attention"):
        measure_generation(generation)
