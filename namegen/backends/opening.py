"""Open a checkpoint's network, and verify that it still computes the same logits as during training.

A checkpoint contains self-test logits, which show whether an engine still computes the same as the engine that trained
the network. They can't check an export. Exports run the declared formula of a cell, so if somebody changes a cell of
the NumPy engine, the model agrees with its self-test logits but not with the formula. Each exporter therefore reads a
few rows of tokens with its target and compares all logits (``check_export``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

import numpy as np

from namegen.backends import ENGINES, engine_paths, load_engine
from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.checkpoint.self_test import TOLERANCE, check_self_test, difference_of
from namegen.core.engine import Engine, EngineClass, LanguageModel, check_known
from namegen.core.network.architecture import Network, RecurrentNetwork, as_recurrent
from namegen.errors import CheckpointError, EngineError, OutputError, engine_at_work, quote, setting
from namegen.types import Array, Float, Int32

OWN_READER = "numpy"  # reads every network of the architecture rnn, and needs no other library
# The advice if an engine computes something else than the engine that trained the network.
NOT_EXPORTABLE = "only that backend can read it, so it can't be exported; export a model trained by numpy or keras"
# The tokens that exports are compared on.
ROWS = 8
CHARACTERS = 12
SEED = 0


def find_architecture(name: str, engine: str) -> type[Network]:
    """Find the class of an architecture, for ``Checkpoint.load``.

    Args:
        name: the name in the checkpoint.
        engine: the engine that trained the network. It is tried first, then all engines of other packages.

    Raises:
        CheckpointError: no engine that can be loaded has this architecture.

    >>> find_architecture("rnn", "numpy").__name__
    'RecurrentNetwork'
    """
    if name == RecurrentNetwork.architecture:
        return RecurrentNetwork
    # Search the backends of other packages.
    for engine_class in _third_party_engines(engine, name):
        for architecture in engine_class.architectures:
            if architecture.architecture == name:
                return architecture
    problem = (
        f"its network has the architecture {quote(name)} and was trained by the backend {quote(engine)}, but no "
        "backend here knows this architecture"
    )
    if engine in engine_paths():
        try:
            load_engine(engine)
        except EngineError as error:
            raise CheckpointError(f"{problem}: {error}") from error
    raise CheckpointError(f"{problem}: install the package of that backend")


def open_network(
    checkpoint: Checkpoint,
    name: str,
    *,
    backend: str | None = None,
    threads: int = 1,
    advice: str = "",
) -> Engine:
    """Create an engine with a checkpoint's network. The engine can't train.

    Args:
        checkpoint: the network.
        name: the model's name for messages.
        backend: the engine. None for NumPy, or, for an architecture other than ``rnn``, an engine that has it.
        threads: the engine's threads.
        advice: what to do if the engine computes different logits. "" to suggest the engine that trained the network.

    Raises:
        EngineError: the engine can't be loaded, or doesn't have the architecture or the cell.
        CheckpointError: the engine computes different logits than the engine that trained the network.
    """
    # Choose the engine, and check that it has the network's architecture and cell.
    network = checkpoint.network
    engine_class: EngineClass | None
    if backend is not None:
        engine_class = load_engine(backend)
    elif network.architecture == RecurrentNetwork.architecture:
        engine_class = load_engine(OWN_READER)
    else:
        engine_class = next(_third_party_engines(checkpoint.engine, network.architecture), None)
    if engine_class is None:
        raise EngineError(
            f"no backend here knows the architecture {network.architecture!r}: install the package of a backend that "
            "does"
        )
    recurrent = as_recurrent(network)
    check_known(engine_class, network.architecture, recurrent.cell if recurrent else None)
    # Load the parameters, and compare a few logits with those that the checkpoint contains.
    remedy = ": report it to the authors of the backend"
    with engine_at_work(engine_class.name, f"while reading {name}", remedy):
        engine: Engine = engine_class(network, None, threads=threads)
        engine.set_state(checkpoint.parameters)
        check_self_test(
            engine,
            checkpoint.probe,
            checkpoint.network.start_tokens[0],
            reader=f"the backend {engine.name!r}",
            trained_by=checkpoint.engine,
            is_own=engine.name == checkpoint.engine,
            name=name,
            advice=advice or f"read it with {setting('backend', checkpoint.engine)}",
        )
    return engine


def _third_party_engines(first: str, architecture: str) -> Iterator[EngineClass]:
    """Yield the engines of other packages that have an architecture, starting with the engine ``first``.

    Engines that can't be loaded are skipped, so that they don't prevent reading a file.
    """
    names = [name for name in engine_paths() if name not in ENGINES]
    for name in sorted(names, key=lambda name: name != first):
        with suppress(EngineError):
            engine = load_engine(name)
            if architecture in [network.architecture for network in engine.architectures]:
                yield engine


def check_export(
    checkpoint: Checkpoint,
    name: str,
    target: str,
    compute: Callable[[Int32[Array, "R T"]], Float[Array, "R T V"]],
) -> None:
    """Compare the logits of an export with those of the NumPy engine, on rows of random characters.

    Args:
        checkpoint: the network.
        name: the model's name for messages.
        target: the export's name for messages, such as ``a page``.
        compute: returns the export's logits after each token of each row.

    Raises:
        CheckpointError: the NumPy engine computes different logits than the engine that trained the network.
        OutputError: the export computes different logits than the NumPy engine.
    """
    engine = open_network(checkpoint, name, advice=NOT_EXPORTABLE)
    # Rows of random characters, each after a start token. With several start tokens, they take turns.
    network = checkpoint.network
    V = network.vocabulary_size
    rng = np.random.default_rng(SEED)
    tokens = rng.integers(min(1, V - 1), V, (ROWS, 1 + CHARACTERS), dtype=np.int32)  # (R, T)
    tokens[:, 0] = np.resize(network.start_tokens, ROWS)
    # Compare all logits. A difference of NaN counts as too large.
    difference, largest = difference_of(compute(tokens), logits_of(engine, tokens))
    agrees = difference <= TOLERANCE * max(1.0, largest)
    if not agrees:
        recurrent = as_recurrent(network)
        cell = recurrent.cell_class.name if recurrent else network.architecture
        raise OutputError(
            f"{target} would compute other values for {name} than Python does here (logits that differ by "
            f"{difference:.2g}), probably because the cell {cell!r} of the backend "
            f"{engine.name} has been changed: {target} uses the declared formula; export a model of an unchanged cell, "
            "or use this model in Python"
        )


def logits_of(model: LanguageModel, tokens: Int32[Array, "R T"]) -> Float[Array, "R T V"]:
    """Compute the logits after each token of each row."""
    state = model.initial_state(len(tokens))
    columns: list[Array] = []  # (R, V) each
    with np.errstate(all="ignore"):
        for column in tokens.T:
            logits, state = model.step(np.ascontiguousarray(column), state)
            columns.append(logits)
    return np.stack(columns, axis=1)
