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
from dataclasses import dataclass

import numpy as np

from namegen.core.network.architecture import Network
from namegen.core.settings import DROPOUT_SETTINGS, TrainingSettings
from namegen.errors import SettingsError, setting
from namegen.types import Array, Float32

# Keeps these random numbers apart from those that shuffle the names and draw samples with the same seed.
STREAM = 3


@dataclass(frozen=True)
class _MaskedParameter:
    name: str  # canonical
    index: int  # among the network's parameters
    mask_shape: tuple[int, ...]
    rate: float


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
        self._seed = training.seed
        self._masked: list[_MaskedParameter] = []
        names = list(network.parameter_shapes)
        for rate_name in DROPOUT_SETTINGS:
            rate = getattr(training, rate_name)
            mask_shapes = network.mask_shapes[rate_name]
            if not rate:
                continue
            if not mask_shapes:
                reason = (
                    "this network has no such units or weights: add a layer, or remove the setting"
                )
                if not any(network.mask_shapes.values()):
                    reason = f"{network.architecture} doesn't support dropout: remove the setting"
                raise SettingsError(f"{setting(rate_name)} is {rate}, but {reason}")
            for name, mask_shape in mask_shapes.items():
                self._masked.append(_MaskedParameter(name, names.index(name), mask_shape, rate))

    def masks(self, epoch: int, step: int) -> dict[str, Float32[Array, "..."]]:
        """Draw the masks of one step.

        Args:
            epoch: Counted from 0.
            step: Counted from 0 in each epoch.

        Returns:
            The mask of each masked parameter, by canonical name.
        """
        masks = {}
        for parameter in self._masked:
            rng = np.random.default_rng([self._seed, epoch, step, STREAM, parameter.index])
            # Random numbers below 2¹⁶ are precise enough for a rate. One draw of 64 bits gives four of them.
            size = math.prod(parameter.mask_shape)
            raw = rng.bit_generator.random_raw(math.ceil(size / 4)).astype("<u8", copy=False)
            is_kept = raw.view("<u2")[:size] >= round(parameter.rate * 2**16)  # (size,)
            scale = np.float32(1 / (1 - parameter.rate))
            masks[parameter.name] = is_kept.reshape(parameter.mask_shape) * scale
        return masks
