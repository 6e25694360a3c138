"""What ``core/engine.py`` demands of every LanguageModel and of every engine, a check for each fact.

A check returns nothing, or raises AssertionError. ``steps.py`` has those of the steps of a training.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import pairwise
from pathlib import PurePath
from typing import TypeAlias

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from namegen.core.engine import Engine, EngineClass, LanguageModel
from namegen.core.network.cells import CELLS
from namegen.core.optimizers import OPTIMIZERS
from namegen.errors import CheckpointError, NamegenError
from namegen.testing import steps
from namegen.testing.comparisons import (
    describe_training,
    expect,
    expect_close,
    expect_equal,
    expect_error,
    expect_same,
    named,
)
from namegen.testing.material import (
    ADAM,
    TOKENS,
    VOCABULARY,
    Kind,
    new_engine,
    read,
    small_engine,
    small_network,
    small_steps,
)
from namegen.types import Array, Int32

ModelCheck: TypeAlias = Callable[
    [LanguageModel, Array], None
]  # a model, and rows of tokens that it may be given
Check: TypeAlias = Callable[
    [EngineClass, Kind], None
]  # an engine's class, and a cell or a small network
CellCheck: TypeAlias = Callable[
    [EngineClass, str], None
]  # and a cell, of the architecture rnn alone


def model_rows(model: LanguageModel, tokens: Int32[Array, "R T"]) -> None:
    """Any number of rows, more than 256 too, each as if it were alone; logits of the right shape and type.

    Tokens are C-contiguous int32, as core passes them.
    """
    alone = [read(model, row[None]) for row in tokens]
    for rows in (1, 2, len(tokens), 67, 300):
        place = np.arange(rows) % len(tokens)
        for depth, logits in enumerate(read(model, tokens[place])):
            expect(type(logits) is np.ndarray, f"logits are {type(logits)}: expected a NumPy array")
            expect(logits.dtype in (np.float32, np.float64), f"logits are {logits.dtype}")
            expect(
                logits.shape == (rows, model.vocabulary_size),
                f"the logits of {rows} rows are {logits.shape}",
            )
            expect(
                not np.isnan(logits).any() and not np.isposinf(logits).any(),
                "a logit is NaN or +inf",
            )
            expect(
                np.isfinite(logits).any(axis=1).all(),
                "every logit of a row is -inf: there is no next character",
            )
            expect_close(
                logits,
                np.concatenate([alone[row][depth] for row in place]),
                f"a logit of {rows} rows read at once, against that of the row alone,",
            )


def model_state_is_kept(model: LanguageModel, tokens: Int32[Array, "R T"]) -> None:
    """Neither step nor select changes the state or the tokens that they were given."""
    first, second = tokens[:, 0].copy(), np.roll(tokens[:, 0], 1)
    _, start = model.step(np.zeros(len(tokens), np.int32), model.initial_state(len(tokens)))
    logits, after = model.step(first, start)
    expected = logits.copy()
    model.step(second, start)
    model.step(second, model.select(start, np.arange(len(tokens))[::-1].copy()))
    model.step(second, after)
    again, _ = model.step(first, start)
    expect_equal(first, tokens[:, 0], "a step must not write into its tokens, but a token")
    expect_equal(
        logits,
        expected,
        "logits that were given before must not be changed by a later step, but a logit",
    )
    expect_equal(
        again,
        expected,
        "a state that was passed in must still hold, but from it a logit of the same step",
    )


def model_select(model: LanguageModel, tokens: Int32[Array, "R T"]) -> None:
    """Select gathers rows: in any order, some not at all, some repeatedly, more than there were, more than 256.

    The rows are a C-contiguous int64 array, as core passes them: a compiled engine may rely on that.
    """
    rows = len(tokens)
    many = np.arange(300) % rows
    states = {}
    for count, place in ((rows, np.arange(rows)), (300, many)):
        _, state = model.step(np.zeros(count, np.int32), model.initial_state(count))
        states[count] = place, model.step(np.ascontiguousarray(tokens[place, 0]), state)[1]
    choices = {
        "in reverse": (rows, list(range(rows))[::-1]),
        "one": (rows, [rows - 1]),
        "repeatedly": (rows, [1, 0, 1, 1]),
        "more often than there were": (rows, [place % rows for place in range(3 * rows)]),
        "from behind row 255": (300, [299, 256, 257, 3]),
    }
    for what, (count, chosen) in choices.items():
        place, state = states[count]
        gather = np.array(chosen, dtype=np.int64)
        token = np.ascontiguousarray(tokens[place[gather], 1])
        logits, _ = model.step(token, model.select(state, gather))
        expected = read(model, tokens[place[gather], :2])[-1]
        expect_close(
            logits, expected, f"a logit after rows (a contiguous int64 array) were selected {what}"
        )


LANGUAGE_MODEL_CHECKS: dict[str, ModelCheck] = named(globals(), "model_")


def check_attributes(engine_class: EngineClass, kind: Kind) -> None:
    """What a class says about itself, and that its objects have all that the protocol asks for."""
    expect(isinstance(engine_class.name, str) and bool(engine_class.name), "name is not a text")
    if isinstance(kind, str):
        expect(
            kind in engine_class.cells,
            f"{kind} is not among the cells {sorted(engine_class.cells)}",
        )
    known = [architecture.architecture for architecture in engine_class.architectures]
    expect(
        len(set(known)) == len(known) > 0,
        f"architectures are {known}: expected at least one, each once",
    )
    architecture = small_network(kind).architecture
    expect(architecture in known, f"{architecture} is not among the architectures {known}")
    expect(
        engine_class.cells <= set(CELLS),
        f"cells are {sorted(engine_class.cells)}: known are {', '.join(CELLS)}",
    )
    expect(isinstance(engine_class.requires, tuple), "requires is not a tuple")
    engine = small_engine(engine_class, kind)
    expect(isinstance(engine, Engine), "a method of the protocol is missing")
    expect(
        engine.vocabulary_size == VOCABULARY.size, f"vocabulary_size is {engine.vocabulary_size}"
    )


def check_as_a_language_model(engine_class: EngineClass, kind: Kind) -> None:
    """LANGUAGE_MODEL_CHECKS, and the types of both precisions."""
    for dtype in ("float32", "float64"):
        engine = small_engine(engine_class, kind, dtype=dtype)
        for check in LANGUAGE_MODEL_CHECKS.values():
            check(engine, TOKENS)
        logits, _ = engine.step(np.zeros(2, np.int32), engine.initial_state(2))
        expect(logits.dtype == dtype, f"a backend of {dtype} gives logits of {logits.dtype}")


def check_reading_only(engine_class: EngineClass, kind: Kind) -> None:
    """An engine without training settings reads a trained state, gives parameters only, and refuses to train."""
    trained, reader = (
        small_engine(engine_class, kind),
        small_engine(engine_class, kind, training=None, seed=2),
    )
    trained.train_epoch(small_steps(2))
    state = trained.get_state()
    reader.set_state(state)
    expected = {name: state[name] for name in small_network(kind).parameter_shapes}
    expect_same(reader.get_state(), expected, "in a backend that only reads")
    for found, logits in zip(read(reader, TOKENS), read(trained, TOKENS), strict=True):
        expect_close(found, logits, "a logit of a backend that only reads")
    expect_error(
        NamegenError,
        lambda: reader.train_epoch(small_steps(1)),
        "training without training settings",
    )


def check_determinism(engine_class: EngineClass, kind: Kind) -> None:
    """Two engines with the same parameters and batches have the same bits."""
    one, other = small_engine(engine_class, kind), small_engine(engine_class, kind, number=1)
    losses = [engine.train_epoch(small_steps(6)).loss_sum for engine in (one, other)]
    expect_equal(losses[0], losses[1], "a loss of an equal backend")
    expect_same(one.get_state(), other.get_state(), "an equal backend after equal steps")
    for found, expected in zip(read(one, TOKENS), read(other, TOKENS), strict=True):
        expect_equal(found, expected, "a logit of an equal backend")


def check_warm_up(engine_class: EngineClass, kind: Kind) -> None:
    """Warming up changes nothing that can be observed, neither at once nor later."""
    warm, cold = new_engine(engine_class, kind), small_engine(engine_class, kind)
    kept = warm.get_state()
    warm.warm_up(next(small_steps(1)))
    expect_same(warm.get_state(), kept, "after warming up")
    losses = [engine.train_epoch(small_steps(2)).loss_sum for engine in (warm, cold)]
    expect_equal(losses[0], losses[1], "a loss after warming up")
    expect_same(warm.get_state(), cold.get_state(), "trained after warming up")


def check_state_names(engine_class: EngineClass, kind: Kind) -> None:
    """The state goes by the canonical names, in the engine's own precision."""
    shapes, slots = small_network(kind).parameter_shapes, ("", *OPTIMIZERS[ADAM.optimizer].slots)
    for dtype in ("float32", "float64"):
        engine = small_engine(engine_class, kind, dtype=dtype)
        engine.train_epoch(small_steps(2))
        state = engine.get_state()
        expect(state.keys() >= shapes.keys(), f"missing: {sorted(shapes.keys() - state.keys())}")
        count = state.pop("optimizer.step", np.array(-1))
        found = (count.dtype, count.shape, int(count))
        expect(found == (np.int64, (), 2), f"optimizer.step is {count!r} after 2 steps")
        for name, values in state.items():
            optimizer, _, rest = name.partition(".")
            slot, _, parameter = rest.partition(".") if optimizer == "optimizer" else ("", "", name)
            expect(parameter in shapes and slot in slots, f"{name} is not a canonical name")
            expect(
                type(values) is np.ndarray and values.dtype == dtype,
                f"{name} is {values.dtype}: expected {dtype}",
            )
            expect(values.shape == shapes[parameter], f"{name} has the shape {values.shape}")


