"""Do the tests notice? A thousand small mistakes, put into the code one at a time, each followed by its tests.

    python -m benchmarks.mutants                     # hours on two cores; it can be stopped and goes on
    python -m benchmarks.mutants --count 100         # the first hundred of them

A mistake (a *mutant*: ``<`` for ``<=``, ``+`` for ``-``, 2 for 1, a ``not`` more) is made by Cosmic Ray in a copy of
the checkout. It is *killed* if a test fails, and *survives* if all pass that take its line. Which thousand of all
possible ones are made is dealt by a hash, so that the same code gives the same ones. Under test are the prefix tree,
the NumPy engine's mathematics, generation, and files.

What is found is kept under ``build/mutants``; a mutant is tried anew if its file has changed since, or the test that
noticed it, or, where none did, any that takes its line. (Other code that a test calls is not looked at: remove the
folder where that matters.)
``docs/results/mutants.json`` has the counts and the survivors, for people to read one by one.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.document import write_json
from benchmarks.mutants_document import Mutants, Survivor, read_reasons
from benchmarks.mutants_tests import code_digest, digest, measured
from benchmarks.pages import RESULTS

KEPT = Path("build") / "mutants"
COUNT, SEED = 1_000, 0
# Of the processor's time and of memory: a mutant that needs more is killed.
SECONDS, TIMES, KIBIBYTES = 20, 3, 2**23
PATIENCE = 10  # wall time, for each second of the processor's
UNDER_TEST = {
    "namegen/core/data": "prefix_tree batching ranking repeats beginnings digests split parts vocabulary sameness",
    "namegen/backends/numpy_engine": "cells linear loss recurrent model optimizers walk engine room",
    "namegen/core/generation": (
        "count_splitting sampling generator judge inventing best_first bands arrivals prefix_filter plausibility "
        "label_judge name_batch people"
    ),
    "namegen/core/generation/wishes": (
        "banned finished text pattern pattern_lengths matches length known neighbours tracker wishlist well_formed"
    ),
    "namegen/core/network": "architecture engine_state tensor_file checkpoint",
    "namegen/core/training": "run_folder run_state history dropping schedules",
    "namegen": "files documents escaping",
}
TESTS = [
    "tests/core",
    "tests/numpy_engine",
    "tests/test_files.py",
    "tests/test_documents.py",
    "tests/test_labels.py",
    "tests/test_labelled_models.py",
    "tests/test_wishes.py",
    "tests/test_drawing_temperature.py",
    "tests/cli/test_people.py",
]
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
        tests: those that take its line, in their order.
        seconds: how long they last without it.
    """

    mutant: Mutant
    tests: tuple[str, ...]
    seconds: float

    @property
    def kept(self) -> Path:
        """Where it is kept what became of it."""
        name = f"{self.mutant.operator.split('/')[-1]}-{self.mutant.occurrence}.json"
        return KEPT / "tried" / self.mutant.file.replace("/", ".") / name

    def known(self) -> dict[str, object] | None:
        """What became of it; None if it has to be tried."""
        if not self.kept.exists():
            return None
        known: dict[str, object] = json.loads(self.kept.read_text())
        return known if known["digest"] == self.digest(str(known["noticed_by"])) else None

    def digest(self, noticed_by: str) -> str:
        """What the outcome hangs on: the file, and the test that failed, or all of them."""
        tests = {noticed_by} if noticed_by else {test.split("::")[0] for test in self.tests}
        there = [test for test in tests if Path(test).exists()]
        return code_digest(self.mutant.file) + digest(there)


def files() -> list[str]:
    """What is mutated."""
    paths = [Path(folder, f"{stem}.py") for folder, stems in UNDER_TEST.items() for stem in stems.split()]
    return [str(path) for path in paths if path.exists()]


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
    """With the tests of each."""
    taken = measured(files(), TESTS, KEPT / "taken")
    found = []
    for mutant in mutants:
        tests = taken.tests(mutant.file, mutant.line)
        found.append(Task(mutant, tests, sum(taken.seconds[test] for test in tests)))
    return found


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


def work_in(tree: Path, of_worker: list[Task], whole: Path) -> None:
    """Try some mutants, one after another, in one copy of the whole."""
    from cosmic_ray.mutating import mutate_and_test
    from cosmic_ray.work_item import MutationSpec, TestOutcome, WorkerOutcome

    os.chdir(tree)
    os.environ["PYTHONPATH"] = os.getcwd()
    Path("build").mkdir(exist_ok=True)
    tests, script = Path("build/tests.txt").absolute(), Path("build/run.sh").absolute()
    for task in of_worker:
        mutant = task.mutant
        tests.write_text("\n".join(task.tests))
        seconds = int(SECONDS + TIMES * task.seconds)
        pytest = f"{sys.executable} -m pytest -q -x -p no:cacheprovider -p no:xdist @{tests}"
        # With no test to be run, pytest would say so with a failure.
        script.write_text(f"ulimit -t {seconds} -v {KIBIBYTES}\n{pytest if task.tests else 'true'}\n")
        place = ((mutant.line, 0), (mutant.line, 1))  # only told, not looked at
        result = mutate_and_test(
            [MutationSpec(mutant.file, mutant.operator, mutant.occurrence, *place)],
            f"bash {script}",
            PATIENCE * seconds,
        )
        if result.worker_outcome != WorkerOutcome.NORMAL or result.test_outcome == TestOutcome.INCOMPETENT:
            raise SystemExit(f"{mutant.file}:{mutant.line} {mutant.operator} could not be tried: {result.output}")
        survived = result.test_outcome == TestOutcome.SURVIVED
        noticed = re.search(r"^(?:FAILED|ERROR) (\S+?\.py)", result.output or "", re.MULTILINE)
        noticed_by = noticed[1] if noticed and not survived else ""
        outcome = {
            "survived": survived,
            "noticed_by": noticed_by,
            "digest": task.digest(noticed_by),
            "change": change_of(result.diff or ""),
        }
        kept = whole / task.kept
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(outcome))
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
    left = [task for task in every if task.known() is None]
    print(f"{len(every)} mutants, {len(left)} to be tried", flush=True)
    shares = [left[worker :: arguments.workers] for worker in range(arguments.workers)]
    with ProcessPoolExecutor(arguments.workers) as pool:
        for ended in [
            pool.submit(work_in, tree.absolute(), share, Path.cwd())
            for tree, share in zip(copies(arguments.workers), shares, strict=True)
        ]:
            ended.result()
    survivors, reasons = [], read_reasons()
    for task in every:
        found, mutant = task.known(), task.mutant
        assert found is not None
        if found["survived"]:
            change = str(found["change"])
            reason = reasons.get(f"{mutant.file}\n{change}", "")
            survivors.append(Survivor(mutant.file, mutant.line, mutant.operator, change, reason))
    survivors.sort(key=lambda one: (one.file, one.line, one.operator))
    write_json(arguments.out, Mutants(len(every), tuple(survivors)))
    print(f"{len(survivors)} of {len(every)} survived; without a reason: {sum(not one.reason for one in survivors)}")


if __name__ == "__main__":
    main()
