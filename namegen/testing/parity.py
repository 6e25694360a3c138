"""Check that an engine computes the same network as the NumPy engine.

There's one check, ``check_same_training``, for a list of networks, settings and steps. Both engines get the same
parameters and steps. Their logits, losses and states must then agree, to nine digits in float64.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.engine import EngineClass, Step
from namegen.core.network.architecture import RecurrentNetwork
from namegen.core.optimizers import OPTIMIZERS
from namegen.core.settings import TrainingSettings
from namegen.testing import material
from namegen.testing.comparisons import (
    expect_close,
    expect_same,
    expect_within,
    named,
)
from namegen.testing.material import ADAM, read, small_engine

# 299 Chinese characters, so that ids don't fit into a byte.
LARGE = Vocabulary("".join(map(chr, range(0x4E00, 0x4E00 + 299))))
LARGE_NAMES = [LARGE.characters[start : start + 4] for start in (0, 1, 126, 253, 254, 255, 295)]
SHORT_LISTS = [["B", "Bo"], ["A", "L", "O"], ["M"], ["o", "M", "M"], ["L", "A"]]
HYPERPARAMETER = 0.8  # a value that isn't the default of any optimizer's hyperparameter
CLIP_NORM = 0.25  # between the norms of the steps, so that some steps are clipped
HUGE = 1e21  # the squares of such gradients exceed the largest float32, 3.4e38
REFERENCE = 9  # the number of the NumPy engine for comparisons (see small_engine)
TOLERANCES = {"float64": 1e-9, "float32": 1e-3}  # relative to the largest number of each tensor


@dataclass(frozen=True)
class Run:
    """A training run that both engines do."""

    network: RecurrentNetwork
    steps: Sequence[Step]  # in one stream
    settings: TrainingSettings = ADAM
    dtype: str = "float64"
    # A factor for the weights of the output layer, which makes the gradients of the other layers larger.
    scale: float = 1


def runs_to_compare(network: RecurrentNetwork) -> Iterator[Run]:
    """Yield the runs to compare for a cell: those of a network, and of other networks with the same cell."""
    # Every optimizer, clipping and truncation, on plain, masked and targeted steps with falling rates.
    steps = material.mixed_steps(network)
    yield Run(network, steps, TrainingSettings(optimizer="sgd", clip_norm=CLIP_NORM))
    yield Run(network, steps, TrainingSettings(bptt=False))
    for name, optimizer in OPTIMIZERS.items():
        if optimizer.slots or optimizer.hyperparameters:
            values: dict[str, Any] = dict.fromkeys(optimizer.hyperparameters, HYPERPARAMETER)
            yield Run(network, steps, TrainingSettings(optimizer=name, **values))
    yield Run(network, steps, dtype="float32")

    # Gradients whose squares overflow float32. They must still be clipped to the norm.
    clipping = TrainingSettings(optimizer="sgd", clip_norm=0.5)
    one_step = list(material.small_steps(1, rate=1.0))
    yield Run(network, one_step, clipping, dtype="float32", scale=HUGE)

    # 200 steps, all of which Adam counts, on long names, one name and repeated names.
    many_steps = material.steps_on([*material.LISTS, *SHORT_LISTS * 40])
    yield Run(network, material.falling_rates(many_steps))

    # Three layers of different widths, without labels; and a large vocabulary, also with targets.
    three_layers = replace(network, hidden=(4, 7, 5), labels=0)
    yield Run(three_layers, material.steps_on([material.NAMES] * 5))
    large = RecurrentNetwork(LARGE.size, network.cell, hidden=(3,))
    batch = material.batch_of(LARGE_NAMES, LARGE)
    softened = material.soften(batch, np.random.default_rng(2), LARGE)
    yield Run(large, [Step(batch, 0.02), Step(batch, 0.01), Step(softened, 0.01)])


def check_same_training(engine_class: EngineClass, network: RecurrentNetwork) -> None:
    """Check for the same logits as the NumPy engine's, the same loss at each step, and the same state in the end.

    The engine also has to resume from the NumPy engine's state after half of the steps.
    """
    for run in runs_to_compare(network):
        steps = run.steps
        dtype = run.dtype
        tolerance = TOLERANCES[dtype]
        widths = run.network.hidden
        settings = run.settings
        subject = (
            f"optimizer {settings.optimizer} {settings.hyperparameters} (core/optimizers.py has its formula), "
            f"clip_norm={settings.clip_norm}, bptt={settings.bptt}, widths {widths}, in {dtype}"
        )

        # Start with the same parameters.
        create = partial(small_engine, network=run.network, training=run.settings, dtype=dtype)
        reference = create(NumpyEngine, number=REFERENCE)
        engine = create(engine_class)
        start = reference.get_state()
        start["output.kernel"] = (start["output.kernel"] * run.scale).astype(dtype)
        reference.set_state(start)
        engine.set_state(start)
        tokens = np.arange(12, dtype=np.int32).reshape(4, 3) * 97 % run.network.vocabulary_size
        expected_logits = np.array(read(reference, tokens))
        expect_close(np.array(read(engine, tokens)), expected_logits, f"{subject}: a logit")

        # Make all steps.
        half = len(steps) // 2
        expected_losses = list(reference.train_epoch(iter(steps[:half])).loss_sum)
        state_at_half = reference.get_state()
        expected_losses += list(reference.train_epoch(iter(steps[half:])).loss_sum)
        expected = reference.get_state()
        losses = engine.train_epoch(iter(steps)).loss_sum
        limit = tolerance * max(expected_losses)
        expect_within(losses, np.array(expected_losses), limit, f"{subject}: the loss of a step")
        expect_same(engine.get_state(), expected, f"{subject}: after {len(steps)} steps", tolerance)

        # Resume after half of them.
        engine.set_state(state_at_half)
        engine.train_epoch(iter(steps[half:]))
        expect_same(engine.get_state(), expected, f"{subject}: resumed at step {half}", tolerance)


NETWORK_CHECKS = named(globals())
