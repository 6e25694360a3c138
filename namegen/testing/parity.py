"""That an engine computes the network of namegen: the NumPy engine is what it must equal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.engine import EngineClass, Step
from namegen.core.network.architecture import Network
from namegen.core.optimizers import OPTIMIZERS
from namegen.core.settings import TrainingSettings
from namegen.testing.checks import CellCheck
from namegen.testing.comparisons import (
    describe_training,
    expect,
    expect_close,
    expect_near,
    expect_same,
    named,
)
from namegen.testing.material import (
    ADAM,
    TOKENS,
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
from namegen.types import Array, Int32

LARGE = Vocabulary("".join(map(chr, range(0x4E00, 0x4E00 + 299))))
LARGE_NAMES = tuple(
    LARGE.characters[place : place + 4] for place in (0, 1, 126, 253, 254, 255, 290, 295)
)
HYPERPARAMETER = 0.8  # of an optimizer
HUGE = 1e21  # the squares of such gradients are beyond float32, whose largest number is 3.4e38


def expect_same_training(
    engine_class: EngineClass,
    network: Network,
    steps: Sequence[Step],
    training: TrainingSettings = ADAM,
    *,
    dtype: str = "float64",
    tolerance: float = 1e-9,
) -> None:
    """The same losses on the way, and the same state after the last step.

    Args:
        engine_class: which engine.
        network: what it trains.
        steps: in one stream.
        training: its settings.
        dtype: of both engines.
        tolerance: a share of a tensor's largest value, the law of parity.
    """
    what = describe_training(training) + ("" if dtype == "float64" else f", in {dtype}")
    reference = small_engine(NumpyEngine, network, training=training, number=9, dtype=dtype)
    engine = small_engine(engine_class, network, training=training, dtype=dtype)
    expected_losses, losses = (one.train_epoch(iter(steps)).loss_sum for one in (reference, engine))
    expect(
        losses.shape == expected_losses.shape,
        f"{what}: {losses.shape} losses of {len(steps)} steps are reported",
    )
    for place, (one, other) in enumerate(zip(losses, expected_losses, strict=True), 1):
        expect_near(one, other, tolerance, f"{what}: the loss of step {place} of {len(steps)}")
    expect_same(
        engine.get_state(), reference.get_state(), f"{what}: after {len(steps)} steps", tolerance
    )


def expect_same_logits(
    engine_class: EngineClass, network: Network, tokens: Int32[Array, "R T"], dtype: str
) -> None:
    """The same parameters give the same logits, after START and after every token."""
    engine = small_engine(engine_class, network, training=None, dtype=dtype)
    reference = small_engine(NumpyEngine, network, number=9, training=None, dtype=dtype)
    for depth, (found, expected) in enumerate(
        zip(read(engine, tokens), read(reference, tokens), strict=True)
    ):
        expect_close(found, expected, f"in {dtype}: a logit after START and {depth} characters")


def optimizers() -> list[TrainingSettings]:
    """Each optimizer with slots or hyperparameters. Its hyperparameters aren't the default ones."""
    chosen: list[TrainingSettings] = []
    for name, optimizer in OPTIMIZERS.items():
        if optimizer.slots or optimizer.hyperparameters:
            hyperparameters: dict[str, Any] = dict.fromkeys(
                optimizer.hyperparameters, HYPERPARAMETER
            )
            chosen.append(TrainingSettings(optimizer=name, **hyperparameters))
    return chosen


def check_same_logits(engine_class: EngineClass, cell: str) -> None:
    """The same parameters give the same logits."""
    for dtype in ("float32", "float64"):
        expect_same_logits(engine_class, small_network(cell), TOKENS, dtype)


def check_same_training(engine_class: EngineClass, cell: str) -> None:
    """Each optimizer gives the same losses and parameters over 12 steps of falling rates; clipped too, and in float32.

    The gradient is that of the loss divided by the characters, of which every name has one more than it shows, STOP.
    """
    network, steps = small_network(cell), falling_rates(small_steps(12))
    reference: Any = small_engine(NumpyEngine, network)
    model = reference.model
    norms = [
        np.linalg.norm(model.gradient) for step in steps if model.loss_and_gradient(step.batch)
    ]
    for training in (
        *optimizers(),
        TrainingSettings(optimizer="sgd", clip_norm=float(np.median(norms))),
    ):
        expect_same_training(engine_class, network, steps, training)
    expect_same_training(engine_class, network, steps, dtype="float32", tolerance=1e-3)


def check_same_after_resuming(engine_class: EngineClass, cell: str) -> None:
    """From a state that the NumPy engine left after 7 steps, each optimizer goes on as the NumPy engine does.

    So slots mean the same in every engine, and Adam's correction of its bias counts on from ``optimizer.step``.
    """
    network, steps = small_network(cell), falling_rates(small_steps(12))
    for training in optimizers():
        reference = small_engine(NumpyEngine, network, training=training, number=9, dtype="float64")
        reference.train_epoch(iter(steps[:7]))
        state = reference.get_state()
        reference.train_epoch(iter(steps[7:12]))
        engine = small_engine(engine_class, cell, training=training, dtype="float64")
        engine.set_state(state)
        engine.train_epoch(iter(steps[7:12]))
        what = f"{describe_training(training)}: 5 steps after a state of 7"
        expect_same(engine.get_state(), reference.get_state(), what, 1e-9)


