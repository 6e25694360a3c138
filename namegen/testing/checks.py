"""What ``core/engine.py`` demands of every engine and of every LanguageModel, a check for each fact.

A check returns nothing, or raises AssertionError.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import numpy as np

from namegen.core.engine import Engine, EngineClass, LanguageModel
from namegen.core.settings import CELLS
from namegen.errors import CheckpointError, NamegenError
from namegen.testing.material import (
    TOKENS,
    VOCABULARY,
    expect,
    expect_close,
    expect_error,
    expect_same,
    new_engine,
    read,
    small_engine,
    small_network,
    small_steps,
)
from namegen.testing.steps import (
    check_early_end,
    check_learning,
    check_masks,
    check_rates,
    check_step_losses,
    check_steps_in_order,
    check_targets,
)
from namegen.types import Array, Int32

Check: TypeAlias = Callable[[EngineClass, str], None]  # an engine's class and a cell
ModelCheck: TypeAlias = Callable[[LanguageModel, Array], None]  # a model, and rows of tokens that it may be given

# Of any LanguageModel.


def check_rows(model: LanguageModel, tokens: Int32[Array, "R T"]) -> None:
    """Any number of rows, each as if it were alone; logits of the right shape and type."""
    alone = [read(model, row[None]) for row in tokens]
    for rows in (1, 2, len(tokens), 67):
        place = np.arange(rows) % len(tokens)
        for depth, logits in enumerate(read(model, tokens[place])):
            expect(type(logits) is np.ndarray, f"logits are {type(logits)}: expected a NumPy array")
            expect(logits.dtype in (np.float32, np.float64), f"logits are {logits.dtype}")
            expect(logits.shape == (rows, model.vocabulary_size), f"the logits of {rows} rows are {logits.shape}")
            expect(not np.isnan(logits).any() and not np.isposinf(logits).any(), "a logit is NaN or +inf")
            expect(np.isfinite(logits).any(axis=1).all(), "every logit of a row is -inf: there is no next character")
            expect_close(logits, np.concatenate([alone[row][depth] for row in place]), f"row by row, of {rows} rows")


def check_state_is_kept(model: LanguageModel, tokens: Int32[Array, "R T"]) -> None:
    """Neither step nor select changes the state or the tokens that they were given."""
    first, second = tokens[:, 0].copy(), np.roll(tokens[:, 0], 1)
    _, start = model.step(np.zeros(len(tokens), np.int32), model.initial_state(len(tokens)))
    logits, after = model.step(first, start)
    expected = logits.copy()
    model.step(second, start)
    model.step(second, model.select(start, np.arange(len(tokens))[::-1]))
    model.step(second, after)
    again, _ = model.step(first, start)
    np.testing.assert_array_equal(first, tokens[:, 0], "step changed its tokens")
    np.testing.assert_array_equal(logits, expected, "logits given before were changed by a later step")
    np.testing.assert_array_equal(again, expected, "the state before a step was changed: from it, the step is another")


def check_select(model: LanguageModel, tokens: Int32[Array, "R T"]) -> None:
    """Select gathers rows: in any order, some not at all, some repeatedly, more than there were."""
    rows = len(tokens)
    _, state = model.step(np.zeros(rows, np.int32), model.initial_state(rows))
    _, state = model.step(tokens[:, 0].copy(), state)
    choices = {
        "in reverse": list(range(rows))[::-1],
        "one": [rows - 1],
        "repeated": [1, 0, 1, 1],
        "more than there were": [place % rows for place in range(3 * rows)],
    }
    for what, chosen in choices.items():
        for kind in (np.int64, np.int32):
            place = np.array(chosen, dtype=kind)
            logits, _ = model.step(tokens[place, 1], model.select(state, place))
            expect_close(logits, read(model, tokens[place, :2])[-1], f"rows that were selected {what}")


LANGUAGE_MODEL_CHECKS: dict[str, ModelCheck] = {
    "rows": check_rows,
    "state is kept": check_state_is_kept,
    "select": check_select,
}


# Of an engine; each for one of its cells.


def check_attributes(engine_class: EngineClass, cell: str) -> None:
    """What a class says about itself, and that its objects have all that the protocol asks for."""
    expect(isinstance(engine_class.name, str) and bool(engine_class.name), "name is not a text")
    expect(cell in engine_class.cells, f"{cell} is not among the cells {sorted(engine_class.cells)}")
    expect(engine_class.cells <= set(CELLS), f"cells are {sorted(engine_class.cells)}: known are {CELLS}")
    expect(isinstance(engine_class.requires, tuple), "requires is not a tuple")
    engine = small_engine(engine_class, cell)
    expect(isinstance(engine, Engine), "a method of the protocol is missing")
    expect(engine.vocabulary_size == VOCABULARY.size, f"vocabulary_size is {engine.vocabulary_size}")


def check_as_language_model(engine_class: EngineClass, cell: str) -> None:
    """LANGUAGE_MODEL_CHECKS, and the types of both precisions."""
    for dtype in ("float32", "float64"):
        engine = small_engine(engine_class, cell, dtype=dtype)
        for check in LANGUAGE_MODEL_CHECKS.values():
            check(engine, TOKENS)
        logits, _ = engine.step(np.zeros(2, np.int32), engine.initial_state(2))
        expect(logits.dtype == dtype, f"an engine of {dtype} gives logits of {logits.dtype}")


def check_reading_only(engine_class: EngineClass, cell: str) -> None:
    """An engine without training settings reads a trained state, gives parameters only, and refuses to train."""
    trained, reader = small_engine(engine_class, cell), small_engine(engine_class, cell, train=False, seed=2)
    trained.train_epoch(small_steps(2))
    state = trained.get_state()
    reader.set_state(state)
    expect_same(reader.get_state(), {name: state[name] for name in small_network(cell).parameter_shapes})
    for found, expected in zip(read(reader, TOKENS), read(trained, TOKENS), strict=True):
        expect_close(found, expected, "an engine that only reads")
    expect_error(NamegenError, lambda: reader.train_epoch(small_steps(1)), "training without training settings")


def check_state_names(engine_class: EngineClass, cell: str) -> None:
    """The state goes by the canonical names, in the engine's own precision."""
    shapes = small_network(cell).parameter_shapes
    for dtype in ("float32", "float64"):
        engine = small_engine(engine_class, cell, dtype=dtype)
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


