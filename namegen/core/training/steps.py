"""Dropout: the masks of each training step.

- ``recurrent_dropout`` drops single weights of each recurrent kernel (Wan et al., 2013; Merity, Keskar and Socher,
  2018).
- ``layer_dropout`` and ``output_dropout`` drop units between layers and before the output, that is, rows of the kernel
  that reads them (Srivastava et al., 2014).

The remaining values are scaled by 1 / (1 − rate), so sums keep their mean. All names of a step have the same mask, so
names that share a prefix still share its state, and the gradient on the prefix tree stays exact.
"""

from __future__ import annotations

import math

import numpy as np

from namegen.core.network.architecture import Network, Shape
from namegen.core.settings import DROPOUT_SETTINGS, TrainingSettings
from namegen.errors import SettingsError, setting
from namegen.types import Array, Float32

# Keeps these random numbers apart from those that shuffle the names and draw samples with the same seed.
STREAM = 3


class Dropping:
    """Makes the masks of each step.

    A mask depends only on the seed, the epoch and the step, so resuming a run needs no saved state for it.

    Args:
        network: The network, which defines the shapes of the masks.
        training: The dropout rates and the seed.

    Raises:
        SettingsError: A rate is for something that the network doesn't have.

    >>> from namegen.core.network.architecture import RecurrentNetwork
    >>> dropping = Dropping(RecurrentNetwork(54, hidden=(8,)), TrainingSettings(output_dropout=0.5))
    >>> mask = dropping.masks(epoch=0, step=0)["output.kernel"]
    >>> mask.shape, sorted(set(mask.ravel().tolist()))
    ((8, 1), [0.0, 2.0])
    """

    def __init__(self, network: Network, training: TrainingSettings) -> None:
        """Find the parameters that have masks, and the rate of each one.

        The network says which parameters each setting masks: ``recurrent_dropout``, ``layer_dropout`` and
        ``output_dropout``.
        """
        self._seed = training.seed
        self._names = list(network.parameter_shapes)
        # By parameter: the shape of its mask, and the share of its values that are dropped.
        self._shapes: dict[str, Shape] = {}
        self._rates: dict[str, float] = {}
        for rate_name in DROPOUT_SETTINGS:
            rate = getattr(training, rate_name)
            if not rate:
                continue
            shapes = network.mask_shapes[rate_name]
            if not shapes:
                supports_dropout = any(network.mask_shapes.values())
                reason = f"{network.architecture} doesn't support dropout: remove the setting"
                if supports_dropout:
                    reason = "this network has no such units or weights: add a layer, or remove the setting"
                raise SettingsError(f"{setting(rate_name)} is {rate}, but {reason}")
            self._shapes.update(shapes)
            for name in shapes:
                self._rates[name] = rate

    def masks(self, epoch: int, step: int) -> dict[str, Float32[Array, "..."]]:
        """Draw the masks of one step.

        A mask has random factors: 0 for a dropped value, otherwise 1 / (1 − rate), so that the mean is 1.

        Args:
            epoch: Counted from 0.
            step: Counted from 0 in each epoch.

        Returns:
            The mask of each masked parameter, by canonical name.
        """
        masks = {}
        for name, shape in self._shapes.items():
            rate = self._rates[name]
            rng = np.random.default_rng([self._seed, epoch, step, STREAM, self._names.index(name)])
            # Draw a whole number below 2¹⁶ for each factor, which is precise enough. One draw of 64 bits contains four.
            size = math.prod(shape)
            draws = rng.bit_generator.random_raw(math.ceil(size / 4)).astype("<u8", copy=False)
            numbers = draws.view("<u2")[:size]
            is_kept = numbers >= round(rate * 2**16)  # (size,)
            masks[name] = is_kept.reshape(shape) * np.float32(1 / (1 - rate))
        return masks
