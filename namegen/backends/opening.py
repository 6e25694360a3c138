"""From a checkpoint to an engine that reads it and computes what the engine computed which trained it, or to an export.

The probe of a checkpoint tells whether an engine here still computes what the engine did that trained it. It does not
tell of an export, which runs the formula that is declared: where somebody has changed or replaced a cell of the NumPy
engine, model and probe agree with each other, and not with the formula. So each exporter has its target read a few rows
of tokens, and compares all logits (``check_export``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

import numpy as np

from namegen.backends import ENGINES, engine_paths, load_engine
from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.engine import Engine, EngineClass, LanguageModel, check_known
from namegen.core.evaluation.evaluator import TOLERANCE, check_probe, difference_of
from namegen.core.network.architecture import Network, RecurrentNetwork, as_recurrent
from namegen.errors import CheckpointError, EngineError, OutputError, engine_at_work, quote, setting
from namegen.types import Array, Float, Int32

OWN_READER = "numpy"  # reads every network of the architecture rnn, and needs no other library
NOT_EXPORTABLE = (
    "it cannot be exported, only read by that backend; export one that numpy or keras trained"
)
ROWS, CHARACTERS, SEED = 8, 12, 0  # that an export is compared on


def find_architecture(name: str, engine: str) -> type[Network]:
    """The class of an architecture, for ``Checkpoint.load``.

    Args:
        name: as the checkpoint has it.
        engine: the one that trained the network: it is asked first, then each engine of a third party.

    Raises:
        CheckpointError: no engine that can be loaded here knows it.
    """
    if name == RecurrentNetwork.architecture:
        return RecurrentNetwork
    for engine_class in _third_party_engines(engine, name):
        return next(one for one in engine_class.architectures if one.architecture == name)
    told = (
        f"it holds a network of the architecture {quote(name)}, trained by the backend {quote(engine)}, and no backend "
        "here knows that"
    )
    if engine in engine_paths():
        try:
            load_engine(engine)
        except EngineError as error:  # it is there, and broken
            raise CheckpointError(f"{told}: {error}") from error
    raise CheckpointError(f"{told}: install the package of that backend")


def open_network(
    checkpoint: Checkpoint,
    name: str,
    *,
    backend: str | None = None,
    threads: int = 1,
    advice: str = "",
) -> Engine:
    """Give a checkpoint's network an engine that only reads.

    Args:
        checkpoint: the network.
        name: what a message calls it.
        backend: the engine; None: NumPy for the architecture ``rnn``, else the engine that trained it, or another that
            knows the architecture.
        threads: for the engine.
        advice: what to do where the engine computes something else; "": to read it with the engine that trained it.

    Raises:
        EngineError: the engine cannot be had, or does not know the architecture or the cell.
        CheckpointError: the engine computes something else than the one that trained the network.
    """
    engine_class = _reader(checkpoint) if backend is None else load_engine(backend)
    recurrent = as_recurrent(checkpoint.network)
    check_known(
        engine_class, checkpoint.network.architecture, recurrent.cell if recurrent else None
    )
    with engine_at_work(
        engine_class.name, f"while reading {name}", ": report it to those who make the backend"
    ):
        engine: Engine = engine_class(checkpoint.network, None, threads=threads)
        engine.set_state(checkpoint.parameters)
        check_probe(
            engine,
            checkpoint.probe,
            checkpoint.network.beginnings[0],
            reader=f"the backend {engine.name!r}",
            trained_by=checkpoint.engine,
            is_own=engine.name == checkpoint.engine,
            name=name,
            advice=advice or f"read it with {setting('backend', checkpoint.engine)}",
        )
    return engine


def _reader(checkpoint: Checkpoint) -> EngineClass:
    """The engine that reads a network where none is asked for."""
    name = checkpoint.network.architecture
    if name == RecurrentNetwork.architecture:
        return load_engine(OWN_READER)
    for engine_class in _third_party_engines(checkpoint.engine, name):
        return engine_class
    raise EngineError(
        f"no backend here knows the architecture {name!r}: install the package of one that does"
    )


def _third_party_engines(first: str, architecture: str) -> Iterator[EngineClass]:
    """Those that know an architecture, that one first. One that cannot be loaded does not stop a reader of files."""
    others = [name for name in engine_paths() if name not in ENGINES]
    for name in sorted(others, key=lambda name: name != first):
        with suppress(EngineError):
            engine = load_engine(name)
            if architecture in [one.architecture for one in engine.architectures]:
                yield engine


def check_export(
    checkpoint: Checkpoint,
    name: str,
    target: str,
    compute: Callable[[Int32[Array, "R T"]], Float[Array, "R T V"]],
) -> None:
    """Hold what a target computes against the NumPy engine, on random characters behind each beginning in turn.

    Args:
        checkpoint: what is exported.
        name: the model, as a message calls it.
        target: what it is exported to, as in ``a page``.
        compute: the target's logits behind each token of each row.

    Raises:
        CheckpointError: the NumPy engine gives something else than the engine that trained the network did.
        OutputError: the target does.
    """
    engine, network = engine_to_export(checkpoint, name), checkpoint.network
    rng, V = np.random.default_rng(SEED), network.vocabulary_size
    tokens = rng.integers(min(1, V - 1), V, (ROWS, 1 + CHARACTERS), dtype=np.int32)  # (R, T)
    tokens[:, 0] = np.resize(network.beginnings, ROWS)
    cell = (
        network.cell_class.name if isinstance(network, RecurrentNetwork) else network.architecture
    )
    difference, largest = difference_of(compute(tokens), logits_of(engine, tokens))
    if not difference <= TOLERANCE * max(1.0, largest):
        raise OutputError(
            f"{target} would compute other values for {name} than Python does here (logits that differ by "
            f"{difference:.2g}), probably because the cell {cell!r} of the backend {engine.name} has been changed: "
            f"{target} has the formula that is declared; export a model of an unchanged cell, or use this one in Python"
        )


def engine_to_export(checkpoint: Checkpoint, name: str) -> Engine:
    """The NumPy engine with a checkpoint's parameters; of an architecture that it does not know, the engine that does.

    Raises:
        CheckpointError: it gives something else than the engine that trained the network did.
    """
    return open_network(checkpoint, name, advice=NOT_EXPORTABLE)


def logits_of(model: LanguageModel, tokens: Int32[Array, "R T"]) -> Float[Array, "R T V"]:
    """The logits behind each token of each row."""
    state, found = model.initial_state(len(tokens)), []
    with np.errstate(all="ignore"):
        for column in tokens.T:
            logits, state = model.step(np.ascontiguousarray(column), state)
            found.append(logits)
    return np.stack(found, axis=1)
