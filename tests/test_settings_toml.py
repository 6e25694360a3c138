"""Check that TOML configs are read and written correctly, and that errors contain the setting or the line."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from namegen import api, threads
from namegen.core.network.cells import CELLS
from namegen.core.settings import (
    SPLITS,
    Config,
    DataSettings,
    NetworkSettings,
    RunSettings,
    TrainingSettings,
)
from namegen.errors import SettingsError
from namegen.settings_toml import merge, parse_config, read_config, write_config

CONFIGS = Path(__file__).parent.parent / "configs"
RATES = st.floats(min_value=0, exclude_min=True, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=("Cs",)))


# A setting for each type of value.
VALUES = {
    "data.names": TEXTS,
    "data.column": st.none() | TEXTS,
    "data.max_name_length": st.integers(1, 10**30),
    "data.test": st.floats(0, 0.5),
    "data.split": st.sampled_from(SPLITS),
    "network.options": st.dictionaries(
        TEXTS, st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXTS, max_size=2
    ),
    "network.cell": st.none() | st.sampled_from([*CELLS]),
    "network.hidden": st.none()
    | st.lists(st.integers(1, 4096), min_size=1, max_size=16).map(tuple),
    "training.clip_norm": st.none() | RATES,
    "training.lr_steps": st.lists(
        st.tuples(st.integers(1, 2**40), RATES), max_size=3, unique_by=lambda step: step[0]
    ),
    "training.bptt": st.booleans(),
    "training.seed": st.integers(0, 2**63 - 1),
}


def read_text(tmp_path: Path, text: str | bytes) -> Config:
    path = tmp_path / "config.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_config(path)


def refusal(tmp_path: Path, text: str | bytes) -> str:
    with pytest.raises(SettingsError) as caught:
        read_text(tmp_path, text)
    return str(caught.value)


@given(values=st.fixed_dictionaries(VALUES))
def test_configs_survive_writing_and_reading(values: dict[str, Any]) -> None:
    steps = ((0, 0.5), *sorted(values["training.lr_steps"]))
    config = merge(
        Config(), {**values, "training.lr_schedule": "steps", "training.lr_steps": steps}
    )
    assert parse_config(tomllib.loads(write_config(config))) == config


def test_default_toml_documents_all_default_settings() -> None:
    assert read_config(CONFIGS / "default.toml") == Config()
    text = (CONFIGS / "default.toml").read_text(encoding="utf-8")
    for table in ("data", "network", "training", "run"):
        for name in vars(getattr(Config(), table)):
            assert re.search(rf"\n# .+\n({name} = |# {name}: )", text), (
                f"{name} is missing, or has no comment above it"
            )
    with pytest.raises(SettingsError, match="grid belongs to a sweep"):
        read_config(CONFIGS / "sweep-cell.toml")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[training]\nepoch = 3", "training.epoch is unknown: did you mean training.epochs?"),
        ("epochs = 3", "epochs is unknown: did you mean training.epochs?"),
        (
            "[network]\nqqqq = 3",
            "network.qqqq is unknown: expected one of architecture, cell, hidden, initializer, base_model, options",
        ),
        ("data = 3", "data is 3: expected a table, [data]"),
        ("[training]\nepochs = true", "training.epochs is True: expected a whole number from 1"),
        (
            "[training]\nlearning_rate = true",
            "training.learning_rate is True: expected a number above 0",
        ),
        (
            "[training]\nlearning_rate = inf",
            "training.learning_rate is inf: expected a number above 0",
        ),
        ("[training]\nbptt = 1", "training.bptt is 1: expected true or false"),
        (
            "[network]\nhidden = [32, 1.5]",
            "network.hidden is 32, 1.5: expected 1 to 16 widths",
        ),
        (
            "[training]\nlr_steps = [[0, 1, 2]]",
            "expected pairs of epoch and rate",
        ),
        (
            "[data]\nnames = 1979-05-27",
            "data.names is datetime.date(1979, 5, 27): expected a string",
        ),
        ("[run]\nbackend = ''", "run.backend is '': expected the name of a backend"),
        ("[training]\nlr_schedule = 'steps'", "the schedule is steps, with 0 rate steps"),
        ('[training]\n"a\\u001bb" = 1', "'training.a\\x1bb' is unknown"),
        ("\n\nnames = x\n", "line 3"),
        (b"[data]\nnames = '\xff'", "not UTF-8 at line 2"),
        ("x = " + "[" * 100_000, "nests too deeply"),
    ],
)
def test_errors_contain_the_setting_or_the_line(
    tmp_path: Path, text: str | bytes, expected: str
) -> None:
    message = refusal(tmp_path, text)
    assert expected in message
    assert "\n" not in message


def test_file_names_must_be_valid_unicode() -> None:
    with pytest.raises(
        SettingsError,
        match=r"^'caf\\udce9.txt' is not valid Unicode, so a config can",
    ):
        write_config(Config(data=DataSettings(names="caf\udce9.txt")))


def test_merged_values_replace_old_ones_except_none() -> None:
    config = Config(training=TrainingSettings(epochs=9, clip_norm=1.0))
    values = {"training.epochs": 3, "training.clip_norm": None, "network.hidden": [8]}
    merged = merge(config, values)
    assert merged.training == replace(config.training, epochs=3)
    assert merged.network.hidden == (8,)
    assert merge(config, {}) == config


STEPS = Config(training=TrainingSettings(lr_schedule="steps", lr_steps=((0, 0.1),)))
WITHOUT_VALIDATION = Config(data=DataSettings(validation=0.0))


@pytest.mark.parametrize(
    ("config", "path", "value", "reason"),
    [
        (Config(), "training.momentum", 0.5, "the optimizer is adam"),
        (STEPS, "training.learning_rate", 0.5, "the schedule is steps"),
        (WITHOUT_VALIDATION, "training.monitor", "accuracy", ".*held"),
        (WITHOUT_VALIDATION, "data.split_seed", 3, ".*held"),
    ],
)
def test_settings_without_effect_are_rejected(
    config: Config, path: str, value: object, reason: str
) -> None:
    name = path.partition(".")[2]
    with pytest.raises(SettingsError, match=f"^{name} has no effect, because {reason}"):
        merge(config, {path: value})


def test_settings_with_an_effect_are_accepted() -> None:
    merge(Config(), {"training.monitor": "accuracy", "data.split_seed": 3})
    merge(Config(), {"training.momentum": 0.5, "training.optimizer": "momentum"})
    # Without validation names, patience uses the training loss.
    merge(WITHOUT_VALIDATION, {"training.patience": 3})
    # Settings in the config itself may have no effect.
    merge(STEPS, {"training.epochs": 3})


@pytest.mark.parametrize(
    ("cores", "config", "expected"),
    [
        (2, Config(), 2),
        (2, Config(training=TrainingSettings(quick=True)), 1),
        (64, Config(network=NetworkSettings(hidden=(512,))), 2),
        (1, Config(network=NetworkSettings(hidden=(128,))), 1),
        (2, Config(network=NetworkSettings(hidden=(127,))), 1),
        (2, Config(network=NetworkSettings(hidden=(128,)), run=RunSettings(backend="keras")), 1),
        (1, Config(run=RunSettings(threads=5)), 5),
    ],
)
def test_two_threads_are_used_if_that_is_faster(
    monkeypatch: pytest.MonkeyPatch, cores: int, config: Config, expected: int
) -> None:
    monkeypatch.setattr(threads, "cores", lambda: cores)
    monkeypatch.setattr(threads, "_busy_cores", lambda: 0)
    assert config.threads == expected
    if config.run.threads is None:
        monkeypatch.setattr(threads, "_busy_cores", lambda: cores - 1)
        assert config.threads == 1, "two threads on the same core would wait for each other"


def test_a_run_stores_the_number_of_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the same number of threads, resumed runs give exactly the same results, even on other machines."""
    monkeypatch.setattr(threads, "cores", lambda: 2)
    monkeypatch.setattr(threads, "_busy_cores", lambda: 0)
    config = Config(
        network=NetworkSettings(cell="gru", hidden=(128,)),
        training=TrainingSettings(epochs=1),
        data=DataSettings(validation=0.0),
    )
    api.train(["Ann", "Bob", "Cid"], config=config, out=tmp_path / "run")
    assert read_config(tmp_path / "run" / "config.toml").run.threads == 2
