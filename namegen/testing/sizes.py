"""Larger than the small material: more layers, characters and steps, huge gradients, a mask of any parameter."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from namegen.core.data.vocabulary import Vocabulary
from namegen.core.engine import EngineClass, Step
from namegen.testing.comparisons import expect
from namegen.testing.failures import describe_training
from namegen.testing.material import (
    TOKENS,
    Told,
    batch_of,
    engine_of,
    falling_rates,
    network_of,
    small_network,
    small_steps,
    soften,
)
from namegen.testing.reference import expect_same_logits, expect_same_training, numpy_engine

LARGE = Vocabulary("".join(map(chr, range(0x4E00, 0x4E00 + 299))))
LARGE_NAMES = tuple(LARGE.characters[place : place + 4] for place in (0, 1, 126, 253, 254, 255, 290, 295))
HUGE = 1e21  # the squares of such gradients are beyond float32, whose largest number is 3.4e38


@lru_cache
def few_plain() -> tuple[Step, ...]:
    """Five plain steps."""
    return falling_rates(small_steps(5))


@lru_cache
def large_steps() -> tuple[Step, ...]:
    """Two steps on names whose characters have ids above 255, and one with targets."""
    batch = batch_of(LARGE_NAMES, LARGE)
    return (Step(batch, 0.02), Step(batch, 0.01), Step(soften(batch, np.random.default_rng(2), LARGE), 0.01))


@lru_cache
def long_stream() -> tuple[Step, ...]:
    """200 steps on very short names, each with another rate."""
    batches = [batch_of(names) for names in (("B", "Bo"), ("A", "L", "O"), ("M",), ("o", "M", "M"), ("L", "A"))]
    return tuple(Step(batches[place % 5], 0.02 * (1 - place / 250)) for place in range(200))


@lru_cache
def single_masks(cell: str) -> tuple[Step, ...]:
    """As many steps as there are parameters, each masks another one: whole, by rows, by columns or by one factor."""
    rng, shapes = np.random.default_rng(4), small_network(cell).parameter_shapes
    steps = []
    for place, (step, (name, shape)) in enumerate(zip(small_steps(len(shapes)), shapes.items(), strict=True)):
        kinds = (shape, (*shape[:-1], 1), (1, *shape[1:]))
        mask = rng.choice(np.array([0, 1, 1.25], np.float32), kinds[place % 3])
        steps.append(Step(step.batch, 0.02, {name: mask}))
    return tuple(steps)


def check_three_layers(engine_class: EngineClass, cell: str) -> None:
    """The same logits and the same training with three layers, each of another width."""
    network = network_of(cell, (4, 7, 5))
    expect_same_logits(engine_class, network, TOKENS, "float64")
    expect_same_training(engine_class, network, few_plain())


def check_large_vocabulary(engine_class: EngineClass, cell: str) -> None:
    """The same logits and the same training with 300 characters: their ids do not fit into a byte."""
    network = network_of(cell, (3,), LARGE.size)
    tokens = np.array([[1, 255, 256], [299, 44, 298]], np.int32)
    expect_same_logits(engine_class, network, tokens, "float64")
    expect_same_training(engine_class, network, large_steps())


def check_long_stream(engine_class: EngineClass, cell: str) -> None:
    """The same over one stream of 200 steps: none is left out, and Adam counts every one of them."""
    expect_same_training(engine_class, small_network(cell), long_stream())


def check_single_masks(engine_class: EngineClass, cell: str) -> None:
    """The same where each step masks one parameter alone, another each time, also by a mask that is spread over it."""
    expect_same_training(engine_class, small_network(cell), single_masks(cell))


def check_clipping_of_huge_gradients(engine_class: EngineClass, cell: str) -> None:
    """A gradient whose squares overflow float32 is scaled to the norm, neither to nothing nor to NaN."""
    network = small_network(cell)
    settings: Told = {"optimizer": "sgd", "clip_norm": 0.5}
    moved = []
    for kind, number in ((engine_class, 0), (numpy_engine(), 9)):
        engine = engine_of(kind, network, number=number, **settings)
        before = engine.get_state()
        before["output.kernel"] = (before["output.kernel"] * HUGE).astype(np.float32)
        engine.set_state(before)
        engine.train_epoch(small_steps(1, rate=1.0))
        after = engine.get_state()
        changes = [after[name] - before[name] for name in network.parameter_shapes if name.startswith("rnn.")]
        moved.append(np.sqrt(sum(float(np.square(change, dtype=np.float64).sum()) for change in changes)))
    expect(
        abs(moved[0] - moved[1]) <= 1e-3 * moved[1],
        f"{describe_training(**settings)}: by gradients around {HUGE:.0e} the layers moved {moved[0]:.4g} in float32: "
        f"expected {moved[1]:.4g}",
    )
