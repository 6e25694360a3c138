"""Material for the checks: names, networks, small engines, and training steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from functools import lru_cache
from itertools import chain, islice
from typing import TypeAlias

import numpy as np

from namegen.core.data.batching import Batch, BatchMaker
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import END_TOKEN, Vocabulary
from namegen.core.engine import Engine, EngineClass, LanguageModel, State, Step
from namegen.core.network.architecture import Network, RecurrentNetwork
from namegen.core.settings import TrainingSettings
from namegen.types import Array, Float64, Int32, Int64

# A cell of the architecture rnn, or a small network of another architecture with VOCABULARY.
CellOrNetwork: TypeAlias = str | Network

# fmt: off
NAMES = (
    "Al", "Ali", "Al", "Alma", "Bo", "Bob", "B", "Lil",
    "Lila", "Lilo", "Mo", "Al", "Ob", "Omar", "Bo", "Amal",
)
# The label of each name. Al and Bo occur with both labels.
LABEL_OF = (
    0, 1, 0, 0, 1, 1, 1, 0,
    0, 0, 1, 1, 1, 0, 0, 0,
)
# fmt: on
LABELS = 2
VOCABULARY = Vocabulary.from_names(NAMES)
# Rows of tokens that models read.
TOKENS = np.array([[1, 2, 3], [4, 4, 1], [1, 2, 4], [2, 0, 5], [3, 3, 3]], dtype=np.int32)
ADAM = TrainingSettings()
DROPOUT = 0.3  # the share of zeros in a mask
TARGET_ERROR = 5e-4  # the largest difference between the sum of a target distribution and 1


def _long_name(length: int, ending: str) -> str:
    """Make a name of ``length`` characters, followed by the ending. It has the same start for every length."""
    characters = VOCABULARY.characters
    # A sequence without a simple pattern.
    indices = [(7 * k + k // 9) % len(characters) for k in range(length)]
    return "".join(characters[index] for index in indices) + ending


# A name of 70 characters, names that share their first 40 characters, and shorter names.
LONG_NAMES = (
    _long_name(69, "a"),
    _long_name(40, "Bob"),
    _long_name(40, "BobAl"),
    _long_name(30, "o"),
    _long_name(20, "l"),
    _long_name(2, ""),
    _long_name(0, "B"),
)
FEW_NAMES = {
    "one name": ("Lila",),
    "one name nine times": ("Al",) * 9,
    "names of one character": ("B", "A", "B"),
    "names that repeat": ("Al", "Alma", "Al", "Al", "Bo", "Al", "Bo"),
}


class GuardedSettings(TrainingSettings):
    """Training settings that raise an AssertionError if an engine reads a setting that isn't declared for backends."""

    # The names of the settings that raise an error. They're set at the end of the initialization. Until then,
    # all settings can be read.
    forbidden: frozenset[str]

    def __post_init__(self) -> None:
        super().__post_init__()
        names = frozenset(declaration.name for declaration in fields(self))
        object.__setattr__(self, "forbidden", names - self.backend_settings.keys())

    def __getattribute__(self, name: str) -> object:
        """Return a field or a method, or raise an AssertionError if engines must not read it."""
        attributes = object.__getattribute__(self, "__dict__")
        if name in attributes.get("forbidden", ()):
            raise AssertionError(
                f"the backend reads the setting {name}, which isn't declared with backend_reads=True and isn't a "
                f"hyperparameter of the optimizer {self.optimizer}"
            )
        return super().__getattribute__(name)

    # The default methods of a dataclass would read all fields.
    __eq__ = object.__eq__
    __hash__ = object.__hash__


def network_of(
    cell: str, hidden: tuple[int, ...] = (6, 5), vocabulary_size: int = VOCABULARY.size
) -> RecurrentNetwork:
    """Create a recurrent network, by default with two layers of different widths."""
    return RecurrentNetwork(vocabulary_size, cell, hidden=hidden)


def small_network(cell_or_network: CellOrNetwork) -> Network:
    """Return the network for a check: the given network, or a network with two layers of the given cell."""
    if isinstance(cell_or_network, Network):
        return cell_or_network
    return network_of(cell_or_network)


def labelled_network(cell_or_network: CellOrNetwork) -> Network:
    """Return the network of ``small_network``, but for names with two labels."""
    return replace(small_network(cell_or_network), labels=LABELS)


