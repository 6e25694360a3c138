"""The sections of the speed benchmark. Each is measured by a function that takes the number of rounds.

This file imports nothing heavy, so the command can choose a section before NumPy decides how many threads to use.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True)
class Plan:
    """How to run a section, and how its page describes it."""

    #: The function that measures it: ``module.function`` in this package.
    function: str
    #: The heading on the page.
    title: str
    #: An explanation for readers of the tables.
    about: str
    #: The most rounds to run, because some comparisons take long.
    most_rounds: int = 99
    #: Whether the section runs on one core with one thread.
    pinned: bool = True

    def load(self) -> Callable[[int], Any]:
        """Import the section's module, and return its function."""
        module_name, _, function_name = self.function.rpartition(".")
        module = import_module(f"benchmarks.sections.{module_name}")
        function: Callable[[int], Any] = getattr(module, function_name)
        return function


_EPOCH = (
    "Each value is the speed over one epoch. It includes building the batches, but not loading or compiling. "
    "Each library runs with several batch sizes, and its fastest one counts. PyTorch gets *packed* names, "
    "*padded* names in batches of similar length, or the *distinct* names of a padded batch with their counts "
    "as weights. JAX scans padded names of similar length, with a compiled update. Keras runs `fit` on padded "
    "one-hot rows with its default settings."
)
_SAME_METHOD = "The method is the same as for wide networks."

SECTIONS: dict[str, Plan] = {
    "gated": Plan(
        "training.gated",
        "Training wide gated networks on distinct names",
        f"{_EPOCH} The last lines compare the arithmetic of the whole training with the speed of the machine's largest "
        "matrix product. *Each prefix* counts every product of each distinct prefix. *Family once* counts the product "
        "of a state once for all the prefixes that follow it.",
    ),
    "small": Plan("training.small", "Training small gated networks", _SAME_METHOD),
    "plain": Plan(
        "training.plain", "Training small plain networks on names with repeats", _SAME_METHOD
    ),
    "held-out": Plan(
        "held_out.held_out",
        "The loss after a fixed time of training",
        "Each library trains the same network from the same initial values with Adam. The learning rate follows one "
        "cycle over the available time. The loss at the end is measured on a held-out tenth of the names (split by "
        "name, seed 0), always by the same code. Loading, compiling and validation don't count. Each round uses "
        "another order of the names. With ten seconds there are at most five rounds.",
        most_rounds=15,
    ),
    "keras": Plan(
        "training.keras_engine",
        "Training with the Keras backend",
        "Each value is the speed over one epoch. Keras runs `fit` on padded one-hot rows of the same names with its "
        "default settings, and building these arrays doesn't count. Each side runs with two batch sizes, and its "
        "fastest one counts. In some rounds `fit` takes twice as long for an unknown reason, so its range is wide.",
    ),
    "generating": Plan(
        "generating.generating",
        "Generating names in each runtime",
        "The model is the built-in mlb-first. Each runtime draws 10,000 names from the same uniform numbers, and "
        "computes single steps for one name. Compiling doesn't count.",
    ),
    "commands": Plan(
        "commands.commands",
        "Commands from a cold start",
        "Each command runs in a process of its own on one core. The time includes starting and printing.",
        most_rounds=9,
        pinned=False,
    ),
    "cores": Plan(
        "cores.cores",
        "Using two cores",
        "Each training runs in a process of its own. The first rows compare one training with two at the same time "
        "on two cores, where the slower one counts. The others compare one thread with two.",
        pinned=False,
    ),
}