def check_state_round_trip(engine_class: EngineClass, kind: Kind) -> None:
    """A state taken out and put in, here or in another engine, is the same, and training goes on bit for bit."""
    engine, other = (
        small_engine(engine_class, kind),
        small_engine(engine_class, kind, number=1, seed=2),
    )
    steps = list(small_steps(4))
    engine.train_epoch(iter(steps[:2]))
    state = engine.get_state()
    engine.train_epoch(iter(steps[2:]))
    uninterrupted = engine.get_state()
    for one in (engine, other):
        one.set_state(state)
        expect_same(one.get_state(), state, "a state that was put in")
        one.train_epoch(iter(steps[2:]))
        expect_same(
            one.get_state(), uninterrupted, f"{describe_training(ADAM)}: gone on from a state"
        )


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
            expect_error(
                CheckpointError, partial(engine.set_state, missing), f"a state without {name}"
            )
            short = other | {name: other[name][..., :-1]}
            expect_error(
                CheckpointError, partial(engine.set_state, short), f"another shape of {name}"
            )
    expect_same(engine.get_state(), kept, "after states that do not fit")


def check_optimizer_restarts(engine_class: EngineClass, kind: Kind) -> None:
    """A state of parameters alone starts the optimizer anew."""
    used, new = small_engine(engine_class, kind), new_engine(engine_class, kind)
    used.train_epoch(small_steps(3))
    parameters = {name: used.get_state()[name] for name in small_network(kind).parameter_shapes}
    for engine in (used, new):
        engine.set_state(parameters)
        expect(
            int(engine.get_state()["optimizer.step"]) == 0,
            "optimizer.step goes on after a state without it",
        )
        engine.train_epoch(small_steps(2))
    what = f"{describe_training(ADAM)}: trained on from a state of parameters alone"
    expect_same(used.get_state(), new.get_state(), what)


