"""Measure two training runs on two cores at the same time, and one training run with two threads."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.document import Comparison, Variant
from benchmarks.lists import FOURTH
from benchmarks.rounds import Measurement, run_rounds
from namegen.threads import VARIABLES

if TYPE_CHECKING:
    from benchmarks.trainers.namegen_trainer import NamegenTrainer


@dataclass(frozen=True)
class Work:
    """A network, the list to train it on, and how long to train it."""

    network_name: str
    list_name: str
    cell: str
    hidden: tuple[int, ...]
    batch_size: int
    epochs: int  # per measurement

    @property
    def title(self) -> str:
        """The network, the list and the batch size."""
        return f"{self.network_name}, {self.list_name}, batch {self.batch_size}"

    def command_arguments(self) -> list[str]:
        """Return the arguments of a worker process that trains this network."""
        hidden = ",".join(str(width) for width in self.hidden)
        return [self.list_name, self.cell, hidden, str(self.batch_size), str(self.epochs)]


WIDE = Work("GRU 192", FOURTH, "gru", (192,), batch_size=128, epochs=1)
SMALL = Work("SimpleRNN 2×32", "mlb-first", "simple_rnn", (32, 32), batch_size=512, epochs=4)


def cores(rounds: int) -> tuple[Comparison, ...]:
    """Measure the sections' comparisons on the first two cores that this process may use."""
    usable = _usable_cores()
    if len(usable) < 2:
        raise SystemExit("This section needs two cores, but this process may use only one.")
    two_cores = usable[:2]
    return (
        compare_side_by_side(WIDE, rounds, two_cores),
        compare_side_by_side(SMALL, rounds, two_cores),
        compare_threads(WIDE, rounds, two_cores),
    )


def _usable_cores() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def compare_side_by_side(work: Work, rounds: int, usable_cores: Sequence[int]) -> Comparison:
    """Compare two training runs at the same time, each on its own core, with a single run."""
    workers = [Worker(work, threads=1, cores=[core]) for core in usable_cores]
    measurements = {
        "two side by side": partial(train_together, workers),
        "one alone": partial(train_together, workers[:1]),
    }
    variants = _measure(measurements, rounds)
    for worker in workers:
        worker.close()
    return Comparison(
        key=f"two-{work.cell}",
        title=f"{work.title}: two training runs",
        unit="seconds",
        subjects=("two side by side",),
        ways=variants,
    )


def compare_threads(work: Work, rounds: int, usable_cores: Sequence[int]) -> Comparison:
    """Compare a training run with two threads and a training run with one thread."""
    two_threads = Worker(work, threads=2, cores=usable_cores)
    one_thread = Worker(work, threads=1, cores=usable_cores[:1])
    measurements = {
        "--threads 2": partial(train_together, [two_threads]),
        "--threads 1": partial(train_together, [one_thread]),
    }
    variants = _measure(measurements, rounds)
    two_threads.close()
    one_thread.close()
    return Comparison(
        key="threads",
        title=f"{work.title}: threads",
        unit="seconds",
        subjects=("--threads 2",),
        ways=variants,
    )


def _measure(measurements: Mapping[str, Measurement], rounds: int) -> tuple[Variant, ...]:
    values = run_rounds(measurements, rounds)
    return tuple(Variant(name, values[name]) for name in measurements)


def train_together(workers: Sequence[Worker], number: int) -> float:
    """Train in all workers at the same time, and return the seconds of the slowest.

    Args:
        workers: the workers.
        number: the number of the round.
    """
    for worker in workers:
        worker.start(number)
    return max([worker.wait_for_seconds() for worker in workers])


class Worker:
    """A process that trains on request.

    It reads the number of a round from its standard input, trains, and prints how many seconds this took.
    """

    def __init__(self, work: Work, *, threads: int, cores: Sequence[int]) -> None:
        core_numbers = ",".join(str(core) for core in cores)
        command = [sys.executable, "-m", "benchmarks.sections.cores", *work.command_arguments()]
        command += ["--threads", str(threads), "--cores", core_numbers]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **dict.fromkeys(VARIABLES, str(threads))},
        )
        self.wait_for_seconds()  # the worker prints 0 when it's ready

    def start(self, number: int) -> None:
        """Start to train for a round."""
        self._process.stdin.write(f"{number}\n")
        self._process.stdin.flush()

    def wait_for_seconds(self) -> float:
        """Wait until the worker has finished, and return the seconds that it printed."""
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("A training process has failed. See its message above.")
        return float(line)

    def close(self) -> None:
        """End the process."""
        self._process.stdin.close()
        self._process.wait()


# --- in the worker process --------------------------------------------------------------------------------------------


def main() -> None:
    """Train for each line of the standard input, and print the seconds."""
    arguments = parse_arguments()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(core) for core in arguments.cores.split(",")})
    from benchmarks.trainers import SPEED_RATE

    trainer = _make_trainer(arguments)
    print(0.0, flush=True)  # ready
    for line in sys.stdin:
        start = time.perf_counter()
        first_epoch = int(line) * arguments.epochs
        for epoch in range(first_epoch, first_epoch + arguments.epochs):
            trainer.epoch(epoch, lambda: SPEED_RATE)
        print(time.perf_counter() - start, flush=True)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("list_name")
    parser.add_argument("cell")
    parser.add_argument("hidden", help="the widths of the layers, separated by commas")
    parser.add_argument("batch_size", type=int)
    parser.add_argument("epochs", type=int)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--cores", required=True, help="core numbers, separated by commas")
    return parser.parse_args()


def _make_trainer(arguments: argparse.Namespace) -> NamegenTrainer:
    """Create the trainer that the command line describes."""
    from benchmarks.lists import load
    from benchmarks.sections.training import WHOLE_LIST
    from benchmarks.trainers.namegen_trainer import NamegenTrainer
    from namegen.core.settings import NetworkSettings, Recipe, TrainingSettings

    hidden = tuple(int(width) for width in arguments.hidden.split(","))
    network = NetworkSettings(cell=arguments.cell, hidden=hidden)
    training = TrainingSettings(quick=True, batch_size=arguments.batch_size)
    recipe = Recipe(WHOLE_LIST, network, training)
    return NamegenTrainer(load(arguments.list_name), recipe, threads=arguments.threads)


if __name__ == "__main__":
    main()
