"""That an engine reads names which begin in several ways, as those of a list with labels do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import numpy as np

from namegen.core.data.batching import BatchMaker
from namegen.core.engine import Engine, EngineClass, Step
from namegen.core.network.architecture import Network
from namegen.core.settings import TrainingSettings
from namegen.testing.comparisons import expect, expect_close
from namegen.testing.material import (
    NAMES,
    TOKENS,
    VOCABULARY,
    Kind,
    random_masks,
    read,
    small_network,
    soften,
    stepped_loss,
)

LABELS = 2
NETWORK_BEGINNINGS = tuple(range(VOCABULARY.size, VOCABULARY.size + LABELS))
LABEL_OF = (0, 1, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0)  # of each of NAMES: Al and Bo stand under both
STEPS = 20


def check_beginnings(engine_class: EngineClass, kind: Kind) -> None:
    """Each label's names are read behind its own beginning: logits, and the losses of batches of several roots."""
    engine = _engine(engine_class, kind)
    found = [read(engine, TOKENS, beginning) for beginning in NETWORK_BEGINNINGS]
    for one in found[0]:
        expect(one.shape == (len(TOKENS), VOCABULARY.size), f"the logits of {len(TOKENS)} rows are {one.shape}")
    first, second = (logits[0] for logits in found)
    expect(bool((first != second).any(axis=1).all()), "a name has the same logits behind two beginnings")
    each = np.repeat(np.array(NETWORK_BEGINNINGS, np.int32), len(TOKENS))
    together = read(engine, np.concatenate((TOKENS, TOKENS)), each)
    for both, one, other in zip(together, *found, strict=True):
        expect_close(both, np.concatenate((one, other)), "rows of two beginnings in one step")
    for step in islice(_steps(), 3):
        expected = stepped_loss(engine, step.batch)
        loss = float(engine.train_epoch(iter([step])).loss_sum[0])
        expect(abs(loss - expected) <= 1e-9 * expected, f"a step has the loss {loss}, where its names have {expected}")


def check_same_with_beginnings(engine_class: EngineClass, kind: Kind) -> None:
    """The same losses and parameters as the NumPy engine's in 20 steps, some with masks, some with targets."""
    from namegen.backends.numpy_engine.engine import NumpyEngine

    engine, reference = _engine(engine_class, kind), _engine(NumpyEngine, kind)
    steps = _masked_and_softened(small_network(kind))
    losses, expected_losses = (one.train_epoch(iter(steps)).loss_sum for one in (engine, reference))
    expect(len(expected_losses) == STEPS, f"{len(expected_losses)} steps were taken: expected {STEPS}")
    np.testing.assert_allclose(losses, expected_losses, rtol=1e-9, err_msg=f"losses, {kind}")
    state, expected = engine.get_state(), reference.get_state()
    for name, values in expected.items():
        largest = float(np.abs(values).max())
        np.testing.assert_allclose(state[name], values, rtol=0, atol=1e-9 * largest, err_msg=f"{name}, {kind}")


def _engine(engine_class: EngineClass, kind: Kind) -> Engine:
    """One with two layers of different widths, in double precision, its parameters all drawn."""
    network = replace(small_network(kind), labels=LABELS)
    engine: Engine = engine_class(network, TrainingSettings().plain, threads=1, dtype="float64")
    rng = np.random.default_rng(1)
    engine.set_state({name: rng.normal(0, 0.5, shape) for name, shape in network.parameter_shapes.items()})
    return engine


def _steps() -> Iterator[Step]:
    """Batches of names of both labels, the same each time."""
    maker = BatchMaker(NAMES, VOCABULARY, [VOCABULARY.size + label for label in LABEL_OF])
    batches = (batch for epoch in range(STEPS) for batch in maker.epoch(epoch, batch_size=6, seed=3))
    return (Step(batch, 0.02) for batch in islice(batches, STEPS))


def _masked_and_softened(network: Network) -> list[Step]:
    """The same batches, every second step with masks, every third with targets."""
    rng = np.random.default_rng(7)
    network = replace(network, labels=LABELS)
    steps = []
    for place, step in enumerate(_steps()):
        batch = soften(step.batch, rng) if place % 3 == 1 else step.batch
        steps.append(Step(batch, step.learning_rate, random_masks(network, rng) if place % 2 else {}))
    return steps
