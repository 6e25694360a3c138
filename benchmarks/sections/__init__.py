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
    "A value is measured over an epoch. Building batches is part of the time; start-up and compiling are not. PyTorch "
    "reads names that are *packed*, or *padded* in batches of like length; or it reads the *distinct* names of such a "
    "batch once each, and weighs them by their counts. Its input is a row look-up. JAX scans padded names of similar "
    "length; its whole update is compiled. Keras is `fit` on padded one-hot rows, with its defaults."
)
_ALIKE = "Everything is measured as for wide networks."

SECTIONS: dict[str, Plan] = {
    "gated": Plan(
        "training.gated",
        "Training wide gated networks on distinct names",
        f"{_EPOCH} *Dropping* leaves out a quarter of the recurrent weights and a tenth of the units before the "
        "output; *soft targets* are random distributions, as label smoothing gives them. The speed of the whole "
        "training is compared with that of the machine's matrix products in two ways: *each prefix* counts all "
        "products of every distinct prefix; *family once* counts the product of a state once for all prefixes that "
        "follow it.",
    ),
    "small": Plan("training.small", "Training small gated networks", _ALIKE),
    "plain": Plan("training.plain", "Training small plain networks on names that repeat", _ALIKE),
    "held-out": Plan(
        "held_out.held_out",
        "The loss after a given time of training",
        "The same network is trained from the same initial values with Adam; the learning rate goes through one cycle "
        "in the time that is given, on the clock. The loss is that of a held-out tenth (split unique, seed 0) at the "
        "end, always computed by the same evaluator. Start-up, compiling and validation do not count. Each round has "
        "another order of the names; with ten seconds there are five rounds at most.",
        most_rounds=15,
    ),
    "keras": Plan(
        "training.keras_engine",
        "Training by the Keras engine",
        "A value is measured over an epoch. Plain Keras is `fit` on padded one-hot rows of the same names, with its "
        "defaults; building its arrays is not part of its time. In some rounds `fit` takes twice as long as in others, "
        "for a reason that is not known: the range shows it.",
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
        "Each command is a process of its own on one core; the time includes its start and printing.",
        most_rounds=9,
        pinned=False,
    ),
    "cores": Plan(
        "cores.cores",
        "More than one core",
        "Trainings in processes of their own: one alone, and two at the same time on two cores (the slower one "
        "counts); one training with one thread, and with two threads.",
        pinned=False,
    ),
}
