"""Train the same network with namegen, PyTorch and JAX, each in the way that its users would write it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Protocol

from namegen.types import Array

Rate = Callable[[], float | None]
SPEED_RATE = 0.005  # the learning rate of measurements of speed


class Trainer(Protocol):
    """Trains a network with a library. Its parameters have namegen's names and shapes."""

    characters: int  # the number of characters in an epoch, with the end tokens

    def warm_up(self) -> None:
        """Compile the functions and initialize the library, without changing the parameters."""
        ...

    def epoch(self, number: int, rate: Rate) -> None:
        """Train for an epoch. This includes building the batches.

        Args:
            number: The number of the epoch, which determines the order of the names.
            rate: Called before each step. Returns the learning rate, or None to stop.
        """
        ...

    def loss_of_all(self) -> float:
        """Compute the loss of all training names in nats per character, with the trainer's own library."""
        ...

    def get_parameters(self) -> dict[str, Array]:
        """Return the parameters by name."""
        ...

    def set_parameters(self, parameters: Mapping[str, Array]) -> None:
        """Set the parameters, and reset the optimizer."""
        ...


def speed(trainer: Trainer) -> Callable[[int], float]:
    """Warm up a trainer. Return a function that trains for an epoch and returns the characters per second."""
    trainer.warm_up()

    def train_epoch(number: int) -> float:
        start = time.perf_counter()
        trainer.epoch(number, lambda: SPEED_RATE)
        return trainer.characters / (time.perf_counter() - start)

    return train_epoch
