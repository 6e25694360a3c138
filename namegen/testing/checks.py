"""Check the rules in ``core/engine.py``, which every engine has to follow.

Each check tests one rule, and raises an AssertionError if the rule is broken. ``models.py`` contains the checks for
models that can only generate names, and ``steps.py`` contains the checks of training steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import pairwise
from pathlib import PurePath
from typing import TypeAlias

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from namegen.core.engine import Engine, EngineClass
from namegen.core.network.architecture import Network
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
    CellOrNetwork,
    new_engine,
    read,
    small_engine,
    small_network,
    small_steps,
)
from namegen.testing.models import LANGUAGE_MODEL_CHECKS
from namegen.types import Array

# A check of an engine class with a cell or a small network.
Check: TypeAlias = Callable[[EngineClass, CellOrNetwork], None]
# A check of an engine class with a cell of the architecture rnn.
CellCheck: TypeAlias = Callable[[EngineClass, str], None]


def check_attributes(engine_class: EngineClass, cell_or_network: CellOrNetwork) -> None:
    """Check that a class declares its name, cells and architectures, and implements the whole protocol."""
    _expect_declarations(engine_class)
    if isinstance(cell_or_network, str):
        cells = sorted(engine_class.cells)
        expect(cell_or_network in cells, f"{cell_or_network} is not among the cells {cells}")
    architecture = small_network(cell_or_network).architecture
    names = _architecture_names(engine_class)
    expect(architecture in names, f"{architecture} is not among the architectures {names}")
    engine = small_engine(engine_class, cell_or_network)
    expect(isinstance(engine, Engine), "a method of the protocol is missing")
    expect(
        engine.vocabulary_size == VOCABULARY.size, f"vocabulary_size is {engine.vocabulary_size}"
    )


def _expect_declarations(engine_class: EngineClass) -> None:
    """Expect valid class attributes."""
    name = engine_class.name
    expect(isinstance(name, str) and name != "", f"name is {name!r}: expected a non-empty string")
    architectures = _architecture_names(engine_class)
    is_unique = len(set(architectures)) == len(architectures)
    expect(
        is_unique and architectures != [],
        f"architectures are {architectures}: expected at least one, each once",
    )
    expect(
        engine_class.cells <= set(CELLS),
        f"cells are {sorted(engine_class.cells)}: known are {', '.join(CELLS)}",
    )
    expect(isinstance(engine_class.requires, tuple), "requires is not a tuple")


def _architecture_names(engine_class: EngineClass) -> list[str]:
    """Return the names of the architectures of an engine."""
    return [network_class.architecture for network_class in engine_class.architectures]


def check_as_a_language_model(engine_class: EngineClass, cell_or_network: CellOrNetwork) -> None:
    """Check that an engine passes LANGUAGE_MODEL_CHECKS and returns the right precision, in both precisions."""
    for dtype in ("float32", "float64"):
        engine = small_engine(engine_class, cell_or_network, dtype=dtype)
        for check in LANGUAGE_MODEL_CHECKS.values():
            check(engine, TOKENS)
        logits, _ = engine.step(np.zeros(2, np.int32), engine.initial_state(2))
        expect(logits.dtype == dtype, f"a {dtype} backend returns logits of type {logits.dtype}")


def check_reading_only(engine_class: EngineClass, cell_or_network: CellOrNetwork) -> None:
    """Check that an engine without training settings makes predictions, but has no optimizer and rejects training."""
    trained_engine = small_engine(engine_class, cell_or_network)
    reader = small_engine(engine_class, cell_or_network, training=None, seed=2)
    trained_engine.train_epoch(small_steps(2))
    state = trained_engine.get_state()
    reader.set_state(state)
    parameters = {name: state[name] for name in small_network(cell_or_network).parameter_shapes}
    expect_same(reader.get_state(), parameters, "in a backend without training settings")
    all_expected_logits = read(trained_engine, TOKENS)
    for logits, expected_logits in zip(read(reader, TOKENS), all_expected_logits, strict=True):
        expect_close(logits, expected_logits, "a logit of a backend without training settings")
    train = partial(reader.train_epoch, small_steps(1))
    expect_error(NamegenError, train, "training without training settings")


def check_determinism(engine_class: EngineClass, cell_or_network: CellOrNetwork) -> None:
    """Check that two engines with the same parameters and batches get exactly the same results."""
    engine = small_engine(engine_class, cell_or_network)
    equal_engine = small_engine(engine_class, cell_or_network, number=1)
    losses = engine.train_epoch(small_steps(6)).loss_sum
    expected_losses = equal_engine.train_epoch(small_steps(6)).loss_sum
    expect_equal(losses, expected_losses, "a loss of an equal backend")
    expect_same(engine.get_state(), equal_engine.get_state(), "an equal backend after equal steps")
    all_expected_logits = read(equal_engine, TOKENS)
    for logits, expected_logits in zip(read(engine, TOKENS), all_expected_logits, strict=True):
        expect_equal(logits, expected_logits, "a logit of an equal backend")


def check_warm_up(engine_class: EngineClass, cell_or_network: CellOrNetwork) -> None:
    """Check that warming up changes no results, neither immediately nor later."""
    warm = new_engine(engine_class, cell_or_network)
    cold = small_engine(engine_class, cell_or_network)
    start = warm.get_state()
    warm.warm_up(next(small_steps(1)))
    expect_same(warm.get_state(), start, "after warming up")
    warm_losses = warm.train_epoch(small_steps(2)).loss_sum
    cold_losses = cold.train_epoch(small_steps(2)).loss_sum
    expect_equal(warm_losses, cold_losses, "a loss after warming up")
    expect_same(warm.get_state(), cold.get_state(), "trained after warming up")


def check_state_names(engine_class: EngineClass, cell_or_network: CellOrNetwork) -> None:
    """Check that the arrays of a state have the canonical names, the right shapes, and the engine's precision."""
    network = small_network(cell_or_network)
    for dtype in ("float32", "float64"):
        engine = small_engine(engine_class, cell_or_network, dtype=dtype)
        engine.train_epoch(small_steps(2))
        state = engine.get_state()
        missing_names = sorted(network.parameter_shapes.keys() - state.keys())
        expect(not missing_names, f"missing: {missing_names}")
        step_count = state.pop("optimizer.step", np.array(-1))
        _expect_two_steps(step_count)
        _expect_shapes(state, _state_shapes(network), dtype)


