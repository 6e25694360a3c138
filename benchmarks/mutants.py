"""Do the tests notice? A thousand small mistakes, put into the code one at a time, each followed by its tests.

    python -m benchmarks.mutants                     # hours on two cores; it can be stopped and goes on
    python -m benchmarks.mutants --count 100         # the first hundred of them

A mistake (a *mutant*: ``<`` for ``<=``, ``+`` for ``-``, 2 for 1, a ``not`` more) is made by Cosmic Ray in a copy of
the checkout. It is *killed* if a test fails, and *survives* if all pass that are meant for that file. Which thousand of
all possible ones are made is dealt by a hash, so that the same code gives the same ones. Under test are the prefix
tree, the NumPy engine's mathematics, generation, and files.

What is found is kept under ``build/mutants``, by file; a file that has changed since, or whose tests have, is tried
anew. (Other code that a test calls is not looked at: remove the folder where that matters.)
``docs/results/mutants.json`` has the counts and the survivors, for people to read one by one.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.document import write_json
from benchmarks.mutants_document import Mutants, Survivor, read_reasons
from benchmarks.pages import RESULTS

KEPT = Path("build") / "mutants"
COUNT, SEED = 1_000, 0
LONGEST = 240  # seconds; a mutant that makes them last longer is killed
# Files, and the tests that are meant for them beside the one of the same name, which runs first.
UNDER_TEST = {
    "namegen/core/data": (
        "prefix_tree batching ranking repeats beginnings digests split parts vocabulary sameness",
        "tests/core/data",
    ),
    "namegen/backends/numpy_engine": (
        "cells linear loss recurrent model optimizers walk engine room",
        "tests/numpy_engine",
    ),
    "namegen/core/generation": (
        "count_splitting sampling generator judge inventing best_first bands arrivals prefix_filter plausibility "
        "label_judge name_batch people",
        "tests/core/generation",
    ),
    "namegen/core/generation/wishes": (
        "banned finished text pattern pattern_lengths matches length known neighbours tracker wishlist well_formed",
        "tests/core/generation/wishes",
    ),
    "namegen/core/network": ("architecture engine_state tensor_file checkpoint", "tests/core/network"),
    "namegen/core/training": ("run_folder run_state history dropping schedules", "tests/core/training"),
    "namegen": ("files documents escaping", "tests/test_files.py tests/test_documents.py"),
}
# `X | None` in an annotation, which is never run; the last two need to be told of what.
LEFT_OUT = ("ReplaceBinaryOperator_BitOr_", "VariableReplacer", "VariableInserter")


@dataclass(frozen=True)
class Mutant:
    """One mistake.

    Attributes:
        file, line: where.
        operator, occurrence: Cosmic Ray's name of it, and which of its places in the file.
    """

    file: str
    line: int
    operator: str
    occurrence: int

    @property
    def rank(self) -> str:
        """By this they are dealt: a change of one file leaves the choice in the others as it was."""
        return hashlib.sha256(f"{SEED} {self.file} {self.operator} {self.occurrence}".encode()).hexdigest()


@dataclass(frozen=True)
class Task:
    """A mutant to be tried.

    Attributes:
        mutant: which.
        tests: in their order.
        kept: where it is kept what became of it.
    """

    mutant: Mutant
    tests: tuple[str, ...]
    kept: Path


def files() -> dict[str, tuple[str, ...]]:
    """What is mutated, each file with its tests in their order."""
    found = {}
    for folder, (stems, tests) in UNDER_TEST.items():
        for stem in stems.split():
            path = Path(folder, f"{stem}.py")
            if path.exists():
                groups = tests.split()
                own = [Path(group, f"test_{stem}.py") for group in groups if Path(group).is_dir()]
                found[str(path)] = tuple([str(one) for one in own if one.exists()] + groups)
    return found


def chosen(count: int) -> list[Mutant]:
    """So many of all possible mutants."""
    from cosmic_ray.commands.init import _all_work_items

    every = []
    for item in _all_work_items([Path(path) for path in files()], {}):
        for mutation in item.mutations:
            if not mutation.operator_name.split("/")[-1].startswith(LEFT_OUT):
                line = mutation.start_pos[0]
                every.append(Mutant(str(mutation.module_path), line, mutation.operator_name, mutation.occurrence))
    return sorted(every, key=lambda one: one.rank)[:count]


def tasks(mutants: list[Mutant]) -> list[Task]:
    """With where each is kept: under a hash of the file and of its tests, which decide what becomes of it."""
    tests_of = files()
    folder_of = {}
    for file in {mutant.file for mutant in mutants}:
        digest = hashlib.sha256()
        for name in (file, *tests_of[file]):
            for path in sorted(Path(name).rglob("*.py")) if Path(name).is_dir() else [Path(name)]:
                digest.update(path.read_bytes())
        folder_of[file] = (KEPT / "tried" / file.replace("/", ".") / digest.hexdigest()[:16]).absolute()
    return [
        Task(one, tests_of[one.file], folder_of[one.file] / f"{one.operator.split('/')[-1]}-{one.occurrence}.json")
        for one in mutants
    ]


def copies(workers: int) -> Iterator[Path]:
    """A copy of the checkout for each worker: mistakes are not made in the one that people work in."""
    listed = subprocess.run(["git", "ls-files", "-z"], check=True, capture_output=True, text=True).stdout.split("\0")
    for worker in range(workers):
        tree = KEPT / f"tree-{worker}"
        shutil.rmtree(tree, ignore_errors=True)
        for name in filter(None, listed):
            if Path(name).exists():
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(name, tree / name)
        yield tree


def work_in(tree: Path, of_worker: list[Task]) -> None:
    """Try some mutants, one after another, in one copy."""
    from cosmic_ray.mutating import mutate_and_test
    from cosmic_ray.testing import run_tests
    from cosmic_ray.work_item import MutationSpec, TestOutcome, WorkerOutcome

    os.chdir(tree)
    os.environ["PYTHONPATH"] = os.getcwd()
    sound = set()
    for task in of_worker:
        mutant = task.mutant
        command = f"{sys.executable} -m pytest -q -x -p no:cacheprovider {' '.join(task.tests)}"
        if command not in sound:  # where they fail already, each mutant would seem to be noticed
            outcome, output = run_tests(command, LONGEST)
            if outcome != TestOutcome.SURVIVED:
                raise SystemExit(f"{command} fails without a mutant: {output}")
            sound.add(command)
        place = ((mutant.line, 0), (mutant.line, 1))  # only told, not looked at
        result = mutate_and_test(
            [MutationSpec(mutant.file, mutant.operator, mutant.occurrence, *place)], command, LONGEST
        )
        if result.worker_outcome != WorkerOutcome.NORMAL or result.test_outcome == TestOutcome.INCOMPETENT:
            raise SystemExit(f"{mutant.file}:{mutant.line} {mutant.operator} could not be tried: {result.output}")
        survived = result.test_outcome == TestOutcome.SURVIVED
        task.kept.parent.mkdir(parents=True, exist_ok=True)
        task.kept.write_text(json.dumps({"survived": survived, "change": change_of(result.diff or "")}))
        if survived:
            print(f"survived: {mutant.file}:{mutant.line} {mutant.operator}", flush=True)


def change_of(diff: str) -> str:
    """The lines that a mutant changes, before and after."""
    lines = [line for line in diff.splitlines() if line[:1] in "-+" and line[:3] not in ("---", "+++")]
    return "\n".join(lines)


def main() -> None:
    """Try what is not kept, and write the document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=RESULTS / "mutants.json")
    arguments = parser.parse_args()
    every = tasks(chosen(arguments.count))
    left = [task for task in every if not task.kept.exists()]
    print(f"{len(every)} mutants, {len(left)} to be tried", flush=True)
    shares = [left[worker :: arguments.workers] for worker in range(arguments.workers)]
    with ProcessPoolExecutor(arguments.workers) as pool:
        for ended in list(map(partial(pool.submit, work_in), copies(arguments.workers), shares)):
            ended.result()
    survivors, reasons = [], read_reasons()
    for task in every:
        found = json.loads(task.kept.read_text())
        if found["survived"]:
            mutant = task.mutant
            reason = reasons.get(f"{mutant.file}\n{found['change']}", "")
            survivors.append(Survivor(mutant.file, mutant.line, mutant.operator, found["change"], reason))
    survivors.sort(key=lambda one: (one.file, one.line, one.operator))
    write_json(arguments.out, Mutants(len(every), tuple(survivors)))
    print(f"{len(survivors)} of {len(every)} survived; without a reason: {sum(not one.reason for one in survivors)}")


if __name__ == "__main__":
    main()
