"""Check that an engine computes the same network as the NumPy engine.

Both engines get the same parameters and steps. Their logits, losses and parameters must then agree, in most checks to
nine digits in float64.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.engine import Engine, EngineClass, Step
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

# 299 Chinese characters.
LARGE = Vocabulary("".join(map(chr, range(0x4E00, 0x4E00 + 299))))
LARGE_NAMES = tuple(
    LARGE.characters[start : start + 4] for start in (0, 1, 126, 253, 254, 255, 290, 295)
)
HYPERPARAMETER = 0.8  # a value that isn't the default of any optimizer's hyperparameter
HUGE = 1e21  # the squares of such gradients exceed the largest float32, 3.4e38
REFERENCE = 9  # the number of the NumPy engine for comparisons (see small_engine)
FLOAT64_TOLERANCE = 1e-9  # relative to the largest number of each tensor
FLOAT32_TOLERANCE = 1e-3


def expect_same_training(
    engine_class: EngineClass,
    network: Network,
    steps: Sequence[Step],
    training: TrainingSettings = ADAM,
    *,
    dtype: str = "float64",
    tolerance: float = FLOAT64_TOLERANCE,
) -> None:
    """Expect the same loss as the NumPy engine's at each step, and the same state after the last step.

    Args:
        engine_class: the class of the engine.
        network: the network to train.
        steps: the steps, which are passed in one stream.
        training: the training settings.
        dtype: the precision of both engines.
        tolerance: the allowed difference, relative to each loss and to the largest number of each tensor.
    """
    subject = describe_training(training)
    if dtype != "float64":
        subject += f", in {dtype}"
    reference = _reference_engine(network, training, dtype)
    engine = small_engine(engine_class, network, training=training, dtype=dtype)
    expected_losses = reference.train_epoch(iter(steps)).loss_sum
    losses = engine.train_epoch(iter(steps)).loss_sum
    _expect_same_losses(losses, expected_losses, tolerance, subject)
    state_subject = f"{subject}: after {len(steps)} steps"
    expect_same(engine.get_state(), reference.get_state(), state_subject, tolerance)


def _reference_engine(network: Network, training: TrainingSettings | None, dtype: str) -> Engine:
    """Return the NumPy engine, with the parameters of ``small_engine``."""
    return small_engine(NumpyEngine, network, training=training, number=REFERENCE, dtype=dtype)


def _expect_same_losses(losses: Array, expected: Array, tolerance: float, subject: str) -> None:
    """Expect the same loss at each step, within a relative tolerance."""
    steps = len(expected)
    expect(
        losses.shape == expected.shape,
        f"{subject}: {losses.shape} losses of {steps} steps are reported",
    )
    for index in range(steps):
        loss_subject = f"{subject}: the loss of step {index + 1} of {steps}"
        expect_near(losses[index], expected[index], tolerance, loss_subject)


def expect_same_logits(
    engine_class: EngineClass, network: Network, tokens: Int32[Array, "R T"], dtype: str
) -> None:
    """Expect the same logits as the NumPy engine's after the start token and after each further token."""
    engine = small_engine(engine_class, network, training=None, dtype=dtype)
    reference = _reference_engine(network, None, dtype)
    expected_logits = read(reference, tokens)
    for depth, logits in enumerate(read(engine, tokens)):
        subject = f"in {dtype}: a logit after the start token and {depth} characters"
        expect_close(logits, expected_logits[depth], subject)


def optimizers() -> list[TrainingSettings]:
    """Return training settings to check: one for each optimizer with slots or hyperparameters.

    No hyperparameter has its default value.
    """
    settings: list[TrainingSettings] = []
    for name, optimizer in OPTIMIZERS.items():
        if optimizer.slots or optimizer.hyperparameters:
            values: dict[str, Any] = dict.fromkeys(optimizer.hyperparameters, HYPERPARAMETER)
            settings.append(TrainingSettings(optimizer=name, **values))
    return settings


