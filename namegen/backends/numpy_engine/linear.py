"""Linear: the last layer, from the hidden state to the logits."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from namegen.backends.numpy_engine.room import Room
from namegen.types import Array, Float


class Linear:
    """``y = x W + b``. Parameters: ``kernel`` W ``(K, V)``, ``bias`` b ``(V,)``.

    Args:
        parameters: by short name.
        gradients: what ``backward`` writes, of the same names and shapes.
    """

    def __init__(self, parameters: Mapping[str, Array], gradients: Mapping[str, Array]) -> None:
        self.parameters = parameters
        self.gradients = gradients
        self._room = Room(parameters["kernel"].dtype)

    def forward(self, inputs: Float[Array, "N K"]) -> Float[Array, "N V"]:
        """The logits, in new memory."""
        # (Wᵀ xᵀ)ᵀ instead of x W: the same numbers, column after column in memory. The loss then takes a maximum and a
        # sum over V, which NumPy does 5 to 10 times as fast along the axis that is not contiguous.
        outputs = (self.parameters["kernel"].T @ inputs.T).T  # (N, V)
        outputs += self.parameters["bias"]
        return outputs

    def backward(self, inputs: Float[Array, "N K"], d_outputs: Float[Array, "N V"]) -> Float[Array, "N K"]:
        """From the inputs and d loss / d outputs fill the gradients and return d loss / d inputs.

        What is returned is overwritten by the next backward.
        """
        d_columns, kernel = d_outputs.T, self.parameters["kernel"]
        self.gradients["kernel"][...] = (d_columns @ inputs).T  # x W; so ordered BLAS takes half the time
        np.matmul(d_columns, np.ones(len(inputs), inputs.dtype), out=self.gradients["bias"])  # … + b
        d_inputs = self._room.get("d inputs", *inputs.shape)
        return np.matmul(d_outputs, kernel.T, out=d_inputs)  # x W
