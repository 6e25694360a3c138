"""A small comparison and a small sweep, which run once for all tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from namegen.core.data.corpus import Corpus
from namegen.experiments.experiment import compare
from namegen.experiments.plan_comparison import Options
from namegen.experiments.rows import Results, read_results
from namegen.lists import load_bundled

ROOT = Path(__file__).parents[2]
HOSTILE = "</script><b>\x1b\u202e&{{7*7}}$|"


@pytest.fixture(scope="session")
def corpus() -> Corpus:
    """Return 300 real names and a hostile name, repeated so that it's memorized. The list's name is hostile, too."""
    names = [*load_bundled("mlb-first").names[:300], *[HOSTILE] * 30]
    return Corpus(tuple(names), source=f"{HOSTILE}.txt")


@pytest.fixture(scope="session")
def options() -> Options:
    return Options(seeds=2, quick=True, epochs=2, backends=("numpy",), cells=("gru",), hidden=(8,))


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory, corpus: Corpus, options: Options) -> Path:
    out = tmp_path_factory.mktemp("compared") / "report"
    compare([corpus], out, options)
    return out


@pytest.fixture(scope="session")
def measured(folder: Path) -> Results:
    return read_results(folder / "results.json")


@pytest.fixture(scope="session")
def published() -> Results:
    """Return the results of the full comparison in the docs."""
    return read_results(ROOT / "docs" / "results" / "results.json")