def small_engine(
    engine_class: EngineClass,
    cell_or_network: CellOrNetwork,
    *,
    training: TrainingSettings | None = ADAM,
    number: int = 0,
    dtype: str = "float32",
    seed: int = 1,
) -> Engine:
    """Return an engine with random parameters and a new optimizer.

    Some engines compile for seconds, so the checks share their engines. Each call resets the engine.

    Args:
        engine_class: the class of the engine.
        cell_or_network: the cell or the network.
        training: the training settings, or None for an engine that can't be trained.
        number: a number that distinguishes engines that a check needs at the same time.
        dtype: the engine's precision.
        seed: the seed of the parameters.
    """
    network = small_network(cell_or_network)
    plain_training = None if training is None else training.plain
    engine = _shared_engine(engine_class, network, number, plain_training, dtype)
    return _reset(engine, network, seed)


def new_engine(
    engine_class: EngineClass, cell_or_network: CellOrNetwork, *, threads: int = 1
) -> Engine:
    """Create an engine that no check has used yet, with the parameters of ``small_engine``."""
    network = small_network(cell_or_network)
    engine = engine_class(network, ADAM.plain, threads=threads)
    return _reset(engine, network, seed=1)


@lru_cache(maxsize=64)
def _shared_engine(
    engine_class: EngineClass,
    network: Network,
    number: int,
    training: TrainingSettings | None,
    dtype: str,
) -> Engine:
    """Create an engine, or return the engine that an earlier call with the same arguments created."""
    engine: Engine = engine_class(network, training, threads=1, dtype=dtype)
    return engine


def _reset(engine: Engine, network: Network, seed: int) -> Engine:
    """Give an engine random parameters and a new optimizer, because a state without an optimizer resets it."""
    rng = np.random.default_rng(seed)
    shapes = network.parameter_shapes
    parameters = {name: rng.normal(0, 0.5, shape) for name, shape in shapes.items()}
    engine.set_state(parameters)
    return engine


def small_steps(
    count: int,
    rate: float = 0.02,
    *,
    masked: Network | None = None,
    soft: bool = False,
    labelled: bool = False,
) -> Iterator[Step]:
    """Yield training steps on batches of ``NAMES``. Each call yields the same steps.

    Args:
        count: the number of steps.
        rate: the learning rate of each step.
        masked: the network whose parameters are masked in every step, or None for steps without masks.
        soft: whether batches have target distributions. The distributions are random, and their sums differ slightly
            from 1.
        labelled: whether each name starts with the start token of its label.
    """
    rng = np.random.default_rng(11)
    for batch in _small_batches(count, labelled):
        if soft:
            batch = soften(batch, rng, off=TARGET_ERROR)
        masks = {} if masked is None else random_masks(masked, rng)
        yield Step(batch, rate, masks)


def _small_batches(count: int, labelled: bool) -> Iterator[Batch]:
    """Yield batches of up to six names from as many epochs as necessary."""
    start_tokens = None
    if labelled:
        start_tokens = [VOCABULARY.size + label for label in LABEL_OF]
    maker = BatchMaker.from_names(NAMES, VOCABULARY, start_tokens)
    epochs = (maker.epoch(epoch, batch_size=6, seed=3) for epoch in range(count))
    return islice(chain.from_iterable(epochs), count)


def batch_of(names: Iterable[str], vocabulary: Vocabulary = VOCABULARY) -> Batch:
    """Put names into one batch."""
    return Batch(PrefixTree.from_names(names, vocabulary))


def soften(
    batch: Batch, rng: np.random.Generator, vocabulary: Vocabulary = VOCABULARY, *, off: float = 0.0
) -> Batch:
    """Return the same batch with target distributions, as for label smoothing, but random ones.

    Args:
        batch: the batch.
        rng: the random number generator.
        vocabulary: the batch's vocabulary.
        off: the largest difference between the sum of a distribution and 1.
    """
    nodes = batch.tree.nodes
    targets = rng.dirichlet(np.ones(vocabulary.size), nodes)  # (N, V)
    targets *= 1 + rng.uniform(-off, off, (nodes, 1))
    return Batch(batch.tree, targets.astype(np.float32))


