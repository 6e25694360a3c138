"""Which tests take a line: only these can notice a mistake in it.

All tests that are meant for the mutated files are run once, with coverage's note of which test took which line, and
how long each test lasted. That is kept, until one of the files or of the tests changes.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

OTHERS = ["tests/conftest.py", "tests/reference.py", "tests/small_models.py", "tests/strategies.py"]


@dataclass(frozen=True)
class Taken:
    """What was measured.

    Attributes:
        seconds: of each test.
        lines: of each file, the tests by the number of the line that they take; a line that is taken while its module
            is imported has all of the test files that take any.
    """

    seconds: dict[str, float]
    lines: dict[str, dict[int, list[str]]]

    def tests(self, file: str, line: int) -> tuple[str, ...]:
        """The tests that take the statement of a line: first those of the file's own name, the quickest first."""
        by_line = self.lines[file]
        found = {test for one in _statement(file, line) for test in by_line.get(one, ())}
        own = f"/test_{Path(file).stem}.py::"
        return tuple(sorted(found, key=lambda test: (own not in test, self.seconds[test], test)))


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
        found.update(f"{path}\n".encode())
        found.update(path.read_bytes())
    return found.hexdigest()[:16]


def test_digest(test: str) -> str:
    """What stands in a test and in what its file has beside tests: another test in the same file changes nothing.

    Args:
        test: its id, ``tests/test_x.py::test_y[parameters]``; or a file, which counts as a whole.
    """
    path, _, inside = test.partition("::")
    if not Path(path).exists():
        return "gone"
    if not inside:
        return digest([path])
    name = inside.rpartition("::")[2].partition("[")[0]
    tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    for holder in [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))]:
        holder.body = [
            node
            for node in holder.body
            if not (isinstance(node, ast.FunctionDef) and node.name.startswith("test") and node.name != name)
        ]
    return hashlib.sha256(f"{path}\n{ast.dump(tree)}".encode()).hexdigest()[:16]


def code_digest(file: str) -> str:
    """What stands in a file but comments and texts, which are not mutated: a message may change its words."""
    tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:16]


def measured(files: Iterable[str], tests: Iterable[str], kept: Path) -> Taken:
    """Measure, or read what is kept of the same files and tests. Raises SystemExit if a test fails as it is."""
    wanted, groups = list(files), list(tests)
    test_files = [path for one in groups for path in (Path(one).rglob("*.py") if Path(one).is_dir() else [one])]
    place = kept / f"{digest([*wanted, *test_files, *OTHERS])}.json"
    if not place.exists():
        _measure(wanted, groups, place)
    read = json.loads(place.read_text())
    tests_of = read["tests"]
    lines = {
        file: {int(line): [tests_of[one] for one in of_line] for line, of_line in by_line.items()}
        for file, by_line in read["lines"].items()
    }
    return Taken(dict(zip(tests_of, read["seconds"], strict=True)), lines)


def _measure(files: list[str], groups: list[str], place: Path) -> None:
    import coverage

    place.parent.mkdir(parents=True, exist_ok=True)
    data_file, seconds_file = place.with_suffix(".coverage").absolute(), place.with_suffix(".seconds").absolute()
    data_file.unlink(missing_ok=True)
    seconds_file.unlink(missing_ok=True)
    settings = place.with_suffix(".ini").absolute()
    settings.write_text("[run]\nsource = namegen\n")  # without the processes that a test starts, as the project's have
    command = [sys.executable, "-m", "pytest", "-q", "-p", "benchmarks.mutants_seconds", "-p", "no:cacheprovider"]
    command += ["-n", "2", "--dist", "worksteal", "--cov", "--cov-report="]
    command += [f"--cov-config={settings}", "--cov-context=test", *groups]
    environment = os.environ | {"COVERAGE_FILE": str(data_file), "NAMEGEN_SECONDS": str(seconds_file)}
    if subprocess.run(command, env=environment, check=False).returncode:
        raise SystemExit("a test fails without a mutant: each mutant would seem to be noticed")
    seconds = dict(json.loads(line) for line in seconds_file.read_text().splitlines())
    tests = sorted(seconds)
    numbers = {test: place for place, test in enumerate(tests)}
    data = coverage.CoverageData(str(data_file))
    data.read()
    lines = {}
    for file in files:
        by_line, run_later = {}, _lines_of_functions(file)
        for line, contexts in data.contexts_by_lineno(str(Path(file).absolute())).items():
            named = {context.rpartition("|")[0] for context in contexts} & numbers.keys()
            # An import takes the others, be it in the midst of a test, which is then no better placed to notice than
            # any that stands beside one that takes the file.
            by_line[line] = sorted(numbers[test] for test in named) if line in run_later else None
        takers = {tests[test].partition("::")[0] for of_line in by_line.values() if of_line for test in of_line}
        every = [number for test, number in numbers.items() if test.partition("::")[0] in takers]
        lines[file] = {line: every if of_line is None else of_line for line, of_line in by_line.items()}
    kept = {"tests": tests, "seconds": [seconds[test] for test in tests], "lines": lines}
    place.write_text(json.dumps(kept))
    data_file.unlink()
    seconds_file.unlink()
    settings.unlink()
