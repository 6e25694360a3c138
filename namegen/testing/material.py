"""What the checks work with: names, networks, small engines, and training steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from functools import lru_cache
from itertools import islice
from typing import TypeAlias

import numpy as np

from namegen.core.data.batching import Batch, BatchMaker
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import BOUNDARY, Vocabulary
from namegen.core.engine import Engine, EngineClass, LanguageModel, State, Step
from namegen.core.network.architecture import Network, RecurrentNetwork
from namegen.core.settings import TrainingSettings
from namegen.types import Array, Int32

# A cell of the architecture rnn, or a small network of another architecture with VOCABULARY.
Kind: TypeAlias = str | Network

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
TARGET_ERROR = 5e-4  # how far the sum of a target distribution may be from 1


def _long_name(length: int, ending: str) -> str:
    """A name of many different characters, then the ending."""
    characters = VOCABULARY.characters
    indices = [(7 * k + k // 9) % len(characters) for k in range(length)]
    return "".join(characters[index] for index in indices) + ending


# A name of 70 characters, names that have their first 40 characters in common, and shorter names.
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
    """Settings that raise AssertionError if an engine reads one that isn't declared for backends."""

    unread: frozenset[str]  # set when the settings are made: before that, they can all be read

    def __post_init__(self) -> None:
        super().__post_init__()
        names = frozenset(declaration.name for declaration in fields(self))
        object.__setattr__(self, "unread", names - self.backend_settings.keys())

    def __getattribute__(self, name: str) -> object:
        if name in object.__getattribute__(self, "__dict__").get("unread", ()):
            raise AssertionError(
                f"the backend reads the setting {name}, which isn't declared with backend_reads=True and isn't a "
                f"hyperparameter of the optimizer {self.optimizer}"
            )
        return super().__getattribute__(name)

    # Comparing field by field would read them all.
    __eq__ = object.__eq__
    __hash__ = object.__hash__


def network_of(
    cell: str, hidden: tuple[int, ...] = (6, 5), vocabulary_size: int = VOCABULARY.size
) -> RecurrentNetwork:
    """A recurrent network, by default with two layers of different widths."""
    return RecurrentNetwork(vocabulary_size, cell, hidden=hidden)


def small_network(kind: Kind) -> Network:
    """The network of a check: two layers of a cell, or the network that was passed to the check."""
    return kind if isinstance(kind, Network) else network_of(kind)


def labelled_network(kind: Kind) -> Network:
    """``small_network``, but for names with two labels."""
    return replace(small_network(kind), labels=LABELS)


def small_engine(
    engine_class: EngineClass,
    kind: Kind,
    *,
    training: TrainingSettings | None = ADAM,
    number: int = 0,
    dtype: str = "float32",
    seed: int = 1,
) -> Engine:
    """An engine with random parameters and a fresh optimizer.

    Some engines compile for seconds, so the checks share engines. They're reset each time.

    Args:
        engine_class: the class of the engine.
        kind: the cell or the network.
        training: the training settings; None for an engine that only reads.
        number: distinguishes engines that a check needs at the same time.
        dtype: the engine's precision.
        seed: for the parameters.
    """
    network = small_network(kind)
    plain_training = None if training is None else training.plain
    engine = _shared_engine(engine_class, network, number, plain_training, dtype)
    return _reset(engine, network, seed)


def new_engine(engine_class: EngineClass, kind: Kind, *, threads: int = 1) -> Engine:
    """An engine that no check has used yet, with the parameters of ``small_engine``."""
    network = small_network(kind)
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
    engine: Engine = engine_class(network, training, threads=1, dtype=dtype)
    return engine


def _reset(engine: Engine, network: Network, seed: int) -> Engine:
    """The engine with random parameters and a fresh optimizer."""
    rng = np.random.default_rng(seed)
    parameters = {
        name: rng.normal(0, 0.5, shape) for name, shape in network.parameter_shapes.items()
    }
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
    """Training steps on batches of ``NAMES``, always the same ones.

    Args:
        count: how many steps.
        rate: the learning rate of each step.
        masked: the network whose parameters are masked in every step (all that support dropout); None: no masks.
        soft: whether batches have target distributions. They're random, and their sums differ slightly from 1.
        labelled: whether names start with the start tokens of their labels.
    """
    start_tokens = None
    if labelled:
        start_tokens = [VOCABULARY.size + label for label in LABEL_OF]
    maker = BatchMaker.from_names(NAMES, VOCABULARY, start_tokens)
    rng = np.random.default_rng(11)
    batches = (
        batch for epoch in range(count) for batch in maker.epoch(epoch, batch_size=6, seed=3)
    )
    for batch in islice(batches, count):
        if soft:
            batch = soften(batch, rng, off=TARGET_ERROR)
        masks = {} if masked is None else random_masks(masked, rng)
        yield Step(batch, rate, masks)


