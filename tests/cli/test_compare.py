"""Run ``compare-backends`` with several backends, kill and continue it, and check its results and report."""

from __future__ import annotations

import json
import os
from pathlib import Path

import msgspec
import pytest

from namegen.experiments.rows import Generation, Results, Training, read_results
from tests.cli.conftest import ENVIRONMENT, Program, wait_until
from tests.requirements import require

# A comparison of four backends, interrupted once, takes a minute.
pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
HOSTILE = "</script><b>\x1b\u202e&{{7*7}}$|"
QUICK = ("compare-backends", "list.txt", "--quick", "--epochs", 3, "--out")


@pytest.fixture(scope="module")
def workplace(server, some_names, tmp_path_factory):
    """Return the program in a folder with 300 real names and a hostile name, repeated so that it's memorized."""
    folder = tmp_path_factory.mktemp("compared")
    (folder / "list.txt").write_text(some_names + 30 * f"{HOSTILE}\n", encoding="utf-8")
    return Program(server, folder, tmp_path_factory.mktemp("streams"))


@pytest.fixture(scope="module")
def environment(workplace) -> dict[str, str]:
    """Install two backends of other packages: a fake one, and one that only trains the GRU."""
    package = workplace.folder / "packages" / "others-1.0.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: others\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text(
        "[namegen.engines]\nfake = tests.fake_engine:FakeEngine\n"
        "mingru = tests.min_gru_engine:MinGRUEngine\n"
    )
    path = os.pathsep.join((str(package.parent), str(ROOT), os.environ.get("PYTHONPATH", "")))
    return {**ENVIRONMENT, "PYTHONPATH": path}


@pytest.fixture(scope="module")
def compared(workplace, environment) -> Path:
    """Return the folder of a comparison that was killed and then finished."""
    require("keras", "ai_edge_litert")
    folder = workplace.folder / "report"
    process = workplace.spawn(*QUICK, "report", env=environment)
    rows = folder / "rows.jsonl"
    wait_until(lambda: rows.exists() and rows.read_bytes().count(b"\n") >= 2, process)
    process.kill()
    process.communicate(timeout=60)
    before = rows.read_bytes()
    process = workplace.spawn(*QUICK, "report", env=environment)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert "of them already done" in err
    assert rows.read_bytes().startswith(before[: before.rindex(b"\n") + 1])
    return folder


def test_every_backend_trains_the_networks_that_it_supports(compared) -> None:
    results = read_results(compared / "results.json")
    losses: dict[str, dict[str, list[float]]] = {}
    for row in results.rows:
        if isinstance(row.result, Training) and row.job.kind == "backend":
            curve = row.result.history.validation_loss_nats_per_char
            losses.setdefault(row.job.network, {})[row.job.backend] = list(curve)
            assert (row.result.peak_memory_mib or 0) > 20
    assert {name: set(runs) for name, runs in losses.items()} == {
        "SimpleRNN 2×32": {"numpy", "keras", "fake"},
        "GRU 2×32": {"numpy", "keras", "fake", "mingru"},
    }
    for runs in losses.values():
        assert runs["keras"] == pytest.approx(runs["numpy"], abs=0.01)
    drawn = {row.job.backend: row.result for row in results.rows if row.job.kind == "generation"}
    assert set(drawn) == {"numpy", "keras", "fake", "mingru", "tflite"}
    assert isinstance(drawn["tflite"], Generation)
    assert "loop in the file" in drawn["tflite"].names_per_second


def test_a_missing_library_is_reported_and_the_rest_measured(workplace) -> None:
    blocked = workplace.folder / "blocked"
    for library in ("tensorflow", "ai_edge_litert"):
        (blocked / library).mkdir(parents=True)
        (blocked / library / "__init__.py").write_text(
            f"raise ModuleNotFoundError('blocked', name={library!r})"
        )
    path = os.pathsep.join((str(blocked), os.environ.get("PYTHONPATH", "")))
    process = workplace.spawn(*QUICK, "without", "--json", env={**ENVIRONMENT, "PYTHONPATH": path})
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    results = msgspec.convert(json.loads(out), Results)
    missing = {row.job.backend: row.why for row in results.rows if row.status == "unavailable"}
    assert "pip install 'keras>=" in missing["keras"]
    assert "pip install '" in missing["tflite"]
    assert "Unavailable (keras)" in (workplace.folder / "without" / "report.md").read_text("utf-8")
