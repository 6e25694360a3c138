"""Check the training steps of an engine: losses, gradients, learning rates, masks, targets, and labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from namegen.core.engine import Engine, EngineClass, Step, StepLosses
from namegen.core.network.architecture import Network
from namegen.core.settings import TrainingSettings
from namegen.errors import EngineError
from namegen.testing.comparisons import (
    expect,
    expect_close,
    expect_equal,
    expect_error,
    expect_near,
    expect_same,
)
from namegen.testing.material import (
    FEW_NAMES,
    NAMES,
    TOKENS,
    VOCABULARY,
    CellOrNetwork,
    GuardedSettings,
    batch_of,
    few_steps,
    labelled_network,
    long_steps,
    mixed_steps,
    read,
    small_engine,
    small_network,
    small_steps,
    soften,
    stepped_loss,
)
from namegen.types import Array

SHIFT = 1e-5  # the change of a parameter in central differences
GRADIENT_TOLERANCE = 1e-7  # relative to the derivative, or absolute if the derivative is below 1
GUARDED = GuardedSettings(optimizer="momentum", momentum=0.8, clip_norm=0.5)


def expect_stepped_losses(
    engine_class: EngineClass,
    cell_or_network: CellOrNetwork,
    steps: Iterable[Step],
    subject: str,
) -> None:
    """Expect that each step reports the loss before its update, in both precisions.

    Args:
        engine_class: the class of the engine.
        cell_or_network: the cell or the network.
        steps: the steps. Each step is passed in a separate stream.
        subject: a description of the names for the message.
    """
    steps = list(steps)
    for dtype, tolerance in (("float32", 1e-4), ("float64", 1e-10)):
        engine = small_engine(engine_class, cell_or_network, dtype=dtype)
        reader = small_engine(engine_class, cell_or_network, training=None, dtype=dtype)
        for step in steps:
            reader.set_state(engine.get_state())
            losses = engine.train_epoch(iter([step]))
            _expect_one_entry(losses, step, subject)
            expect_near(
                float(losses.loss_sum[0]),
                stepped_loss(reader, step.batch),
                tolerance,
                f"the loss of a step on {subject}, which is computed before its update, in {dtype},",
            )


def _expect_one_entry(losses: StepLosses, step: Step, subject: str) -> None:
    """Expect that an engine reports one step as arrays of the right types and shapes, with its number of characters."""
    types = f"{losses.loss_sum.dtype} and {losses.characters.dtype}"
    expect(
        types == "float64 and int64",
        f"losses and characters are {types}: expected float64 and int64",
    )
    shapes = (losses.loss_sum.shape, losses.characters.shape)
    expect(shapes == ((1,), (1,)), f"one step gives losses and characters of the shapes {shapes}")
    characters = int(losses.characters[0])
    expected = step.batch.characters
    expect(
        characters == expected,
        f"a step on {subject} reports {characters} characters: expected {expected}, including end tokens",
    )


def check_step_losses(engine_class: EngineClass, cell_or_network: CellOrNetwork) -> None:
    """Check that each step reports its number of characters and its summed loss before the update."""
    expect_stepped_losses(engine_class, cell_or_network, small_steps(3), "plain names")


def check_targets(engine_class: EngineClass, cell_or_network: CellOrNetwork) -> None:
    """Check that the loss of a batch uses its target distributions, of which there is one per distinct prefix.

    A distribution counts as often as the names of the batch contain its prefix, so one of the batches contains repeated
    names. Some distributions don't exactly sum to 1.
    """
    soft_steps = small_steps(2, soft=True)
    subject = "targets off a sum of 1 by up to 0.0005"
    expect_stepped_losses(engine_class, cell_or_network, soft_steps, subject)
    batch = batch_of(["Al", "Bo", "Al", "Al", "Al", "Lila"])
    softened = soften(batch, np.random.default_rng(5))
    steps = [Step(softened, 0.02)]
    expect_stepped_losses(engine_class, cell_or_network, steps, "targets of repeated names")


def check_long_names(engine_class: EngineClass, cell_or_network: CellOrNetwork) -> None:
    """Check the losses of names of up to 70 characters."""
    expect_stepped_losses(
        engine_class, cell_or_network, long_steps(2), "names of up to 70 characters"
    )


def check_few_names(engine_class: EngineClass, cell_or_network: CellOrNetwork) -> None:
    """Check the losses of batches with a single name, with repeated names, and with names of one character."""
    for names, step in zip(FEW_NAMES, few_steps(), strict=True):
        expect_stepped_losses(engine_class, cell_or_network, [step], names)


def expect_same_in_one_stream(
    engine_class: EngineClass, cell_or_network: CellOrNetwork, steps: list[Step], subject: str
) -> tuple[Engine, Engine]:
    """Expect the same results from steps in one stream and from the same steps in separate streams.

    Args:
        engine_class: the class of the engine.
        cell_or_network: the cell or the network.
        steps: the steps.
        subject: a description of the steps for the message.

    Returns:
        The engine that read a single stream, and the engine that read several streams.
    """
    one_stream_engine = small_engine(engine_class, cell_or_network)
    separate_engine = small_engine(engine_class, cell_or_network, number=1)
    losses = one_stream_engine.train_epoch(iter(steps))
    separate_losses = [separate_engine.train_epoch(iter([step])) for step in steps]
    expected_sums = np.concatenate([entry.loss_sum for entry in separate_losses])
    expected_characters = np.concatenate([entry.characters for entry in separate_losses])
    expect_equal(losses.loss_sum, expected_sums, f"loss_sum of {subject}")
    expect_equal(losses.characters, expected_characters, f"characters of {subject}")
    expect_same(one_stream_engine.get_state(), separate_engine.get_state(), subject)
    return one_stream_engine, separate_engine


def check_mixed_steps(engine_class: EngineClass, cell_or_network: CellOrNetwork) -> None:
    """Check that a stream can contain plain steps and steps with targets, masks, or both."""
    steps = mixed_steps(small_network(cell_or_network))
    expect_same_in_one_stream(
        engine_class, cell_or_network, steps, "plain, masked and targeted steps in one stream"
    )


def check_settings_of_core(engine_class: EngineClass, cell_or_network: CellOrNetwork) -> None:
    """Check that an engine only reads settings that are declared for backends, whatever it does.

    ``GUARDED`` raises an error if it reads any other setting. Learning rates and masks are part of the steps.
    """
    network = small_network(cell_or_network)
    engine = engine_class(network, GUARDED, threads=1)
    engine.set_state(network.initial_parameters("glorot", rng=np.random.default_rng(1)))
    engine.warm_up(next(small_steps(1)))
    engine.train_epoch(small_steps(3, masked=network))
    engine.set_state(engine.get_state())
    read(engine, TOKENS)


def check_masks(engine_class: EngineClass, cell_or_network: CellOrNetwork) -> None:
    """Check that a step computes its loss with masked parameters, but doesn't keep the masked parameters.

    The expected loss comes from a second engine, whose parameters are multiplied by the masks beforehand. With the
    learning rate 0, the step itself doesn't change the parameters.
    """
    network = small_network(cell_or_network)
    engine = small_engine(engine_class, cell_or_network, dtype="float64")
    reader = small_engine(engine_class, cell_or_network, training=None, dtype="float64")
    for step in small_steps(3, rate=0.0, masked=network):
        parameters = _read_parameters(engine, network)
        reader.set_state(_mask_parameters(parameters, step.masks))
        expected_loss = stepped_loss(reader, step.batch)
        loss = float(engine.train_epoch(iter([step])).loss_sum[0])
        expect_near(loss, expected_loss, 1e-10, "the loss of a masked step")
        expect_same(_read_parameters(engine, network), parameters, "after a masked step of rate 0")
    _expect_unfit_masks_are_rejected(engine, network)


def _mask_parameters(
    parameters: Mapping[str, Array], masks: Mapping[str, Array]
) -> dict[str, Array]:
    """Multiply the parameters by their masks. A parameter without a mask stays the same."""
    return {name: values * masks.get(name, 1) for name, values in parameters.items()}


def _expect_unfit_masks_are_rejected(engine: Engine, network: Network) -> None:
    """Expect that an engine rejects a mask with an unknown name or another shape, and that its state stays the same."""
    before = engine.get_state()
    mask = np.ones((1, 1), np.float32)
    unknown_subject = "a mask for a parameter that does not exist"
    _expect_rejected_masks(engine, {"no.such.parameter": mask}, unknown_subject)
    name, shape = next(iter(network.parameter_shapes.items()))
    misshapen_mask = np.ones((2, *shape), np.float32)
    _expect_rejected_masks(engine, {name: misshapen_mask}, "a mask of another shape")
    expect_same(engine.get_state(), before, "after steps with masks that do not fit")


def _expect_rejected_masks(engine: Engine, masks: Mapping[str, Array], subject: str) -> None:
    """Expect that an engine rejects a step with these masks."""
    batch = next(small_steps(1)).batch
    step = Step(batch, 0.01, masks)
    expect_error(EngineError, partial(engine.train_epoch, iter([step])), subject)


def _read_parameters(engine: Engine, network: Network) -> dict[str, Array]:
    """Return the parameters of an engine without the optimizer's state."""
    state = engine.get_state()
    return {name: state[name] for name in network.parameter_shapes}


