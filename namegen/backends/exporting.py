"""What an exporter asks before it writes: does its target compute what Python computes of the same network here?

The probe of a checkpoint tells whether namegen's own engine still computes what the engine did that trained it. It does
not tell of a target with formulas of its own: where somebody has changed or replaced a cell of the NumPy engine, model
and probe agree with each other, and a page would still hold the formulas as namegen wrote them. So each exporter has
its target read a few rows of tokens, and compares all logits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from namegen.backends import load_engine
from namegen.backends.opening import OWN_READER, check_computes
from namegen.core.engine import Engine, LanguageModel
from namegen.core.evaluation.probe import TOLERANCE, difference_of
from namegen.core.network.checkpoint import Checkpoint
from namegen.errors import OutputError
from namegen.types import Array, Float, Int32

NOT_EXPORTABLE = "it cannot be exported, only read by that engine; export one that numpy or keras trained"
ROWS, CHARACTERS, SEED = 8, 12, 0


@dataclass(frozen=True, eq=False)
class Sample:
    """What the NumPy engine computes of a checkpoint.

    Attributes:
        name: the model, as a message calls it.
        cell: its cell, as a message calls it.
        tokens: a beginning and random characters behind it, a row a name; the beginnings take turns.
        logits: of the next token, behind each.
    """

    name: str
    cell: str
    tokens: Int32[Array, "R T"]
    logits: Float[Array, "R T V"]

    @classmethod
    def of(cls, checkpoint: Checkpoint, name: str) -> Sample:
        """Compute it.

        Raises:
            CheckpointError: the NumPy engine gives something else than the engine that trained the network did.
        """
        engine = engine_to_export(checkpoint, name)
        network = checkpoint.network
        rng, characters = np.random.default_rng(SEED), network.vocabulary_size
        tokens = rng.integers(min(1, characters - 1), characters, (ROWS, 1 + CHARACTERS), dtype=np.int32)
        tokens[:, 0] = np.resize(network.beginnings, ROWS)
        cell = str(getattr(network, "cell", network.architecture))
        return cls(name, cell, tokens, logits_of(engine, tokens))

    def check(self, logits: Float[Array, "R T V"], target: str) -> None:
        """Hold what a target computes of the same tokens against it.

        Args:
            logits: the target's.
            target: as in ``a page``.

        Raises:
            OutputError: it computes something else.
        """
        difference, largest = difference_of(logits, self.logits)
        if not difference <= TOLERANCE * max(1.0, largest):
            raise another_cell(target, self.name, self.cell, difference)


def engine_to_export(checkpoint: Checkpoint, name: str) -> Engine:
    """The NumPy engine with a checkpoint's parameters.

    Raises:
        CheckpointError: it gives something else than the engine that trained the network did.
    """
    engine: Engine = load_engine(OWN_READER)(checkpoint.network, None, threads=1)
    engine.set_state(checkpoint.parameters)
    check_computes(engine, checkpoint, name, advice=NOT_EXPORTABLE)
    return engine


def logits_of(model: LanguageModel, tokens: Int32[Array, "R T"]) -> Float[Array, "R T V"]:
    """The logits behind each token of each row."""
    state, found = model.initial_state(len(tokens)), []
    with np.errstate(all="ignore"):
        for column in tokens.T:
            logits, state = model.step(np.ascontiguousarray(column), state)
            found.append(logits)
    return np.stack(found, axis=1)


def another_cell(target: str, name: str, cell: str, difference: float) -> OutputError:
    """The error for a target that computes something else, ready to be raised."""
    return OutputError(
        f"{target} would compute other values for {name} than Python does here (logits that differ by "
        f"{difference:.2g}), probably because the cell {cell!r} of the NumPy engine has been changed: it has namegen's "
        "own formulas; export a model of an unchanged cell, or use this one in Python"
    )
