"""Check that the tests notice small mistakes: change the code in one place at a time, and run the tests that cover it.

    python -m benchmarks.mutants --count 100 namegen/core/data

Cosmic Ray makes the changes, such as ``<=`` instead of ``<``, ``-`` instead of ``+``, or 2 instead of 1, in a copy of
the last commit in ``build/mutants``. A changed program is a *mutant*. It *survives* if all tests that run the changed
line pass. If a mutant survives, add a test, or add the change to ``mutants.toml`` with the reason. A hash selects the
mutants, so each run tries the same ones.
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
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import coverage
from cosmic_ray.ast import ast_nodes, get_ast_from_path
from cosmic_ray.mutating import use_mutation
from cosmic_ray.plugins import get_operator, operator_names

SETTINGS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
FOLDER = Path("build", "mutants").absolute()
COPY = FOLDER / "copy"
PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
SLOW_TESTS = ("tests/conformance/", "tests/keras_engine/", "tests/tflite/", "tests/web/")
# Python would use old bytecode for a file that changes twice in the same second.
ENVIRONMENT = os.environ | {"PYTHONPATH": str(COPY), "PYTHONDONTWRITEBYTECODE": "1"}


class Mutant(NamedTuple):
    """A program with one small change."""

    file: str
    operator: str  # the name of Cosmic Ray's operator, which makes the change
    occurrence: int  # the index of the changed place among all places in the file where the operator applies
    line: int

    @property
    def rank(self) -> str:
        """A hash. The mutants with the lowest hashes are tried."""
        return hashlib.sha256(f"{self.file} {self.operator} {self.occurrence}".encode()).hexdigest()


# --- finding mutants --------------------------------------------------------------------------------------------------


def find_mutants(paths: Iterable[str]) -> Iterator[Mutant]:
    """Yield all mutants of some files and folders."""
    operators = _operator_names()
    for path in paths:
        for file in _python_files(COPY / path):
            nodes = list(ast_nodes(get_ast_from_path(file)))
            for operator in operators:
                yield from _mutants_of_operator(operator, file, nodes)


def _operator_names() -> list[str]:
    """Return the names of Cosmic Ray's operators, without the skipped ones."""
    skipped = tuple(SETTINGS["skipped_operators"])
    return [name for name in operator_names() if not name.rpartition("/")[2].startswith(skipped)]


def _python_files(path: Path) -> list[Path]:
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]


def _mutants_of_operator(operator: str, file: Path, nodes: Sequence[Any]) -> Iterator[Mutant]:
    """Yield the mutants that an operator makes of a file with these nodes."""
    positions_of = get_operator(operator)().mutation_positions
    occurrence = 0
    for node in nodes:
        for (line, _column), _end in positions_of(node):
            yield Mutant(str(file.relative_to(COPY)), operator, occurrence, line)
            occurrence += 1


# --- finding the tests of a mutant ------------------------------------------------------------------------------------


def measure_coverage() -> coverage.CoverageData:
    """Return which test runs which line. This is measured once per commit."""
    path = FOLDER / f"{_current_commit()}.coverage"
    if not path.exists():
        _run_tests_with_coverage(path)
    data = coverage.CoverageData(str(path))
    data.read()
    return data


def _current_commit() -> str:
    command = ["git", "rev-parse", "HEAD"]
    process = subprocess.run(command, check=True, capture_output=True, text=True)
    return process.stdout.strip()


def _run_tests_with_coverage(path: Path) -> None:
    """Run all tests, and store which lines each test runs."""
    options = ["-n", "2", "--cov", "--cov-report=", "--cov-context=test"]
    process = subprocess.run([*PYTEST, *options, *SETTINGS["tests"]], cwd=COPY, env=ENVIRONMENT)
    if process.returncode != 0:
        sys.exit("Some tests fail without any change. Fix them first.")
    (COPY / ".coverage").rename(path)