def check_steps_in_order(engine_class: EngineClass, cell_or_network: CellOrNetwork) -> None:
    """Check that an engine applies the steps of a stream in order, and that an empty stream changes nothing."""
    # Each step has a different rate, so the order matters.
    steps = [Step(step.batch, 0.01 * (1 + k)) for k, step in enumerate(small_steps(5))]
    engine, other_engine = expect_same_in_one_stream(
        engine_class, cell_or_network, steps, "five steps in one stream"
    )
    empty_stream: Iterator[Step] = iter(())
    losses = engine.train_epoch(empty_stream)
    has_no_entries = losses.loss_sum.shape == losses.characters.shape == (0,)
    expect(has_no_entries, "an empty stream gives no entries")
    expect_same(engine.get_state(), other_engine.get_state(), "after an empty stream")


def check_rates(engine_class: EngineClass, cell_or_network: CellOrNetwork) -> None:
    """Check that each step uses its own learning rate. A step with rate 0 changes no parameters, but is counted."""
    network = small_network(cell_or_network)
    engine = small_engine(engine_class, cell_or_network)
    faster_engine = small_engine(engine_class, cell_or_network, number=1)
    start = _read_parameters(engine, network)
    _take_steps_of_rate_zero(engine)
    expect_same(_read_parameters(engine, network), start, "after steps of rate 0")
    engine.train_epoch(small_steps(1, rate=0.01))
    faster_engine.train_epoch(small_steps(1, rate=0.02))
    parameters = _read_parameters(engine, network)
    other_parameters = _read_parameters(faster_engine, network)
    expect(_differ(parameters, start), "a step changes nothing")
    expect(_differ(parameters, other_parameters), "the learning rate changes nothing")


