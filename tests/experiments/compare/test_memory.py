"""The memory of a measuring process is what the system says of it."""

from __future__ import annotations

import numpy as np

from namegen.experiments.compare.memory import peak_memory_mib


def test_what_was_held_is_seen() -> None:
    before = peak_memory_mib()
    if before is None:  # the system does not say
        return
    held = np.ones(200 * 2**17)  # 200 MiB
    after = peak_memory_mib()
    assert after is not None
    assert held.nbytes == 200 * 2**20
    assert after >= max(before, 200)
