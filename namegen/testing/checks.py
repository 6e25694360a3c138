"""Check the rules in ``core/engine.py``, which every engine has to follow.

Each check tests some rules, and raises an AssertionError if one is broken. Its arguments are the class of an engine and
a small network. ``models.py`` contains the checks for models that can only generate names.
"""

from __future__ import annotations

from functools import partial
from pathlib import PurePath

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from namegen.core.engine import Engine, EngineClass, Step
from namegen.core.network.architecture import Network
from namegen.core.network.cells import CELLS
from namegen.core.optimizers import OPTIMIZERS
from namegen.core.settings import TrainingSettings
from namegen.errors import CheckpointError, EngineError, NamegenError
from namegen.testing.comparisons import (
    Check,
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
    TOKENS,
    VOCABULARY,
    GuardedSettings,
    batch_of,
    mixed_steps,
    read,
    small_engine,
    small_parameters,
    small_steps,
    soften,
    stepped_loss,
    steps_on,
)
from namegen.testing.models import LANGUAGE_MODEL_CHECKS
from namegen.types import Array

SHIFT = 1e-5  # the change of a parameter in central differences
GRADIENT_TOLERANCE = 1e-7  # relative to the derivative, or absolute if the derivative is below 1
GUARDED = GuardedSettings(optimizer="momentum", momentum=0.8, clip_norm=0.5)


def check_as_a_language_model(engine_class: EngineClass, network: Network) -> None:
    """Check that an engine passes LANGUAGE_MODEL_CHECKS and returns the right precision, in both precisions."""
    for dtype in ("float32", "float64"):
        engine = small_engine(engine_class, network, dtype=dtype)
        for check in LANGUAGE_MODEL_CHECKS.values():
            check(engine, TOKENS)
        logits, _ = engine.step(np.zeros(2, np.int32), engine.initial_state(2))
        expect(logits.dtype == dtype, f"a {dtype} backend returns logits of type {logits.dtype}")


def check_attributes(engine_class: EngineClass, network: Network) -> None:
    """Check that a class declares its cells, architectures and libraries, and implements the whole protocol."""
    cells = sorted(engine_class.cells)
    expect(set(cells) <= set(CELLS), f"cells are {cells}: known are {', '.join(CELLS)}")
    requires = engine_class.requires
    expect(isinstance(requires, tuple), f"requires is {requires!r}: expected a tuple")
    known = [architecture.architecture for architecture in engine_class.architectures]
    expect(network.architecture in known, f"{network.architecture} is not among {known}")
    engine = small_engine(engine_class, network)
    expect(isinstance(engine, Engine), "a method of the protocol is missing")
    V = engine.vocabulary_size
    expect(VOCABULARY.size == V, f"vocabulary_size is {V}: expected {VOCABULARY.size}")


def check_settings_of_core(engine_class: EngineClass, network: Network) -> None:
    """Check that an engine only reads settings that are declared for backends, whatever it does.

    ``GUARDED`` raises an error if it reads any other setting. Learning rates and masks are part of the steps.
    """
    engine = engine_class(network, GUARDED, threads=1)
    engine.set_state(small_parameters(network))
    engine.warm_up(next(small_steps(1)))
    engine.train_epoch(small_steps(3, masked=network))
    engine.set_state(engine.get_state())
    read(engine, TOKENS)


def check_reading_only(engine_class: EngineClass, network: Network) -> None:
    """Check that an engine without training settings makes predictions, but has no optimizer and rejects training."""
    trained_engine = small_engine(engine_class, network)
    trained_engine.train_epoch(small_steps(2))
    state = trained_engine.get_state()
    reader = small_engine(engine_class, network, training=None)
    reader.set_state(state)
    parameters = {name: state[name] for name in network.parameter_shapes}
    expect_same(reader.get_state(), parameters, "in a backend without training settings")
    expected = np.array(read(trained_engine, TOKENS))
    subject = "a logit of a backend without training settings"
    expect_close(np.array(read(reader, TOKENS)), expected, subject)
    train = partial(reader.train_epoch, small_steps(1))
    expect_error(NamegenError, train, "training without training settings")


def check_determinism(engine_class: EngineClass, network: Network) -> None:
    """Check that equal engines get exactly equal results, warmed up or not, and limit their libraries to 1 thread.

    The check looks at the thread pools of the libraries in ``requires``, or of NumPy if ``requires`` is empty, as far
    as threadpoolctl knows these pools. Such an engine has to call ``namegen.threads.limit_threads``.
    """
    # 1 comes last, because the limit stays in effect for everything that runs later in this process.
    for threads in (2, 1):
        # An engine that sets no limit must not pass just because the limit was already 1.
        threadpool_limits(2, user_api="blas")
        losses: list[Array] = []
        states: list[dict[str, Array]] = []
        for is_warm in (True, False):
            engine = engine_class(network, ADAM.plain, threads=threads)
            engine.set_state(small_parameters(network))
            if is_warm:
                start = engine.get_state()
                engine.warm_up(next(small_steps(1)))
                expect_same(engine.get_state(), start, "after warming up")
            losses.append(engine.train_epoch(small_steps(3)).loss_sum)
            states.append(engine.get_state())
            del engine  # so that the next one can reuse its compiled programs
        subject = f"an equal backend with threads={threads}, after warming up"
        expect_within(losses[0], losses[1], 0.0, f"a loss of {subject}")
        expect_same(states[0], states[1], subject)
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


