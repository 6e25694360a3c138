"""Linear: the last layer, from the hidden state to the logits."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

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

    def forward(self, inputs: Float[Array, "N K"]) -> Float[Array, "N V"]:
        """The logits."""
        self._inputs = inputs
        # (Wᵀ xᵀ)ᵀ instead of x W: the same numbers, column after column in memory. The loss then takes a maximum and a
        # sum over V, which NumPy does 5 to 10 times as fast along the axis that is not contiguous.
        outputs = (self.parameters["kernel"].T @ inputs.T).T  # (N, V)
        outputs += self.parameters["bias"]
        return outputs

    def backward(self, d_outputs: Float[Array, "N V"]) -> Float[Array, "N K"]:
        """From d loss / d outputs fill the gradients and return d loss / d inputs."""
        np.matmul(self._inputs.T, d_outputs, out=self.gradients["kernel"])  # x W
        np.sum(d_outputs, axis=0, out=self.gradients["bias"])  # … + b
        return d_outputs @ self.parameters["kernel"].T  # x W