def find_tests(mutant: Mutant, data: coverage.CoverageData) -> list[str]:
    """Return the tests that run the changed line. Those that probably notice the mistake come first.

    These are the tests in the file of the same name, then those in the folder of the same name. Slow tests come last.
    If no test runs the line, return the test files that run any other line of the file, and the file of the same name.
    """
    test_file = f"test_{Path(mutant.file).stem}.py"
    tests_by_line = _tests_by_line(mutant.file, data)
    tests = tests_by_line.get(mutant.line)
    if not tests:
        all_tests = set().union(*tests_by_line.values())
        tests = {test.partition("::")[0] for test in all_tests}
        tests |= {str(path.relative_to(COPY)) for path in (COPY / "tests").rglob(test_file)}
    test_folder = _test_folder(mutant.file)

    def order(test: str) -> tuple[bool, bool, bool, str]:
        in_same_file = f"/{test_file}" in test
        in_same_folder = test.startswith(test_folder)
        is_slow = test.startswith(SLOW_TESTS)
        return not in_same_file, not in_same_folder, is_slow, test

    return sorted(tests, key=order)[: SETTINGS["most_tests"]]


def _test_folder(file: str) -> str:
    """Return the folder with the tests of a module's package."""
    package = Path(file).parent.relative_to("namegen")
    if package.parts[:1] == ("backends",) and len(package.parts) > 1:
        package = package.relative_to("backends")
    return (Path("tests") / package).as_posix() + "/"


def _tests_by_line(file: str, data: coverage.CoverageData) -> dict[int, set[str]]:
    """Return the tests that run each line of a file, without the parameters of parametrized tests."""
    tests_by_line = {}
    for line, contexts in data.contexts_by_lineno(str(COPY / file)).items():
        tests = [context.partition("|")[0] for context in contexts if "::" in context]
        tests_by_line[line] = {test.partition("[")[0] for test in tests}
    return tests_by_line


# --- trying mutants ---------------------------------------------------------------------------------------------------


def try_mutant(mutant: Mutant, tests: list[str]) -> str:
    """Run the tests with a mutant. Return its change if it survives, and an empty string if a test fails."""
    operator = get_operator(mutant.operator)()
    with use_mutation(COPY / mutant.file, operator, mutant.occurrence) as (before, after):
        changed_lines = _changed_lines(before, after)
        if _is_accepted(changed_lines):
            return ""
        if tests and not _pass(tests):
            return ""
    return "\n".join([f"{mutant.file}:{mutant.line} ({len(tests)} tests)", *changed_lines])


def _changed_lines(before: str, after: str) -> list[str]:
    """Return the removed and added lines, without the header of the diff."""
    diff = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return list(diff)[3:]


def _is_accepted(changed_lines: Sequence[str]) -> bool:
    """Check whether ``mutants.toml`` lists a change."""
    new_lines = "\n".join(line for line in changed_lines if line.startswith("+"))
    return any(piece in new_lines for piece in SETTINGS["accepted"])


def _pass(tests: list[str]) -> bool:
    """Run tests with limited time and memory, and return whether all pass."""
    memory = SETTINGS["memory_gib"] * 2**30
    limits = ["prlimit", f"--as={memory}", "timeout", str(SETTINGS["seconds"])]
    command = [*limits, *PYTEST, "-x", "--timeout=100", "-p", "no:xdist", *tests]
    process = subprocess.run(command, cwd=COPY, env=ENVIRONMENT, capture_output=True)
    return process.returncode == 0


def main() -> None:
    """Try some mutants, and print the survivors."""
    arguments = _parse_arguments()
    _clone_last_commit()
    data = measure_coverage()
    by_rank = sorted(find_mutants(arguments.paths), key=lambda mutant: mutant.rank)
    mutants = by_rank[: arguments.count]
    survivors = 0
    for number, mutant in enumerate(mutants, start=1):
        change = try_mutant(mutant, find_tests(mutant, data))
        if change:
            survivors += 1
            print(f"\n{change}", flush=True)
        progress = f"\r{number} of {len(mutants)} tried, {survivors} survive"
        print(progress, end="", file=sys.stderr, flush=True)
    print(f"\n{survivors} of {len(mutants)} mutants survive.")


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "paths", nargs="*", default=["namegen"], help="the files and folders to change"
    )
    parser.add_argument(
        "--count", type=int, default=SETTINGS["count"], help="the number of mutants to try"
    )
    return parser.parse_args()


def _clone_last_commit() -> None:
    """Copy the last commit, so that the changes don't affect the checkout."""
    shutil.rmtree(COPY, ignore_errors=True)
    subprocess.run(["git", "clone", "--quiet", ".", str(COPY)], check=True)


if __name__ == "__main__":
    main()
