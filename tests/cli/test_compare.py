"""Run ``compare-backends`` with every backend, interrupt and continue it, and check its results and report."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from namegen.backends import ENGINES
from namegen.documents import from_plain, schema, to_plain
from namegen.experiments.compare.document import Comparison
from tests.cli.conftest import ENVIRONMENT, Program, stop, wait_until
from tests.requirements import require
from tests.web.conftest import browser, opened  # noqa: F401  # fixtures

# A full comparison of all backends, interrupted twice, takes a minute.
pytestmark = pytest.mark.slow

HOSTILE = "</script><b>\x1b\u202e&{{7*7}}$|"
QUICK = ("compare-backends", "list.txt", "--quick", "--out")


@dataclass(frozen=True)
class Compared:
    """A finished comparison."""

    folder: Path
    results: dict[str, Any]
    out: str
    err: str

    @property
    def entry(self) -> dict[str, Any]:
        [entry] = self.results["lists"]
        return entry

    def figures(self) -> dict[tuple[str, str], Any]:
        """Return what must be the same in two comparisons: the results of the NumPy runs, except for times."""
        return {
            (run["network"], run["engine"]): [run["figures"], {**run["history"], "seconds": None}]
            for run in self.entry["trainings"]
            if run["role"] == "network"
        }


@pytest.fixture(scope="module")
def workplace(server, some_names, tmp_path_factory):
    """Return the program in a folder with 300 real names and a hostile name, repeated so that it's memorized."""
    folder = tmp_path_factory.mktemp("compared")
    (folder / "list.txt").write_text(some_names + 30 * f"{HOSTILE}\n", encoding="utf-8")
    return Program(server, folder, tmp_path_factory.mktemp("streams"))


def wait_for(folder: Path, measurements: int, process: Any) -> list[Path]:
    """Wait until at least ``measurements`` files are saved, and return their paths."""
    wait_until(lambda: len(list(folder.glob("measurements/*.json"))) >= measurements, process)
    return sorted(folder.glob("measurements/*.json"))


@pytest.fixture(scope="module")
def compared(workplace):
    """Return a comparison of all backends that was stopped with Ctrl-C, then killed, then finished."""
    require("keras", "ai_edge_litert")
    folder = workplace.folder / "report"
    process = workplace.spawn(*QUICK, "report")
    kept = wait_for(folder, 2, process)
    stop(process)
    assert not (folder / "results.json").exists()
    process = workplace.spawn(*QUICK, "report")
    kept += [path for path in wait_for(folder, 4, process) if path not in kept]
    process.kill()
    process.communicate(timeout=60)
    before = {path: path.stat().st_mtime_ns for path in kept}
    run = workplace.fresh(*QUICK, "report").done()
    assert {path: path.stat().st_mtime_ns for path in kept} == before, (
        "a finished measurement was repeated"
    )
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    return Compared(folder, results, run.out, run.err)


@pytest.fixture(scope="module")
def without_tensorflow(workplace):
    """Return the same comparison, made when neither TensorFlow nor LiteRT can be imported."""
    blocked = workplace.folder / "blocked"
    for library in ("tensorflow", "ai_edge_litert"):
        (blocked / library).mkdir(parents=True)
        (blocked / library / "__init__.py").write_text(
            f"raise ModuleNotFoundError('blocked', name={library!r})"
        )
    environment = {
        **ENVIRONMENT,
        "PYTHONPATH": os.pathsep.join((str(blocked), os.environ.get("PYTHONPATH", ""))),
    }
    process = workplace.spawn(*QUICK, "without", "--json", env=environment)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return Compared(workplace.folder / "without", json.loads(out), out, err)


def test_the_results_match_their_schema(compared, without_tensorflow):
    """``from_plain`` also rejects unknown fields."""
    for one in (compared, without_tensorflow):
        assert to_plain(from_plain(Comparison, one.results)) == one.results
        Draft202012Validator(schema(Comparison)).validate(one.results)
        assert one.results["failed"] == []


def test_every_backend_trains_the_same_network(compared):
    runs = [run for run in compared.entry["trainings"] if run["role"] == "like_for_like"]
    assert {(run["network"], run["engine"]) for run in runs} == {
        ("SimpleRNN 2×32", engine) for engine in ENGINES
    }
    one, other = (run["history"]["validation_loss_nats_per_char"] for run in runs)
    assert 0 < max(abs(a - b) for a, b in zip(one, other, strict=True)) < 0.01
    assert all(run["timing"]["peak_memory_mib"] > 20 for run in runs)


def test_every_model_is_measured_with_all_its_algorithms(compared):
    drawn = {
        (one["engine"], one["loop"]): set(one["algorithms"]) for one in compared.entry["generation"]
    }
    both = {"one_by_one", "count_splitting"}
    assert drawn == {
        ("numpy", None): both,
        ("keras", None): both,
        ("tflite", "step"): both,
        ("tflite", "generate"): {"one_by_one"},
    }


def test_the_same_seeds_give_the_same_results(compared, without_tensorflow):
    assert compared.figures() == without_tensorflow.figures()
    assert compared.figures()


def test_a_missing_library_is_reported_and_the_rest_measured(without_tensorflow):
    left_out = {one["what"]: one["why"] for one in without_tensorflow.results["left_out"]}
    assert "pip install 'keras>=" in left_out["keras with SimpleRNN 2×32"]
    assert "pip install '" in left_out["tflite with SimpleRNN 2×32"]
    assert {one["engine"] for one in without_tensorflow.entry["generation"]} == {"numpy"}
    page = (without_tensorflow.folder / "report.html").read_text(encoding="utf-8")
    assert "Skipped: keras" in page


def test_the_summary_fits_a_terminal_and_escapes_control_characters(compared):
    assert max(map(len, compared.out.split("\n"))) <= 80
    assert set(compared.out) & set("\x1b\u202e") == set()
    assert compared.out.rstrip().endswith(f"report: {Path('report') / 'report.html'}")
    assert "learn the same" in compared.out
    assert "measurements, 4 of them already done" in compared.err


def test_a_browser_shows_the_report(compared, opened):  # noqa: F811
    for scheme, background in (("light", "rgb(255, 255, 255)"), ("dark", "rgb(22, 24, 27)")):
        page = opened(
            compared.folder / "report.html",
            color_scheme=scheme,
            viewport={"width": 1100, "height": 900},
        )
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == background
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        plots = len(list(compared.folder.glob("*.png")))
        assert page.locator("svg[role=img]").count() == plots == 4
        assert page.evaluate(
            "[...document.querySelectorAll('svg')].every(svg => svg.getBBox().width > 100)"
        )
        assert page.locator("table").count() >= 9
        text = page.locator("main").inner_text()
        assert "The backends learn the same" in text
        assert "were already in the list" in text
        assert page.evaluate("document.querySelectorAll('b, script:not([type])').length") == 0
        ids = page.evaluate("[...document.querySelectorAll('[id]')].map(one => one.id)")
        assert len(ids) == len(set(ids))
        embedded = page.evaluate("JSON.parse(document.getElementById('results').textContent)")
        assert embedded == compared.results
    # On a narrow screen, the tables scroll and the page doesn't.
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    duplicates = [name for one in embedded["lists"][0]["generation"] for drawn in one["algorithms"].values()
                  for name, _ in drawn["duplicates"]]  # fmt: skip
    assert HOSTILE.strip() in duplicates
    assert (
        HOSTILE.replace("\x1b", "U+001B").replace("\u202e", "U+202E")
        in page.locator("body").inner_text()
    )
