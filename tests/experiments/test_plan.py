"""The plan of a comparison contains the right networks, backends, rounds and settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from namegen.core.data.corpus import Corpus
from namegen.errors import EngineError, NamesError, SettingsError, UnknownEngineError
from namegen.experiments import plan_comparison as plan
from namegen.experiments.jobs import Job
from namegen.experiments.plan_comparison import Options, plan_comparison
from namegen.experiments.plan_sweep import plan_sweep, read_grid
from tests.experiments.conftest import ROOT
from tests.min_gru_engine import HonestEngine, MinGRUEngine

NAMES = tuple(f"Al{number}" for number in range(400))


def lines(jobs: list[Job], kind: str, *, number: int = 0) -> list[tuple[str, str]]:
    """Return the networks and backends of the jobs of a kind in one round."""
    return [(job.network, job.backend) for job in jobs if job.kind == kind and job.round == number]


@pytest.fixture
def third_party(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register a backend that only trains the GRU, and one with another architecture."""
    engines = {"mingru": MinGRUEngine, "honest": HonestEngine}
    paths = {"numpy": "", "keras": "", "mingru": "", "honest": ""}
    monkeypatch.setattr(plan, "engine_paths", lambda: paths)
    monkeypatch.setattr(plan, "load_engine", engines.__getitem__)


def test_a_full_comparison_contains_the_original_networks_and_both_splits() -> None:
    jobs = plan_comparison([Corpus(NAMES, source="mlb-last")], Options())
    networks = {job.network for job in jobs if job.kind == "network"}
    assert networks == {
        *plan.ORIGINALS,
        *("SimpleRNN 2×32", "LSTM 2×32", "GRU 2×32", "SimpleRNN 2×128"),
    }
    assert {job.config.data.split for job in jobs} == {"by-row", "by-name"}
    assert len({job.key for job in jobs}) == len(jobs)
    first_timed = next(place for place, job in enumerate(jobs) if job.is_timed)
    assert all(job.is_timed for job in jobs[first_timed:])
    keys = [job.key for job in jobs]
    for place, job in enumerate(jobs):
        assert not job.needs or keys.index(job.needs) < place


def test_backends_take_turns_in_rounds() -> None:
    options = Options(quick=True, backends=("numpy", "keras", "tflite"))
    jobs = plan_comparison([Corpus(NAMES, source="x")], options)
    timed = [(job.round, job.backend) for job in jobs if job.kind == "backend"]
    assert timed == [(number, name) for number in range(3) for name in ("numpy", "keras")]
    first = ("SimpleRNN 2×32", "numpy"), ("SimpleRNN 2×32", "keras"), ("SimpleRNN 2×32", "tflite")
    assert lines(jobs, "generation") == [*first, ("LSTM 2×32", "numpy")]


@pytest.mark.usefixtures("third_party")
def test_backends_take_part_with_the_networks_that_they_train() -> None:
    options = Options(quick=True, seeds=1, backends=("numpy", "keras", "mingru", "honest"))
    jobs = plan_comparison([Corpus(NAMES, source="x")], options)
    assert lines(jobs, "backend") == [
        ("SimpleRNN 2×32", "numpy"),
        ("SimpleRNN 2×32", "keras"),
        ("GRU 2×32", "numpy"),
        ("GRU 2×32", "keras"),
        ("GRU 2×32", "mingru"),
        ("mingru", "honest"),
    ]
    assert lines(jobs, "network") == [
        ("SimpleRNN 2×32", "numpy"),
        ("GRU 2×32", "numpy"),
        ("mingru", "honest"),
        ("LSTM 2×32", "numpy"),
    ]


@pytest.mark.usefixtures("third_party")
def test_options_replace_the_networks() -> None:
    options = Options(
        quick=True,
        seeds=1,
        backends=("numpy", "mingru"),
        cells=("gru", "lstm"),
        hidden=(16, 8),
        epochs=3,
    )
    jobs = plan_comparison([Corpus(NAMES, source="x")], options)
    assert lines(jobs, "network") == [("GRU 16+8", "numpy"), ("LSTM 16+8", "numpy")]
    assert lines(jobs, "backend") == [
        ("GRU 16+8", "numpy"),
        ("GRU 16+8", "mingru"),
        ("LSTM 16+8", "numpy"),
    ]
    runs = [job for job in jobs if job.kind in ("network", "backend")]
    assert {job.config.training.epochs for job in runs} == {3}
    assert {job.config.network.hidden for job in runs} == {(16, 8)}


