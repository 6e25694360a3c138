"""The most memory that a process has held."""

from __future__ import annotations

import numpy as np
import pytest

from namegen.experiments.compare.memory import peak_memory_mib


@pytest.mark.slow
def test_the_peak_stays_when_the_memory_is_given_back() -> None:
    before = peak_memory_mib()
    if before is None:
        pytest.skip("this system does not say")
    assert before > 20
    np.ones(2 * int(before * 2**20) // 8)  # as much again, twice, given back at once
    after = peak_memory_mib()
    assert after is not None
    assert after > 1.5 * before
