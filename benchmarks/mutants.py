"""Check that the tests notice small mistakes: change the code in one place at a time, and run the tests that cover it.

    python -m benchmarks.mutants --count 100 namegen/core/data

Cosmic Ray makes the changes, such as ``<=`` instead of ``<``, ``-`` instead of ``+``, or 2 instead of 1, in a copy of
the last commit in ``build/mutants``. A changed program is a *mutant*. It *survives* if all tests that run the changed
line pass. If a mutant survives, add a test, or add the change to ``mutants.toml`` with the reason. A hash selects the
mutants, so each run tries the same ones.

Cosmic Ray runs this file again with ``--test``, as the test command of each mutant.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cosmic_ray.work_item import WorkItem

SETTINGS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
# An absolute path, because the tests of a mutant run in the copy.
FOLDER = Path(__file__).resolve().parents[1] / "build" / "mutants"
COPY = FOLDER / "copy"
COVERAGE = FOLDER / "coverage"
SESSION = FOLDER / "session.sqlite"
# Python would use old bytecode for a file that changes twice in the same second, so -B writes none.
PYTEST = [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
CONFIG = """\
[cosmic-ray]
module-path = {paths}
timeout = {seconds}
test-command = "prlimit --as={memory} {python} -B {script} --test"
distributor.name = "local"
[cosmic-ray.filters.operators-filter]
exclude-operators = {skipped}
"""


def main() -> None:
    """Try some mutants, and print the survivors."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("paths", nargs="*", default=["namegen"], help="the files and folders to change")
    add("--count", type=int, default=SETTINGS["count"], help="the number of mutants to try")
    add("--test", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.test:
        sys.exit(test_mutant())

    # Copy the last commit, and find out which test runs which line.
    shutil.rmtree(FOLDER, ignore_errors=True)
    subprocess.run(["git", "clone", "--quiet", ".", str(COPY)], check=True)
    options = ["-n", "2", "--cov", "--cov-report=", "--cov-context=test", *SETTINGS["tests"]]
    if subprocess.run([*PYTEST, *options], cwd=COPY).returncode != 0:
        sys.exit("Some tests fail without any change. Fix them first.")
    (COPY / ".coverage").rename(COVERAGE)

    # Find all mutants, choose some of them, and try these.
    config = CONFIG.format(
        paths=arguments.paths,
        seconds=SETTINGS["seconds"],
        memory=SETTINGS["memory_gib"] * 2**30,
        python=sys.executable,
        script=Path(__file__).absolute(),
        skipped=SETTINGS["skipped_operators"],
    )
    (FOLDER / "config.toml").write_text(config, encoding="utf-8")
    run("cosmic-ray", "init", str(FOLDER / "config.toml"), str(SESSION))
    run("cr-filter-operators", str(SESSION), str(FOLDER / "config.toml"))
    choose_mutants(arguments.count)
    run("cosmic-ray", "exec", str(FOLDER / "config.toml"), str(SESSION))
    run("cr-report", "--surviving-only", "--show-diff", str(SESSION))


def run(program: str, *arguments: str) -> None:
    """Run a program of Cosmic Ray in the copy."""
    subprocess.run([Path(sys.executable).with_name(program), *arguments], cwd=COPY, check=True)


def choose_mutants(count: int) -> None:
    """Mark all mutants as skipped except for those with the lowest hashes."""
    from cosmic_ray.work_db import WorkDB, use_db
    from cosmic_ray.work_item import WorkerOutcome, WorkResult

    def rank(item: WorkItem) -> str:
        (mutation,) = item.mutations
        key = f"{mutation.module_path} {mutation.operator_name} {mutation.occurrence}"
        return hashlib.sha256(key.encode()).hexdigest()

    with use_db(SESSION, WorkDB.Mode.open) as database:
        for item in sorted(database.pending_work_items, key=rank)[count:]:
            database.set_result(item.job_id, WorkResult(worker_outcome=WorkerOutcome.SKIPPED))


def test_mutant() -> int:
    """Run the tests of the mutant in the copy. Return 0 if it survives."""
    import coverage

    diff = subprocess.run(
        ["git", "diff", "--unified=0"], cwd=COPY, check=True, capture_output=True, text=True
    ).stdout
    new_lines = "\n".join(line for line in diff.splitlines() if line.startswith("+"))
    if any(accepted in new_lines for accepted in SETTINGS["accepted"]):
        return 1  # counts as noticed
    change = re.search(r"^\+\+\+ b/(\S+)\n@@ -(\d+)", diff, re.MULTILINE)
    assert change is not None
    data = coverage.CoverageData(str(COVERAGE))
    data.read()
    contexts_by_line = data.contexts_by_lineno(str(COPY / change[1]))
    # Tests without the parameters of parametrized tests, or the files of all tests that run any line of the file.
    contexts = contexts_by_line.get(int(change[2]), [])
    tests = {context.partition("|")[0].partition("[")[0] for context in contexts if context}
    if not tests:
        everything = set().union(*contexts_by_line.values()) - {""}
        tests = {context.partition("::")[0] for context in everything}
    # The tests in the file of the same name probably notice the mistake, so they come first.
    test_file = f"/test_{Path(change[1]).name}"
    ordered = sorted(tests, key=lambda test: (test_file not in test, test))
    command = [*PYTEST, "-x", "--timeout=100", "-p", "no:xdist", *ordered[: SETTINGS["most_tests"]]]
    return subprocess.run(command, cwd=COPY).returncode if tests else 0


if __name__ == "__main__":
    main()
