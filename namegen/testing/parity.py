"""That an engine computes the network of namegen: the NumPy engine is what it must equal.

What the NumPy engine computes is remembered, so steps come as tuples that are made once and shared by the checks.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Unpack, cast

import numpy as np

from namegen.core.data.vocabulary import Vocabulary
from namegen.core.engine import EngineClass, Step
from namegen.core.network.architecture import Network
from namegen.testing.checks import CellCheck
from namegen.testing.comparisons import describe_training, expect, expect_close, expect_near, expect_within, named
from namegen.testing.material import (
    TOKENS,
    Told,
    batch_of,
    falling_rates,
    few_steps,
    labelled_network,
    long_steps,
    mixed_steps,
    network_of,
    read,
    small_engine,
    small_network,
    small_steps,
    soften,
)
from namegen.types import Array, Float64, Int32

CLIP_NORMS = {"simple_rnn": 0.85, "gru": 0.9, "lstm": 0.33}  # of the steps below, some gradients are longer than this
OPTIMIZERS: tuple[Told, ...] = ({}, {"optimizer": "momentum", "momentum": 0.8}, {"optimizer": "rmsprop"})
LARGE = Vocabulary("".join(map(chr, range(0x4E00, 0x4E00 + 299))))
LARGE_NAMES = tuple(LARGE.characters[place : place + 4] for place in (0, 1, 126, 253, 254, 255, 290, 295))
HUGE = 1e21  # the squares of such gradients are beyond float32, whose largest number is 3.4e38


def expect_same_training(
    engine_class: EngineClass,
    network: Network,
    steps: tuple[Step, ...],
    *,
    dtype: str = "float64",
    tolerance: float = 1e-9,
    **settings: Unpack[Told],
) -> None:
    """The same losses on the way, and the same state after the last step.

    Args:
        engine_class: which engine.
        network: what it trains.
        steps: in one stream.
        dtype: of both engines.
        tolerance: a share of a tensor's largest value, the law of parity.
        settings: of the training.
    """
    what = describe_training(**settings) + ("" if dtype == "float64" else f", in {dtype}")
    expected_losses, expected = _trained(network, steps, dtype, tuple(sorted(settings.items())))
    engine = small_engine(engine_class, network, dtype=dtype, **settings)
    losses = engine.train_epoch(iter(steps)).loss_sum
    expect(losses.shape == expected_losses.shape, f"{what}: {losses.shape} losses of {len(steps)} steps are reported")
    for place, (one, other) in enumerate(zip(losses, expected_losses, strict=True), 1):
        expect_near(one, other, tolerance, f"{what}: the loss of step {place} of {len(steps)}")
    expect_near_state(engine.get_state(), expected, tolerance, f"{what}: after {len(steps)} steps")


def expect_near_state(found: dict[str, Array], expected: dict[str, Array], tolerance: float, what: str) -> None:
    """The same names, and values that differ by no more than a share of the tensor's largest."""
    expect(found.keys() == expected.keys(), f"{what} the states differ in {sorted(found.keys() ^ expected.keys())}")
    for name, values in expected.items():
        expect_within(found[name], values, tolerance * float(np.abs(values).max()), f"{what} {name}")


def expect_same_logits(engine_class: EngineClass, network: Network, tokens: Int32[Array, "R T"], dtype: str) -> None:
    """The same parameters give the same logits, after START and after every token."""
    engine = small_engine(engine_class, network, train=False, dtype=dtype)
    reference = small_engine(numpy_engine(), network, number=9, train=False, dtype=dtype)
    for depth, (found, expected) in enumerate(zip(read(engine, tokens), read(reference, tokens), strict=True)):
        expect_close(found, expected, f"in {dtype}: a logit after START and {depth} characters")


@lru_cache(maxsize=128)
def _trained(
    network: Network, steps: tuple[Step, ...], dtype: str, settings: tuple[tuple[str, object], ...]
) -> tuple[Float64[Array, "S"], dict[str, Array]]:
    engine = small_engine(numpy_engine(), network, number=9, dtype=dtype, **cast(Told, dict(settings)))
    losses = engine.train_epoch(iter(steps)).loss_sum
    return losses, engine.get_state()


def numpy_engine() -> EngineClass:
    """The reference; loaded only when something is compared with it."""
    from namegen.backends.numpy_engine.engine import NumpyEngine

    return NumpyEngine


@lru_cache
def plain(count: int) -> tuple[Step, ...]:
    """Plain steps, each with another rate."""
    return falling_rates(small_steps(count))


@lru_cache
def unusual(cell: str, masked: bool, soft: bool) -> tuple[Step, ...]:
    """Steps with masks, with targets, or with both."""
    return tuple(small_steps(15, masked=small_network(cell) if masked else None, soft=soft))


@lru_cache
def mixed(cell: str, labelled: bool = False) -> tuple[Step, ...]:
    """Steps of every kind among one another."""
    return falling_rates(mixed_steps(labelled_network(cell) if labelled else small_network(cell)))


@lru_cache
def of_all_lengths() -> tuple[Step, ...]:
    """Long names, single names, names of one character, names that repeat."""
    return falling_rates([*long_steps(3), *few_steps(), *long_steps(1)])


def check_same_logits(engine_class: EngineClass, cell: str) -> None:
    """The same parameters give the same logits."""
    for dtype in ("float32", "float64"):
        expect_same_logits(engine_class, small_network(cell), TOKENS, dtype)


