"""Check the rules in ``core/engine.py``, which every engine has to follow.

Each check tests some rules, and raises an AssertionError if one is broken. ``models.py`` contains the checks for models
that can only generate names.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import PurePath
from typing import TypeAlias

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from namegen.core.engine import Engine, EngineClass, Step
from namegen.core.network.cells import CELLS
from namegen.core.optimizers import OPTIMIZERS
from namegen.core.settings import TrainingSettings
from namegen.errors import CheckpointError, EngineError, NamegenError
from namegen.testing.comparisons import (
    expect,
    expect_close,
    expect_error,
    expect_same,
    expect_within,
    named,
)
from namegen.testing.material import (
    ADAM,
    LISTS,
    NAMES,
    TOKENS,
    VOCABULARY,
    CellOrNetwork,
    GuardedSettings,
    batch_of,
    mixed_steps,
    read,
    small_engine,
    small_network,
    small_parameters,
    small_steps,
    soften,
    stepped_loss,
    steps_on,
)
from namegen.testing.models import LANGUAGE_MODEL_CHECKS
from namegen.types import Array

# A check of an engine class with a cell or a small network.
Check: TypeAlias = Callable[[EngineClass, CellOrNetwork], None]
# A check of an engine class with a cell of the architecture rnn.
CellCheck: TypeAlias = Callable[[EngineClass, str], None]
SHIFT = 1e-5  # the change of a parameter in central differences
GRADIENT_TOLERANCE = 1e-7  # relative to the derivative, or absolute if the derivative is below 1
GUARDED = GuardedSettings(optimizer="momentum", momentum=0.8, clip_norm=0.5)


def check_as_a_language_model(engine_class: EngineClass, cell_or_network: CellOrNetwork) -> None:
    """Check that an engine passes LANGUAGE_MODEL_CHECKS and returns the right precision, in both precisions."""
    for dtype in ("float32", "float64"):
        engine = small_engine(engine_class, cell_or_network, dtype=dtype)
        for check in LANGUAGE_MODEL_CHECKS.values():
            check(engine, TOKENS)
        logits, _ = engine.step(np.zeros(2, np.int32), engine.initial_state(2))
        expect(logits.dtype == dtype, f"a {dtype} backend returns logits of type {logits.dtype}")


def check_attributes(engine_class: EngineClass, cell_or_network: CellOrNetwork) -> None:
    """Check that a class declares its name, cells and architectures, and implements the whole protocol."""
    name = engine_class.name
    expect(isinstance(name, str) and name != "", f"name is {name!r}: expected a non-empty string")
    architectures = [network.architecture for network in engine_class.architectures]
    is_unique = len(set(architectures)) == len(architectures) > 0
    expect(is_unique, f"architectures are {architectures}: expected at least one, each once")
    cells = sorted(engine_class.cells)
    expect(set(cells) <= set(CELLS), f"cells are {cells}: known are {', '.join(CELLS)}")
    expect(isinstance(engine_class.requires, tuple), "requires is not a tuple")
    if isinstance(cell_or_network, str):
        expect(cell_or_network in cells, f"{cell_or_network} is not among the cells {cells}")
    architecture = small_network(cell_or_network).architecture
    expect(
        architecture in architectures,
        f"{architecture} is not among the architectures {architectures}",
    )
    engine = small_engine(engine_class, cell_or_network)
    expect(isinstance(engine, Engine), "a method of the protocol is missing")
    V = engine.vocabulary_size
    expect(VOCABULARY.size == V, f"vocabulary_size is {V}")


def check_settings_of_core(engine_class: EngineClass, cell_or_network: CellOrNetwork) -> None:
    """Check that an engine only reads settings that are declared for backends, whatever it does.

    ``GUARDED`` raises an error if it reads any other setting. Learning rates and masks are part of the steps.
    """
    network = small_network(cell_or_network)
    engine = engine_class(network, GUARDED, threads=1)
    engine.set_state(small_parameters(network))
    engine.warm_up(next(small_steps(1)))
    engine.train_epoch(small_steps(3, masked=network))
    engine.set_state(engine.get_state())
    read(engine, TOKENS)


def check_reading_only(engine_class: EngineClass, cell_or_network: CellOrNetwork) -> None:
    """Check that an engine without training settings makes predictions, but has no optimizer and rejects training."""
    trained_engine = small_engine(engine_class, cell_or_network)
    reader = small_engine(engine_class, cell_or_network, training=None, seed=2)
    trained_engine.train_epoch(small_steps(2))
    state = trained_engine.get_state()
    reader.set_state(state)
    parameters = {name: state[name] for name in small_network(cell_or_network).parameter_shapes}
    expect_same(reader.get_state(), parameters, "in a backend without training settings")
    subject = "a logit of a backend without training settings"
    expected = np.array(read(trained_engine, TOKENS))
    expect_close(np.array(read(reader, TOKENS)), expected, subject)
    train = partial(reader.train_epoch, small_steps(1))
    expect_error(NamegenError, train, "training without training settings")


def check_determinism(engine_class: EngineClass, cell_or_network: CellOrNetwork) -> None:
    """Check that equal engines get exactly equal results, warmed up or not, and limit their libraries to 1 thread.

    The check looks at the thread pools of the libraries in ``requires``, or of NumPy if ``requires`` is empty, as far
    as threadpoolctl knows these pools. Such an engine has to call ``namegen.threads.limit_threads``.
    """
    network = small_network(cell_or_network)
    # 1 comes last, because the limit stays in effect for everything that runs later in this process.
    for threads in (2, 1):
        # An engine that sets no limit must not pass just because the limit was already 1.
        threadpool_limits(2, user_api="blas")
        results: list[tuple[Array, dict[str, Array]]] = []
        for is_warm in (True, False):
            engine = engine_class(network, ADAM.plain, threads=threads)
            engine.set_state(small_parameters(network))
            if is_warm:
                start = engine.get_state()
                engine.warm_up(next(small_steps(1)))
                expect_same(engine.get_state(), start, "after warming up")
            losses = engine.train_epoch(small_steps(3)).loss_sum
            results.append((losses, engine.get_state()))
            del engine  # so that the next one can reuse its compiled programs
        (losses, state), (expected_losses, expected_state) = results
        subject = f"an equal backend with threads={threads}, after warming up"
        expect_within(losses, expected_losses, 0.0, f"a loss of {subject}")
        expect_same(state, expected_state, subject)
    # Packages are recognized by the folders of their files.
    packages = engine_class.requires or ("numpy",)
    folders = {*packages, *(f"{package}.libs" for package in packages)}
    for pool in threadpool_info():
        is_used = not folders.isdisjoint(PurePath(pool["filepath"]).parts)
        expect(
            not is_used or pool["num_threads"] == 1,
            f"a backend that was created with threads=1 leaves {pool['internal_api']} with {pool['num_threads']} "
            "threads: expected 1",
        )


def check_states(engine_class: EngineClass, cell_or_network: CellOrNetwork) -> None:
    """Check the names, shapes and precision of a state, that states are copied, and that invalid ones are rejected."""
    shapes: dict[str, tuple[int, ...]] = {"optimizer.step": ()}
    for name, shape in small_network(cell_or_network).parameter_shapes.items():
        for prefix in ("", *(f"optimizer.{slot}." for slot in OPTIMIZERS[ADAM.optimizer].slots)):
            shapes[prefix + name] = shape
    for dtype in ("float32", "float64"):
        engine = small_engine(engine_class, cell_or_network, dtype=dtype)
        engine.train_epoch(small_steps(2))
        returned_state = engine.get_state()
        state = {name: values.copy() for name, values in returned_state.items()}
        step_count = state["optimizer.step"]
        is_correct = step_count.dtype == np.int64 and step_count == 2
        expect(is_correct, f"optimizer.step is {step_count!r} after 2 steps")
        # An engine that doesn't implement Adam has no slots.
        expected = {
            name: np.ones(shape, dtype)
            for name, shape in shapes.items()
            if name in returned_state or not name.startswith("optimizer.")
        }
        expected["optimizer.step"] = np.array(1)
        subject = "the names, types and shapes of a state"
        expect_same(returned_state, expected, subject, tolerance=np.inf)

    # Overwriting arrays that were returned or passed changes nothing.
    passed_state = {name: values.copy() for name, values in state.items()}
    engine.set_state(passed_state)
    returned_state = engine.get_state()
    for values in (*returned_state.values(), *passed_state.values()):
        values[...] = 9
    expect_same(engine.get_state(), state, "after arrays from get_state or for set_state changed")

    # An invalid state has other numbers, so that a partial change would be noticed.
    other_state = {name: np.asarray(values + 1) for name, values in state.items()}
    for name in state.keys() - {"optimizer.step"}:
        incomplete = {key: values for key, values in other_state.items() if key != name}
        misshapen = {**other_state, name: state[name][None]}
        for unfit in (incomplete, misshapen):
            subject = f"a state without {name}, or with another shape of it,"
            expect_error(CheckpointError, partial(engine.set_state, unfit), subject)
    expect_same(engine.get_state(), state, "after states that do not fit")


def check_resuming(engine_class: EngineClass, cell_or_network: CellOrNetwork) -> None:
    """Check that an engine resumes exactly from a state, and that a state of parameters alone resets the optimizer."""
    engine = small_engine(engine_class, cell_or_network)
    other_engine = small_engine(engine_class, cell_or_network, number=1, seed=2)
    steps = list(small_steps(4))
    start = small_parameters(small_network(cell_or_network))
    engine.train_epoch(iter(steps[:2]))
    saved_state = engine.get_state()
    engine.train_epoch(iter(steps[2:]))
    final_state = engine.get_state()
    for resumed in (engine, other_engine):
        resumed.set_state(saved_state)
        expect_same(resumed.get_state(), saved_state, "a state that was set")
        resumed.train_epoch(iter(steps[2:]))
        expect_same(resumed.get_state(), final_state, "resumed from a state")
    engine.set_state(start)
    engine.train_epoch(iter(steps))
    expect_same(engine.get_state(), final_state, "trained from a state of parameters alone")


def check_losses(engine_class: EngineClass, cell_or_network: CellOrNetwork) -> None:
    """Check that each step reports its number of characters and its loss before the update, in both precisions.

    The expected loss comes from a second engine, which reads the names token by token with the masked parameters.
    """
    network = small_network(cell_or_network)
    repeated_names = soften(batch_of(["Al", "Bo", "Al", "Al", "Lila"]), np.random.default_rng(5))
    steps = [*mixed_steps(network), *steps_on(LISTS), Step(repeated_names, 0.02)]
    for dtype, tolerance in (("float32", 1e-4), ("float64", 1e-10)):
        engine = small_engine(engine_class, cell_or_network, dtype=dtype)
        reader = small_engine(engine_class, cell_or_network, training=None, dtype=dtype)
        for k, step in enumerate(steps):
            state = engine.get_state()
            reader.set_state(state | {name: state[name] * step.masks[name] for name in step.masks})
            expected = np.array([stepped_loss(reader, step.batch)])
            losses = engine.train_epoch(iter([step]))
            subject = f"in {dtype}: the loss of step {k}, which is computed before its update,"
            expect_within(losses.loss_sum, expected, tolerance * expected.max(), subject)
            is_correct = losses.characters.tolist() == [step.batch.characters]
            expect(is_correct, f"step {k} reports {losses.characters} characters")
    types = f"{losses.loss_sum.dtype} and {losses.characters.dtype}"
    expect(types == "float64 and int64", f"losses and characters are {types}")

    # Masks that don't fit are rejected.
    before = engine.get_state()
    name, shape = next(iter(network.parameter_shapes.items()))
    for mask in ({"no.such.parameter": np.ones((1, 1))}, {name: np.ones((2, *shape))}):
        train = partial(engine.train_epoch, iter([Step(repeated_names, 0.01, mask)]))
        expect_error(EngineError, train, "a mask of an unknown parameter or of another shape")
    expect_same(engine.get_state(), before, "after steps with masks that do not fit")


def check_stream(engine_class: EngineClass, cell_or_network: CellOrNetwork) -> None:
    """Check that a stream of plain, masked and targeted steps gives the same results as the steps alone, in order."""
    engine = small_engine(engine_class, cell_or_network)
    separate_engine = small_engine(engine_class, cell_or_network, number=1)
    # Each step has a different rate, so the order matters. The number of steps is odd.
    steps = [*mixed_steps(small_network(cell_or_network)), *small_steps(1)]
    losses = engine.train_epoch(iter(steps)).loss_sum
    separate_losses = [separate_engine.train_epoch(iter([step])).loss_sum for step in steps]
    expect_within(losses, np.concatenate(separate_losses), 0.0, "a loss in one stream")
    nothing = engine.train_epoch(iter(()))
    is_empty = nothing.loss_sum.shape == nothing.characters.shape == (0,)
    expect(is_empty, "an empty stream gives no entries")
    subject = "after one stream of mixed steps, and an empty stream"
    expect_same(engine.get_state(), separate_engine.get_state(), subject)


def check_rates(engine_class: EngineClass, cell_or_network: CellOrNetwork) -> None:
    """Check that a step with rate 0 changes no parameters, but is counted, and that forty steps reduce the loss."""
    network = small_network(cell_or_network)
    engine = small_engine(engine_class, cell_or_network)
    start = engine.get_state()
    engine.train_epoch(small_steps(2, rate=0.0, masked=network))
    after = engine.get_state()
    expect(after["optimizer.step"] == 2, "optimizer.step isn't 2 after 2 steps of rate 0")
    for name in network.parameter_shapes:
        expect_within(after[name], start[name], 0.0, f"after masked steps of rate 0: {name}")
    losses = engine.train_epoch(iter(steps_on([NAMES] * 40))).loss_sum
    is_smaller = losses[-1] < 0.97 * losses[0]
    expect(is_smaller, f"40 steps took the loss from {losses[0]} to {losses[-1]}")


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
    for masked in (None, network):
        (step,) = small_steps(1, rate=1.0, masked=masked)
        (unchanging_step,) = small_steps(1, rate=0.0, masked=masked)
        engine.set_state(start)
        engine.train_epoch(iter([step]))
        after = engine.get_state()
        for name, shape in network.parameter_shapes.items():
            direction = rng.normal(size=shape)
            losses: list[float] = []
            for shift in (SHIFT, -SHIFT):
                engine.set_state({**start, name: start[name] + shift * direction})
                losses.append(float(engine.train_epoch(iter([unchanging_step])).loss_sum[0]))
            expected = (losses[0] - losses[1]) / (2 * SHIFT * step.batch.characters)
            derivative = np.array(((start[name] - after[name]) * direction).sum())
            subject = f"the derivative of the loss along a direction of {name}"
            limit = GRADIENT_TOLERANCE * max(1.0, abs(expected))
            expect_within(derivative, np.array(expected), limit, subject)


CONFORMANCE_CHECKS: dict[str, Check] = named(globals())
