"""The NumPy engine as what another one must equal: the same logits, losses and parameters.

What the NumPy engine computes is remembered, so steps come as tuples that are made once and shared by the checks.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Unpack, cast

import numpy as np

from namegen.core.engine import EngineClass, Step
from namegen.core.network.architecture import Network
from namegen.testing.comparisons import expect, expect_close, expect_within
from namegen.testing.failures import describe_training
from namegen.testing.material import Told, engine_of, read
from namegen.types import Array, Float64, Int32


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
    engine = engine_of(engine_class, network, dtype=dtype, **settings)
    losses = engine.train_epoch(iter(steps)).loss_sum
    expect(losses.shape == expected_losses.shape, f"{what}: {losses.shape} losses of {len(steps)} steps are reported")
    for place, (one, other) in enumerate(zip(losses, expected_losses, strict=True), 1):
        expect(
            abs(one - other) <= tolerance * abs(other),
            f"{what}: the loss of step {place} of {len(steps)} is {one:.12g}: expected {other:.12g}",
        )
    expect_near_state(engine.get_state(), expected, tolerance, f"{what}: after {len(steps)} steps")


def expect_near_state(found: dict[str, Array], expected: dict[str, Array], tolerance: float, what: str) -> None:
    """The same names, and values that differ by no more than a share of the tensor's largest."""
    expect(found.keys() == expected.keys(), f"{what} the states differ in {sorted(found.keys() ^ expected.keys())}")
    for name, values in expected.items():
        expect_within(found[name], values, tolerance * float(np.abs(values).max()), f"{what} {name}")


def expect_same_logits(engine_class: EngineClass, network: Network, tokens: Int32[Array, "R T"], dtype: str) -> None:
    """The same parameters give the same logits, after START and after every token."""
    engine = engine_of(engine_class, network, train=False, dtype=dtype)
    reference = engine_of(numpy_engine(), network, number=9, train=False, dtype=dtype)
    for depth, (found, expected) in enumerate(zip(read(engine, tokens), read(reference, tokens), strict=True)):
        expect_close(found, expected, f"in {dtype}: a logit after START and {depth} characters")


@lru_cache(maxsize=128)
def _trained(
    network: Network, steps: tuple[Step, ...], dtype: str, settings: tuple[tuple[str, object], ...]
) -> tuple[Float64[Array, "S"], dict[str, Array]]:
    engine = engine_of(numpy_engine(), network, number=9, dtype=dtype, **cast(Told, dict(settings)))
    losses = engine.train_epoch(iter(steps)).loss_sum
    return losses, engine.get_state()


def numpy_engine() -> EngineClass:
    """The reference; loaded only when something is compared with it."""
    from namegen.backends.numpy_engine.engine import NumpyEngine

    return NumpyEngine
