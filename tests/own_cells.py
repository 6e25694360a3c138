"""Third-party cells, each with its formula and its code for the NumPy engine."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from docs.learn.tasks.solution_cell import OneGate, Softsign
from namegen.backends.numpy_engine import cells as numpy_cells
from namegen.backends.numpy_engine.cells import NumpyCell
from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.network.architecture import OwnCellNetwork
from namegen.core.network.cells import Cell, sigmoid, tanh


class Coupled(Cell):
    """An LSTM with coupled input and forget gates (Greff et al., 2017). Its number of gates is odd."""

    name, title, gates, states = "coupled", "coupled LSTM", ("f", "g", "o"), ("h", "c")

    @staticmethod
    def step(x, s, before):
        f = sigmoid(x.f + s.f)
        c = f * before.c + (1 - f) * tanh(x.g + s.g)
        return sigmoid(s.o + x.o) * tanh(c), c


class CoupledOnNumpy(NumpyCell):
    declared, carried = Coupled, (1,)
    cached = 4  # f, g, o, tanh c'
    more_local = 1  # the derivative of h' with respect to c'

    def forward(self, x, s, before, after, cache):
        gates = x + s
        f = 1 / (1 + np.exp(-gates[0]))
        g = np.tanh(gates[1])
        o = 1 / (1 + np.exp(-gates[2]))
        after[1] = f * before[0] + (1 - f) * g
        tanh_c = np.tanh(after[1])
        cache[...] = f, g, o, tanh_c
        after[0] = o * tanh_c

    def local_derivatives(self, before, after, cache, local):
        f, g, o, tanh_c = cache
        c = before[0]
        local[:3] = f * (1 - f) * (c - g), (1 - f) * (1 - g * g), o * (1 - o) * tanh_c
        local[3:] = f, o * (1 - tanh_c * tanh_c)

    def backward(self, d_after, local, d):
        d_c = d_after[1] + d_after[0] * local[4]
        d[...] = d_c * local[0], d_c * local[1], d_after[0] * local[2], d_c * local[3]


class Product(Cell):
    """A cell with two biases, in which no gate uses the sum ``x + s``, and one gate doesn't read the state."""

    name, title, gates, state_gates, biases = "product", "product", ("a", "b"), 1, 2

    @staticmethod
    def step(x, s, before):
        return -np.tanh(x.a) * np.tanh(s.a) + x.b / 2


class ProductOnNumpy(NumpyCell):
    declared, apart, cached = Product, (0,), 2

    def forward(self, x, s, before, after, cache):
        tanh_x = np.tanh(x[0])
        tanh_s = np.tanh(s[0])
        cache[...] = tanh_x, tanh_s
        after[0] = x[1] / 2 - tanh_x * tanh_s

    def local_derivatives(self, before, after, cache, local):
        tanh_x, tanh_s = cache
        local[0] = (tanh_x * tanh_x - 1) * tanh_s
        local[1] = 0.5
        local[2] = (tanh_s * tanh_s - 1) * tanh_x


class IndRNN(Cell):
    """An independently recurrent network (Li et al., 2018). Each unit reads only its own state, with one weight."""

    name, title, gates, state_gates, vectors = "indrnn", "IndRNN", ("a",), 0, ("u",)

    @staticmethod
    def step(x, s, before):
        return tanh(x.a + before.u * before.h)


class IndRNNOnNumpy(NumpyCell):
    declared, carried = IndRNN, (0,)

    def forward(self, x, s, before, after, cache):
        h, u = before
        after[0] = np.tanh(x[0] + u * h)

    def local_derivatives(self, before, after, cache, local):
        h, u = before
        by_a = 1 - after[0] ** 2
        local[...] = by_a, by_a * u, by_a * h


class Foreign(Cell):
    """A cell with an operation that can't be exported."""

    name, title, gates = "foreign", "foreign", ("a",)

    @staticmethod
    def step(x, s, before):
        return tanh(np.maximum(0, x.a + s.a))


class ForeignNetwork(OwnCellNetwork):
    architecture, own_cell = "foreign", Foreign


def of_readme() -> NumpyCell:
    """Create the cell from the code in the engine's README."""
    readme = Path(numpy_cells.__file__).with_name("README.md").read_text(encoding="utf-8")
    source = re.search(r"```python\n(class MinGRU.*?)```", readme, re.DOTALL)
    assert source is not None
    names = vars(numpy_cells) | {"Cell": Cell, "sigmoid": sigmoid, "tanh": tanh}
    exec(source[1], names)  # noqa: S102  # the README is part of this repository
    return names["MinGRUOnNumpy"]()


OWN_CELLS: dict[str, NumpyCell] = {
    cell.declared.name: cell
    for cell in (
        CoupledOnNumpy(),
        ProductOnNumpy(),
        IndRNNOnNumpy(),
        of_readme(),
        Softsign(),
        OneGate(),
    )
}
NETWORKS = {
    name: type("Network", (OwnCellNetwork,), {"architecture": name, "own_cell": cell.declared})
    for name, cell in OWN_CELLS.items()
}
ENGINES = {
    name: type(
        "Engine",
        (NumpyEngine,),
        {"name": name, "architectures": (NETWORKS[name],), "cells": frozenset(), "own_cell": cell},
    )
    for name, cell in OWN_CELLS.items()
}