def _expect_shapes(state: Mapping[str, Array], shapes: Mapping[str, object], dtype: str) -> None:
    """Expect arrays with these names, shapes and this type."""
    for name, values in state.items():
        expect(name in shapes, f"{name} is not a canonical name")
        is_array = type(values) is np.ndarray
        expect(is_array and values.dtype == dtype, f"{name} is {values.dtype}: expected {dtype}")
        expect(values.shape == shapes[name], f"{name} has the shape {values.shape}")


def _state_shapes(network: Network) -> dict[str, tuple[int, ...]]:
    """Return the shapes of all arrays in the state of an engine that uses Adam: the parameters and Adam's slots."""
    parameter_shapes = network.parameter_shapes
    shapes = dict(parameter_shapes)
    for slot in OPTIMIZERS[ADAM.optimizer].slots:
        for name, shape in parameter_shapes.items():
            shapes[f"optimizer.{slot}.{name}"] = shape
    return shapes


def _expect_two_steps(step_count: Array) -> None:
    """Expect ``optimizer.step`` to be an int64 array without axes, and to count two steps."""
    is_integer = step_count.dtype == np.int64 and step_count.shape == ()
    expect(is_integer and int(step_count) == 2, f"optimizer.step is {step_count!r} after 2 steps")


def check_state_round_trip(engine_class: EngineClass, cell_or_network: CellOrNetwork) -> None:
    """Check that an engine can resume exactly from a state that was saved, even from the state of another engine."""
    engine = small_engine(engine_class, cell_or_network)
    other_engine = small_engine(engine_class, cell_or_network, number=1, seed=2)
    steps = list(small_steps(4))
    engine.train_epoch(iter(steps[:2]))
    saved_state = engine.get_state()
    engine.train_epoch(iter(steps[2:]))
    final_state = engine.get_state()
    for resumed in (engine, other_engine):
        resumed.set_state(saved_state)
        expect_same(resumed.get_state(), saved_state, "a state that was set")
        resumed.train_epoch(iter(steps[2:]))
        subject = f"{describe_training(ADAM)}: resumed from a state"
        expect_same(resumed.get_state(), final_state, subject)


def check_state_is_a_copy(engine_class: EngineClass, cell_or_network: CellOrNetwork) -> None:
    """Check that get_state and set_state copy their arrays, so that changing an array doesn't change the engine."""
    engine = small_engine(engine_class, cell_or_network)
    engine.train_epoch(small_steps(1))
    returned_state = engine.get_state()
    expected = _copy_state(returned_state)
    _overwrite_state(returned_state)
    expect_same(engine.get_state(), expected, "after arrays from get_state were changed")
    passed_state = _copy_state(expected)
    engine.set_state(passed_state)
    _overwrite_state(passed_state)
    expect_same(engine.get_state(), expected, "after arrays passed to set_state were changed")


def _copy_state(state: Mapping[str, Array]) -> dict[str, Array]:
    """Copy all arrays of a state."""
    return {name: values.copy() for name, values in state.items()}


def _overwrite_state(state: Mapping[str, Array]) -> None:
    """Overwrite all arrays of a state with another number."""
    for values in state.values():
        values[...] = 9


def check_unfit_states(engine_class: EngineClass, cell_or_network: CellOrNetwork) -> None:
    """Check that set_state rejects a state with a missing tensor or a wrong shape, and changes nothing."""
    engine = small_engine(engine_class, cell_or_network)
    engine.train_epoch(small_steps(1))
    state = engine.get_state()
    # A valid state with other numbers, so that a partial change would be noticed.
    other_state = {name: np.asarray(values + 1) for name, values in state.items()}
    for name in state:
        if name != "optimizer.step":
            _expect_unfit_states_are_rejected(engine, other_state, name)
    expect_same(engine.get_state(), state, "after states that do not fit")


