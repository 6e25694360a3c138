"""Check the settings of a run, including the defaults that depend on the list."""

from __future__ import annotations

import pytest

from namegen.core.optimizers import OPTIMIZERS
from namegen.core.settings import DataSettings, NetworkSettings, TrainingSettings, resolve_training
from namegen.errors import SettingsError
from namegen.testing.comparisons import describe_training
from tests.lion import DECAYING, DecaySettings


@pytest.mark.parametrize(
    ("names", "uses_sqrt_duplicates", "batch_size", "epochs"),
    [
        (21_000, False, 128, 120),
        (6_000, True, 128, 64),
        (100_000, True, 128, 40),
        (270, False, 16, 177),
        (1, True, 16, 3000),
    ],
)
def test_defaults_depend_on_the_size_of_the_list(
    names: int, uses_sqrt_duplicates: bool, batch_size: int, epochs: int
) -> None:
    resolved = resolve_training(
        TrainingSettings(), names, uses_sqrt_duplicates=uses_sqrt_duplicates
    )
    assert (resolved.batch_size, resolved.epochs) == (batch_size, epochs)


def test_explicit_settings_are_kept() -> None:
    given = TrainingSettings(batch_size=7, epochs=3, learning_rate=0.02)
    assert resolve_training(given, 21_000, NetworkSettings(hidden=(128,))) == given


def test_an_unknown_name_type_is_rejected() -> None:
    with pytest.raises(SettingsError, match="name_type is 'firms'"):
        DataSettings(name_type="firms")


def test_a_tenth_of_the_names_is_left_to_train_on() -> None:
    DataSettings(validation=0.5, test=0.4)
    for shares in ({"validation": 0.5, "test": 0.41}, {"test": 0.81}):  # 0.1 is the default
        with pytest.raises(SettingsError, match=r"together are 0\.91: expected at most 0\.9"):
            DataSettings(**shares)


def test_a_new_hyperparameter_needs_only_its_declarations(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, optimizer in DECAYING.items():
        monkeypatch.setitem(OPTIMIZERS, name, optimizer)
    with_effect = DecaySettings(optimizer="lion", decay=0.3, epochs=2)
    assert with_effect.hyperparameters == {"decay": 0.3}
    assert with_effect.of_updates == DecaySettings(optimizer="lion", decay=0.3)
    assert describe_training(with_effect).endswith("λ = 0.3)")
    assert with_effect.without_effect == {"momentum": "the optimizer is lion, not momentum"}
    without_effect = DecaySettings(optimizer="momentum", decay=0.3)
    assert without_effect.hyperparameters == {"momentum": 0.9}
    assert without_effect.of_updates.decay == 0.0  # type: ignore[attr-defined]
    assert without_effect.without_effect == {"decay": "the optimizer is momentum, not adam or lion"}
