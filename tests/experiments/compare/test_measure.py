"""Test the single measurements of a comparison."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from namegen.children import own_environment
from namegen.core.data.corpus import Corpus
from namegen.core.data.list_parts import ListParts
from namegen.core.evaluation.references import HeldOutReferences
from namegen.core.settings import DataSettings
from namegen.documents import UNSET, to_plain
from namegen.errors import EngineError
from namegen.experiments.compare import machine_load, measure_generation, measure_list
from namegen.experiments.compare.document import (
    GenerationSubject,
    HeldOutGroups,
    ListSubject,
    ReferenceSubject,
    SplitName,
    Subject,
    TimingSubject,
    TrainingSubject,
)
from namegen.experiments.compare.machine_load import LoadMonitor, peak_memory_mib
from namegen.experiments.compare.measure import make_record
from namegen.experiments.compare.request import Request
from namegen.experiments.trained import PlainMetrics, plain_metrics
from namegen.lists import load_bundled
from tests.core.training.small_runs import make_run
from tests.fake_engine import FakeEngine

NAMES = load_bundled("mlb-first").names[:300]
linux = pytest.mark.skipif(
    not Path("/proc/stat").exists(), reason="another system does not say what others do"
)


def measured(subject: Subject, names: tuple[str, ...] = NAMES, **files: str) -> Any:
    return make_record(Request(subject.kind, to_plain(subject), "x", names, **files))


@pytest.fixture(autouse=True)
def few_names_of_counting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw only a few n-gram names, because the usual ten thousand would take seconds."""
    monkeypatch.setattr(measure_list, "GENERATED_NAMES", 100)


def test_heavy_libraries_are_not_imported_before_threads_are_limited() -> None:
    code = "import sys, namegen.experiments.compare.measure\nprint({'numpy', 'keras', 'matplotlib'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=own_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "set()"


def test_a_list_and_its_split_are_measured() -> None:
    facts = measured(ListSubject())
    subject = ReferenceSubject("by-row", seed=0, validation=0.2)
    result = measured(subject)
    assert facts.names == result.parts.whole.names == 300
    assert result.parts.whole.ceiling == facts.ceiling
    split = Corpus(NAMES, source="x").split(DataSettings(validation=0.2, split="by-row"), seed=0)
    assert [result.parts.training.names, result.parts.held_out.names, 0] == [
        len(part.names) for part in split
    ]
    assert sum(facts.lengths.values()) == 300
    assert {sum(drawn.lengths.values()) for drawn in result.ngram_names.values()} == {100}


def assert_sums_of(groups: object, figures: PlainMetrics, characters: int) -> None:
    """Check that the sums of all groups agree with the metrics."""
    assert isinstance(groups, HeldOutGroups)
    assert sum(groups.characters) == characters
    assert sum(groups.nats) / characters == pytest.approx(figures.loss_nats_per_char, abs=1e-4)
    assert sum(groups.hits) / characters == pytest.approx(figures.accuracy_argmax)
    assert sum(groups.sampled) / characters == pytest.approx(figures.accuracy_sampled, abs=1e-4)


def test_network_and_n_gram_are_evaluated_on_the_same_names(tmp_path: Path) -> None:
    subject = ReferenceSubject("by-name", seed=1, validation=0.2)
    reference = measured(subject)
    held_out = reference.parts.held_out
    assert_sums_of(held_out.baseline_groups, held_out.baseline, held_out.characters)
    assert (
        reference.parts.whole.baseline_groups is reference.parts.training.baseline_groups is UNSET
    )
    config = {
        "network": {"hidden": [4]},
        "data": {"split": "by-name", "validation": 0.2, "split_seed": 1},
    }
    config["training"] = {"seed": 0, "epochs": 2, "quick": True}
    path = str(tmp_path / "model.safetensors")
    trained = measured(TrainingSubject("n", "numpy", "network", config), output_file=path)
    assert_sums_of(trained.held_out_groups, trained.figures.held_out, held_out.characters)
    # Each group has the same names.
    assert trained.held_out_groups.characters == held_out.baseline_groups.characters

    drawn = measured(GenerationSubject("n", "numpy", 50, 0, None, subject), input_file=path)
    assert set(drawn.algorithms) == {"one_by_one", "count_splitting"}
    for result in drawn.algorithms.values():
        assert result.plausible_percent is None, "a list of 300 names has too few held-out names"
        assert 0 < len(set(result.new_names)) == len(result.new_names) <= 10
        assert result.new_percent > 0


