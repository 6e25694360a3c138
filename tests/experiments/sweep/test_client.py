"""The errors of dask in a sentence; the real thing runs in tests/cli/test_sweep.py."""

from __future__ import annotations

from asyncio import CancelledError

from namegen.errors import SettingsError, setting
from namegen.experiments.sweep.client import reason


def test_a_cause_that_says_nothing_gives_way_to_what_was_said_about_it() -> None:
    silent = OSError("timed out after 5 s")
    silent.__cause__ = CancelledError()
    assert reason(silent) == "timed out after 5 s"
    silent.__cause__ = ConnectionRefusedError("refused\nmore")
    assert reason(silent) == "refused"
    assert reason(TimeoutError()) == "TimeoutError"


def test_a_setting_is_called_what_the_config_calls_it() -> None:
    assert reason(SettingsError(f"raise {setting('epochs')}")) == "raise training.epochs"
