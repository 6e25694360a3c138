"""Measure how well networks and the n-gram baseline predict the names of a test set: ``make quality``.

    python -m benchmarks.quality                              # all lists and models; takes hours
    python -m benchmarks.quality --lists mlb-first --seeds 1  # one list; a list can also be a file of names

Each list is split into a training set, a validation set (10%) and a test set (10%), with a seed that wasn't used to
choose the default settings. Seeds vary the initial parameters and the order of the names. Two runs are trained in
parallel, with one thread each. Their results are kept, so you can stop the command and continue later.

It writes ``docs/results/quality.json`` with means over the seeds, and with the difference between each model's loss and
the n-gram baseline's. The 95% confidence intervals come from a bootstrap over names and seeds.
``python -m benchmarks.quality_page`` writes the page.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from namegen.threads import limit_threads

limit_threads(1)  # before NumPy is imported

from benchmarks.pages import RESULTS, read, write  # noqa: E402
from benchmarks.quality_models import LISTS, MODELS, is_measured, seed_count  # noqa: E402
from benchmarks.quality_page import Quality  # noqa: E402
from benchmarks.quality_run import Run, ensure_results  # noqa: E402
from benchmarks.quality_summary import summarize  # noqa: E402


def plan_runs(lists: Sequence[str], models: Sequence[str], seeds: int | None) -> list[Run]:
    """List the runs of all seeds, lists and models. The first seed of every list comes first."""
    seeds_of_list = {name: seeds or seed_count(name) for name in lists}
    runs = []
    for seed in range(max(seeds_of_list.values())):
        for list_name in lists:
            if seed < seeds_of_list[list_name]:
                runs += [
                    Run(list_name, model, seed) for model in models if is_measured(list_name, model)
                ]
    return runs


def train_all(runs: Sequence[Run], processes: int) -> bool:
    """Train models in parallel, and return whether all runs have succeeded."""
    with ThreadPoolExecutor(processes) as pool:
        return all(list(pool.map(_train_in_child, runs)))


def _train_in_child(run: Run) -> bool:
    """Train a model in a child process, unless its results are stored. Return whether the process has succeeded."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "benchmarks.quality"]
    command += ["--one", run.list_name, run.model, str(run.seed)]
    process = subprocess.run(command, check=False)
    seconds = time.perf_counter() - start
    print(f"{run.list_name}, {run.model}, seed {run.seed}: {seconds:.0f} s", flush=True)
    return process.returncode == 0


def update_document(path: Path, lists: Sequence[str]) -> None:
    """Replace the results of some lists in a document by the summaries of their stored runs."""
    results = {entry.name: entry for entry in read(Quality, path).lists}
    for list_name in lists:
        summary = summarize(list_name)
        if summary is not None:
            results[list_name] = summary
    write(path, Quality(tuple(results.values())))


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--lists", nargs="+", default=list(LISTS), metavar="LIST", help=", ".join(LISTS))
    add("--models", nargs="+", choices=MODELS, default=list(MODELS), metavar="MODEL")
    add("--seeds", type=int, help="the number of seeds (default: 5 for US first names, else 3)")
    add("--at-once", type=int, default=2, help="the number of parallel runs (default: 2)")
    add("--out", type=Path, default=RESULTS / "quality.json", help="the file for the results")
    add("--kept", action="store_true", help="only summarize the stored runs, without training")
    add("--one", nargs=3, metavar=("LIST", "MODEL", "SEED"), help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Train the models that have no stored results, and write the document."""
    arguments = _parse_arguments()
    if arguments.one:
        list_name, model, seed = arguments.one
        ensure_results(Run(list_name, model, int(seed)))
        return
    has_succeeded = True
    if not arguments.kept:
        runs = plan_runs(arguments.lists, arguments.models, arguments.seeds)
        has_succeeded = train_all(runs, arguments.at_once)
    update_document(arguments.out, arguments.lists)
    if not has_succeeded:
        raise SystemExit("Some runs failed, with the messages above. The other runs were stored.")


if __name__ == "__main__":
    main()