@pytest.mark.usefixtures("third_party")
def test_a_backend_without_a_network_to_train_is_rejected() -> None:
    options = Options(backends=("numpy", "mingru"), cells=("lstm",))
    with pytest.raises(EngineError, match=r"mingru trains none .* \(LSTM 2×32\): choose another"):
        plan_comparison([Corpus(NAMES, source="x")], options)


def test_a_list_that_is_too_short_to_split_is_rejected() -> None:
    with pytest.raises(NamesError, match="x is too short for a comparison"):
        plan_comparison([Corpus(("Al",), source="x")], Options(backends=("numpy",)))


def test_short_lists_get_more_epochs_in_a_quick_comparison() -> None:
    def epochs(count: int) -> set[int | None]:
        names = tuple(f"Al{number}" for number in range(count))
        jobs = plan_comparison(
            [Corpus(names, source="x")], Options(quick=True, backends=("numpy",))
        )
        return {job.config.training.epochs for job in jobs if job.kind == "network"}

    assert epochs(400) == {60}
    assert epochs(20_000) == {10}


def test_an_unknown_backend_is_rejected() -> None:
    with pytest.raises(UnknownEngineError, match="no backend 'kears'"):
        plan.choose_backends(["kears"])


def test_keys_depend_on_settings_and_names_but_not_on_labels() -> None:
    options = Options(quick=True, seeds=1, backends=("numpy",))
    keys = [
        {job.key for job in plan_comparison([Corpus(names, source=source)], options)}
        for names, source in ((NAMES, "x"), (NAMES, "y"), (NAMES[1:], "x"))
    ]
    assert keys[0] == keys[1]
    assert not keys[0] & keys[2]


# --- sweeps -----------------------------------------------------------------------------------------------------------

GRID = """
[data]
names = "names.txt"
[training]
epochs = 2
[grid]
training.learning_rate = [0.01, 0.001]
training.seed = [0, 1]
"""


def test_a_sweep_has_a_run_per_combination_and_a_reference_per_split(tmp_path: Path) -> None:
    path = tmp_path / "grid.toml"
    path.write_text(GRID, encoding="utf-8")
    jobs, corpora = plan_sweep(read_grid(path), lambda data: Corpus(NAMES, source=data.names))
    assert [job.kind for job in jobs] == ["reference"] * 2 + ["network"] * 4
    runs = jobs[2:]
    assert [(job.network, job.config.training.seed) for job in runs] == [
        ("learning rate 0.01", 0),
        ("learning rate 0.01", 1),
        ("learning rate 0.001", 0),
        ("learning rate 0.001", 1),
    ]
    assert [job.config.training.seed for job in jobs[:2]] == [
        0,
        1,
    ]  # each seed holds out other names
    assert list(corpora) == [runs[0].fingerprint]
    assert runs[0].label == "learning rate 0.01, seed 0, names names.txt"


def test_runs_with_the_same_split_share_a_reference(tmp_path: Path) -> None:
    path = tmp_path / "grid.toml"
    path.write_text(GRID.replace("[training]", "split_seed = 7\n[training]"), encoding="utf-8")
    jobs, _ = plan_sweep(read_grid(path), lambda data: Corpus(NAMES, source=data.names))
    assert [job.kind for job in jobs] == ["reference"] + ["network"] * 4


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ("", "no grid"),
        ("training.seed = 1", "expected a list"),
        ("training.seed = []", "empty list"),
        ("training.sed = [1]", "sed"),
        ("training.epochs = [-1]", "epochs"),
        ("run.threads = [1]", "cannot be varied"),
        ("run.backend = ['kears']", "did you mean keras"),
        (f"training.seed = {list(range(10_001))}", "limit is 10,000"),
    ],
)
def test_a_wrong_grid_is_rejected(grid: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "grid.toml"
    path.write_text(f"[grid]\n{grid}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=message):
        read_grid(path)


def test_the_bundled_sweeps_can_be_planned() -> None:
    for path in (ROOT / "configs").glob("sweep-*.toml"):
        assert read_grid(path).points
