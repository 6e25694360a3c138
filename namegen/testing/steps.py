"""What an engine does with the steps of a training: each is applied, in order, with its own rate, masks and targets; by
the gradient of its loss; and behind whatever a name begins with, where a list has labels.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

import numpy as np

from namegen.core.engine import Engine, EngineClass, Step
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
    GuardedSettings,
    Kind,
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

SHIFT = 1e-5  # of a parameter, for central differences
GUARDED = GuardedSettings(optimizer="momentum", momentum=0.8, clip_norm=0.5)


def expect_stepped_losses(
    engine_class: EngineClass, kind: Kind, steps: Iterable[Step], what: str
) -> None:
    """Each step, in a stream of its own, reports its loss before its update, as stepping down its names gives it."""
    steps = list(steps)
    for dtype, tolerance in (("float32", 1e-4), ("float64", 1e-10)):
        engine = small_engine(engine_class, kind, dtype=dtype)
        reader = small_engine(engine_class, kind, training=None, dtype=dtype)
        for step in steps:
            reader.set_state(engine.get_state())
            losses = engine.train_epoch(iter([step]))
            types = f"{losses.loss_sum.dtype} and {losses.characters.dtype}"
            expect(
                types == "float64 and int64",
                f"losses and characters are {types}: expected float64 and int64",
            )
            shapes = (losses.loss_sum.shape, losses.characters.shape)
            expect(
                shapes == ((1,), (1,)),
                f"one step gives losses and characters of the shapes {shapes}",
            )
            counted = losses.characters.tolist()
            expect(
                counted == [step.batch.characters],
                f"a step on {what} counts {counted} characters: expected [{step.batch.characters}], STOPs counted",
            )
            told = f"the loss of a step on {what}, against stepping through its names before its update, in {dtype},"
            expect_near(
                float(losses.loss_sum[0]), stepped_loss(reader, step.batch), tolerance, told
            )


def check_step_losses(engine_class: EngineClass, kind: Kind) -> None:
    """An entry a step: the loss before its update, summed, as stepping down the names gives it; the characters."""
    expect_stepped_losses(engine_class, kind, small_steps(3), "plain names")


def check_targets(engine_class: EngineClass, kind: Kind) -> None:
    """A batch that says what should follow is judged by that, at every node as often as names pass it.

    The distributions do not quite sum to 1, as float32 does not; some names repeat.
    """
    rng = np.random.default_rng(5)
    repeated = batch_of(["Al", "Bo", "Al", "Al", "Al", "Lila"])
    expect_stepped_losses(
        engine_class, kind, small_steps(2, soft=True), "targets off a sum of 1 by up to 0.0005"
    )
    expect_stepped_losses(
        engine_class, kind, [Step(soften(repeated, rng), 0.02)], "targets of repeated names"
    )


def check_long_names(engine_class: EngineClass, kind: Kind) -> None:
    """Names have any length, here up to 70 characters: each character is read, predicted and counted."""
    expect_stepped_losses(engine_class, kind, long_steps(2), "names of up to 70 characters")


def check_few_names(engine_class: EngineClass, kind: Kind) -> None:
    """A batch may be one name, one name many times, or names of one character: repeats are weights."""
    for what, step in zip(FEW_NAMES, few_steps(), strict=True):
        expect_stepped_losses(engine_class, kind, [step], what)


def expect_as_apart(
    engine_class: EngineClass, kind: Kind, steps: list[Step], what: str
) -> tuple[Engine, Engine]:
    """One stream of steps does what the same steps do in streams of their own. Gives both engines."""
    together, apart = small_engine(engine_class, kind), small_engine(engine_class, kind, number=1)
    losses = together.train_epoch(iter(steps))
    single = [apart.train_epoch(iter([step])) for step in steps]
    for name in ("loss_sum", "characters"):
        expected = np.concatenate([getattr(one, name) for one in single])
        expect_equal(getattr(losses, name), expected, f"{name} of {what}")
    expect_same(together.get_state(), apart.get_state(), what)
    return together, apart


def check_mixed_steps(engine_class: EngineClass, kind: Kind) -> None:
    """Steps with targets, with masks, with both and with neither may follow one another in one stream."""
    steps = mixed_steps(small_network(kind))
    expect_as_apart(engine_class, kind, steps, "plain, masked and targeted steps in one stream")


def check_settings_of_core(engine_class: EngineClass, kind: Kind) -> None:
    """An engine reads only the settings that are declared for backends. Learning rates and dropout come with steps."""
    network = small_network(kind)
    engine = engine_class(network, GUARDED, threads=1)
    engine.set_state(network.initial_parameters("glorot", rng=np.random.default_rng(1)))
    engine.warm_up(next(small_steps(1)))
    engine.train_epoch(small_steps(3, masked=network))
    engine.set_state(engine.get_state())
    read(engine, TOKENS)


def check_masks(engine_class: EngineClass, kind: Kind) -> None:
    """For its step a masked parameter counts as parameter times mask; what is kept of it is unmasked."""
    network = small_network(kind)
    engine = small_engine(engine_class, kind, dtype="float64")
    reader = small_engine(engine_class, kind, training=None, dtype="float64")
    for step in small_steps(3, rate=0.0, masked=network):
        kept = engine.get_state()
        reader.set_state(
            {name: kept[name] * step.masks.get(name, 1) for name in network.parameter_shapes}
        )
        found = float(engine.train_epoch(iter([step])).loss_sum[0])
        expect_near(found, stepped_loss(reader, step.batch), 1e-10, "the loss of a masked step")
        parameters = {
            name: values
            for name, values in engine.get_state().items()
            if name in network.parameter_shapes
        }
        expect_same(
            parameters, {name: kept[name] for name in parameters}, "after a masked step of rate 0"
        )
    before = engine.get_state()
    name, shape = next(iter(network.parameter_shapes.items()))
    for masks, what in (
        (
            {"no.such.parameter": np.ones((1, 1), np.float32)},
            "a mask for a parameter that does not exist",
        ),
        ({name: np.ones((2, *shape), np.float32)}, "a mask of another shape"),
    ):
        wrong = [Step(step.batch, 0.01, masks) for step in small_steps(1)]
        expect_error(EngineError, partial(engine.train_epoch, iter(wrong)), what)
    expect_same(engine.get_state(), before, "after steps with masks that do not fit")


def check_steps_in_order(engine_class: EngineClass, kind: Kind) -> None:
    """One stream of steps does what the same steps do in streams of their own; an empty one does nothing."""
    steps = [Step(step.batch, 0.01 * (1 + place)) for place, step in enumerate(small_steps(5))]
    together, apart = expect_as_apart(engine_class, kind, steps, "five steps in one stream")
    nothing = together.train_epoch(iter(()))
    expect(
        nothing.loss_sum.shape == nothing.characters.shape == (0,),
        "an empty stream gives no entries",
    )
    expect_same(together.get_state(), apart.get_state(), "after an empty stream")


def check_rates(engine_class: EngineClass, kind: Kind) -> None:
    """Each step moves by its own rate: not at all by zero, and by another one elsewhere."""
    engine, other = small_engine(engine_class, kind), small_engine(engine_class, kind, number=1)
    names = list(small_network(kind).parameter_shapes)
    kept = engine.get_state()
    losses = engine.train_epoch(small_steps(2, rate=0.0))
    state = engine.get_state()
    expect(
        losses.loss_sum.shape == (2,),
        f"2 steps of rate 0 are reported as {losses.loss_sum.shape} losses",
    )
    expect(
        int(state["optimizer.step"]) == 2,
        f"optimizer.step is {state['optimizer.step']} after 2 steps of rate 0",
    )
    expect_same(
        {name: state[name] for name in names},
        {name: kept[name] for name in names},
        "after steps of rate 0",
    )
    engine.train_epoch(small_steps(1, rate=0.01))
    other.train_epoch(small_steps(1, rate=0.02))
    found, expected = engine.get_state(), other.get_state()
    for other_state, what in (
        (kept, "a step changes nothing"),
        (expected, "the learning rate changes nothing"),
    ):
        expect(any(not np.array_equal(found[name], other_state[name]) for name in names), what)


def check_learning(engine_class: EngineClass, kind: Kind) -> None:
    """Forty updates on one small batch bring its loss down."""
    engine = small_engine(engine_class, kind)
    losses = engine.train_epoch(Step(batch_of(NAMES), 0.02) for _ in range(40)).loss_sum
    expect(
        losses[-1] < 0.97 * losses[0], f"40 steps took the loss from {losses[0]} to {losses[-1]}"
    )


def check_gradients(engine_class: EngineClass, kind: Kind) -> None:
    """A step follows the gradient of its loss, divided by its characters: against central differences in float64.

    Gradient descent at a rate of 1 takes the gradient away from a parameter, and a step at a rate of 0 tells the loss.
    Each parameter is moved along one random direction, so that two losses are enough for all of its numbers.
    """
    engine = small_engine(
        engine_class, kind, training=TrainingSettings(optimizer="sgd"), dtype="float64"
    )
    network, start, rng = small_network(kind), engine.get_state(), np.random.default_rng(3)
    for step in (*small_steps(1, rate=1.0), *small_steps(1, rate=1.0, masked=network)):
        engine.set_state(start)
        engine.train_epoch(iter([step]))
        after = engine.get_state()
        still = replace(step, learning_rate=0.0)
        for name, shape in network.parameter_shapes.items():
            way = rng.normal(size=shape)
            losses = []
            for shift in (SHIFT, -SHIFT):
                engine.set_state(start | {name: start[name] + shift * way})
                losses.append(float(engine.train_epoch(iter([still])).loss_sum[0]))
            expected = (losses[0] - losses[1]) / (2 * SHIFT * step.batch.characters)
            found = float(((start[name] - after[name]) * way).sum())
            expect(
                abs(found - expected) <= 1e-7 * max(1.0, abs(expected)),
                f"the gradient of {name}{', masked,' if step.masks else ''} is {found:.9g} along a direction in which "
                f"central differences of the loss give {expected:.9g}",
            )


def check_beginnings(engine_class: EngineClass, kind: Kind) -> None:
    """Each label's names are read behind its own beginning: logits, and the losses of batches of several roots."""
    network = labelled_network(kind)
    engine = small_engine(engine_class, network, dtype="float64")
    found = [read(engine, TOKENS, beginning) for beginning in network.beginnings]
    for one in found[0]:
        expect(
            one.shape == (len(TOKENS), VOCABULARY.size),
            f"the logits of {len(TOKENS)} rows are {one.shape}",
        )
    first, second = (logits[0] for logits in found)
    expect(
        bool((first != second).any(axis=1).all()),
        "a name has the same logits behind two beginnings",
    )
    each = np.repeat(np.array(network.beginnings, np.int32), len(TOKENS))
    together = read(engine, np.concatenate((TOKENS, TOKENS)), each)
    for both, one, other in zip(together, *found, strict=True):
        expect_close(both, np.concatenate((one, other)), "rows of two beginnings in one step")
    for step in small_steps(3, labelled=True):
        expected = stepped_loss(engine, step.batch)
        loss = float(engine.train_epoch(iter([step])).loss_sum[0])
        expect_near(loss, expected, 1e-9, "the loss of a step on names of two labels")
