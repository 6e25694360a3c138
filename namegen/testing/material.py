"""What the checks are made of: names, small engines and steps to take, and comparisons that assert by themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

import numpy as np

from namegen.core.data.batching import Batch, BatchMaker
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.engine import Engine, EngineClass, LanguageModel, State, Step
from namegen.core.network.architecture import Network
from namegen.core.network.recurrent_network import RecurrentNetwork
from namegen.core.settings import TrainingSettings
from namegen.types import Array, Int32

NAMES = ("Al", "Ali", "Al", "Alma", "Bo", "Bob", "B", "Lil", "Lila", "Lilo", "Mo", "Al", "Ob", "Omar", "Bo", "Amal")
VOCABULARY = Vocabulary.from_names(NAMES)
TOKENS = np.array([[1, 2, 3], [4, 4, 1], [1, 2, 4], [2, 0, 5], [3, 3, 3]], dtype=np.int32)  # rows that models read


def small_network(cell: str) -> RecurrentNetwork:
    """Two layers of different widths."""
    return RecurrentNetwork(VOCABULARY.size, cell, hidden=(6, 5))


def small_engine(
    engine_class: EngineClass,
    cell: str,
    *,
    number: int = 0,
    train: bool = True,
    dtype: str = "float32",
    seed: int = 1,
    **settings: Any,
) -> Engine:
    """A small engine as good as new: parameters, biases too, drawn from the seed, and an optimizer that starts anew.

    Some engines compile for seconds, so the checks share them. A check that needs several gives each a ``number``.
    """
    engine = _shared(engine_class, cell, number, train, dtype, tuple(sorted(settings.items())))
    _start(engine, cell, seed)
    return engine


def new_engine(engine_class: EngineClass, cell: str) -> Engine:
    """An engine that no check has used yet."""
    engine: Engine = engine_class(small_network(cell), TrainingSettings(), threads=1)
    _start(engine, cell, seed=1)
    return engine


@lru_cache(maxsize=64)
def _shared(
    engine_class: EngineClass, cell: str, number: int, train: bool, dtype: str, settings: tuple[tuple[str, Any], ...]
) -> Engine:
    training = TrainingSettings(**dict(settings)) if train else None
    engine: Engine = engine_class(small_network(cell), training, threads=1, dtype=dtype)
    return engine


def _start(engine: Engine, cell: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    engine.set_state({name: rng.normal(0, 0.5, shape) for name, shape in small_network(cell).parameter_shapes.items()})


def small_steps(count: int, rate: float = 0.02, *, masked: Network | None = None, soft: bool = False) -> Iterator[Step]:
    """So many steps on batches of the names, the same each time.

    Args:
        count: how many.
        rate: the learning rate of each.
        masked: a network of which every step masks all that can be dropped; None: no masks.
        soft: each batch says what should follow, by random distributions.
    """
    maker, rng = BatchMaker(NAMES, VOCABULARY), np.random.default_rng(11)
    batches = (batch for epoch in range(count) for batch in maker.epoch(epoch, batch_size=6, seed=3))
    for batch in islice(batches, count):
        if soft:
            chances = rng.dirichlet(np.ones(VOCABULARY.size), batch.tree.nodes)
            batch = Batch(batch.tree, chances.astype(np.float32))
        yield Step(batch, rate, {} if masked is None else random_masks(masked, rng))


def random_masks(network: Network, rng: np.random.Generator) -> dict[str, Array]:
    """A mask for each parameter that can have one; 30 % of it zeros, the rest scaled as dropping scales it."""
    return {
        name: (rng.random(shape) >= 0.3).astype(np.float32) / np.float32(0.7)
        for shapes in network.mask_shapes.values()
        for name, shape in shapes.items()
    }


def read(model: LanguageModel, tokens: Int32[Array, "R T"]) -> list[Array]:
    """The logits after START and after each token, one array ``(R, V)`` a depth."""
    state: State = model.initial_state(len(tokens))
    found = []
    for column in (np.zeros(len(tokens), np.int32), *tokens.T):
        logits, state = model.step(np.ascontiguousarray(column), state)
        found.append(logits)
    return found


def stepped_loss(model: LanguageModel, batch: Batch) -> float:
    """The loss of the batch in nats, by stepping through its distinct names."""
    rows = batch.sequences()
    total = 0.0
    for depth, logits in enumerate(read(model, rows.tokens[:, :-1])):
        wide = logits.astype(np.float64)
        log_p = wide - np.logaddexp.reduce(wide, axis=1, keepdims=True)
        here = np.flatnonzero(depth <= rows.lengths)  # their next token is a character, or the boundary at their end
        if batch.targets is None:
            total -= float(rows.counts[here] @ log_p[here, rows.tokens[here, depth]])
        else:
            wanted = batch.targets[rows.nodes[here, depth]]  # (here, V)
            total -= float(rows.counts[here] @ (wanted * log_p[here]).sum(axis=1))
    return total


def expect(holds: bool | np.bool, message: str) -> None:
    """Raise AssertionError with the message unless it holds."""
    if not holds:
        raise AssertionError(message)


def expect_error(kind: type[Exception], call: Callable[[], object], what: str) -> None:
    """Raise AssertionError unless the call raises an error of that kind."""
    try:
        call()
    except kind:
        return
    raise AssertionError(f"{what} was let through: expected {kind.__name__}")


def expect_close(found: Array, expected: Array, what: str) -> None:
    """Equal but for rounding: of a matrix product's own order of adding, no more."""
    tolerance = 1e-5 if found.dtype == np.float32 else 1e-12
    largest = float(np.abs(expected, where=np.isfinite(expected), out=np.zeros(expected.shape)).max())
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * max(1.0, largest), err_msg=what)


def expect_same(found: Mapping[str, Array], expected: Mapping[str, Array]) -> None:
    """Bit for bit."""
    expect(found.keys() == expected.keys(), f"the states differ in {sorted(found.keys() ^ expected.keys())}")
    for name, values in expected.items():
        expect(found[name].dtype == values.dtype, f"{name} is {found[name].dtype}: expected {values.dtype}")
        np.testing.assert_array_equal(found[name], values, err_msg=name)