@pytest.mark.parametrize(("seconds", "passes"), [(0.01, 20), (0.25, 4), (0.9, 3), (6.0, 1)])
def test_generation_is_timed_once_only_if_it_is_slow(
    seconds: float, passes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    checks: list[int] = []
    # The first pass is for compilation, and the second one is slowed down.
    clock = SimpleNamespace(perf_counter=lambda: (len(made) + (len(made) > 1) / 2) * seconds)
    monkeypatch.setattr(measure_generation, "time", clock)
    monitor = LoadMonitor()
    monkeypatch.setattr(monitor, "check", lambda: checks.append(len(made)))

    def generate() -> list[str]:
        made.append("Al")
        return ["Al"]

    timed = measure_generation.time_generation(generate, 1, monitor)
    assert (len(made) - 1, timed.names) == (passes, ["Al"])
    assert timed.fastest_seconds == pytest.approx(seconds if passes > 1 else 1.5 * seconds)
    assert checks == list(range(1, passes + 2)), "check the load after each pass"


@pytest.mark.parametrize(("split", "uses_sqrt_duplicates"), [("by-row", False), ("by-name", True)])
def test_n_gram_and_network_have_the_same_training_data(
    split: SplitName, uses_sqrt_duplicates: bool
) -> None:
    names = load_bundled("mlb-last").names[:500]
    result = measured(ReferenceSubject(split, 0, 0.2), names)
    corpus = Corpus(names, source="x")
    parts = ListParts.from_corpus(corpus, DataSettings(validation=0.2, split=split), seed=0)
    assert parts.validation is not None
    beside = HeldOutReferences(parts.validation, parts)
    assert result.sqrt_duplicates == uses_sqrt_duplicates
    assert result.baseline_order == beside.with_same_weighting.order
    assert result.parts.held_out.baseline == plain_metrics(beside.with_same_weighting.metrics)


def test_a_network_that_a_backend_does_not_support_is_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Attention(FakeEngine):
        cells = frozenset({"attention"})

    monkeypatch.setattr("namegen.backends.load_engine", lambda name: Attention)
    monkeypatch.setattr("namegen.backends.opening.load_engine", lambda name: Attention)
    config = {
        "network": {"cell": "lstm"},
        "data": {"split": "by-row", "split_seed": 0, "validation": 0.1},
    }
    config["training"] = {"seed": 0}
    with pytest.raises(
        EngineError, match="the backend fake has no cell 'lstm': choose one of attention"
    ):
        measured(TrainingSubject("n", "x", "network", config))
    path = tmp_path / "model.safetensors"
    make_run().finish().checkpoint.save(path)
    asked = GenerationSubject("n", "x", 10, 0, None, ReferenceSubject("by-row", 0, 0.2))
    with pytest.raises(EngineError, match="no cell 'simple_rnn': choose one of attention"):
        measured(asked, input_file=str(path))


# --- time, memory, and whether the machine was quiet ------------------------------------------------------------------


@pytest.mark.parametrize(("large", "sizes"), [(None, [32]), (512, [32, 512])])
def test_a_backend_is_timed_with_one_or_two_batch_sizes(
    large: int | None, sizes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = iter(range(3, 100))
    monkeypatch.setattr(machine_load, "time_reference", lambda: float(next(looks)))
    names = load_bundled("mlb-first").names[:1000]
    config = {
        "data": {"validation": 0.2, "split": "by-row", "split_seed": 0},
        "network": {"cell": "simple_rnn", "hidden": [8]},
        "training": {"quick": True, "seed": 0, "epochs": 3, "batch_size": 32},
    }
    result = measured(TimingSubject("n", "numpy", 1, config, large), names)
    assert [one.batch_size for one in result.batches] == sizes
    assert next(looks) == 3 + 2 + 3 * len(sizes), (
        "checks: at the start, after each epoch, and at the end"
    )
    assert [one.peak_memory_mib is None for one in result.batches] == [False, True][: len(sizes)], (
        "memory is only measured for the first batch size"
    )
    characters = {round(one.chars_per_second * one.seconds_per_epoch) for one in result.batches}
    assert len(characters) == 1, "an epoch has the same number of characters for each batch size"
    whole = sum(len(name) + 1 for name in names)
    assert 0.7 * whole < characters.pop() < 0.9 * whole  # the training set is 80% of the list
    assert min(min(one.seconds_per_epoch, one.start_up_seconds) for one in result.batches) > 0


def test_the_best_reference_time_of_each_half_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    took = iter([3.0, 1.0, 4.0, 2.0, 5.0])
    monkeypatch.setattr(machine_load, "time_reference", lambda: next(took))
    with LoadMonitor() as monitor:
        for _ in range(3):
            monitor.check()
    assert monitor.load.control_seconds == (1.0, 2.0)


@linux
def test_only_other_processes_count_as_load() -> None:
    with LoadMonitor() as own:
        end = time.process_time() + 0.6
        while time.process_time() < end:
            pass
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        with LoadMonitor() as beside:
            time.sleep(1.2)
    finally:
        busy.kill()
        busy.wait()
    assert own.load.other_cores is not None
    assert beside.load.other_cores is not None
    # The process may use less than a whole core, because other processes need it too.
    assert beside.load.other_cores > 0.4


@pytest.mark.parametrize(
    ("system", "most"), [("Darwin", 7 * 2**19), ("FreeBSD", 7 * 2**9), ("Windows", None)]
)
def test_peak_memory_is_converted_from_the_unit_of_each_system(
    system: str, most: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = SimpleNamespace(RUSAGE_SELF=0, getrusage=lambda who: SimpleNamespace(ru_maxrss=most))
    monkeypatch.setitem(sys.modules, "resource", used if most else None)
    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr(machine_load, "Path", lambda path: tmp_path / "no proc")
    assert peak_memory_mib() == (3.5 if most else None)


def test_a_short_block_does_not_measure_other_processes() -> None:
    with LoadMonitor() as monitor:
        pass
    assert monitor.load.other_cores is None
    assert min(monitor.load.control_seconds) > 0
