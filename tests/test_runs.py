"""Check that the folder of a run contains everything that's needed to resume the run from anywhere."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from namegen import api
from namegen.core.data.corpus import Corpus
from namegen.core.generation.fitting import measure_rules
from namegen.core.settings import Config
from namegen.lists import load_bundled
from namegen.settings_toml import merge
from tests.core.training.small_runs import After

NAMES = load_bundled("mlb-first").names[:300]
SHORT = merge(Config(), {"training.epochs": 4, "network.hidden": (6,), "training.batch_size": 64})


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Create the folders ``here``, which is the current folder, and ``there``. Return their parent."""
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path


def goes_on(folder: Path) -> None:
    result = api.resume(folder)
    assert result.finished
    assert result.epochs == 4


def test_names_from_python_are_stored_in_the_run_folder(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not api.train(NAMES, config=SHORT, out="run", should_stop=After(6)).finished
    (elsewhere / "here" / "run").rename(elsewhere / "there" / "moved")
    monkeypatch.chdir(elsewhere / "there")
    goes_on(Path("moved"))


def test_the_list_is_found_from_another_folder(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("list.csv").write_text(
        "name,year\n" + "".join(f"{name},1900\n" for name in NAMES), encoding="utf-8"
    )
    config = merge(SHORT, {"data.names": "list.csv", "data.column": "name"})
    assert not api.train(config=config, out="run", should_stop=After(6)).finished
    monkeypatch.chdir(elsewhere / "there")
    goes_on(Path("../here/run"))


@pytest.mark.parametrize("path", ["pipe", "/dev/fd/{}"])
def test_a_list_that_cannot_be_read_again_is_copied(elsewhere: Path, path: str) -> None:
    Path("list.txt").write_text("".join(f"{name}\n" for name in NAMES), encoding="utf-8")
    os.mkfifo("pipe")
    Thread(
        target=lambda: Path("pipe").write_bytes(Path("list.txt").read_bytes()), daemon=True
    ).start()
    with open("list.txt", "rb") as file:
        config = merge(SHORT, {"data.names": path.format(file.fileno())})
        assert not api.train(config=config, save=True, should_stop=After(6)).finished
    goes_on(Path("runs/names-numpy"))


def test_score_rules_only_use_names_that_can_be_returned(tmp_path: Path) -> None:
    """New names never start like a listed company.

    Many such names are likely, so they would make the threshold too high. Resumed runs ignore them too, although their
    list has another name in the run's folder.
    """
    corpus = Corpus(load_bundled("companies").names[:400], "companies")
    config = merge(
        Config(), {"training.epochs": 4, "network.hidden": (32,), "data.name_type": "company"}
    )
    assert not api.train(
        corpus, config=config, out=tmp_path / "run", should_stop=After(15)
    ).finished
    checkpoint = api.resume(tmp_path / "run").checkpoint
    generator = api.open_checkpoint(checkpoint, "companies").generator

    def threshold(claimed: tuple[str, ...]) -> float:
        measured = measure_rules(
            replace(generator, claimed=claimed),
            shortest=checkpoint.shortest_name,
            longest=checkpoint.longest_name,
            rng=np.random.default_rng([0, 0, 4]),
        )
        assert measured is not None
        return measured.rules[0].threshold

    (rule,) = checkpoint.score_rules
    assert rule.threshold == pytest.approx(threshold(generator.claimed), abs=0.01)
    assert rule.threshold != pytest.approx(threshold(()), abs=0.1)
