"""The errors of dask in a sentence; the real thing runs in tests/cli/test_sweep.py."""

from __future__ import annotations

from asyncio import CancelledError

import pytest

from namegen.errors import EngineError, SettingsError, setting
from namegen.experiments.sweep import client as clients
from namegen.experiments.sweep.client import check_code, reason


def test_a_cause_that_says_nothing_gives_way_to_what_was_said_about_it() -> None:
    silent = OSError("timed out after 5 s")
    silent.__cause__ = CancelledError()
    assert reason(silent) == "timed out after 5 s"
    silent.__cause__ = ConnectionRefusedError("refused\nmore")
    assert reason(silent) == "refused"
    assert reason(TimeoutError()) == "TimeoutError"


def test_a_setting_is_called_what_the_config_calls_it() -> None:
    assert reason(SettingsError(f"raise {setting('epochs')}")) == "raise training.epochs"


class Workers:
    """Stands for the client of some workers, which all give one answer."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def run(self, function: object, engines: list[str], on_error: str) -> dict[str, object]:
        return {"tcp://there": self.answer}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"numpy": "1", "fast": "1-b"}, "another version of the engine fast than this machine"),
        ({"numpy": "1", "fast": "1"}, "another version of the engine fast than this machine"),  # it has none
        ({"numpy": "2", "fast": "2-a"}, "another version of namegen's code than this machine"),
        (ModuleNotFoundError("no namegen"), r"cannot load namegen \(no namegen\)"),
    ],
)
def test_a_worker_with_other_code_is_told_before_anything_is_trained(
    answer: object, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "training_codes", lambda engines: {"numpy": "1", "fast": "1-a"})
    check_code(Workers({"numpy": "1", "fast": "1-a"}), ["numpy", "fast"])
    with pytest.raises(EngineError, match=f"the worker at tcp://there.*{said}"):
        check_code(Workers(answer), ["numpy", "fast"])
