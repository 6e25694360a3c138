"""Training throughput: namegen beside other ways to train the same network, as ratios in one run.

    python benchmarks/train.py                    # NumPy engine beside PyTorch (extra: bench)
    python benchmarks/train.py --with keras       # and the Keras engine beside plain Keras and the blog's way

Network: two SimpleRNN layers of 32, Adam, the bundled list mlb-first, one thread. Every way is timed in turn, round
after round, an epoch each, so that whatever else the machine does hits all of them; the figure is the median of the
rounds, with the lowest and the highest beside it. Building the batches is part of the time; compiling is not.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable
from statistics import median

from namegen.threads import limit_threads

limit_threads(1)
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import time  # noqa: E402  # all below loads NumPy, which reads the limit above as it starts

import numpy as np  # noqa: E402

from namegen.backends import load_engine  # noqa: E402
from namegen.core.data.batching import BatchMaker  # noqa: E402
from namegen.core.engine import Step  # noqa: E402
from namegen.core.network.recurrent_network import RecurrentNetwork  # noqa: E402
from namegen.core.settings import TrainingSettings  # noqa: E402
from namegen.lists import load_bundled  # noqa: E402

Epoch = Callable[[int], float]  # trains the epoch of that number, returns characters a second


def namegen_epochs(backend: str, names: tuple[str, ...], batch_size: int) -> Epoch:
    """One of namegen's engines through its public protocol."""
    vocabulary = load_bundled("mlb-first").vocabulary
    batches = BatchMaker(names, vocabulary)
    network = RecurrentNetwork(vocabulary.size)
    engine = load_engine(backend)(network, TrainingSettings(), threads=1)
    engine.set_state(network.initial_parameters("glorot", rng=np.random.default_rng(0)))
    engine.warm_up(Step(next(batches.epoch(0, batch_size=batch_size, seed=0)), 0.005))

    def epoch(number: int) -> float:
        start = time.perf_counter()
        steps = (Step(batch, 0.005) for batch in batches.epoch(number, batch_size=batch_size, seed=0))
        done = engine.train_epoch(steps)
        return float(done.characters.sum()) / (time.perf_counter() - start)

    return epoch


def torch_epochs(names: tuple[str, ...], batch_size: int, *, distinct: bool = False) -> Epoch:
    """PyTorch."""
    from torch_rnn import TorchTrainer

    return TorchTrainer(names, load_bundled("mlb-first").vocabulary, batch_size=batch_size, distinct=distinct).epoch


def measure(ways: dict[str, Epoch], rounds: int) -> dict[str, list[float]]:
    """Time every way in turn, after two epochs each that are not counted."""
    speeds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 2):
        for name, epoch in ways.items():
            speed = epoch(number)
            if number >= 2:
                speeds[name].append(speed)
    return speeds


def show(speeds: dict[str, list[float]], baseline: str) -> None:
    """A line for each way: median, range, ratio to the baseline."""
    reference = median(speeds[baseline])
    print(f"{'':40}{'chars/s':>12}{'lowest':>12}{'highest':>12}{'ratio':>8}   (ratio to: {baseline})")
    for name, values in speeds.items():
        print(
            f"{name:40}{median(values):12,.0f}{min(values):12,.0f}{max(values):12,.0f}{median(values) / reference:8.2f}"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--with", dest="other", choices=("torch", "keras"), default="torch")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    names = load_bundled("mlb-first").names
    print(f"{platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}, one thread", end="")
    if arguments.other == "torch":
        import torch

        print(f", PyTorch {torch.__version__}\n")
        ways: dict[str, Epoch] = {}
        for size in (512, 2048):
            ways[f"namegen numpy, batch {size}"] = namegen_epochs("numpy", names, size)
            ways[f"PyTorch packed, batch {size}"] = torch_epochs(names, size)
            ways[f"PyTorch distinct names, batch {size}"] = torch_epochs(names, size, distinct=True)
        speeds = measure(ways, arguments.rounds)
        better = max(("PyTorch packed, batch 512", "PyTorch packed, batch 2048"), key=lambda way: median(speeds[way]))
        show(speeds, better)
    else:
        from train_keras import blog_keras, plain_keras

        from namegen.backends.keras_engine.tensorflow_setup import keras  # loaded without TensorFlow's noise

        print(f", Keras {keras.__version__}\n")
        vocabulary = load_bundled("mlb-first").vocabulary
        ways = {
            "namegen keras, batch 512": namegen_epochs("keras", names, 512),
            "plain Keras fit, batch 512": lambda number: plain_keras(names, vocabulary, 512, 1),
            "the blog's way, 1,000 prefixes": lambda number: blog_keras(names, vocabulary, 1000, 1),
        }
        show(measure(ways, arguments.rounds), "plain Keras fit, batch 512")


if __name__ == "__main__":
    sys.exit(main())