def batch_of(names: Iterable[str], vocabulary: Vocabulary = VOCABULARY) -> Batch:
    """The names as one batch."""
    return Batch(PrefixTree.from_names(names, vocabulary))


def soften(
    batch: Batch, rng: np.random.Generator, vocabulary: Vocabulary = VOCABULARY, *, off: float = 0.0
) -> Batch:
    """The same batch with random target distributions.

    Args:
        batch: the batch.
        rng: the source of randomness.
        vocabulary: the batch's vocabulary.
        off: how far the sum of a distribution may be from 1.
    """
    nodes = batch.tree.nodes
    targets = rng.dirichlet(np.ones(vocabulary.size), nodes)  # (N, V)
    targets *= 1 + rng.uniform(-off, off, (nodes, 1))
    return Batch(batch.tree, targets.astype(np.float32))


def long_steps(count: int) -> Iterator[Step]:
    """Steps on names of up to 70 characters. Every second step excludes the longest name."""
    return (Step(batch_of(LONG_NAMES[k % 2 :]), 0.01) for k in range(count))


def few_steps() -> Iterator[Step]:
    """One step for each batch of ``FEW_NAMES``."""
    return (Step(batch_of(names), 0.02) for names in FEW_NAMES.values())


def mixed_steps(network: Network) -> list[Step]:
    """Alternating plain steps, steps with masks, steps with targets, and steps with both."""
    labelled = network.labels > 0
    plain = small_steps(2, labelled=labelled)
    with_masks = small_steps(2, masked=network, labelled=labelled)
    with_targets = small_steps(2, soft=True, labelled=labelled)
    with_both = small_steps(2, masked=network, soft=True, labelled=labelled)
    steps: list[Step] = []
    for steps_of_each in zip(plain, with_masks, with_targets, with_both, strict=True):
        steps += steps_of_each
    return steps


def falling_rates(steps: Iterable[Step]) -> list[Step]:
    """The same steps with falling learning rates. One of the rates is 0."""
    changed: list[Step] = []
    for index, step in enumerate(steps):
        rate = step.learning_rate / (1 + 0.05 * index)
        if index == 3:
            rate = 0.0
        changed.append(replace(step, learning_rate=rate))
    return changed


def random_masks(network: Network, rng: np.random.Generator) -> dict[str, Array]:
    """A dropout mask for each parameter that can have one. Kept parts are scaled as usual in dropout."""
    masks: dict[str, Array] = {}
    for shapes in network.mask_shapes.values():
        for name, shape in shapes.items():
            is_kept = rng.random(shape) >= DROPOUT
            masks[name] = is_kept.astype(np.float32) / np.float32(1 - DROPOUT)
    return masks


def read(
    model: LanguageModel,
    tokens: Int32[Array, "R T"],
    beginnings: int | Int32[Array, "R"] = BOUNDARY,
) -> list[Array]:
    """The logits after the start token and after each further token.

    Args:
        model: the model.
        tokens: the tokens after the start token.
        beginnings: the start tokens, or one for all rows.

    Returns:
        T + 1 arrays (R, V).
    """
    rows = len(tokens)
    start_tokens = np.broadcast_to(np.asarray(beginnings, np.int32), rows)
    state: State = model.initial_state(rows)
    logits_by_depth: list[Array] = []
    for column in (start_tokens, *tokens.T):
        logits, state = model.step(np.array(column), state)
        logits_by_depth.append(logits)
    return logits_by_depth


def stepped_loss(model: LanguageModel, batch: Batch) -> float:
    """The loss of a batch in nats, summed over its characters. It's computed by stepping through the distinct names."""
    names = batch.sequences()
    total = 0.0
    for depth, logits in enumerate(read(model, names.tokens[:, :-1], names.beginnings)):
        logits = logits.astype(np.float64)
        log_p = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)  # (R, V)
        # Rows whose next token is a character or the end token:
        rows = np.flatnonzero(depth <= names.lengths)
        if batch.targets is None:
            log_p_of_names = log_p[rows, names.tokens[rows, depth]]
        else:
            targets = batch.targets[names.nodes[rows, depth]]  # (rows, V)
            log_p_of_names = (targets * log_p[rows]).sum(axis=1)
        total -= float(names.counts[rows] @ log_p_of_names)
    return total