def _take_steps_of_rate_zero(engine: Engine) -> None:
    """Take two steps of rate 0, and expect that both are reported and counted."""
    losses = engine.train_epoch(small_steps(2, rate=0.0))
    shape = losses.loss_sum.shape
    expect(shape == (2,), f"2 steps of rate 0 are reported as {shape} losses")
    step_count = engine.get_state()["optimizer.step"]
    expect(int(step_count) == 2, f"optimizer.step is {step_count} after 2 steps of rate 0")


def _differ(parameters: Mapping[str, Array], others: Mapping[str, Array]) -> bool:
    """Return whether any number of the parameters differs."""
    return any(not np.array_equal(values, others[name]) for name, values in parameters.items())


def check_learning(engine_class: EngineClass, cell_or_network: CellOrNetwork) -> None:
    """Check that forty updates on one small batch reduce its loss."""
    engine = small_engine(engine_class, cell_or_network)
    steps = [Step(batch_of(NAMES), 0.02) for _ in range(40)]
    losses = engine.train_epoch(iter(steps)).loss_sum
    first_loss = losses[0]
    last_loss = losses[-1]
    expect(
        last_loss < 0.97 * first_loss, f"40 steps took the loss from {first_loss} to {last_loss}"
    )


def check_gradients(engine_class: EngineClass, cell_or_network: CellOrNetwork) -> None:
    """Check the gradient of the loss per character with central differences.

    A step of gradient descent with rate 1 subtracts the gradient from the parameters, and a step with rate 0 reports
    the loss. Each parameter is moved along one random direction, so two losses are enough for all of its numbers.
    """
    training = TrainingSettings(optimizer="sgd")
    engine = small_engine(engine_class, cell_or_network, training=training, dtype="float64")
    network = small_network(cell_or_network)
    start = engine.get_state()
    rng = np.random.default_rng(3)
    [plain_step] = small_steps(1, rate=1.0)
    [masked_step] = small_steps(1, rate=1.0, masked=network)
    for step in (plain_step, masked_step):
        engine.set_state(start)
        engine.train_epoch(iter([step]))
        after = engine.get_state()
        for name, shape in network.parameter_shapes.items():
            gradient = start[name] - after[name]
            direction = rng.normal(size=shape)
            expected = _derivative_along(engine, start, step, name, direction)
            derivative = float((gradient * direction).sum())
            _expect_derivative(derivative, expected, name, is_masked=bool(step.masks))