def check_state_round_trip(engine_class: EngineClass, cell: str) -> None:
    """A state taken out and put in, here or in another engine, is the same, and training goes on bit for bit."""
    engine, other = small_engine(engine_class, cell), small_engine(engine_class, cell, number=1, seed=2)
    steps = list(small_steps(4))
    engine.train_epoch(iter(steps[:2]))
    state = engine.get_state()
    engine.train_epoch(iter(steps[2:]))
    uninterrupted = engine.get_state()
    for one in (engine, other):
        one.set_state(state)
        expect_same(one.get_state(), state)
        one.train_epoch(iter(steps[2:]))
        expect_same(one.get_state(), uninterrupted)


def check_state_is_a_copy(engine_class: EngineClass, cell: str) -> None:
    """Writing into arrays that get_state gave or that set_state took changes nothing in the engine."""
    engine = small_engine(engine_class, cell)
    engine.train_epoch(small_steps(1))
    given = engine.get_state()
    kept = {name: values.copy() for name, values in given.items()}
    for values in given.values():
        values[...] = 9
    expect_same(engine.get_state(), kept)
    taken = {name: values.copy() for name, values in kept.items()}
    engine.set_state(taken)
    for values in taken.values():
        values[...] = 9
    expect_same(engine.get_state(), kept)


def check_unfit_states(engine_class: EngineClass, cell: str) -> None:
    """A state with a tensor missing or of another shape is a CheckpointError, and nothing of it is taken."""
    engine = small_engine(engine_class, cell)
    engine.train_epoch(small_steps(1))
    kept = engine.get_state()
    other = {name: np.asarray(values + 1) for name, values in kept.items()}
    for name in kept:
        if name != "optimizer.step":
            missing = {key: values for key, values in other.items() if key != name}
            expect_error(CheckpointError, partial(engine.set_state, missing), f"a state without {name}")
            short = other | {name: other[name][..., :-1]}
            expect_error(CheckpointError, partial(engine.set_state, short), f"another shape of {name}")
    expect_same(engine.get_state(), kept)


def check_optimizer_restarts(engine_class: EngineClass, cell: str) -> None:
    """A state of parameters alone starts the optimizer anew."""
    used, new = small_engine(engine_class, cell), new_engine(engine_class, cell)
    used.train_epoch(small_steps(3))
    parameters = {name: used.get_state()[name] for name in small_network(cell).parameter_shapes}
    for engine in (used, new):
        engine.set_state(parameters)
        expect(int(engine.get_state()["optimizer.step"]) == 0, "optimizer.step goes on after a state without it")
        engine.train_epoch(small_steps(2))
    expect_same(used.get_state(), new.get_state())


def check_determinism(engine_class: EngineClass, cell: str) -> None:
    """Two engines with the same parameters and batches have the same bits."""
    one, other = small_engine(engine_class, cell), small_engine(engine_class, cell, number=1)
    losses = [engine.train_epoch(small_steps(6)).loss_sum for engine in (one, other)]
    np.testing.assert_array_equal(losses[0], losses[1])
    expect_same(one.get_state(), other.get_state())
    for found, expected in zip(read(one, TOKENS), read(other, TOKENS), strict=True):
        np.testing.assert_array_equal(found, expected)


def check_warm_up(engine_class: EngineClass, cell: str) -> None:
    """Warming up changes nothing that can be observed, neither at once nor later."""
    warm, cold = new_engine(engine_class, cell), small_engine(engine_class, cell)
    kept = warm.get_state()
    warm.warm_up(next(small_steps(1)))
    expect_same(warm.get_state(), kept)
    losses = [engine.train_epoch(small_steps(2)).loss_sum for engine in (warm, cold)]
    np.testing.assert_array_equal(losses[0], losses[1])
    expect_same(warm.get_state(), cold.get_state())


CONFORMANCE_CHECKS: dict[str, Check] = {
    "attributes": check_attributes,
    "as a language model": check_as_language_model,
    "reading only": check_reading_only,
    "state names": check_state_names,
    "state round trip": check_state_round_trip,
    "state is a copy": check_state_is_a_copy,
    "unfit states": check_unfit_states,
    "optimizer restarts": check_optimizer_restarts,
    "step losses": check_step_losses,
    "targets": check_targets,
    "masks": check_masks,
    "steps in order": check_steps_in_order,
    "early end": check_early_end,
    "rates": check_rates,
    "determinism": check_determinism,
    "warm-up": check_warm_up,
    "learning": check_learning,
}
