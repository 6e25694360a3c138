"""Do the tests notice? A thousand small mistakes, put into the code one at a time, each followed by its tests.

    python -m benchmarks.mutants                     # an hour on two cores; stopped, it goes on later
    python -m benchmarks.mutants --count 100         # the first hundred of them

A mistake (a *mutant*: ``<`` for ``<=``, ``+`` for ``-``, 2 for 1, a ``not`` more) is made by Cosmic Ray in a copy of
the checkout. It is *killed* if a test fails, and *survives* if all pass that take its line. Which thousand of all
possible ones are made is dealt by a hash, so that the same code gives the same ones. Under test are the prefix tree,
the NumPy engine's mathematics, generation, and files.

What is found is kept under ``build/mutants``; a mutant is tried anew if its file has changed since, or the test that
noticed it, or, where none did, any that takes its line. (Other code that a test calls is not looked at: remove the
folder where that matters.)
``docs/results/mutants.json`` has the counts and the survivors, for people to read one by one. What they find out of
those that no test can notice stands in ``mutants_reasons.toml``.
"""

from __future__ import annotations

import argparse
import difflib
import hashlib
import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.document import write_json
from benchmarks.mutants_document import Mutants, Survivor, key_of, read_reasons
from benchmarks.mutants_forked import Limits, Session, in_session
from benchmarks.mutants_tests import code_digest, digest, measured, test_digest
from benchmarks.pages import RESULTS

KEPT = Path("build") / "mutants"
COUNT, SEED = 1_000, 0
LIMITS = Limits(seconds=10, times=3, patience=10, kibibytes=2**23)
UNDER_TEST = {
    "namegen/core/data": "prefix_tree batching split vocabulary sameness",
    "namegen/backends/numpy_engine": "cells recurrent optimizers walk engine",
    "namegen/core/generation": ("count_splitting sampling generator inventing bands arrivals plausibility people"),
    "namegen/core/generation/wishes": "matches neighbours wish wishlist",
    "namegen/core/network": "architecture checkpoint",
    "namegen/core/training": "run_folder run_state history dropping schedules",
    "namegen": "files documents errors",
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

    @property
    def place(self) -> str:
        """Where it is, and what, in a line for people."""
        return f"{self.file}:{self.line} {self.operator.split('/')[-1]} {self.occurrence}"

    def change(self, text: str) -> str:
        """The text of the file with the mistake. Raises ValueError if it is not there any more."""
        from cosmic_ray.mutating import mutate_code
        from cosmic_ray.plugins import get_operator

        changed = mutate_code(text, get_operator(self.operator)(), self.occurrence)
        if changed is None:
            raise ValueError(f"{self.operator} has no place {self.occurrence} in {self.file}")
        return str(changed)


@dataclass(frozen=True)
class Task:
    """A mutant to be tried.

    Attributes:
        mutant: which.
        tests: those that take its line, in their order.
        seconds: how long each test lasts without it.
    """

    mutant: Mutant
    tests: tuple[str, ...]
    seconds: Mapping[str, float]

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
        if noticed_by:
            return code_digest(self.mutant.file) + test_digest(noticed_by)
        there = {test.split("::")[0] for test in self.tests}
        return code_digest(self.mutant.file) + digest(path for path in there if Path(path).exists())


def files() -> list[str]:
    """What is mutated."""
    return [f"{folder}/{stem}.py" for folder, stems in UNDER_TEST.items() for stem in stems.split()]


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
    return [Task(mutant, taken.tests(mutant.file, mutant.line), taken.seconds) for mutant in mutants]


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
    os.chdir(tree)
    os.environ["PYTHONPATH"] = os.getcwd()
    sys.path.insert(0, os.getcwd())
    for name in [one for one in sys.modules if one.partition(".")[0] == "namegen"]:
        del sys.modules[name]  # it came from the checkout, and without the checks of shapes
    in_session(partial(_try_each, of_worker, whole), TESTS)


def _try_each(of_worker: list[Task], whole: Path, session: Session) -> None:
    """First each in a fork, which is quick, then those that nobody noticed there with a pytest of their own; but for
    those of which somebody has found out that no test can notice them.
    """
    unnoticed, reasons = [], read_reasons()
    for task in of_worker:
        _, after = _before_and_after(task)
        test = session.notices(task.mutant.file, after, task.tests, task.seconds, LIMITS)
        if test is not None:
            _keep(task, whole, False, test)
        elif key_of(task.mutant.file, _change(task)) in reasons:
            _keep(task, whole, True, "")
            print(f"survived, with a reason: {task.mutant.place}", flush=True)
        else:
            unnoticed.append(task)
            print(f"not noticed yet: {task.mutant.place}", flush=True)
    for task in unnoticed:
        survived, noticed_by = _on_its_own(task, *_before_and_after(task))
        _keep(task, whole, survived, noticed_by)
        print(f"{'survived' if survived else 'noticed'}: {task.mutant.place}", flush=True)


def _before_and_after(task: Task) -> tuple[str, str]:
    before = Path(task.mutant.file).read_text(encoding="utf-8")
    return before, task.mutant.change(before)


def _change(task: Task) -> str:
    before, after = _before_and_after(task)
    return change_of(difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0))


def _keep(task: Task, whole: Path, survived: bool, noticed_by: str) -> None:
    outcome = {
        "survived": survived,
        "noticed_by": noticed_by,
        "digest": task.digest(noticed_by),
        "change": _change(task),
    }
    kept = whole / task.kept
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(outcome))


def _on_its_own(task: Task, before: str, after: str) -> tuple[bool, str]:
    """Try a mutant with a pytest of its own: whether it survives, and the test that failed, if one did."""
    if not task.tests:
        return True, ""
    file, tests = Path(task.mutant.file), Path("build/tests.txt")
    tests.parent.mkdir(exist_ok=True)
    tests.write_text("\n".join(task.tests))
    pytest = f"{sys.executable} -m pytest -q -x -p no:cacheprovider -p no:xdist @{tests}"
    seconds = LIMITS.of(sum(task.seconds[test] for test in task.tests))
    limited = f"ulimit -t {math.ceil(seconds)} -v {LIMITS.kibibytes}; exec {pytest}"
    file.write_text(after, encoding="utf-8")
    try:
        run = subprocess.Popen(
            ["bash", "-c", limited], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            output = run.communicate(timeout=LIMITS.patience * seconds)[0].decode(errors="replace")
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)
            output = run.communicate()[0].decode(errors="replace")
    finally:
        file.write_text(before, encoding="utf-8")
    noticed = re.search(r"^(?:FAILED|ERROR) (\S+?\.py\S*)", output, re.MULTILINE)
    return run.returncode == 0, noticed[1] if noticed and run.returncode else ""


def change_of(diff: Iterable[str]) -> str:
    """The lines that a mutant changes, before and after."""
    lines = [line for line in diff if line[:1] in "-+" and line[:3] not in ("---", "+++")]
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
            reason = reasons.get(key_of(mutant.file, change), "")
            survivors.append(Survivor(mutant.file, mutant.line, mutant.operator, change, reason))
    survivors.sort(key=lambda one: (one.file, one.line, one.operator))
    write_json(arguments.out, Mutants(len(every), tuple(survivors)))
    print(f"{len(survivors)} of {len(every)} survived; without a reason: {sum(not one.reason for one in survivors)}")


if __name__ == "__main__":
    main()