def check_same_logits(engine_class: EngineClass, cell: str) -> None:
    """Check that the same parameters give the same logits."""
    for dtype in ("float32", "float64"):
        expect_same_logits(engine_class, small_network(cell), TOKENS, dtype)


def check_same_training(engine_class: EngineClass, cell: str) -> None:
    """Check that every optimizer gives the same losses and parameters over 12 steps with falling learning rates.

    One of the runs clips the gradients, and one is in float32. Gradients are computed for the loss divided by the
    number of characters, which includes each name's end token.
    """
    network = small_network(cell)
    steps = falling_rates(small_steps(12))
    clipped = TrainingSettings(optimizer="sgd", clip_norm=_median_norm(network, steps))
    for training in [*optimizers(), clipped]:
        expect_same_training(engine_class, network, steps, training)
    expect_same_training(engine_class, network, steps, dtype="float32", tolerance=FLOAT32_TOLERANCE)


def _median_norm(network: Network, steps: Sequence[Step]) -> float:
    """Return the median norm of these steps' gradients, so that clipping to it changes about half of the steps."""
    reference: Any = small_engine(NumpyEngine, network)
    norms: list[float] = []
    for step in steps:
        reference.model.loss_and_gradient(step.batch)
        norms.append(float(np.linalg.norm(reference.model.gradient)))
    return float(np.median(norms))


def check_same_after_resuming(engine_class: EngineClass, cell: str) -> None:
    """Check that an engine can resume from the NumPy engine's state, with each optimizer.

    The optimizer's slots must have the same meaning, and Adam's bias correction must continue from
    ``optimizer.step``.
    """
    network = small_network(cell)
    steps = falling_rates(small_steps(12))
    for training in optimizers():
        reference = _reference_engine(network, training, "float64")
        reference.train_epoch(iter(steps[:7]))
        state = reference.get_state()
        reference.train_epoch(iter(steps[7:]))
        engine = small_engine(engine_class, cell, training=training, dtype="float64")
        engine.set_state(state)
        engine.train_epoch(iter(steps[7:]))
        subject = f"{describe_training(training)}: 5 steps after resuming from a state of 7 steps"
        expect_same(engine.get_state(), reference.get_state(), subject, FLOAT64_TOLERANCE)


def check_same_without_bptt(engine_class: EngineClass, cell: str) -> None:
    """Expect the same training if gradients don't flow through the state, so that h and the LSTM's c are constants."""
    network = small_network(cell)
    steps = falling_rates(small_steps(12))
    expect_same_training(engine_class, network, steps, TrainingSettings(bptt=False))


def check_same_with_masks_and_targets(engine_class: EngineClass, cell: str) -> None:
    """Expect the same training with masks and with target distributions.

    A gradient is masked before it's clipped, and the optimizer changes the unmasked parameter. The gradient with
    respect to the logits is n (softmax − target), even if a target doesn't exactly sum to 1.
    """
    network = small_network(cell)
    clipped = TrainingSettings(optimizer="sgd", clip_norm=0.2)
    masked = list(small_steps(15, masked=network))
    targeted = list(small_steps(15, soft=True))
    masked_and_targeted = list(small_steps(15, masked=network, soft=True))
    expect_same_training(engine_class, network, masked, clipped)
    expect_same_training(engine_class, network, targeted, clipped)
    expect_same_training(engine_class, network, masked_and_targeted, ADAM)


def check_same_with_names_of_all_lengths(engine_class: EngineClass, cell: str) -> None:
    """Expect the same training on names of 1 to 70 characters, on one name, and on repeated names."""
    steps = falling_rates([*long_steps(3), *few_steps(), *long_steps(1)])
    expect_same_training(engine_class, small_network(cell), steps)


def check_same_with_three_layers(engine_class: EngineClass, cell: str) -> None:
    """Expect the same logits and training with three layers of different widths."""
    network = network_of(cell, (4, 7, 5))
    expect_same_logits(engine_class, network, TOKENS, "float64")
    expect_same_training(engine_class, network, falling_rates(small_steps(5)))


