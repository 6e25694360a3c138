"""Do the tests notice small mistakes? Put mistakes into the code, one at a time, and run the tests that cover them.

    python -m benchmarks.mutants --count 100 namegen/core/data

Cosmic Ray makes the mistakes: ``<`` instead of ``<=``, ``+`` instead of ``-``, 2 instead of 1. They are put into a copy
of the last commit, in ``build/mutants``. A mistake *survives* if all tests pass that run its line. If one survives, add
a test, or add the mistake to ``mutants.toml`` with the reason. A hash chooses the mistakes, so they stay the same.
"""

from __future__ import annotations

import argparse
import difflib
import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import coverage
from cosmic_ray.ast import ast_nodes, get_ast_from_path
from cosmic_ray.mutating import use_mutation
from cosmic_ray.plugins import get_operator, operator_names

SETTINGS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
FOLDER = Path("build", "mutants").absolute()
COPY = FOLDER / "copy"
PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
# Without bytecode, because two mistakes in one second would share it.
ENVIRONMENT = os.environ | {"PYTHONPATH": str(COPY), "PYTHONDONTWRITEBYTECODE": "1"}


class Mutant(NamedTuple):
    """A small mistake."""

    file: str
    operator: str
    occurrence: int  # of all places in the file where the operator applies
    line: int

    @property
    def rank(self) -> str:
        """A hash; the mutants with the lowest ones are tried."""
        return hashlib.sha256(f"{self.file} {self.operator} {self.occurrence}".encode()).hexdigest()


def mutants(paths: Iterable[str]) -> Iterator[Mutant]:
    """All mistakes that Cosmic Ray can make in some files and folders."""
    skipped = tuple(SETTINGS["skipped_operators"])
    operators = [
        name for name in operator_names() if not name.rpartition("/")[2].startswith(skipped)
    ]
    for path in paths:
        for file in sorted((COPY / path).rglob("*.py")) or [COPY / path]:
            nodes = list(ast_nodes(get_ast_from_path(file)))
            for name in operators:
                operator = get_operator(name)()
                starts = [start for node in nodes for start, _ in operator.mutation_positions(node)]
                for occurrence, (line, _) in enumerate(starts):
                    yield Mutant(str(file.relative_to(COPY)), name, occurrence, line)


def measured() -> coverage.CoverageData:
    """Which test runs which line; measured once per commit."""
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    ).stdout.strip()
    kept = FOLDER / f"{head}.coverage"
    if not kept.exists():
        command = [
            *PYTEST,
            "-n",
            "2",
            "--cov",
            "--cov-report=",
            "--cov-context=test",
            *SETTINGS["tests"],
        ]
        if subprocess.run(command, cwd=COPY, env=ENVIRONMENT).returncode != 0:
            sys.exit("The tests fail without a mistake: fix them first.")
        (COPY / ".coverage").rename(kept)
    data = coverage.CoverageData(str(kept))
    data.read()
    return data


def tests_of(mutant: Mutant, data: coverage.CoverageData) -> list[str]:
    """The tests that run its line; if there are none, the test files that run any line of its file."""
    tests_by_line = {
        line: {
            context.partition("|")[0].partition("[")[0] for context in contexts if "::" in context
        }
        for line, contexts in data.contexts_by_lineno(str(COPY / mutant.file)).items()
    }
    own = f"test_{Path(mutant.file).stem}.py"
    found = tests_by_line.get(mutant.line)
    if not found:
        found = {test.partition("::")[0] for tests in tests_by_line.values() for test in tests}
        found |= {str(path.relative_to(COPY)) for path in (COPY / "tests").rglob(own)}
    return sorted(found, key=lambda test: (f"/{own}" not in test, test))[: SETTINGS["most_tests"]]


def survivor(mutant: Mutant, tests: list[str]) -> str:
    """Try a mutant. Returns its difference if no test notices it, and an empty string if one does."""
    limits = [
        "prlimit",
        f"--as={SETTINGS['memory_gib'] * 2**30}",
        "timeout",
        str(SETTINGS["seconds"]),
    ]
    with use_mutation(COPY / mutant.file, get_operator(mutant.operator)(), mutant.occurrence) as (
        before,
        after,
    ):
        lines = list(
            difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
        )[3:]
        if any(
            piece in line
            for piece in SETTINGS["accepted"]
            for line in lines
            if line.startswith("+")
        ):
            return ""
        command = [*limits, *PYTEST, "-x", "--timeout=100", "-p", "no:xdist", *tests]
        if (
            tests
            and subprocess.run(command, cwd=COPY, env=ENVIRONMENT, capture_output=True).returncode
            != 0
        ):
            return ""
    return "\n".join([f"{mutant.file}:{mutant.line} ({len(tests)} tests)", *lines])


def main() -> None:
    """Try some mutants, and print the survivors."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "paths", nargs="*", default=["namegen"], help="files and folders to make mistakes in"
    )
    parser.add_argument(
        "--count", type=int, default=SETTINGS["count"], help="how many mistakes to make"
    )
    arguments = parser.parse_args()
    shutil.rmtree(COPY, ignore_errors=True)
    subprocess.run(["git", "clone", "--quiet", ".", str(COPY)], check=True)
    data = measured()
    chosen = sorted(mutants(arguments.paths), key=lambda mutant: mutant.rank)[: arguments.count]
    survivors = 0
    for number, mutant in enumerate(chosen, start=1):
        difference = survivor(mutant, tests_of(mutant, data))
        if difference:
            survivors += 1
            print(f"\n{difference}", flush=True)
        print(
            f"\r{number} of {len(chosen)} tried, {survivors} survive",
            end="",
            file=sys.stderr,
            flush=True,
        )
    print(f"\n{survivors} of {len(chosen)} mistakes survive.")


if __name__ == "__main__":
    main()
