"""Material for the checks: names, networks, small engines, and training steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, replace
from functools import lru_cache
from itertools import chain, islice

import numpy as np

from namegen.core.data.batching import Batch, BatchMaker
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import END_TOKEN, Vocabulary
from namegen.core.engine import Engine, EngineClass, LanguageModel, Step
from namegen.core.network.architecture import Network, RecurrentNetwork
from namegen.core.settings import TrainingSettings
from namegen.types import Array, Int32

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
# Lists of names without labels: names that share their first 40 characters, one name, repeated names.
LONG_NAMES = ["Lilo" * 17 + "Al", "Lilo" * 10 + "Bob", "Lilo" * 10 + "BobAl", "Lilo" * 5, "B"]
LISTS = (LONG_NAMES, LONG_NAMES[1:], ["Lila"], ["Al"] * 9, ["B", "A", "B"], ["Al", "Alma", "Al"])
# Rows of tokens that models read.
TOKENS = np.array([[1, 2, 3], [4, 4, 1], [1, 2, 4], [2, 0, 5], [3, 3, 3]], dtype=np.int32)
ADAM = TrainingSettings()
DROPOUT = 0.3  # the share of zeros in a mask
TARGET_ERROR = 5e-4  # the largest difference between the sum of a target distribution and 1


# The settings that a backend must not read.
SETTINGS_OF_CORE = frozenset(
    declaration.name for declaration in fields(TrainingSettings)
).difference(TrainingSettings(optimizer="momentum").backend_settings)


class GuardedSettings(TrainingSettings):
    """Training settings that raise an AssertionError if an engine reads a setting that isn't declared for backends."""

    def __post_init__(self) -> None:
        """Skip the usual checks, which read all settings."""

    def __getattribute__(self, name: str) -> object:
        """Return a field or a method, or raise an AssertionError if engines must not read it."""
        if name in SETTINGS_OF_CORE:
            raise AssertionError(
                f"the backend reads the setting {name}, which isn't declared with backend_reads=True and isn't a "
                "hyperparameter of the optimizer momentum"
            )
        return super().__getattribute__(name)

    # The default methods of a dataclass would read all fields.
    __eq__ = object.__eq__
    __hash__ = object.__hash__


def small_network(cell_or_network: str | Network) -> Network:
    """Return the network for a check: the given one, or a network with two layers of the given cell. It has labels."""
    if isinstance(cell_or_network, Network):
        return replace(cell_or_network, labels=LABELS)
    return RecurrentNetwork(VOCABULARY.size, cell_or_network, hidden=(6, 5), labels=LABELS)


def small_parameters(network: Network) -> dict[str, Array]:
    """Draw random parameters, always the same ones."""
    rng = np.random.default_rng(1)
    return {name: rng.normal(0, 0.5, shape) for name, shape in network.parameter_shapes.items()}


def small_engine(
    engine_class: EngineClass,
    network: Network,
    *,
    training: TrainingSettings | None = ADAM,
    number: int = 0,
    dtype: str = "float32",
) -> Engine:
    """Return an engine with random parameters and a new optimizer.

    Some engines compile for seconds, so the checks share their engines. Each call resets the engine.

    Args:
        engine_class: the class of the engine.
        network: the network.
        training: the training settings, or None for an engine that can't be trained.
        number: a number that distinguishes engines that a check needs at the same time.
        dtype: the engine's precision.
    """
    plain_training = None if training is None else training.plain
    engine = _shared_engine(engine_class, network, number, plain_training, dtype)
    engine.set_state(small_parameters(network))  # a state without an optimizer resets it
    return engine


@lru_cache(maxsize=64)
def _shared_engine(
    engine_class: EngineClass,
    network: Network,
    number: int,
    training: TrainingSettings | None,
    dtype: str,
) -> Engine:
    engine: Engine = engine_class(network, training, threads=1, dtype=dtype)
    return engine