def _expect_derivative(derivative: float, expected: float, name: str, *, is_masked: bool) -> None:
    """Expect the derivative along a direction to agree with central differences."""
    parameter = f"{name}, masked," if is_masked else name
    limit = GRADIENT_TOLERANCE * max(1.0, abs(expected))
    expect(
        abs(derivative - expected) <= limit,
        f"the gradient of {parameter} is {derivative:.9g} along a direction in which "
        f"central differences of the loss give {expected:.9g}",
    )


def _derivative_along(
    engine: Engine, start: Mapping[str, Array], step: Step, name: str, direction: Array
) -> float:
    """Estimate the derivative of the mean loss along a direction of one parameter, with central differences.

    Args:
        engine: the engine that reports the loss.
        start: the state at which to differentiate.
        step: the step whose loss is differentiated.
        name: the parameter.
        direction: an array of the parameter's shape.
    """
    unchanging_step = replace(step, learning_rate=0.0)
    losses: list[float] = []
    for shift in (SHIFT, -SHIFT):
        engine.set_state({**start, name: start[name] + shift * direction})
        step_losses = engine.train_epoch(iter([unchanging_step]))
        losses.append(float(step_losses.loss_sum[0]))
    above, below = losses
    return (above - below) / (2 * SHIFT * step.batch.characters)


def check_start_tokens(engine_class: EngineClass, cell_or_network: CellOrNetwork) -> None:
    """Check that names start with the start tokens of their labels, both in the model's steps and in training."""
    network = labelled_network(cell_or_network)
    engine = small_engine(engine_class, network, dtype="float64")
    _expect_start_tokens_in_logits(engine, network)
    for step in small_steps(3, labelled=True):
        expected_loss = stepped_loss(engine, step.batch)
        loss = float(engine.train_epoch(iter([step])).loss_sum[0])
        expect_near(loss, expected_loss, 1e-9, "the loss of a step on names of two labels")


def _expect_start_tokens_in_logits(engine: Engine, network: Network) -> None:
    """Expect different logits after each start token, even if rows with both tokens are read in one step."""
    first_start, second_start = network.start_tokens
    after_first = read(engine, TOKENS, first_start)
    after_second = read(engine, TOKENS, second_start)
    _expect_different_rows(after_first[0], after_second[0])
    both_tokens = np.concatenate((TOKENS, TOKENS))
    start_tokens = np.repeat(np.array(network.start_tokens, np.int32), len(TOKENS))
    for depth, logits in enumerate(read(engine, both_tokens, start_tokens)):
        expected_logits = np.concatenate((after_first[depth], after_second[depth]))
        expect_close(logits, expected_logits, "rows of two start tokens in one step")


def _expect_different_rows(logits: Array, other_logits: Array) -> None:
    """Expect logits of the right shape that differ in each row."""
    expect(
        logits.shape == (len(TOKENS), VOCABULARY.size),
        f"the logits of {len(TOKENS)} rows are {logits.shape}",
    )
    differs = (logits != other_logits).any(axis=1)
    expect(bool(differs.all()), "a name has the same logits after two start tokens")
