"""Held-out figures of the default training, for the numbers that the docs state.

    python benchmarks/accuracy.py --split names --validation 0.2    # as the original split its lists
    python benchmarks/accuracy.py                                   # names that training has not seen

Accuracy (argmax) and ``last`` are of the last epoch, so nothing is chosen by the held-out part; ``best`` is the loss of
the model that `train` keeps, its epoch chosen by that loss. Losses are nats a character. The default rate, batch size
and length were chosen on other splits (``--first-seed 100``).
"""

from __future__ import annotations

import argparse
from statistics import mean

from namegen.threads import limit_threads

limit_threads(1)

from namegen import api  # noqa: E402  # loads NumPy, which reads the limit above as it starts
from namegen.config import Config, merge  # noqa: E402


def main() -> None:
    """Train each list with each seed, and print a line for each list."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lists", default="mlb-first,mlb-last")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--split", default="unique")
    parser.add_argument("--validation", type=float, default=0.1)
    parser.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", help="such as network.cell=lstm")
    arguments = parser.parse_args()
    overrides: dict[str, object] = {}
    for setting in arguments.set:
        path, _, text = setting.partition("=")
        overrides[path] = tuple(map(int, text.split(","))) if path == "network.hidden" else number(text)
    print(
        f"{'list':16}{'argmax':>8}{'range':>18}{'last':>8}{'best':>8}{'n-gram':>8}{'damped':>8}{'ceiling':>9}{'seconds':>9}"
    )
    for name in arguments.lists.split(","):
        results = []
        for seed in range(arguments.first_seed, arguments.first_seed + arguments.seeds):
            settings = {
                "data.names": name,
                "data.split": arguments.split,
                "data.validation": arguments.validation,
                "training.seed": seed,
                "training.effort": "quick",
                **overrides,
            }
            results.append(api.train(config=merge(Config(), settings)))
        last = [result.history[-1].validation for result in results]
        argmax = [figures.accuracy_argmax for figures in last if figures]
        loss = mean(figures.loss_nats_per_char for figures in last if figures)
        baseline = mean(r.references.baseline.metrics.loss_nats_per_char for r in results if r.references)
        best = mean(r.validation.loss_nats_per_char for r in results if r.validation)
        bars = [r.references.same_reading.metrics for r in results if r.references]
        damped = mean(bar.loss_nats_per_char for bar in bars)
        top = mean(r.references.ceiling.accuracy_argmax for r in results if r.references)
        print(
            f"{name:16}{mean(argmax):8.4f}{f'{min(argmax):.4f} to {max(argmax):.4f}':>18}{loss:8.4f}"
            f"{best:8.4f}{baseline:8.4f}{damped:8.4f}{top:9.4f}{mean(r.seconds for r in results):9.1f}",
            flush=True,
        )


def number(text: str) -> object:
    """A flag's text as what it looks like."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


if __name__ == "__main__":
    main()
