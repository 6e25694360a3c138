"""Check that an engine computes the same network as the NumPy engine.

There's one check, ``expect_same_training``, for different networks, settings and lists of steps. Both engines get the
same parameters and steps. Their logits, losses and states must then agree, to nine digits in float64.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.engine import EngineClass, Step
from namegen.core.network.architecture import Network, RecurrentNetwork
from namegen.core.optimizers import OPTIMIZERS
from namegen.core.settings import TrainingSettings
from namegen.testing import material
from namegen.testing.comparisons import (
    describe_training,
    expect_close,
    expect_same,
    expect_within,
    named,
)
from namegen.testing.material import ADAM, VOCABULARY, read, small_engine, small_network

# 299 Chinese characters, so that ids don't fit into a byte.
LARGE = Vocabulary("".join(map(chr, range(0x4E00, 0x4E00 + 299))))
LARGE_NAMES = [LARGE.characters[start : start + 4] for start in (0, 1, 126, 253, 254, 255, 295)]
HYPERPARAMETER = 0.8  # a value that isn't the default of any optimizer's hyperparameter
CLIP_NORM = 0.25  # between the norms of the steps, so that some steps are clipped
HUGE = 1e21  # the squares of such gradients exceed the largest float32, 3.4e38
REFERENCE = 9  # the number of the NumPy engine for comparisons (see small_engine)
TOLERANCES = {"float64": 1e-9, "float32": 1e-3}  # relative to the largest number of each tensor


def expect_same_training(
    engine_class: EngineClass,
    network: Network,
    steps: Sequence[Step],
    training: TrainingSettings = ADAM,
    *,
    dtype: str = "float64",
    scale: float = 1,
) -> None:
    """Expect the same logits as the NumPy engine's, the same loss at each step, and the same state after all steps.

    The engine also has to resume from the NumPy engine's state after half of the steps.

    Args:
        engine_class: the class of the engine.
        network: the network to train.
        steps: the steps, which are passed in one stream.
        training: the training settings.
        dtype: the precision of both engines.
        scale: a factor for the weights of the output layer, which makes the gradients of the other layers larger.
    """
    subject = f"{describe_training(training)}, in {dtype}"
    tolerance = TOLERANCES[dtype]
    reference = small_engine(NumpyEngine, network, training=training, number=REFERENCE, dtype=dtype)
    engine = small_engine(engine_class, network, training=training, dtype=dtype)
    start = reference.get_state()
    start["output.kernel"] = (start["output.kernel"] * scale).astype(dtype)
    reference.set_state(start)
    engine.set_state(start)

    tokens = np.arange(12, dtype=np.int32).reshape(4, 3) * 97 % network.vocabulary_size
    expected_logits = np.array(read(reference, tokens))
    expect_close(np.array(read(engine, tokens)), expected_logits, f"in {dtype}: a logit")

    half = len(steps) // 2
    expected_losses = list(reference.train_epoch(iter(steps[:half])).loss_sum)
    state_at_half = reference.get_state()
    expected_losses += list(reference.train_epoch(iter(steps[half:])).loss_sum)
    expected = reference.get_state()

    losses = engine.train_epoch(iter(steps)).loss_sum
    limit = tolerance * max(expected_losses)
    expect_within(losses, np.array(expected_losses), limit, f"{subject}: the loss of a step")
    expect_same(engine.get_state(), expected, f"{subject}: after {len(steps)} steps", tolerance)
    engine.set_state(state_at_half)
    engine.train_epoch(iter(steps[half:]))
    expect_same(engine.get_state(), expected, f"{subject}: resumed at step {half}", tolerance)


def check_same_training(engine_class: EngineClass, cell: str) -> None:
    """Check every optimizer, clipping and truncation, on plain, masked and targeted steps with falling rates.

    A gradient is masked before it's clipped, and the optimizer changes the unmasked parameter. The gradient with
    respect to the logits is n (softmax − target), even if a target doesn't exactly sum to 1.
    """
    network = small_network(cell)
    steps = material.mixed_steps(network)
    settings = [
        TrainingSettings(optimizer="sgd", clip_norm=CLIP_NORM),
        TrainingSettings(bptt=False),
    ]
    for name, optimizer in OPTIMIZERS.items():
        if optimizer.slots or optimizer.hyperparameters:
            values: dict[str, Any] = dict.fromkeys(optimizer.hyperparameters, HYPERPARAMETER)
            settings.append(TrainingSettings(optimizer=name, **values))
    for training in settings:
        expect_same_training(engine_class, network, steps, training)
    expect_same_training(engine_class, network, steps, dtype="float32")


def check_same_with_single_masks(engine_class: EngineClass, cell: str) -> None:
    """Check steps that each mask a single parameter, with one factor per number, per row, or per column."""
    network = small_network(cell)
    rng = np.random.default_rng(4)
    shapes = network.parameter_shapes
    steps: list[Step] = []
    for k, step in enumerate(material.small_steps(len(shapes))):
        name, shape = list(shapes.items())[k]
        mask_shape = [shape, (*shape[:-1], 1), (1, *shape[1:])][k % 3]
        mask = rng.choice(np.array([0, 1, 1.25], np.float32), mask_shape)
        steps.append(replace(step, masks={name: mask}))
    expect_same_training(engine_class, network, steps)


def check_same_with_other_networks(engine_class: EngineClass, cell: str) -> None:
    """Check three layers of different widths, and a large vocabulary, also with targets. There are no labels."""
    three_layers = RecurrentNetwork(VOCABULARY.size, cell, hidden=(4, 7, 5))
    expect_same_training(engine_class, three_layers, material.steps_on([material.NAMES] * 5))
    large = RecurrentNetwork(LARGE.size, cell, hidden=(3,))
    batch = material.batch_of(LARGE_NAMES, LARGE)
    softened = material.soften(batch, np.random.default_rng(2), LARGE)
    steps = [Step(batch, 0.02), Step(batch, 0.01), Step(softened, 0.01)]
    expect_same_training(engine_class, large, steps)


def check_same_with_many_steps(engine_class: EngineClass, cell: str) -> None:
    """Check 200 steps in one stream, all of which Adam counts, on long names, one name and repeated names."""
    short_lists = [["B", "Bo"], ["A", "L", "O"], ["M"], ["o", "M", "M"], ["L", "A"]]
    steps = material.steps_on([*material.LISTS, *short_lists * 40])
    expect_same_training(engine_class, small_network(cell), material.falling_rates(steps))


def check_same_clipping_of_huge_gradients(engine_class: EngineClass, cell: str) -> None:
    """Check that gradients are clipped to the norm even if their squares overflow float32."""
    training = TrainingSettings(optimizer="sgd", clip_norm=0.5)
    steps = list(material.small_steps(1, rate=1.0))
    network = small_network(cell)
    expect_same_training(engine_class, network, steps, training, dtype="float32", scale=HUGE)


NETWORK_CHECKS = named(globals())
