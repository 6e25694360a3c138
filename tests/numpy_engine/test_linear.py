"""The linear layer against central differences."""

from __future__ import annotations

import numpy as np

from namegen.backends.numpy_engine.engine import Linear
from tests.numpy_engine.gradients import assert_gradient


def test_linear() -> None:
    rng = np.random.default_rng(3)
    parameters = {"kernel": rng.normal(size=(3, 4)), "bias": rng.normal(size=4)}
    layer = Linear(parameters, {name: np.full(values.shape, np.nan) for name, values in parameters.items()})
    inputs, weights = rng.normal(size=(5, 3)), rng.normal(size=(5, 4))

    def function() -> float:
        return float((weights * layer.forward(inputs)).sum())

    function()
    d_inputs = layer.backward(inputs, weights)
    gradients = {name: values.copy() for name, values in layer.gradients.items()}
    for name, values in parameters.items():
        assert_gradient(function, values, gradients[name])
    assert_gradient(function, inputs, d_inputs)
