"""Test the runs that the config of a sweep describes, and its errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from namegen.core.data.corpus import Corpus
from namegen.core.settings import DataSettings
from namegen.errors import NamesError, SettingsError
from namegen.experiments.machine import EngineCode
from namegen.experiments.sweep.grid import Grid, make_runs, read_grid, settings_in_words
from namegen.lists import load_bundled

BASE = '[data]\nnames = "japanese-given"\nvalidation = 0.2\n'


def grid_of(tmp_path: Path, grid: str, base: str = BASE) -> Grid:
    path = tmp_path / "sweep.toml"
    path.write_text(base + grid, encoding="utf-8")
    return read_grid(path)


def refused(tmp_path: Path, grid: str, *fragments: str) -> str:
    with pytest.raises(SettingsError) as caught:
        grid_of(tmp_path, grid)
    for fragment in fragments:
        assert fragment in str(caught.value)
    return str(caught.value)


def read_list(data: DataSettings) -> Corpus:
    return Corpus(load_bundled(data.names).names[:500], source=data.names)


def test_a_grid_has_all_combinations_in_order(tmp_path: Path) -> None:
    grid = grid_of(tmp_path, "[grid]\nnetwork.hidden = [[8], [4, 4]]\ntraining.seed = [0, 1]\n")
    assert [values for values, _ in grid.points] == [
        {"network.hidden": [8], "training.seed": 0},
        {"network.hidden": [8], "training.seed": 1},
        {"network.hidden": [4, 4], "training.seed": 0},
        {"network.hidden": [4, 4], "training.seed": 1},
    ]
    assert [config.network.hidden for _, config in grid.points] == [(8,), (8,), (4, 4), (4, 4)]
    assert [config.training.seed for _, config in grid.points] == [0, 1, 0, 1]
    assert len(grid_of(tmp_path, f"[grid]\ntraining.seed = {[*range(257)]}\n").points) == 257
    assert all(config.data.names == "japanese-given" for _, config in grid.points)


@pytest.mark.parametrize("grid", ["", "[grid]\n", "grid = 3\n"])
def test_a_config_without_a_grid_is_rejected(tmp_path: Path, grid: str) -> None:
    with pytest.raises(SettingsError, match=r"add a table \[grid\]"):
        grid_of(tmp_path, grid + BASE, base="")


@pytest.mark.parametrize(
    ("axis", "said"),
    [
        ("learning_rate = [0.1]", "cannot be varied: did you mean training.learning_rate?"),
        ("training.batch_sise = [1]", "did you mean training.batch_size?"),
        ("training.momentum = 0.9", "is '0.9': expected a list of values, [0.9, …]"),
        ("training.seed = []", "is an empty list"),
        ("run.threads = [1, 2]", "because it doesn't affect the trained network"),
        ("data.column = ['a']", "because every list is read the same way"),
        ("network.cell = ['lstm', 'lstm']", "contains a value twice"),
        ("network.cell = ['lstm', 'lsmt']", "network.cell is 'lsmt': expected one of"),
        ("network.base_model = ['']", "because every run of a sweep trains on one list only"),
        ("training.learning_rate = [0.1, -1.0]", "training.learning_rate is -1.0"),
        ("run.backend = ['numpy', 'nope']", "run.backend is 'nope'"),
        ("qwx = [1]", "expected one of"),
    ],
)
def test_wrong_axes_and_values_are_rejected(tmp_path: Path, axis: str, said: str) -> None:
    assert "\n" not in refused(tmp_path, f"[grid]\n{axis}\n", said)


MANY = ", ".join(map(str, range(101)))


@pytest.mark.parametrize(
    ("grid", "said"),
    [
        ("training.lr_schedule = ['steps', 'constant']", "lr_steps"),
        (
            "training.momentum = [0.0, 0.9]",
            "training.momentum has no effect, because the optimizer is",
        ),
        (
            f"training.seed = [{MANY}]\ntraining.epochs = [{MANY}]",
            "10,201 runs, but the limit is 10,000",
        ),
        ('"training.seed" = [1]\ntraining.seed = [2]', "grid.training.seed is set twice"),
        ("run.backend = ['numpy', 'nope']", "run.backend is 'nope'"),
    ],
)
def test_a_wrong_grid_is_rejected(tmp_path: Path, grid: str, said: str) -> None:
    refused(tmp_path, f"[grid]\n{grid}\n", said)


def test_a_value_can_depend_on_another_axis(tmp_path: Path) -> None:
    grid = grid_of(
        tmp_path,
        "[grid]\ntraining.lr_schedule =  ['steps']\ntraining.lr_steps = [[[0, 0.1]], [[0, 0.2]]]\n",
    )
    assert [config.training.lr_steps for _, config in grid.points] == [((0, 0.1),), ((0, 0.2),)]
    optimizers = (
        "[grid]\ntraining.momentum = [0.0, 0.9]\ntraining.optimizer = ['adam', 'momentum']\n"
    )
    assert len(make_runs(grid_of(tmp_path, optimizers), read_list)) == 4


def test_each_run_is_listed_once_with_a_descriptive_file_name(tmp_path: Path) -> None:
    grid = grid_of(
        tmp_path,
        "[grid]\ndata.names = ['japanese-given', 'mlb-first']\ntraining.learning_rate = [0.01]\n",
    )
    with pytest.raises(SettingsError, match="twice"):
        grid_of(tmp_path, "[grid]\ntraining.learning_rate = [0.01, 0.010]\n")
    asked: list[str] = []

    def asking(data: DataSettings) -> Corpus:
        asked.append(data.names)
        return load_bundled(data.names)

    runs = make_runs(grid, asking)
    assert asked == ["japanese-given", "mlb-first"]
    assert [run.label for run in runs] == [
        "names japanese-given, learning rate 0.01",
        "names mlb-first, learning rate 0.01",
    ]
    assert runs[1].file == f"names-mlb-first-learning-rate-0.01-{runs[1].key}"


def test_the_key_depends_on_everything_that_affects_the_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def key(grid: str, base: str = BASE) -> str:
        [run] = make_runs(grid_of(tmp_path, grid, base), read_list)
        return run.key

    seeded = "[grid]\ntraining.seed = [1]\n"
    first = key(seeded)
    assert key(seeded) == first
    assert (
        key("[grid]\ndata.names = ['japanese-given']\n", BASE + "[training]\nseed = 1\n") == first
    )
    assert key("[grid]\ntraining.seed = [2]\n") != first
    assert key(seeded, BASE + "[training]\nepochs = 3\n") != first
    assert key(seeded, BASE + "[network]\nhidden = [8]\n") != first
    assert key(seeded, BASE + "[run]\nthreads = 2\n") != first
    assert key(seeded, BASE + '[run]\nbackend = "keras"\n') != first
    assert key(seeded, BASE.replace("japanese-given", "mlb-first")) != first
    monkeypatch.setattr(
        "namegen.experiments.sweep.grid.engine_code",
        lambda engine: EngineCode(None, {"numpy": "0.1"}),
    )
    assert key(seeded) != first
    monkeypatch.undo()
    monkeypatch.setattr(
        "namegen.experiments.sweep.grid.training_codes", lambda engines: {"numpy": "other"}
    )
    assert key(seeded) != first


def test_lists_without_held_out_names_are_rejected(tmp_path: Path) -> None:
    grid = grid_of(tmp_path, "[grid]\ntraining.seed = [0]\n")
    with pytest.raises(NamesError, match=r"x has 2 names .* remove it"):
        make_runs(grid, lambda data: Corpus(("Al", "Bo"), source="x"))
    with pytest.raises(SettingsError, match=r"data\.validation is 0"):
        make_runs(grid_of(tmp_path, "[grid]\ndata.validation = [0.0]\n"), read_list)


def test_settings_are_described_in_words() -> None:
    settings = {
        "training.lr_steps": [[0, 0.1], [5, 0.01]],
        "training.bptt": False,
        "network.cell": "gru",
    }
    assert settings_in_words(settings) == "lr steps 0:0.1,5:0.01, bptt no, cell gru"
    assert settings_in_words({"training.learning_rate": 0.01}) != settings_in_words(
        {"training.learning_rate": 0.0100001}
    )