def long_steps(count: int) -> Iterator[Step]:
    """Yield steps on names of up to 70 characters. Every second step excludes the longest name."""
    for k in range(count):
        excluded = k % 2
        yield Step(batch_of(LONG_NAMES[excluded:]), 0.01)


def few_steps() -> Iterator[Step]:
    """Yield one step for each batch of ``FEW_NAMES``."""
    for names in FEW_NAMES.values():
        yield Step(batch_of(names), 0.02)


def mixed_steps(network: Network) -> list[Step]:
    """Return steps that alternate between plain steps, masks, targets, and both masks and targets."""
    labelled = network.labels > 0
    plain = small_steps(2, labelled=labelled)
    with_masks = small_steps(2, masked=network, labelled=labelled)
    with_targets = small_steps(2, soft=True, labelled=labelled)
    with_both = small_steps(2, masked=network, soft=True, labelled=labelled)
    steps: list[Step] = []
    for group in zip(plain, with_masks, with_targets, with_both, strict=True):
        steps += group
    return steps


def falling_rates(steps: Iterable[Step]) -> list[Step]:
    """Return the same steps with falling learning rates. The rate of the fourth step is 0."""
    changed_steps: list[Step] = []
    for index, step in enumerate(steps):
        rate = step.learning_rate / (1 + 0.05 * index)
        if index == 3:
            rate = 0.0
        changed_steps.append(replace(step, learning_rate=rate))
    return changed_steps


def random_masks(network: Network, rng: np.random.Generator) -> dict[str, Array]:
    """Draw a dropout mask for each parameter that supports dropout, with factors of 0 or ``1 / (1 - DROPOUT)``."""
    masks: dict[str, Array] = {}
    for shapes in network.mask_shapes.values():
        for name, shape in shapes.items():
            is_kept = rng.random(shape) >= DROPOUT
            masks[name] = is_kept.astype(np.float32) / np.float32(1 - DROPOUT)
    return masks


def read(
    model: LanguageModel,
    tokens: Int32[Array, "R T"],
    start_tokens: int | Int32[Array, "R"] = END_TOKEN,
) -> list[Array]:
    """Read rows of tokens, and return the logits after the start token and after each further token.

    Args:
        model: the model.
        tokens: the tokens after the start token.
        start_tokens: one start token per row, or one for all rows.

    Returns:
        T + 1 arrays (R, V).
    """
    rows = len(tokens)
    first_column = np.broadcast_to(np.asarray(start_tokens, np.int32), rows)
    state: State = model.initial_state(rows)
    logits_by_depth: list[Array] = []
    for column in (first_column, *tokens.T):
        logits, state = model.step(np.array(column), state)
        logits_by_depth.append(logits)
    return logits_by_depth


def stepped_loss(model: LanguageModel, batch: Batch) -> float:
    """Compute the loss that a training step on a batch must report, by reading its names one token at a time.

    Returns:
        The loss in nats, summed over the characters of all names.
    """
    names = batch.sequences()
    total = 0.0
    for depth, logits in enumerate(read(model, names.tokens[:, :-1], names.start_tokens)):
        log_p = _log_softmax(logits.astype(np.float64))  # (R, V)
        # The rows whose next token is a character or the end token.
        rows = np.flatnonzero(depth <= names.lengths)
        log_likelihoods = _log_likelihoods(batch, log_p, rows, depth)
        total -= float(names.counts[rows] @ log_likelihoods)
    return total


def _log_softmax(logits: Float64[Array, "R V"]) -> Float64[Array, "R V"]:
    return logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)


def _log_likelihoods(
    batch: Batch, log_p: Float64[Array, "R V"], rows: Int64[Array, "K"], depth: int
) -> Float64[Array, "K"]:
    """Return the log-likelihood of the next token in some rows: its log-probability, or the mean over its targets.

    Args:
        batch: the batch.
        log_p: the log-probabilities of all tokens.
        rows: the rows.
        depth: the index of the next token in each name.
    """
    names = batch.sequences()
    if batch.targets is None:
        next_tokens = names.tokens[rows, depth]
        log_likelihoods: Array = log_p[rows, next_tokens]
        return log_likelihoods
    nodes = names.nodes[rows, depth]
    targets = batch.targets[nodes]  # (K, V)
    means: Array = (targets * log_p[rows]).sum(axis=1)
    return means
