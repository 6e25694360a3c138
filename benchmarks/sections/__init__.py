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
    "Each value is the speed over one epoch. It includes building the batches, but not loading data or "
    "compiling. We run each library with several batch sizes, and use the fastest one for the comparison. PyTorch "
    "processes *packed* names, *padded* names in batches of similar length, or only the *distinct* names of a "
    "padded batch, weighted by their counts. JAX runs a compiled update on padded names of similar length. "
    "Keras runs `fit` on padded, one-hot encoded names with its default settings."
)
_SAME_METHOD = "The method is the same as for wide networks."

SECTIONS: dict[str, Plan] = {
    "gated": Plan("training.gated", "Training wide gated networks on distinct names", _EPOCH),
    "small": Plan("training.small", "Training small gated networks", _SAME_METHOD),
    "plain": Plan(
        "training.plain", "Training small plain networks on names with repeats", _SAME_METHOD
    ),
    "held-out": Plan(
        "held_out.held_out",
        "The loss after a fixed time of training",
        "Each library trains the same network with Adam, starting from the same initial values. The learning rate "
        "goes through one cycle in the available time. We then measure the loss on a held-out tenth of the names "
        "(split by name, seed 0). We use the same code for every library. The time doesn't include loading, "
        "compiling and validation. Each round trains on the names in a different order. With ten seconds, there "
        "are at most five rounds.",
        most_rounds=15,
    ),
    "keras": Plan(
        "training.keras_engine",
        "Training with the Keras backend",
        "Each value is the speed over one epoch. Keras runs `fit` on the same names, padded and one-hot encoded, "
        "with its default settings. The time to build these arrays isn't included. We run each side with two "
        "batch sizes, and use the fastest one for the comparison. For an unknown reason, `fit` takes twice as "
        "long in some rounds, so its range is wide.",
    ),
    "generating": Plan(
        "generating.generating",
        "Generating names in each runtime",
        "This section uses the built-in model mlb-first. Each runtime draws 10,000 names from the same uniform "
        "random numbers. We also measure single steps for one name. The time doesn't include compiling.",
    ),
    "commands": Plan(
        "commands.commands",
        "Commands from a cold start",
        "Each command runs in its own process on one core. The time includes starting the process and printing "
        "the output.",
        most_rounds=9,
        pinned=False,
    ),
    "cores": Plan(
        "commands.cores",
        "Using two cores",
        "Each training run is a `namegen train` command, and the time includes its start. The first rows compare a "
        "single run with two runs at the same time on two cores. For the two runs, we use the time of the slower "
        "one. The other rows compare one thread with two threads.",
        pinned=False,
    ),
}