def check_same_without_bptt(engine_class: EngineClass, cell: str) -> None:
    """The same where the state before each character counts as a constant: h, and for an LSTM c as well."""
    training = TrainingSettings(bptt=False)
    expect_same_training(
        engine_class, small_network(cell), falling_rates(small_steps(12)), training
    )


def check_same_with_masks_and_targets(engine_class: EngineClass, cell: str) -> None:
    """The same where steps leave something out and batches say what should follow.

    A gradient is masked first and clipped then; the optimizer moves the unmasked parameter. The gradient of the logits
    is n (softmax − target), also where a target does not quite sum to 1.
    """
    network = small_network(cell)
    clipped = TrainingSettings(optimizer="sgd", clip_norm=0.2)
    for masked, soft, training in (
        (network, False, clipped),
        (None, True, clipped),
        (network, True, ADAM),
    ):
        expect_same_training(
            engine_class, network, list(small_steps(15, masked=masked, soft=soft)), training
        )


def check_same_with_names_of_all_lengths(engine_class: EngineClass, cell: str) -> None:
    """The same on names of 1 to 70 characters: gradients flow back to the first; on one name, and on repeats."""
    steps = falling_rates([*long_steps(3), *few_steps(), *long_steps(1)])
    expect_same_training(engine_class, small_network(cell), steps)


def check_same_with_three_layers(engine_class: EngineClass, cell: str) -> None:
    """The same logits and the same training with three layers, each of another width."""
    network = network_of(cell, (4, 7, 5))
    expect_same_logits(engine_class, network, TOKENS, "float64")
    expect_same_training(engine_class, network, falling_rates(small_steps(5)))


def check_same_with_a_large_vocabulary(engine_class: EngineClass, cell: str) -> None:
    """The same logits and training, with targets too, with 300 characters: their ids do not fit into a byte."""
    network = network_of(cell, (3,), LARGE.size)
    tokens = np.array([[1, 255, 256], [299, 44, 298]], np.int32)
    expect_same_logits(engine_class, network, tokens, "float64")
    batch = batch_of(LARGE_NAMES, LARGE)
    softened = soften(batch, np.random.default_rng(2), LARGE)
    expect_same_training(
        engine_class, network, [Step(batch, 0.02), Step(batch, 0.01), Step(softened, 0.01)]
    )


def check_same_over_a_long_stream(engine_class: EngineClass, cell: str) -> None:
    """The same over one stream of 200 steps on short names: none is left out, and Adam counts every one of them."""
    batches = [
        batch_of(names)
        for names in (("B", "Bo"), ("A", "L", "O"), ("M",), ("o", "M", "M"), ("L", "A"))
    ]
    steps = [Step(batches[place % 5], 0.02 * (1 - place / 250)) for place in range(200)]
    expect_same_training(engine_class, small_network(cell), steps)


def check_same_with_single_masks(engine_class: EngineClass, cell: str) -> None:
    """The same where each step masks one parameter alone, another each time: whole, by rows, by columns or by one
    factor.
    """
    network, rng, steps = small_network(cell), np.random.default_rng(4), []
    shapes = network.parameter_shapes
    for place, (step, (name, shape)) in enumerate(
        zip(small_steps(len(shapes)), shapes.items(), strict=True)
    ):
        kinds = (shape, (*shape[:-1], 1), (1, *shape[1:]))
        mask = rng.choice(np.array([0, 1, 1.25], np.float32), kinds[place % 3])
        steps.append(Step(step.batch, 0.02, {name: mask}))
    expect_same_training(engine_class, network, steps)


def check_same_clipping_of_huge_gradients(engine_class: EngineClass, cell: str) -> None:
    """A gradient whose squares overflow float32 is scaled to the norm, neither to nothing nor to NaN."""
    network = small_network(cell)
    training = TrainingSettings(optimizer="sgd", clip_norm=0.5)
    moved = []
    for kind, number in ((engine_class, 0), (NumpyEngine, 9)):
        engine = small_engine(kind, network, training=training, number=number)
        before = engine.get_state()
        before["output.kernel"] = (before["output.kernel"] * HUGE).astype(np.float32)
        engine.set_state(before)
        engine.train_epoch(small_steps(1, rate=1.0))
        after = engine.get_state()
        changes = [
            after[name] - before[name]
            for name in network.parameter_shapes
            if name.startswith("rnn.")
        ]
        moved.append(
            np.sqrt(sum(float(np.square(change, dtype=np.float64).sum()) for change in changes))
        )
    what = f"{describe_training(training)}: how far the layers move by gradients around {HUGE:.0e}, in float32,"
    expect_near(moved[0], moved[1], 1e-3, what)


def check_same_with_beginnings(engine_class: EngineClass, cell: str) -> None:
    """The same where names have labels, with plain, masked and targeted steps."""
    network = labelled_network(cell)
    expect_same_training(engine_class, network, falling_rates(mixed_steps(network)))


NETWORK_CHECKS: dict[str, CellCheck] = named(globals())
