"""The same network, trained by namegen, by PyTorch and by JAX, each as its own users would write it.

``epoch(number, rate)`` asks ``rate()`` before every step and ends early where that is None; parameters go in and out by
their canonical names.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Protocol

from namegen.types import Array

Rate = Callable[[], float | None]
SPEED_RATE = 0.005  # the learning rate where only the time counts


class Trainer(Protocol):
    """What a comparison asks of each."""

    characters: int

    def warm_up(self) -> None:
        """Compile, and touch what the first step would touch first."""
        ...

    def epoch(self, number: int, rate: Rate) -> None:
        """Train one epoch, batches built inside of it; done when it returns."""
        ...

    def loss_of_all(self) -> float:
        """Nats a character over its whole list, as its own library computes it."""
        ...

    def get_parameters(self) -> dict[str, Array]:
        """By canonical name."""
        ...

    def set_parameters(self, parameters: Mapping[str, Array]) -> None:
        """Begin anew from these, the optimizer as well."""
        ...


def speed(trainer: Trainer) -> Callable[[int], float]:
    """A turn that trains an epoch and returns characters a second, once the trainer is warm."""
    trainer.warm_up()

    def turn(number: int) -> float:
        start = time.perf_counter()
        trainer.epoch(number, lambda: SPEED_RATE)
        return trainer.characters / (time.perf_counter() - start)

    return turn
