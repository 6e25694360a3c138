"""Dropping: the masks of each step. They leave something out, so that the network leans on nothing alone:

- ``recurrent_dropout``: single weights of each recurrent kernel (Wan et al., 2013; Merity, Keskar and Socher, 2018).
- ``layer_dropout``, ``output_dropout``: whole rows of a kernel, that is, units which it reads (Srivastava et al.,
  2014).

What stays is scaled by 1 / (1 − rate), so that sums stay what they were on average. One mask serves all names of a
step: names that share a prefix still share its state, so the gradient on the tree stays exact.
"""

from __future__ import annotations

import math

import numpy as np

from namegen.core.network.architecture import Network
from namegen.core.settings import DROPS, TrainingSettings
from namegen.errors import SettingsError, setting
from namegen.types import Array, Float32

STREAM = 3  # keeps these random numbers apart from those that order the names and draw samples with the same seed


class Dropping:
    """Makes the masks of each step. They depend on the seed and the step alone, so nothing has to be kept to go on.

    Args:
        network: which parameters there are to mask.
        training: the rates and the seed.

    Raises:
        SettingsError: a rate for something that the network does not have.

    >>> from namegen.core.network.architecture import RecurrentNetwork
    >>> dropping = Dropping(RecurrentNetwork(54, hidden=(8,)), TrainingSettings(output_dropout=0.5))
    >>> mask = dropping.masks(epoch=0, step=0)["output.kernel"]
    >>> mask.shape, sorted(set(mask.ravel().tolist()))
    ((8, 1), [0.0, 2.0])
    """

    def __init__(self, network: Network, training: TrainingSettings) -> None:
        self._seed = training.seed
        places = {name: place for place, name in enumerate(network.parameter_shapes)}
        self._masked: list[
            tuple[str, int, tuple[int, ...], float]
        ] = []  # parameter, its place, shape, rate
        for drop in DROPS:
            rate, shapes = getattr(training, drop), network.mask_shapes[drop]
            if rate and not any(network.mask_shapes.values()):
                raise SettingsError(
                    f"{setting(drop)} is {rate}, but {network.architecture} has nothing to drop: leave it out"
                )
            if rate and not shapes:
                raise SettingsError(
                    f"{setting(drop)} is {rate}, and this network has nothing there to drop: add a layer, or do without"
                )
            self._masked += [
                (name, places[name], shape, rate) for name, shape in shapes.items() if rate
            ]

    def masks(self, epoch: int, step: int) -> dict[str, Float32[Array, "..."]]:
        """The masks of one step, both counted from 0: 0 for what is left out, else 1 / (1 − rate)."""
        found = {}
        for name, place, shape, rate in self._masked:
            rng = np.random.default_rng([self._seed, epoch, step, STREAM, place])
            # 16 random bits a number decide as well as 53, and come four at a time.
            size = math.prod(shape)
            bits = (
                rng.bit_generator.random_raw(-(-size // 4))
                .astype("<u8", copy=False)
                .view("<u2")[:size]
            )
            found[name] = (bits >= round(rate * (1 << 16))).reshape(shape) * np.float32(
                1 / (1 - rate)
            )
        return found
