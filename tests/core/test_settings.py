"""Check that settings check their values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from namegen.core.optimizers import OPTIMIZERS
from namegen.core.settings import DataSettings, TrainingSettings, declared
from namegen.errors import SettingsError


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"name_type": "firms"}, "name_type is 'firms': expected one of plain, company"),
        ({"test": "half"}, "test is 'half': expected a share from 0 to 0.9"),
        ({"max_name_length": True}, "max_name_length is True: expected a whole number"),
        ({"names": 5}, "names is 5: expected a string"),
    ],
)
def test_constructors_reject_wrong_values(values: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=f"^{message}") as caught:
        DataSettings(**values)
    assert caught.value.field == next(iter(values))


def test_constructors_convert_values() -> None:
    converted = TrainingSettings(seed=np.int64(3), warmup=1, lr_steps=[])  # type: ignore[arg-type]
    assert converted == TrainingSettings(seed=3, warmup=1.0, lr_steps=())
    assert type(converted.seed) is int
    assert type(converted.warmup) is float


def test_a_tenth_of_the_names_is_left_to_train_on() -> None:
    DataSettings(validation=0.5, test=0.4)
    for shares in ({"validation": 0.5, "test": 0.41}, {"test": 0.81}):  # 0.1 is the default
        with pytest.raises(SettingsError, match=r"together are 0\.91: expected at most 0\.9"):
            DataSettings(**shares)


@dataclass(frozen=True)
class DecaySettings(TrainingSettings):
    """The settings with a new hyperparameter."""

    decay: float = declared(0.0, "The weight decay.")


def test_a_new_hyperparameter_needs_only_its_declarations(monkeypatch: pytest.MonkeyPatch) -> None:
    sgd = OPTIMIZERS["sgd"]
    decaying = replace(sgd, hyperparameters=("decay",))
    monkeypatch.setitem(OPTIMIZERS, "sgd", decaying)
    with_effect = DecaySettings(optimizer="sgd", decay=0.3, epochs=2)
    assert with_effect.hyperparameters == {"decay": 0.3}
    assert with_effect.of_updates == DecaySettings(optimizer="sgd", decay=0.3)
    assert with_effect.without_effect == {"momentum": "the optimizer is sgd, not momentum"}
    without_effect = DecaySettings(optimizer="momentum", decay=0.3)
    assert without_effect.hyperparameters == {"momentum": 0.9}
    assert without_effect.of_updates.decay == 0.0  # type: ignore[attr-defined]
    assert without_effect.without_effect == {"decay": "the optimizer is momentum, not sgd"}
