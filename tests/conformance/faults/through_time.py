"""Mistakes with time: how far back gradients pass, with ``through_time`` and without."""

from __future__ import annotations

import numpy as np

from namegen.backends.numpy_engine.engine import NumpyEngine
from tests.conformance.faults.fault import caught_by


@caught_by("same without through_time")
class AlwaysGoesThroughTime(NumpyEngine):
    """``through_time`` is ignored."""

    def __init__(self, network, training, *, threads, dtype="float32"):
        super().__init__(network, training, threads=threads, dtype=dtype)
        for layer in self.model.recurrent:
            layer.through_time = True


@caught_by("same training")
class NeverGoesThroughTime(NumpyEngine):
    """Gradients never pass from a character to the one before it."""

    def __init__(self, network, training, *, threads, dtype="float32"):
        super().__init__(network, training, threads=threads, dtype=dtype)
        for layer in self.model.recurrent:
            layer.through_time = False


@caught_by("same with names of all lengths")
class CutsTimeInLongNames(NumpyEngine):
    """In batches with names of more than 50 characters no gradient passes back beyond the tenth."""

    def __init__(self, network, training, *, threads, dtype="float32"):
        super().__init__(network, training, threads=threads, dtype=dtype)
        for layer in self.model.recurrent:
            self.cut(layer)

    @staticmethod
    def cut(layer):
        inner = layer.backward

        def backward(d_outputs):
            levels = layer._walk.levels
            kept = layer._undo_cell
            deepest = len(levels)
            done = iter(range(deepest))

            def undo(rows, d_after, *rest):
                if deepest > 50 and next(done) == deepest - 10:
                    d_after[:, rows] = 0
                kept(rows, d_after, *rest)

            layer._undo_cell = undo
            try:
                return inner(d_outputs)
            finally:
                layer._undo_cell = kept

        layer.backward = backward


class CutsOnlyH(NumpyEngine):
    """Without through_time the gradient still passes through c, from character to character."""

    def __init__(self, network, training, *, threads, dtype="float32"):
        super().__init__(network, training, threads=threads, dtype=dtype)
        if training is None or training.through_time:
            return
        for layer in self.model.recurrent:
            layer.through_time = True
            self.cut(layer)

    @staticmethod
    def cut(layer):
        climb = layer._climb

        def climb_through_c(d_after, d, sums):
            recurrent = layer.parameters["recurrent_kernel"]
            layer.parameters = dict(layer.parameters) | {"recurrent_kernel": np.zeros_like(recurrent)}
            climb(d_after, d, sums)  # no gradient through U: c alone is left
            layer.parameters = dict(layer.parameters) | {"recurrent_kernel": recurrent}

        layer._climb = climb_through_c


caught_by("same without through_time", cell="lstm")(CutsOnlyH)


@caught_by("same without through_time", cell="gru")
class CutsOnlyTheProduct(CutsOnlyH):
    """Without through_time the gradient of a GRU still passes through z·h, from character to character."""
