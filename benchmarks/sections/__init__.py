"""What is measured: a section each, its comparisons made by a function of the number of rounds.

This file loads nothing, so that the command can choose before NumPy reads how many threads there are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True)
class Plan:
    """How a section is run.

    Attributes:
        function: ``module.function`` below this package.
        title: of its part of the document.
        about: what is done, for who reads the tables.
        most_rounds: of what takes long.
        pinned: whether it keeps to one core and one thread by itself.
    """

    function: str
    title: str
    about: str
    most_rounds: int = 99
    pinned: bool = True

    def load(self) -> Callable[[int], Any]:
        """The function, its module imported."""
        module, _, name = self.function.rpartition(".")
        found: Callable[[int], Any] = getattr(import_module(f"benchmarks.sections.{module}"), name)
        return found


_EPOCH = (
    "A value is an epoch. Building batches is part of the time; start-up and compiling are not. PyTorch reads packed, "
    "length-sorted names, its input a row look-up; JAX scans padded names of similar length, its update compiled whole."
)

SECTIONS: dict[str, Plan] = {
    "gated": Plan(
        "training.gated",
        "Training wide gated networks on distinct names",
        f"{_EPOCH} *Dropping* leaves out a quarter of the recurrent weights and a tenth of the units before the "
        "output; *soft targets* are random distributions, as a teacher would give them. How near the whole training "
        "comes to the machine's products is shown twice: *each prefix* counts all products of every distinct prefix, "
        "*family once* those alone that are needed when the product of a state serves all that follows it.",
    ),
    "small": Plan("training.small", "Training small gated networks", _EPOCH),
    "plain": Plan("training.plain", "Training small plain networks on names that repeat", _EPOCH),
    "held-out": Plan(
        "held_out.held_out",
        "The loss that a time of training reaches",
        "The same network from the same initial values, Adam, the learning rate along one cycle over the time that is "
        "given, on the clock. The loss is that of a held-out tenth (split unique, seed 0) at the end, computed by one "
        "and the same evaluator; start-up, compiling and validation are apart. A round is another order of the names.",
        most_rounds=3,
    ),
    "keras": Plan(
        "training.keras_engine",
        "Training by the Keras engine",
        "A value is an epoch. Plain Keras is `fit` on padded one-hot rows of the same names with its defaults; "
        "building its arrays is not part of its time.",
        most_rounds=3,
    ),
    "generating": Plan(
        "generating.generating",
        "Names one by one, in every runtime",
        "The shipped mlb-first, two SimpleRNN layers of 32: 10,000 names from given uniform numbers, and one step of "
        "one row. Compiling is not part of the time.",
    ),
    "commands": Plan(
        "commands.commands",
        "Commands from a cold start",
        "Each command is a process of its own on one core, start and printing included.",
        most_rounds=3,
        pinned=False,
    ),
    "cores": Plan(
        "cores.cores",
        "More than one core",
        "Trainings in processes of their own: one alone, and two at a time on two cores, of which the slower counts; "
        "one training with one thread, and with two.",
        pinned=False,
    ),
}
