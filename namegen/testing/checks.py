"""What ``core/engine.py`` demands of every engine, a check for each fact and one of its cells.

A check returns nothing, or raises AssertionError.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from namegen.core.engine import Engine, EngineClass
from namegen.core.settings import CELLS
from namegen.errors import NamegenError
from namegen.testing.beginnings import check_beginnings
from namegen.testing.comparisons import expect, expect_close, expect_equal, expect_error, expect_same
from namegen.testing.failures import named
from namegen.testing.language_model import LANGUAGE_MODEL_CHECKS
from namegen.testing.material import (
    TOKENS,
    VOCABULARY,
    Kind,
    new_engine,
    read,
    small_engine,
    small_network,
    small_steps,
)
from namegen.testing.states import (
    check_optimizer_restarts,
    check_state_is_a_copy,
    check_state_names,
    check_state_round_trip,
    check_unfit_states,
)
from namegen.testing.steps import (
    check_early_end,
    check_few_names,
    check_learning,
    check_long_names,
    check_masks,
    check_mixed_steps,
    check_rates,
    check_settings_of_core,
    check_step_losses,
    check_steps_in_order,
    check_targets,
)
from namegen.testing.threads import check_threads

Check: TypeAlias = Callable[[EngineClass, Kind], None]  # an engine's class, and a cell or a small network
CellCheck: TypeAlias = Callable[[EngineClass, str], None]  # and a cell, of the architecture rnn alone


def check_attributes(engine_class: EngineClass, kind: Kind) -> None:
    """What a class says about itself, and that its objects have all that the protocol asks for."""
    expect(isinstance(engine_class.name, str) and bool(engine_class.name), "name is not a text")
    if isinstance(kind, str):
        expect(kind in engine_class.cells, f"{kind} is not among the cells {sorted(engine_class.cells)}")
    known = [architecture.architecture for architecture in engine_class.architectures]
    expect(len(set(known)) == len(known) > 0, f"architectures are {known}: expected at least one, each once")
    architecture = small_network(kind).architecture
    expect(architecture in known, f"{architecture} is not among the architectures {known}")
    expect(engine_class.cells <= set(CELLS), f"cells are {sorted(engine_class.cells)}: known are {CELLS}")
    expect(isinstance(engine_class.requires, tuple), "requires is not a tuple")
    engine = small_engine(engine_class, kind)
    expect(isinstance(engine, Engine), "a method of the protocol is missing")
    expect(engine.vocabulary_size == VOCABULARY.size, f"vocabulary_size is {engine.vocabulary_size}")


def check_as_language_model(engine_class: EngineClass, kind: Kind) -> None:
    """LANGUAGE_MODEL_CHECKS, and the types of both precisions."""
    for dtype in ("float32", "float64"):
        engine = small_engine(engine_class, kind, dtype=dtype)
        for check in LANGUAGE_MODEL_CHECKS.values():
            check(engine, TOKENS)
        logits, _ = engine.step(np.zeros(2, np.int32), engine.initial_state(2))
        expect(logits.dtype == dtype, f"an engine of {dtype} gives logits of {logits.dtype}")


def check_reading_only(engine_class: EngineClass, kind: Kind) -> None:
    """An engine without training settings reads a trained state, gives parameters only, and refuses to train."""
    trained, reader = small_engine(engine_class, kind), small_engine(engine_class, kind, train=False, seed=2)
    trained.train_epoch(small_steps(2))
    state = trained.get_state()
    reader.set_state(state)
    expected = {name: state[name] for name in small_network(kind).parameter_shapes}
    expect_same(reader.get_state(), expected, "in an engine that only reads")
    for found, logits in zip(read(reader, TOKENS), read(trained, TOKENS), strict=True):
        expect_close(found, logits, "a logit of an engine that only reads")
    expect_error(NamegenError, lambda: reader.train_epoch(small_steps(1)), "training without training settings")


def check_determinism(engine_class: EngineClass, kind: Kind) -> None:
    """Two engines with the same parameters and batches have the same bits."""
    one, other = small_engine(engine_class, kind), small_engine(engine_class, kind, number=1)
    losses = [engine.train_epoch(small_steps(6)).loss_sum for engine in (one, other)]
    expect_equal(losses[0], losses[1], "a loss of an equal engine")
    expect_same(one.get_state(), other.get_state(), "an equal engine after equal steps")
    for found, expected in zip(read(one, TOKENS), read(other, TOKENS), strict=True):
        expect_equal(found, expected, "a logit of an equal engine")


def check_warm_up(engine_class: EngineClass, kind: Kind) -> None:
    """Warming up changes nothing that can be observed, neither at once nor later."""
    warm, cold = new_engine(engine_class, kind), small_engine(engine_class, kind)
    kept = warm.get_state()
    warm.warm_up(next(small_steps(1)))
    expect_same(warm.get_state(), kept, "after warming up")
    losses = [engine.train_epoch(small_steps(2)).loss_sum for engine in (warm, cold)]
    expect_equal(losses[0], losses[1], "a loss after warming up")
    expect_same(warm.get_state(), cold.get_state(), "trained after warming up")


CONFORMANCE_CHECKS: dict[str, Check] = named(
    {
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
        "long names": check_long_names,
        "few names": check_few_names,
        "steps in order": check_steps_in_order,
        "mixed steps": check_mixed_steps,
        "early end": check_early_end,
        "rates": check_rates,
        "settings of core": check_settings_of_core,
        "determinism": check_determinism,
        "threads": check_threads,
        "warm-up": check_warm_up,
        "learning": check_learning,
        "beginnings": check_beginnings,
    }
)
