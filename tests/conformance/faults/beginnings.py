"""Mistakes with names that begin in several ways."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.data.batching import Batch
from namegen.core.engine import Step
from tests.conformance.faults.fault import caught_by


@caught_by("beginnings")
class Deaf(NumpyEngine):
    """A step takes every beginning for the first label's."""

    def step(self, tokens, state):
        return super().step(np.minimum(tokens, self.network.vocabulary_size), state)


@caught_by("beginnings", "same with beginnings")
class Rootless(NumpyEngine):
    """Training takes every beginning for the first label's."""

    def train_epoch(self, steps):
        def all_of_first() -> Iterator[Step]:
            for step in steps:
                tree = step.batch.tree
                tree = replace(tree, token=np.minimum(tree.token, np.int32(self.network.vocabulary_size)))
                yield replace(step, batch=Batch(tree, step.batch.targets))

        return super().train_epoch(all_of_first())