def _expect_unfit_states_are_rejected(
    engine: Engine, state: Mapping[str, Array], name: str
) -> None:
    """Expect that an engine rejects a state if the array with this name is missing or has another shape."""
    incomplete_state = {key: values for key, values in state.items() if key != name}
    set_incomplete = partial(engine.set_state, incomplete_state)
    expect_error(CheckpointError, set_incomplete, f"a state without {name}")
    smaller_array = state[name][..., :-1]
    set_misshapen = partial(engine.set_state, {**state, name: smaller_array})
    expect_error(CheckpointError, set_misshapen, f"another shape of {name}")


def check_optimizer_restarts(engine_class: EngineClass, cell_or_network: CellOrNetwork) -> None:
    """Check that setting a state without the optimizer's arrays resets the optimizer, as in a new engine."""
    used_engine = small_engine(engine_class, cell_or_network)
    unused_engine = new_engine(engine_class, cell_or_network)
    used_engine.train_epoch(small_steps(3))
    state = used_engine.get_state()
    parameters = {name: state[name] for name in small_network(cell_or_network).parameter_shapes}
    for engine in (used_engine, unused_engine):
        engine.set_state(parameters)
        step_count = int(engine.get_state()["optimizer.step"])
        expect(step_count == 0, "optimizer.step isn't 0 after a state without it")
        engine.train_epoch(small_steps(2))
    subject = f"{describe_training(ADAM)}: trained from a state of parameters alone"
    expect_same(used_engine.get_state(), unused_engine.get_state(), subject)


def check_threads(engine_class: EngineClass, cell_or_network: CellOrNetwork) -> None:
    """Check that an engine accepts 1 and 2 threads, is deterministic with both, and limits its libraries to 1 thread.

    The check looks at the thread pools of the libraries in ``requires``, or of NumPy if ``requires`` is empty, as far
    as threadpoolctl knows these pools. Such an engine has to call ``namegen.threads.limit_threads``.
    """
    _expect_deterministic(engine_class, cell_or_network, threads=2)
    # An engine that sets no limit must not pass just because the limit was already 1.
    threadpool_limits(2, user_api="blas")
    # 1 comes last, because the limit stays in effect for everything that runs later in this process.
    _expect_deterministic(engine_class, cell_or_network, threads=1)
    for pool in pools_of(engine_class.requires, threadpool_info()):
        library = pool["internal_api"]
        threads = pool["num_threads"]
        expect(
            threads == 1,
            f"a backend that was created with threads=1 leaves {library} with {threads} threads: expected 1",
        )


def _expect_deterministic(
    engine_class: EngineClass, cell_or_network: CellOrNetwork, *, threads: int
) -> None:
    """Expect identical results from two engines with the same number of threads."""
    losses, state = _train_new_engine(engine_class, cell_or_network, threads)
    other_losses, other_state = _train_new_engine(engine_class, cell_or_network, threads)
    expect_equal(other_losses, losses, f"a loss of an equal backend with threads={threads}")
    expect_same(other_state, state, f"an equal backend with threads={threads}")


def _train_new_engine(
    engine_class: EngineClass, cell_or_network: CellOrNetwork, threads: int
) -> tuple[Array, dict[str, Array]]:
    """Train a new engine for three steps, and return its losses and its state.

    The engine is deleted afterwards, so that the next one can reuse its compiled programs.
    """
    engine = new_engine(engine_class, cell_or_network, threads=threads)
    losses = engine.train_epoch(small_steps(3))
    return losses.loss_sum, engine.get_state()


def pools_of(
    libraries: Iterable[str], pools: Iterable[Mapping[str, object]]
) -> list[Mapping[str, object]]:
    """Return the thread pools of some Python packages, which are recognized by the folders of their files.

    Args:
        libraries: the names of the packages. An empty list means NumPy.
        pools: the pools, from ``threadpool_info``.

    >>> pool = {"filepath": "/lib/site-packages/numpy.libs/libopenblas.so"}
    >>> pools_of([], [pool]) == [pool], pools_of(["tensorflow"], [pool])
    (True, [])
    """
    packages = list(libraries) or ["numpy"]
    library_folders = [f"{package}.libs" for package in packages]
    pools_of_packages = []
    for pool in pools:
        folder = _find_package_folder(str(pool["filepath"]))
        if folder in (*packages, *library_folders):
            pools_of_packages.append(pool)
    return pools_of_packages


def _find_package_folder(file: str) -> str | None:
    """Return the folder in ``site-packages`` that contains a file, or None if the file is elsewhere."""
    folders = PurePath(file).parts
    package_folder = None
    for parent, folder in pairwise(folders):
        if parent in ("site-packages", "dist-packages"):
            package_folder = folder  # of the innermost ``site-packages``, if there are several
    return package_folder


CONFORMANCE_CHECKS: dict[str, Check] = named({**globals(), **vars(steps)})