def small_steps(
    count: int, rate: float = 0.02, *, masked: Network | None = None, soft: bool = False
) -> Iterator[Step]:
    """Yield training steps on batches of ``NAMES`` with their labels. Each call yields the same steps.

    Args:
        count: the number of steps.
        rate: the learning rate of each step.
        masked: the network whose parameters are masked in every step, or None for steps without masks.
        soft: whether batches have target distributions. The distributions are random, and their sums differ slightly
            from 1.
    """
    rng = np.random.default_rng(11)
    start_tokens = [VOCABULARY.size + label for label in LABEL_OF]
    maker = BatchMaker.from_names(NAMES, VOCABULARY, start_tokens)
    epochs = (maker.epoch(epoch, batch_size=6, seed=3) for epoch in range(count))
    for batch in islice(chain.from_iterable(epochs), count):
        if soft:
            batch = soften(batch, rng)
        masks = {} if masked is None else random_masks(masked, rng)
        yield Step(batch, rate, masks)


def mixed_steps(network: Network) -> list[Step]:
    """Return plain steps, and steps with masks, targets, or both, with falling rates. The fourth rate is 0."""
    steps: list[Step] = []
    for masked in (None, network):
        for soft in (False, True):
            steps += small_steps(3, masked=masked, soft=soft)
    return falling_rates(steps)


def steps_on(lists: Iterable[Sequence[str]]) -> list[Step]:
    """Return one step for each list of names, which have no labels."""
    return [Step(batch_of(names), 0.02) for names in lists]


def batch_of(names: Iterable[str], vocabulary: Vocabulary = VOCABULARY) -> Batch:
    """Put names into one batch."""
    return Batch(PrefixTree.from_names(names, vocabulary))


def soften(batch: Batch, rng: np.random.Generator, vocabulary: Vocabulary = VOCABULARY) -> Batch:
    """Return the same batch with target distributions, as for label smoothing, but random ones."""
    nodes = batch.tree.nodes
    targets = rng.dirichlet(np.ones(vocabulary.size), nodes)  # (N, V)
    # Float32 targets don't sum to exactly 1. Make the error larger, so that an engine that ignores it is noticed.
    targets *= 1 + rng.uniform(-TARGET_ERROR, TARGET_ERROR, (nodes, 1))
    return Batch(batch.tree, targets.astype(np.float32))


def falling_rates(steps: Iterable[Step]) -> list[Step]:
    """Return the same steps with falling learning rates. The rate of the fourth step is 0."""
    return [
        replace(step, learning_rate=0.0 if k == 3 else step.learning_rate / (1 + 0.05 * k))
        for k, step in enumerate(steps)
    ]


def random_masks(network: Network, rng: np.random.Generator) -> dict[str, Array]:
    """Draw a mask for every parameter, with factors of 0 or ``1 / (1 - DROPOUT)``.

    The masks take turns: they have one factor per number, per row, or per column.
    """
    masks: dict[str, Array] = {}
    for k, (name, shape) in enumerate(network.parameter_shapes.items()):
        per_number = shape
        per_row = (*shape[:-1], 1)
        per_column = (1, *shape[1:])
        mask_shape = (per_number, per_row, per_column)[k % 3]
        is_kept = rng.random(mask_shape) >= DROPOUT
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
    state = model.initial_state(rows)
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
    names = batch.sequences()  # the distinct names of the batch as R rows, with their counts
    total = 0.0
    for depth, logits in enumerate(read(model, names.tokens[:, :-1], names.start_tokens)):
        # 1. The log-probability of each token after ``depth`` characters.
        logits = logits.astype(np.float64)
        log_p = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)  # (R, V)
        # 2. The rows whose next token is a character or the end token.
        rows = np.flatnonzero(depth <= names.lengths)
        # 3. The log-probability of the next token, or its mean over the target distribution.
        if batch.targets is None:
            log_likelihoods = log_p[rows, names.tokens[rows, depth]]
        else:
            targets = batch.targets[names.nodes[rows, depth]]  # (K, V)
            log_likelihoods = (targets * log_p[rows]).sum(axis=1)
        # 4. Each name counts as often as it occurs.
        total -= float(names.counts[rows] @ log_likelihoods)
    return total
