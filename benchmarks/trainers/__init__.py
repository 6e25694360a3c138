"""Train the same network with namegen, PyTorch, JAX and Keras, each in the way that its users would write it."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from namegen.core.data.corpus import Corpus
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.network.architecture import RecurrentNetwork
from namegen.core.settings import Recipe
from namegen.types import Array

Rate = Callable[[], float | None]
SPEED_RATE = 0.005  # the learning rate of measurements of speed
# The libraries, and the training code of the original project's blog, which uses Keras.
NAMEGEN = "namegen"
TORCH = "PyTorch"
JAX = "JAX scan"
KERAS = "Keras fit"
BLOG = "the blog's way"


class Trainer(ABC):
    """Trains a network with a library. Its parameters have namegen's names and shapes.

    Args:
        corpus: The list of names.
        recipe: The settings: how to split the list, the network and the batch size.
    """

    characters: int  # the number of characters in an epoch, with the end tokens

    def __init__(self, corpus: Corpus, recipe: Recipe) -> None:
        training_set, _, _ = corpus.split(recipe.data, seed=0)
        self.names = training_set.names
        self.vocabulary = corpus.vocabulary
        self.architecture = RecurrentNetwork.from_settings(recipe.network, corpus.vocabulary.size)
        self.batch_size = recipe.training.batch_size or len(self.names)

    @abstractmethod
    def warm_up(self) -> None:
        """Compile the functions and initialize the library."""

    @abstractmethod
    def epoch(self, number: int, rate: Rate) -> None:
        """Train for an epoch. This includes building the batches.

        Args:
            number: The number of the epoch, which determines the order of the names.
            rate: Called before each step. Returns the learning rate, or None to stop.
        """

    def loss_of_all(self) -> float:
        """Compute the loss of all training names in nats per character, with the trainer's own library."""
        raise NotImplementedError

    def get_parameters(self) -> dict[str, Array]:
        """Return the parameters by name."""
        raise NotImplementedError

    def set_parameters(self, parameters: Mapping[str, Array]) -> None:
        """Set the parameters, and reset the optimizer."""
        raise NotImplementedError


def trainers_of(library: str, backend: str = "numpy") -> dict[str, Callable[..., Trainer]]:
    """Return the forms in which a library can train, by name. Only this library is imported."""
    if library == NAMEGEN:
        from benchmarks.trainers.namegen_trainer import NamegenTrainer

        return {NAMEGEN: partial(NamegenTrainer, backend=backend)}
    if library == TORCH:
        from benchmarks.trainers.torch_trainer import TorchTrainer

        return {
            "PyTorch packed": TorchTrainer,
            "PyTorch padded": partial(TorchTrainer, padded=True),
            "PyTorch distinct": partial(TorchTrainer, padded=True, distinct=True),
        }
    if library == JAX:
        from benchmarks.trainers.jax_trainer import JaxTrainer

        return {JAX: JaxTrainer}
    from benchmarks.trainers.keras_trainer import BlogTrainer, KerasTrainer

    return {BLOG: BlogTrainer} if library == BLOG else {KERAS: KerasTrainer}


def speed(create: Callable[[], Trainer]) -> Callable[[int], float]:
    """Create and warm up a trainer. Return a function that trains for an epoch and returns characters per second."""
    trainer = create()
    trainer.warm_up()

    def train_epoch(number: int) -> float:
        start = time.perf_counter()
        trainer.epoch(number, lambda: SPEED_RATE)
        return trainer.characters / (time.perf_counter() - start)

    return train_epoch


def pad_names(names: Sequence[str], vocabulary: Vocabulary) -> tuple[Array, Array]:
    """Encode names as rows of a start token, the characters, and one or more end tokens.

    Returns:
        The tokens, with shape ``(N, T + 1)``, and how many targets each name has, including the end token.
    """
    characters, lengths = vocabulary.encode_all(names)
    longest = int(lengths.max())
    is_character = np.arange(longest) < lengths[:, None]  # (N, longest)
    tokens = np.zeros((len(names), longest + 2), np.int32)  # the start and end tokens are 0
    tokens[:, 1:-1][is_character] = characters
    return tokens, lengths + 1
