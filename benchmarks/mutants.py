"""Do the tests notice? Small mistakes, put into the code one at a time, each followed by its tests.

    python -m benchmarks.mutants                     # those of the record that still stand; hours on two cores
    python -m benchmarks.mutants --count 100         # a hundred of them
    python -m benchmarks.mutants --deal              # choose them anew
    python -m benchmarks.mutants --untried           # those that have not been tried; writes what is found

A mistake (a *mutant*: ``<`` for ``<=``, ``+`` for ``-``, 2 for 1, a ``not`` more) is made by Cosmic Ray, in a copy of
the checkout. It is *killed* if a test fails, and *survives* if all pass that take its line. A hash deals which of all
possible ones are made, so that the same code gives the same ones.

The record (``docs/results/mutants.json``) has each of them as text. Without ``--deal`` each is looked for in today's
code, by its line and its function, wherever that has moved; said is which were noticed before and are not now. A
mistake that stands there with a reason is not tried again. What is found is kept under ``build/mutants``: stopped, it
goes on later.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from benchmarks.mutants_forked import Limits, Session, in_session, written
from benchmarks.mutants_record import Mistake, Tree, functions, read, write
from benchmarks.mutants_tests import digest, measured

KEPT, TRIED = Path("build") / "mutants", Path("build") / "mutants" / "tried.jsonl"
LIMITS, OF_A_START = Limits(seconds=10, times=3, patience=10, kibibytes=2**23), 60
# Where mistakes are made, and how many; the rest of the package has the second number of them.
INNER = ("namegen/core/", "namegen/backends/numpy_engine/")
COUNTS = (1_000, 300)
# Without those that drive a browser, run documents or attack at length.
IGNORED = ("harm", "docs", "learn", "drawings", "web/test_page.py", "web/test_app.py", "web/test_report.py")
TESTS = ["tests", *(f"--ignore=tests/{one}" for one in IGNORED)]
# `X | None` in an annotation, which is never run; the last two need to be told of what.
LEFT_OUT = ("ReplaceBinaryOperator_BitOr_", "VariableReplacer", "VariableInserter")


@dataclass(frozen=True)
class Trial:
    """A mistake to be tried.

    Attributes:
        mistake: which.
        file, line: where it stands today.
        tests: those that take its line, in their order.
        seconds: how long each lasts without it.
    """

    mistake: Mistake
    file: str
    line: int
    tests: tuple[str, ...]
    seconds: Mapping[str, float]

    @property
    def changed(self) -> str:
        """The text of the file with the mistake."""
        return self.mistake.put_into(Path(self.file).read_text(encoding="utf-8"), self.line)

    @property
    def name(self) -> str:
        """What it is called in the file of outcomes."""
        return " ".join(map(str, (self.mistake.file, self.mistake.nth, *self.mistake.key)))

    def state(self, noticed_by: str | None) -> str:
        """What the outcome hangs on: the file, and the test that failed, or all of them."""
        return digest({self.file, *(test.partition("::")[0] for test in ([noticed_by] if noticed_by else self.tests))})


def sources() -> Tree:
    """The package's code."""
    return Tree({str(path): path.read_text(encoding="utf-8") for path in sorted(Path("namegen").rglob("*.py"))})


def deal(tree: Tree, counts: tuple[int, int]) -> list[Mistake]:
    """So many of all possible mistakes, within ``INNER`` and elsewhere; what is known of them is taken over."""
    from cosmic_ray.commands.init import _all_work_items
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    ranked: tuple[list[tuple[str, str, str, int]], ...] = ([], [])
    for item in _all_work_items([Path(file) for file in tree.texts], {}):
        for one in item.mutations:
            if not one.operator_name.split("/")[-1].startswith(LEFT_OUT):
                file = str(one.module_path)
                rank = hashlib.sha256(f"0 {file} {one.operator_name} {one.occurrence}".encode()).hexdigest()
                ranked[not file.startswith(INNER)].append((rank, file, one.operator_name, one.occurrence))
    reasons = {one.key: one.reason for one in read()}
    dealt = []
    for count, candidates in zip(counts, ranked, strict=True):
        for _, file, operator, occurrence in sorted(candidates)[:count]:
            after = mutate_code(tree.texts[file], get_operator(operator)(), occurrence)
            dealt.append(mistake_of(tree, file, str(after), reasons))
    return dealt


def mistake_of(tree: Tree, file: str, changed: str, reasons: Mapping[tuple[str, str, str], str]) -> Mistake:
    """The difference of two texts of a file, as a mistake."""
    old, new = tree.texts[file].splitlines(), changed.splitlines()
    hunks = [hunk for hunk in SequenceMatcher(None, old, new, autojunk=False).get_opcodes() if hunk[0] != "equal"]
    first = next(line for line in range(hunks[0][1], len(old)) if old[line].strip())
    last = max(hunks[-1][2], first + 1)
    before = old[first:last]
    both = textwrap.dedent("\n".join([*before, *new[first : last + len(new) - len(old)]])).split("\n")
    texts = ["\n".join(part) for part in (both[: len(before)], both[len(before) :])]
    mistake = Mistake(file, functions(tree.texts[file])[first], *texts)
    nth, reason = tree.nth(mistake, first + 1), reasons.get(mistake.key, "")
    return Mistake(file, mistake.function, *texts, nth=nth, noticed=None, reason=reason)


