"""Finished names carry their digests along."""

from __future__ import annotations

import numpy as np

from namegen.core.generation.wishes.wish import Finished


def test_digests_are_made_once() -> None:
    names = Finished(["Anna", "Bob"])
    digests = names.digests
    kept = names.select(np.array([False, True]))
    assert vars(kept)["digests"].tolist() == digests[1:].tolist()
    assert "digests" not in vars(Finished(["Anna"]).select(np.array([True])))