def check_states(engine_class: EngineClass, network: Network) -> None:
    """Check the names, shapes and precision of a state, that states are copied, and that invalid ones are rejected."""
    # A state has the parameters, the number of steps, and the optimizer's slots of each parameter.
    for dtype in ("float32", "float64"):
        engine = small_engine(engine_class, network, dtype=dtype)
        engine.train_epoch(small_steps(2))
        returned_state = engine.get_state()
        step_count = returned_state["optimizer.step"]
        is_correct = step_count.dtype == np.int64 and step_count == 2
        expect(is_correct, f"optimizer.step is {step_count!r} after 2 steps")
        expected = {"optimizer.step": np.array(1)}
        for name, shape in network.parameter_shapes.items():
            expected[name] = np.ones(shape, dtype)
            for slot in OPTIMIZERS[ADAM.optimizer].slots:
                # An engine that doesn't implement Adam has no slots.
                if f"optimizer.{slot}.{name}" in returned_state:
                    expected[f"optimizer.{slot}.{name}"] = np.ones(shape, dtype)
        subject = "the names, types and shapes of a state"
        expect_same(returned_state, expected, subject, tolerance=np.inf)

    # Overwriting arrays that were returned or passed changes nothing.
    state = {name: values.copy() for name, values in returned_state.items()}
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


def check_resuming(engine_class: EngineClass, network: Network) -> None:
    """Check that an engine resumes exactly from a state, and that a state of parameters alone resets the optimizer."""
    engine = small_engine(engine_class, network)
    other_engine = small_engine(engine_class, network, number=1)
    steps = list(small_steps(4))
    # Save the state after two of four steps.
    engine.train_epoch(iter(steps[:2]))
    saved_state = engine.get_state()
    engine.train_epoch(iter(steps[2:]))
    final_state = engine.get_state()
    # The last two steps give the same result from the saved state, in the same engine and in another one.
    for resumed in (engine, other_engine):
        resumed.set_state(saved_state)
        expect_same(resumed.get_state(), saved_state, "a state that was set")
        resumed.train_epoch(iter(steps[2:]))
        expect_same(resumed.get_state(), final_state, "resumed from a state")
    # Parameters alone reset the optimizer, so all four steps give the same result again.
    engine.set_state(small_parameters(network))
    engine.train_epoch(iter(steps))
    expect_same(engine.get_state(), final_state, "trained from a state of parameters alone")


def check_losses(engine_class: EngineClass, network: Network) -> None:
    """Check that each step reports its number of characters and its loss before the update, in both precisions.

    The expected loss comes from a second engine, which reads the names token by token with the masked parameters.
    """
    repeated_names = soften(batch_of(["Al", "Bo", "Al", "Al", "Lila"]), np.random.default_rng(5))
    steps = [*mixed_steps(network), *steps_on(LISTS), Step(repeated_names, 0.02)]
    for dtype, tolerance in (("float32", 1e-4), ("float64", 1e-10)):
        engine = small_engine(engine_class, network, dtype=dtype)
        reader = small_engine(engine_class, network, training=None, dtype=dtype)
        for k, step in enumerate(steps):
            # Read the names with the parameters before the step, multiplied by its masks.
            state = engine.get_state()
            masked = {name: state[name] * mask for name, mask in step.masks.items()}
            reader.set_state({**state, **masked})
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


def check_stream(engine_class: EngineClass, network: Network) -> None:
    """Check that a stream of plain, masked and targeted steps gives the same results as the steps alone, in order."""
    engine = small_engine(engine_class, network)
    separate_engine = small_engine(engine_class, network, number=1)
    # Each step has a different rate, so the order matters. The number of steps is odd.
    steps = [*mixed_steps(network), *small_steps(1)]
    losses = engine.train_epoch(iter(steps)).loss_sum
    separate_losses = [separate_engine.train_epoch(iter([step])).loss_sum for step in steps]
    expect_within(losses, np.concatenate(separate_losses), 0.0, "a loss in one stream")
    nothing = engine.train_epoch(iter(()))
    is_empty = nothing.loss_sum.shape == nothing.characters.shape == (0,)
    expect(is_empty, "an empty stream gives no entries")
    subject = "after one stream of mixed steps, and an empty stream"
    expect_same(engine.get_state(), separate_engine.get_state(), subject)


def check_gradients(engine_class: EngineClass, network: Network) -> None:
    """Check learning rates, and the gradient of the loss per character, with central differences.

    A step of gradient descent with rate 1 subtracts the gradient from the parameters, and a step with rate 0 only
    reports the loss. Each parameter is moved along one random direction, so two losses are enough for all of its
    numbers.
    """
    training = TrainingSettings(optimizer="sgd")
    engine = small_engine(engine_class, network, training=training, dtype="float64")
    start = engine.get_state()
    rng = np.random.default_rng(3)
    for masked in (None, network):
        (step,) = small_steps(1, rate=1.0, masked=masked)
        (unchanging_step,) = small_steps(1, rate=0.0, masked=masked)
        # The engine's gradient is the difference that one step makes.
        engine.set_state(start)
        engine.train_epoch(iter([step]))
        after = engine.get_state()
        for name, shape in network.parameter_shapes.items():
            direction = rng.normal(size=shape)
            # The loss per character changes by this much along the direction.
            losses: list[float] = []
            for shift in (SHIFT, -SHIFT):
                engine.set_state({**start, name: start[name] + shift * direction})
                losses.append(float(engine.train_epoch(iter([unchanging_step])).loss_sum[0]))
            expected = (losses[0] - losses[1]) / (2 * SHIFT * step.batch.characters)
            gradient = start[name] - after[name]
            derivative = np.array((gradient * direction).sum())
            subject = f"the derivative of the loss along a direction of {name}"
            limit = GRADIENT_TOLERANCE * max(1.0, abs(expected))
            expect_within(derivative, np.array(expected), limit, subject)


CONFORMANCE_CHECKS: dict[str, Check] = named(globals())
