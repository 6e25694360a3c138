"""That an engine computes the network of namegen: the NumPy engine is what it must equal."""

from __future__ import annotations

from functools import lru_cache

from namegen.core.engine import EngineClass, Step
from namegen.testing.beginnings import check_same_with_beginnings
from namegen.testing.checks import CellCheck
from namegen.testing.failures import describe_training, named
from namegen.testing.material import (
    TOKENS,
    Told,
    engine_of,
    falling_rates,
    few_steps,
    long_steps,
    mixed_steps,
    small_engine,
    small_network,
    small_steps,
)
from namegen.testing.reference import expect_near_state, expect_same_logits, expect_same_training, numpy_engine
from namegen.testing.sizes import (
    check_clipping_of_huge_gradients,
    check_large_vocabulary,
    check_long_stream,
    check_single_masks,
    check_three_layers,
)

CLIP_NORMS = {"simple_rnn": 0.85, "gru": 0.9, "lstm": 0.33}  # of the steps below, some gradients are longer than this
OPTIMIZERS: tuple[Told, ...] = ({}, {"optimizer": "momentum", "momentum": 0.8}, {"optimizer": "rmsprop"})


@lru_cache
def plain(count: int) -> tuple[Step, ...]:
    """Plain steps, each with another rate."""
    return falling_rates(small_steps(count))


@lru_cache
def unusual(cell: str, masked: bool, soft: bool) -> tuple[Step, ...]:
    """Steps with masks, with targets, or with both."""
    return tuple(small_steps(15, masked=small_network(cell) if masked else None, soft=soft))


@lru_cache
def mixed(cell: str) -> tuple[Step, ...]:
    """Steps of every kind among one another."""
    return falling_rates(mixed_steps(cell))


@lru_cache
def of_all_lengths() -> tuple[Step, ...]:
    """Long names, single names, names of one character, names that repeat."""
    return falling_rates([*long_steps(3), *few_steps(), *long_steps(1)])


def check_same_logits(engine_class: EngineClass, cell: str) -> None:
    """The same parameters give the same logits."""
    for dtype in ("float32", "float64"):
        expect_same_logits(engine_class, small_network(cell), TOKENS, dtype)


def check_same_training(engine_class: EngineClass, cell: str) -> None:
    """By each optimizer, the same losses and the same parameters over 12 steps of falling rates; clipped in some.

    The gradient is that of the loss divided by the characters, of which every name has one more than it shows, STOP.
    """
    network, steps = small_network(cell), plain(12)
    clipped: Told = {"optimizer": "sgd", "clip_norm": CLIP_NORMS[cell]}
    for settings in (*OPTIMIZERS, clipped):
        expect_same_training(engine_class, network, steps, **settings)


def check_same_training_in_float32(engine_class: EngineClass, cell: str) -> None:
    """In single precision too, as far as its rounding lets them."""
    expect_same_training(engine_class, small_network(cell), plain(12), dtype="float32", tolerance=1e-3)


def check_same_after_resuming(engine_class: EngineClass, cell: str) -> None:
    """From a state that the NumPy engine left after 7 steps, each optimizer goes on as the NumPy engine does.

    So slots mean the same in every engine, and Adam's correction of its bias counts on from ``optimizer.step``.
    """
    network, steps = small_network(cell), plain(12)
    for settings in OPTIMIZERS:
        reference = engine_of(numpy_engine(), network, number=9, dtype="float64", **settings)
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


NETWORK_CHECKS: dict[str, CellCheck] = named(
    {
        "same logits": check_same_logits,
        "same training": check_same_training,
        "same training in float32": check_same_training_in_float32,
        "same after resuming": check_same_after_resuming,
        "same without through_time": check_same_without_through_time,
        "same with masks and targets": check_same_with_masks_and_targets,
        "same with mixed steps": check_same_with_mixed_steps,
        "same with single masks": check_single_masks,
        "same with names of all lengths": check_same_with_names_of_all_lengths,
        "same with three layers": check_three_layers,
        "same with a large vocabulary": check_large_vocabulary,
        "same over a long stream": check_long_stream,
        "same with beginnings": check_same_with_beginnings,
        "same clipping of huge gradients": check_clipping_of_huge_gradients,
    }
)