def check_threads(engine_class: EngineClass, kind: Kind) -> None:
    """It takes 1 thread and 2, gives the same bits for the same number, and asks its libraries for no more than 1.

    What is looked at are the thread pools that threadpoolctl sees of the libraries that the engine ``requires``, or of
    NumPy's BLAS for an engine that requires none: it calls ``namegen.threads.limit_threads``. A library that has no
    such pool is taken at its word.
    """
    for threads in (
        2,
        1,
    ):  # the last one stays: whoever comes next in this process computes with it
        if threads == 1:
            threadpool_limits(
                2, user_api="blas"
            )  # so that an engine that asks for nothing does not keep the 1 by luck
        losses, state = _trained(engine_class, kind, threads)
        other_losses, other_state = _trained(engine_class, kind, threads)
        expect_equal(other_losses, losses, f"a loss of an equal backend with threads={threads}")
        expect_same(other_state, state, f"an equal backend with threads={threads}")
    for pool in pools_of(engine_class.requires, threadpool_info()):
        name, found = pool["internal_api"], pool["num_threads"]
        expect(
            found == 1,
            f"a backend that was made with threads=1 leaves {name} with {found} threads: expected 1",
        )


def _trained(engine_class: EngineClass, kind: Kind, threads: int) -> tuple[Array, dict[str, Array]]:
    """Losses and state of a new engine, which is gone afterwards: the next one may take over what it has compiled."""
    engine = new_engine(engine_class, kind, threads=threads)
    return engine.train_epoch(small_steps(3)).loss_sum, engine.get_state()


def pools_of(
    libraries: Iterable[str], pools: Iterable[Mapping[str, object]]
) -> list[Mapping[str, object]]:
    """The thread pools that belong to some Python packages, by the folders that their files lie in.

    Args:
        libraries: names of packages; none means NumPy.
        pools: as ``threadpool_info`` lists them.
    """
    wanted = {
        f"{name}{ending}" for name in (tuple(libraries) or ("numpy",)) for ending in ("", ".libs")
    }
    found = []
    for pool in pools:
        parts = PurePath(str(pool["filepath"])).parts
        installed = [
            after
            for before, after in pairwise(parts)
            if before in ("site-packages", "dist-packages")
        ]
        if wanted & set(installed[-1:]):
            found.append(pool)
    return found


CONFORMANCE_CHECKS: dict[str, Check] = named({**globals(), **vars(steps)})