def trials(tree: Tree, mistakes: Sequence[Mistake]) -> list[Trial]:
    """Those that stand in the code, with the tests of each."""
    taken = measured(list(tree.texts), TESTS, KEPT / "taken")
    places = ((mistake, tree.line_of(mistake)) for mistake in mistakes)
    return [Trial(one, *place, taken.tests(*place), taken.seconds) for one, place in places if place]


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
        subprocess.run([sys.executable, "-m", "compileall", "-q", tree], check=True)
        yield tree


def work_in(tree: Path, of_worker: list[Trial], tried: Path) -> None:
    """Try some mistakes, one after another, in one copy of the whole."""
    os.chdir(tree)
    os.environ["PYTHONPATH"] = os.getcwd()
    sys.path.insert(0, os.getcwd())
    for name in [one for one in sys.modules if one.partition(".")[0] == "namegen"]:
        del sys.modules[name]  # it came from the checkout, and without the checks of shapes
    in_session(partial(_try_each, of_worker, tried), TESTS)


def _try_each(of_worker: list[Trial], tried: Path, session: Session) -> None:
    """Each in a fork, which is quick; what nobody notices there, with a pytest of its own."""
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    sys.dont_write_bytecode = True  # two mistakes of a second would have the same time
    for trial in of_worker:
        noticed_by = session.notices(trial.file, trial.changed, trial.tests, trial.seconds, LIMITS)
        if noticed_by is None and trial.tests:
            noticed_by = _on_its_own(trial)
        with tried.open("a", encoding="utf-8") as out:
            out.write(json.dumps([trial.name, trial.state(noticed_by), noticed_by]) + "\n")
        print(f"{noticed_by or 'SURVIVED'}: {trial.file}:{trial.line} {trial.mistake.after!r}", flush=True)


def _on_its_own(trial: Trial) -> str | None:
    """The test that fails in a pytest of its own, if one does."""
    tests = Path("build/tests.txt")
    tests.parent.mkdir(exist_ok=True)
    tests.write_text("\n".join(trial.tests))
    seconds = OF_A_START + LIMITS.of(sum(trial.seconds[test] for test in trial.tests))
    pytest = f"{sys.executable} -m pytest -q -x -p no:cacheprovider -p no:xdist @{tests}"
    limited = f"ulimit -t {math.ceil(seconds)} -v {LIMITS.kibibytes}; exec {pytest}"
    with written(trial.file, trial.changed):
        run = subprocess.Popen(
            ["bash", "-c", limited], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            output = run.communicate(timeout=LIMITS.patience * seconds)[0].decode(errors="replace")
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)
            output = run.communicate()[0].decode(errors="replace")
    failed = re.search(r"^(?:FAILED|ERROR) (\S+?\.py\S*)", output, re.MULTILINE)
    return None if run.returncode == 0 else failed[1] if failed else trial.tests[0]


def outcomes(trials: Sequence[Trial]) -> list[bool | None]:
    """Whether each was noticed; None if it has to be tried."""
    lines = TRIED.read_text(encoding="utf-8").splitlines() if TRIED.exists() else []
    known = {name: (state, noticed_by) for name, state, noticed_by in map(json.loads, lines)}
    found: list[bool | None] = []
    for trial in trials:
        state, noticed_by = known.get(trial.name, ("", None))
        with_a_reason = trial.mistake.reason and trial.mistake.noticed is False
        found.append(noticed_by is not None if state == trial.state(noticed_by) else False if with_a_reason else None)
    return found


def main() -> None:
    """Try what is not known yet, and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deal", action="store_true", help="choose the mistakes anew, and try none")
    parser.add_argument("--untried", action="store_true", help="those that have not been tried; write what is found")
    parser.add_argument("--count", type=int, help="so many of the record's")
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    tree = sources()
    if arguments.deal:
        write(deal(tree, COUNTS))
        return
    record = read()
    mistakes = [one for one in record if one.noticed is None or not arguments.untried]
    every = trials(tree, mistakes[:: max(1, len(mistakes) // (arguments.count or len(mistakes)))])
    left = [trial for trial, noticed in zip(every, outcomes(every), strict=True) if noticed is None]
    print(f"{len(mistakes)} mistakes, {len(every)} that stand in the code, {len(left)} to be tried", flush=True)
    shares = [left[worker :: arguments.workers] for worker in range(arguments.workers)]
    with ProcessPoolExecutor(arguments.workers) as pool:
        for ended in [
            pool.submit(work_in, copy.absolute(), share, TRIED.absolute())
            for copy, share in zip(copies(arguments.workers), shares, strict=True)
        ]:
            ended.result()
    now = [bool(noticed) for noticed in outcomes(every)]
    if arguments.untried:
        found = {trial.mistake: noticed for trial, noticed in zip(every, now, strict=True)}
        write([replace(one, noticed=found.get(one, one.noticed)) for one in record])
    for trial, noticed in zip(every, now, strict=True):
        if trial.mistake.noticed and not noticed:
            print(f"not noticed any more: {trial.file}:{trial.line}\n- {trial.mistake.before}\n+ {trial.mistake.after}")
    unnoticed = now.count(False)
    print(f"{unnoticed} of {len(now)} unnoticed ({unnoticed / len(now):.1%}); {len(mistakes) - len(every)} are gone")


if __name__ == "__main__":
    main()
