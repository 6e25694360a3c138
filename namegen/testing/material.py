"""What the checks are made of: names, networks, small engines, and steps to take."""

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

NAMES = (
    "Al",
    "Ali",
    "Al",
    "Alma",
    "Bo",
    "Bob",
    "B",
    "Lil",
    "Lila",
    "Lilo",
    "Mo",
    "Al",
    "Ob",
    "Omar",
    "Bo",
    "Amal",
)
VOCABULARY = Vocabulary.from_names(NAMES)
Kind: TypeAlias = (
    str | Network
)  # a cell of the architecture rnn, or a small network of VOCABULARY of another one
LABELS = 2
LABEL_OF = (
    0,
    1,
    0,
    0,
    1,
    1,
    1,
    0,
    0,
    0,
    1,
    1,
    1,
    0,
    0,
    0,
)  # of each of NAMES: Al and Bo stand under both
TOKENS = np.array(
    [[1, 2, 3], [4, 4, 1], [1, 2, 4], [2, 0, 5], [3, 3, 3]], dtype=np.int32
)  # rows that models read
ADAM = TrainingSettings()


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


# One of 70 characters; some that part after 40; and short ones beside them.
LONG_NAMES = tuple(
    "".join(
        VOCABULARY.characters[(7 * place + place // 9) % len(VOCABULARY.characters)]
        for place in range(length)
    )
    + ending
    for length, ending in (
        (69, "a"),
        (40, "Bob"),
        (40, "BobAl"),
        (30, "o"),
        (20, "l"),
        (2, ""),
        (0, "B"),
    )
)
FEW_NAMES = {
    "one name": ("Lila",),
    "one name nine times": ("Al",) * 9,
    "names of one character": ("B", "A", "B"),
    "names that repeat": ("Al", "Alma", "Al", "Al", "Bo", "Al", "Bo"),
}


def network_of(
    cell: str, hidden: tuple[int, ...] = (6, 5), vocabulary_size: int = VOCABULARY.size
) -> RecurrentNetwork:
    """A recurrent network for the names of a check."""
    return RecurrentNetwork(vocabulary_size, cell, hidden=hidden)


def small_network(kind: Kind) -> Network:
    """Two layers of different widths; of another architecture the network that is given."""
    return kind if isinstance(kind, Network) else network_of(kind)


def labelled_network(kind: Kind) -> Network:
    """The same, of names with two labels."""
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
    """An engine as good as new: parameters, biases too, drawn from the seed, and an optimizer that starts anew.

    Some engines compile for seconds, so the checks share them. A check that needs several gives each a ``number``.
    Without ``training`` it only reads.
    """
    network = small_network(kind)
    return _started(
        _shared(engine_class, network, number, training and training.plain, dtype), network, seed
    )


def new_engine(engine_class: EngineClass, kind: Kind, *, threads: int = 1) -> Engine:
    """An engine that no check has used yet."""
    network = small_network(kind)
    return _started(engine_class(network, ADAM.plain, threads=threads), network, seed=1)


@lru_cache(maxsize=64)
def _shared(
    engine_class: EngineClass,
    network: Network,
    number: int,
    training: TrainingSettings | None,
    dtype: str,
) -> Engine:
    engine: Engine = engine_class(network, training, threads=1, dtype=dtype)
    return engine


def _started(engine: Engine, network: Network, seed: int) -> Engine:
    rng = np.random.default_rng(seed)
    engine.set_state(
        {name: rng.normal(0, 0.5, shape) for name, shape in network.parameter_shapes.items()}
    )
    return engine


def small_steps(
    count: int,
    rate: float = 0.02,
    *,
    masked: Network | None = None,
    soft: bool = False,
    labelled: bool = False,
) -> Iterator[Step]:
    """So many steps on batches of the names, the same each time.

    Args:
        count: how many.
        rate: the learning rate of each.
        masked: a network of which every step masks all that can be dropped; None: no masks.
        soft: each batch says what should follow, by random distributions that do not quite sum to 1.
        labelled: each name stands under its label.
    """
    beginnings = [VOCABULARY.size + label for label in LABEL_OF] if labelled else None
    maker, rng = BatchMaker.from_names(NAMES, VOCABULARY, beginnings), np.random.default_rng(11)
    batches = (
        batch for epoch in range(count) for batch in maker.epoch(epoch, batch_size=6, seed=3)
    )
    for batch in islice(batches, count):
        yield Step(
            soften(batch, rng, off=5e-4) if soft else batch,
            rate,
            {} if masked is None else random_masks(masked, rng),
        )


def batch_of(names: Iterable[str], vocabulary: Vocabulary = VOCABULARY) -> Batch:
    """The names as one batch."""
    return Batch(PrefixTree.from_names(names, vocabulary))


def soften(
    batch: Batch, rng: np.random.Generator, vocabulary: Vocabulary = VOCABULARY, *, off: float = 0.0
) -> Batch:
    """The same names with random distributions as targets.

    Args:
        batch: the names.
        rng: where the distributions come from.
        vocabulary: over which they are.
        off: how far a row may be from a sum of 1.
    """
    chances = rng.dirichlet(np.ones(vocabulary.size), batch.tree.nodes)
    chances *= 1 + rng.uniform(-off, off, (batch.tree.nodes, 1))
    return Batch(batch.tree, chances.astype(np.float32))


def long_steps(count: int) -> Iterator[Step]:
    """So many steps on names of up to 70 characters."""
    return (Step(batch_of(LONG_NAMES[place % 2 :]), 0.01) for place in range(count))


def few_steps() -> Iterator[Step]:
    """A step on each batch of ``FEW_NAMES``."""
    return (Step(batch_of(names), 0.02) for names in FEW_NAMES.values())


def mixed_steps(network: Network) -> list[Step]:
    """Plain steps, masked ones, ones with targets and ones with both, among one another."""
    kinds = [
        small_steps(2, masked=masked, soft=soft, labelled=network.labels > 0)
        for soft in (False, True)
        for masked in (None, network)
    ]
    return [step for steps in zip(*kinds, strict=True) for step in steps]


def falling_rates(steps: Iterable[Step]) -> list[Step]:
    """The same steps with another learning rate each, one of them 0."""
    return [
        replace(step, learning_rate=0.0 if place == 3 else step.learning_rate / (1 + 0.05 * place))
        for place, step in enumerate(steps)
    ]


def random_masks(network: Network, rng: np.random.Generator) -> dict[str, Array]:
    """A mask for each parameter that can have one; 30 % of it zeros, the rest scaled as dropping scales it."""
    return {
        name: (rng.random(shape) >= 0.3).astype(np.float32) / np.float32(0.7)
        for shapes in network.mask_shapes.values()
        for name, shape in shapes.items()
    }


def read(
    model: LanguageModel,
    tokens: Int32[Array, "R T"],
    beginnings: int | Int32[Array, "R"] = BOUNDARY,
) -> list[Array]:
    """The logits after the beginning and after each token, one array ``(R, V)`` a depth."""
    state: State = model.initial_state(len(tokens))
    found = []
    for column in (np.broadcast_to(np.asarray(beginnings, np.int32), len(tokens)), *tokens.T):
        logits, state = model.step(np.array(column), state)
        found.append(logits)
    return found


def stepped_loss(model: LanguageModel, batch: Batch) -> float:
    """The loss of the batch in nats, by stepping through its distinct names."""
    rows = batch.sequences()
    total = 0.0
    for depth, logits in enumerate(read(model, rows.tokens[:, :-1], rows.beginnings)):
        wide = logits.astype(np.float64)
        log_p = wide - np.logaddexp.reduce(wide, axis=1, keepdims=True)
        here = np.flatnonzero(
            depth <= rows.lengths
        )  # their next token is a character, or the boundary at their end
        if batch.targets is None:
            total -= float(rows.counts[here] @ log_p[here, rows.tokens[here, depth]])
        else:
            wanted = batch.targets[rows.nodes[here, depth]]  # (here, V)
            total -= float(rows.counts[here] @ (wanted * log_p[here]).sum(axis=1))
    return total