def check_same_training(engine_class: EngineClass, cell: str) -> None:
    """Each optimizer gives the same losses and parameters over 12 steps of falling rates; clipped too, and in float32.

    The gradient is that of the loss divided by the characters, of which every name has one more than it shows, STOP.
    """
    network, steps = small_network(cell), plain(12)
    clipped: Told = {"optimizer": "sgd", "clip_norm": CLIP_NORMS[cell]}
    for settings in (*OPTIMIZERS, clipped):
        expect_same_training(engine_class, network, steps, **settings)
    expect_same_training(engine_class, network, steps, dtype="float32", tolerance=1e-3)


def check_same_after_resuming(engine_class: EngineClass, cell: str) -> None:
    """From a state that the NumPy engine left after 7 steps, each optimizer goes on as the NumPy engine does.

    So slots mean the same in every engine, and Adam's correction of its bias counts on from ``optimizer.step``.
    """
    network, steps = small_network(cell), plain(12)
    for settings in OPTIMIZERS:
        reference = small_engine(numpy_engine(), network, number=9, dtype="float64", **settings)
        reference.train_epoch(iter(steps[:7]))
        state = reference.get_state()
        reference.train_epoch(iter(steps[7:12]))
        engine = small_engine(engine_class, cell, dtype="float64", **settings)
        engine.set_state(state)
        engine.train_epoch(iter(steps[7:12]))
        what = f"{describe_training(**settings)}: 5 steps after a state of 7,"
        expect_near_state(engine.get_state(), reference.get_state(), 1e-9, what)


def check_same_without_through_time(engine_class: EngineClass, cell: str) -> None:
    """The same where the state before each character counts as a constant: h, and for an LSTM c as well."""
    expect_same_training(engine_class, small_network(cell), plain(12), through_time=False)


def check_same_with_masks_and_targets(engine_class: EngineClass, cell: str) -> None:
    """The same where steps leave something out and batches say what should follow.

    A gradient is masked first and clipped then; the optimizer moves the unmasked parameter. The gradient of the logits
    is n (softmax − target), also where a target does not quite sum to 1.
    """
    network = small_network(cell)
    clipped: Told = {"optimizer": "sgd", "clip_norm": 0.2}
    expect_same_training(engine_class, network, unusual(cell, True, False), **clipped)
    expect_same_training(engine_class, network, unusual(cell, False, True), **clipped)
    expect_same_training(engine_class, network, unusual(cell, True, True))


def check_same_with_mixed_steps(engine_class: EngineClass, cell: str) -> None:
    """The same where plain, masked and targeted steps follow one another in one stream."""
    expect_same_training(engine_class, small_network(cell), mixed(cell))


def check_same_with_names_of_all_lengths(engine_class: EngineClass, cell: str) -> None:
    """The same on names of 1 to 70 characters: gradients flow back to the first; on one name, and on repeats."""
    expect_same_training(engine_class, small_network(cell), of_all_lengths())


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


def check_same_with_three_layers(engine_class: EngineClass, cell: str) -> None:
    """The same logits and the same training with three layers, each of another width."""
    network = network_of(cell, (4, 7, 5))
    expect_same_logits(engine_class, network, TOKENS, "float64")
    expect_same_training(engine_class, network, plain(5))


def check_same_with_a_large_vocabulary(engine_class: EngineClass, cell: str) -> None:
    """The same logits and the same training with 300 characters: their ids do not fit into a byte."""
    network = network_of(cell, (3,), LARGE.size)
    tokens = np.array([[1, 255, 256], [299, 44, 298]], np.int32)
    expect_same_logits(engine_class, network, tokens, "float64")
    expect_same_training(engine_class, network, large_steps())


def check_same_over_a_long_stream(engine_class: EngineClass, cell: str) -> None:
    """The same over one stream of 200 steps: none is left out, and Adam counts every one of them."""
    expect_same_training(engine_class, small_network(cell), long_stream())


def check_same_with_single_masks(engine_class: EngineClass, cell: str) -> None:
    """The same where each step masks one parameter alone, another each time, also by a mask that is spread over it."""
    expect_same_training(engine_class, small_network(cell), single_masks(cell))


def check_same_clipping_of_huge_gradients(engine_class: EngineClass, cell: str) -> None:
    """A gradient whose squares overflow float32 is scaled to the norm, neither to nothing nor to NaN."""
    network = small_network(cell)
    settings: Told = {"optimizer": "sgd", "clip_norm": 0.5}
    moved = []
    for kind, number in ((engine_class, 0), (numpy_engine(), 9)):
        engine = small_engine(kind, network, number=number, **settings)
        before = engine.get_state()
        before["output.kernel"] = (before["output.kernel"] * HUGE).astype(np.float32)
        engine.set_state(before)
        engine.train_epoch(small_steps(1, rate=1.0))
        after = engine.get_state()
        changes = [after[name] - before[name] for name in network.parameter_shapes if name.startswith("rnn.")]
        moved.append(np.sqrt(sum(float(np.square(change, dtype=np.float64).sum()) for change in changes)))
    what = f"{describe_training(**settings)}: how far the layers move by gradients around {HUGE:.0e}, in float32,"
    expect_near(moved[0], moved[1], 1e-3, what)


def check_same_with_beginnings(engine_class: EngineClass, cell: str) -> None:
    """The same where names have labels, with plain, masked and targeted steps."""
    expect_same_training(engine_class, labelled_network(cell), mixed(cell, labelled=True))


NETWORK_CHECKS: dict[str, CellCheck] = named(globals())