def check_same_with_a_large_vocabulary(engine_class: EngineClass, cell: str) -> None:
    """Expect the same logits and training with 300 tokens, whose ids don't fit into a byte."""
    network = network_of(cell, (3,), LARGE.size)
    tokens = np.array([[1, 255, 256], [299, 44, 298]], np.int32)
    expect_same_logits(engine_class, network, tokens, "float64")
    batch = batch_of(LARGE_NAMES, LARGE)
    softened = soften(batch, np.random.default_rng(2), LARGE)
    steps = [Step(batch, 0.02), Step(batch, 0.01), Step(softened, 0.01)]
    expect_same_training(engine_class, network, steps)


def check_same_over_a_long_stream(engine_class: EngineClass, cell: str) -> None:
    """Expect the same training over one stream of 200 steps. No step is skipped, and Adam counts every step."""
    names_of_batches = [("B", "Bo"), ("A", "L", "O"), ("M",), ("o", "M", "M"), ("L", "A")]
    batches = [batch_of(names) for names in names_of_batches]
    steps: list[Step] = []
    for k in range(200):
        falling_rate = 0.02 * (1 - k / 250)
        steps.append(Step(batches[k % 5], falling_rate))
    expect_same_training(engine_class, small_network(cell), steps)


def check_same_with_single_masks(engine_class: EngineClass, cell: str) -> None:
    """Expect the same training if each step masks a single parameter.

    The masks have one factor per number, per row, or per column.
    """
    network = small_network(cell)
    rng = np.random.default_rng(4)
    parameter_shapes = list(network.parameter_shapes.items())
    steps: list[Step] = []
    for k, step in enumerate(small_steps(len(parameter_shapes))):
        name, shape = parameter_shapes[k]
        factors_per_number = shape
        factors_per_row = (*shape[:-1], 1)
        factors_per_column = (1, *shape[1:])
        mask_shape = (factors_per_number, factors_per_row, factors_per_column)[k % 3]
        mask = rng.choice(np.array([0, 1, 1.25], np.float32), mask_shape)
        steps.append(Step(step.batch, 0.02, {name: mask}))
    expect_same_training(engine_class, network, steps)


def check_same_clipping_of_huge_gradients(engine_class: EngineClass, cell: str) -> None:
    """Check that gradients are clipped to the norm even if their squares overflow float32."""
    network = small_network(cell)
    training = TrainingSettings(optimizer="sgd", clip_norm=0.5)
    engine = small_engine(engine_class, network, training=training)
    reference = _reference_engine(network, training, "float32")
    distance = _distance_after_huge_gradients(engine, network)
    expected = _distance_after_huge_gradients(reference, network)
    subject = f"{describe_training(training)}: how far the layers move by gradients around {HUGE:.0e}, in float32,"
    expect_near(distance, expected, FLOAT32_TOLERANCE, subject)


def _distance_after_huge_gradients(engine: Engine, network: Network) -> float:
    """Take a step of rate 1 with huge gradients, and return how far it moves the layers' parameters (Euclidean).

    Huge weights of the output layer make the gradients of the other layers huge.
    """
    before = engine.get_state()
    before["output.kernel"] = (before["output.kernel"] * HUGE).astype(np.float32)
    engine.set_state(before)
    engine.train_epoch(small_steps(1, rate=1.0))
    after = engine.get_state()
    sum_of_squares = 0.0
    for name in network.parameter_shapes:
        is_in_layer = name.startswith("rnn.")
        if is_in_layer:
            change = after[name] - before[name]
            sum_of_squares += float(np.square(change, dtype=np.float64).sum())
    return float(np.sqrt(sum_of_squares))


def check_same_with_start_tokens(engine_class: EngineClass, cell: str) -> None:
    """Expect the same training on names with labels, using plain steps, masks and target distributions."""
    network = labelled_network(cell)
    expect_same_training(engine_class, network, falling_rates(mixed_steps(network)))


NETWORK_CHECKS: dict[str, CellCheck] = named(globals())
