"""What an engine's state is: its names and types, a copy, whole, and all that training needs to go on."""

from __future__ import annotations

from functools import partial

import numpy as np

from namegen.core.engine import EngineClass
from namegen.errors import CheckpointError
from namegen.testing.comparisons import expect, expect_error, expect_same
from namegen.testing.failures import describe_training
from namegen.testing.material import Kind, new_engine, small_engine, small_network, small_steps

ADAM = describe_training()


def check_state_names(engine_class: EngineClass, kind: Kind) -> None:
    """The state goes by the canonical names, in the engine's own precision."""
    shapes = small_network(kind).parameter_shapes
    for dtype in ("float32", "float64"):
        engine = small_engine(engine_class, kind, dtype=dtype)
        engine.train_epoch(small_steps(2))
        state = engine.get_state()
        expect(state.keys() >= shapes.keys(), f"missing: {sorted(shapes.keys() - state.keys())}")
        count = state.pop("optimizer.step", np.array(-1))
        expect(
            (count.dtype, count.shape, int(count)) == (np.int64, (), 2), f"optimizer.step is {count!r} after 2 steps"
        )
        for name, values in state.items():
            optimizer, _, rest = name.partition(".")
            slot, _, parameter = rest.partition(".") if optimizer == "optimizer" else ("", "", name)
            expect(parameter in shapes and slot in ("", "u", "m", "v"), f"{name} is not a canonical name")
            expect(type(values) is np.ndarray and values.dtype == dtype, f"{name} is {values.dtype}: expected {dtype}")
            expect(values.shape == shapes[parameter], f"{name} has the shape {values.shape}")


def check_state_round_trip(engine_class: EngineClass, kind: Kind) -> None:
    """A state taken out and put in, here or in another engine, is the same, and training goes on bit for bit."""
    engine, other = small_engine(engine_class, kind), small_engine(engine_class, kind, number=1, seed=2)
    steps = list(small_steps(4))
    engine.train_epoch(iter(steps[:2]))
    state = engine.get_state()
    engine.train_epoch(iter(steps[2:]))
    uninterrupted = engine.get_state()
    for one in (engine, other):
        one.set_state(state)
        expect_same(one.get_state(), state, "a state that was put in")
        one.train_epoch(iter(steps[2:]))
        expect_same(one.get_state(), uninterrupted, f"{ADAM}: gone on from a state")


def check_state_is_a_copy(engine_class: EngineClass, kind: Kind) -> None:
    """Writing into arrays that get_state gave or that set_state took changes nothing in the engine."""
    engine = small_engine(engine_class, kind)
    engine.train_epoch(small_steps(1))
    given = engine.get_state()
    kept = {name: values.copy() for name, values in given.items()}
    for values in given.values():
        values[...] = 9
    expect_same(engine.get_state(), kept, "after arrays that get_state gave were written into")
    taken = {name: values.copy() for name, values in kept.items()}
    engine.set_state(taken)
    for values in taken.values():
        values[...] = 9
    expect_same(engine.get_state(), kept, "after arrays that set_state took were written into")


def check_unfit_states(engine_class: EngineClass, kind: Kind) -> None:
    """A state with a tensor missing or of another shape is a CheckpointError, and nothing of it is taken."""
    engine = small_engine(engine_class, kind)
    engine.train_epoch(small_steps(1))
    kept = engine.get_state()
    other = {name: np.asarray(values + 1) for name, values in kept.items()}
    for name in kept:
        if name != "optimizer.step":
            missing = {key: values for key, values in other.items() if key != name}
            expect_error(CheckpointError, partial(engine.set_state, missing), f"a state without {name}")
            short = other | {name: other[name][..., :-1]}
            expect_error(CheckpointError, partial(engine.set_state, short), f"another shape of {name}")
    expect_same(engine.get_state(), kept, "after states that do not fit")


def check_optimizer_restarts(engine_class: EngineClass, kind: Kind) -> None:
    """A state of parameters alone starts the optimizer anew."""
    used, new = small_engine(engine_class, kind), new_engine(engine_class, kind)
    used.train_epoch(small_steps(3))
    parameters = {name: used.get_state()[name] for name in small_network(kind).parameter_shapes}
    for engine in (used, new):
        engine.set_state(parameters)
        expect(int(engine.get_state()["optimizer.step"]) == 0, "optimizer.step goes on after a state without it")
        engine.train_epoch(small_steps(2))
    expect_same(used.get_state(), new.get_state(), f"{ADAM}: trained on from a state of parameters alone")
