"""Which tests take a line: only these can notice a mistake in it.

All tests are run once, with coverage's note of which test took which line, in the processes that a test starts too,
and of how long each test lasted. That is kept, until one of the files changes. This module is at the same time the
plugin of pytest and of coverage for that run.
"""

from __future__ import annotations

import ast
import hashlib
import json
import math
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import coverage

if TYPE_CHECKING:
    from types import FrameType

    import pytest
    from coverage.plugin_support import Plugins

BUDGET = 90.0  # seconds of tests for one mistake
NOTES = "NAMEGEN_MUTANTS_NOTES"  # the file of the seconds; beside it the test that each process of pytest runs
_seconds: defaultdict[str, list[float]] = defaultdict(list)


@dataclass(frozen=True)
class Taken:
    """What was measured.

    Attributes:
        seconds: of each test that passes.
        lines: of each file, the tests by the number of the line that they take; a line that is taken while its module
            is imported has all of the test files that take any.
    """

    seconds: dict[str, float]
    lines: dict[str, dict[int, list[str]]]

    def tests(self, file: str, line: int) -> tuple[str, ...]:
        """The tests that take the statement of a line, and all of the file's own name, which come first; else the
        quickest first, up to ``BUDGET``.
        """
        by_line, own = self.lines.get(file, {}), f"/test_{Path(file).stem}.py::"
        found = {test for one in _statement(file, line) for test in by_line.get(one, ())}
        found |= {test for test in self.seconds if own in test}
        chosen, left = [], BUDGET
        for test in sorted(found, key=lambda test: (own not in test, self.seconds[test], test)):
            left -= self.seconds[test]
            if left > 0:
                chosen.append(test)
        return tuple(chosen)


def _statement(file: str, line: int) -> range:
    """The lines of the innermost statement that holds a line, of a compound one its head: what is taken as a whole."""
    innermost = range(line, line + 1)
    for node in ast.walk(ast.parse(Path(file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno):
            body = getattr(node, "body", None)
            end = body[0].lineno - 1 if body and body[0].lineno > line else (node.end_lineno or node.lineno)
            if not body or line <= max(end, node.lineno):
                innermost = range(node.lineno, max(end, node.lineno) + 1)  # walked from the outside in
    return innermost


def _lines_of_functions(file: str) -> set[int]:
    """The lines that run when a function is called, and not when its module is imported."""
    tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    return {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        for part in node.body
        for line in range(part.lineno, (part.end_lineno or part.lineno) + 1)
    }


def digest(paths: Iterable[str | Path]) -> str:
    """What stands in these files, in few characters."""
    found = hashlib.sha256()
    for path in sorted(map(Path, paths)):
        found.update(f"{path}\n".encode() + (path.read_bytes() if path.exists() else b""))
    return found.hexdigest()[:16]


def measured(files: Sequence[str], tests: Sequence[str], kept: Path) -> Taken:
    """Measure, or read what is kept of the same files and tests."""
    place = kept / f"{digest([*files, *Path('tests').rglob('*.py')])}.json"
    if not place.exists():
        _measure(files, tests, place)
    read = json.loads(place.read_text())
    lines = {
        file: {int(line): [read["tests"][one] for one in of_line] for line, of_line in by_line.items()}
        for file, by_line in read["lines"].items()
    }
    return Taken(dict(zip(read["tests"], read["seconds"], strict=True)), lines)


def _measure(files: Sequence[str], groups: Sequence[str], place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    notes, data_file, settings = (place.with_suffix(one).absolute() for one in (".notes", ".coverage", ".ini"))
    for old in place.parent.glob(f"{place.stem}.*"):
        old.unlink()
    source = "[run]\nsource = namegen\n"
    settings.write_text(source)
    of_children = f"{source}parallel = true\ndata_file = {data_file}\npatch = fork, _exit, subprocess\n"
    settings.with_suffix(".children").write_text(f"{of_children}plugins = benchmarks.mutants_tests\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "benchmarks.mutants_tests", "-p", "no:cacheprovider"]
    command += ["-n", "2", "--dist", "worksteal", "--cov", "--cov-report=", f"--cov-config={settings}"]
    environment = {"COVERAGE_FILE": f"{data_file}-pytest", NOTES: str(notes), "PYTHONPATH": str(Path.cwd())}
    subprocess.run([*command, "--cov-context=test", *groups], env=os.environ | environment, check=False)
    seconds = dict(json.loads(line) for line in notes.read_text().splitlines())
    tests = sorted(seconds)
    numbers = {test: place for place, test in enumerate(tests)}
    data = coverage.CoverageData(no_disk=True)
    for path in place.parent.glob(f"{data_file.name}*"):
        part = coverage.CoverageData(str(path))
        with suppress(coverage.exceptions.DataError):  # of a process that was killed while it wrote
            part.read()
            data.update(part)
    lines = {}
    for file in files:
        by_line, run_later = {}, _lines_of_functions(file)
        for line, contexts in data.contexts_by_lineno(str(Path(file).absolute())).items():
            named = {context.rpartition("|")[0] or context for context in contexts} & numbers.keys()
            # An import takes the others, be it in the midst of a test, which is then no better placed to notice than
            # any that stands beside one that takes the file.
            by_line[line] = sorted(numbers[test] for test in named) if line in run_later else None
        takers = {tests[test].partition("::")[0] for of_line in by_line.values() if of_line for test in of_line}
        every = [number for test, number in numbers.items() if test.partition("::")[0] in takers]
        lines[file] = {line: every if of_line is None else of_line for line, of_line in by_line.items()}
    for path in place.parent.glob(f"{data_file.name}*"):
        path.unlink()
    place.write_text(json.dumps({"tests": tests, "seconds": [seconds[test] for test in tests], "lines": lines}))


if NOTES in os.environ and "PYTEST_XDIST_WORKER" in os.environ and "pytest" in sys.modules:
    children = coverage.Coverage(config_file=str(Path(os.environ[NOTES]).with_suffix(".children")))
    os.environ["COVERAGE_PROCESS_CONFIG"] = children.config.serialize()


def _running() -> Path:
    """Where a process of pytest notes which test it runs, for those that the test starts."""
    return Path(f"{os.environ[NOTES]}-{os.environ['PYTEST_XDIST_WORKER']}")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A hook of pytest."""
    _running().write_text(item.nodeid)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """A hook of pytest: add a phase of a test, in the process that gathers them; one that fails is left out."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    _seconds[report.nodeid].append(math.inf if report.failed else report.duration)
    seconds = sum(_seconds[report.nodeid])
    if report.when == "teardown" and seconds < math.inf:
        with Path(os.environ[NOTES]).open("a") as out:
            out.write(json.dumps([report.nodeid, round(seconds, 4)]) + "\n")


class _OfChildren(coverage.CoveragePlugin):
    """Gives what runs in a process that a test has started the name of the test."""

    def dynamic_context(self, frame: FrameType) -> str | None:
        return _running().read_text()


def coverage_init(registry: Plugins, options: object) -> None:
    """A hook of coverage."""
    registry.add_dynamic_context(_OfChildren())
