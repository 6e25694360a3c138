"""A mutant tried in a second: put into a forked child of a pytest that has read all tests already.

Most of what a mutant costs is the start: imports, and tests to be read. Here one pytest does it once. For each mutant
it forks; the child gives the functions of the mutated file their changed code, runs the tests in question, and ends.

The file itself is changed too, for processes that a test starts, and for modules that are imported late. What is
changed outside of a function (a constant, a default, the body of a class) cannot be put in afterwards, and a table that
a function filled while it was imported stays as it was. So only a mutant that a test notices is done with here; all
others are tried once more with a pytest of their own.
"""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType

import pytest
from _pytest.runner import runtestprotocol


@dataclass(frozen=True)
class Limits:
    """What a mutant may take; where it takes more, it has been noticed.

    Attributes:
        seconds, times: of the processor's time, so much and so many times what it takes without the mutant.
        patience: seconds of wall time, for each second of the processor's.
        kibibytes: of memory.
    """

    seconds: float
    times: float
    patience: float
    kibibytes: int

    def of(self, seconds: float) -> float:
        """The processor's time for what takes so long without the mutant."""
        return self.seconds + self.times * seconds


class Session:
    """Tests that have been read, by their node ids."""

    def __init__(self, items: Iterable[pytest.Item]) -> None:
        self._items = {item.nodeid: item for item in items}
        self._sound: set[str] = set()  # those that are known to pass here without a mutant

    def notices(
        self, file: str, changed: str, tests: Sequence[str], seconds: Mapping[str, float], limits: Limits
    ) -> str | None:
        """The test that fails with the changed text of a file; None: none does, or it cannot be tried here.

        Args:
            file: which.
            changed: its text.
            tests: in their order.
            seconds: that each of them takes without the mutant.
            limits: what else it may take.
        """
        new_code = changed_functions(file, changed)
        while new_code is not None:
            here = [test for test in tests if test in self._items]
            with written(file, changed):
                test = self._failing(new_code, here, seconds, limits)
            if test is None or test in self._sound:
                return test
            if self._failing([], [test], seconds, limits) is None:
                self._sound.add(test)
                return test
            del self._items[test]  # it needs a pytest of its own
        return None

    def _failing(
        self,
        new_code: Sequence[tuple[CodeType, CodeType]],
        tests: Sequence[str],
        seconds: Mapping[str, float],
        limits: Limits,
    ) -> str | None:
        """The first of some tests that fails in a child; None if none does."""
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            items = [self._items[test] for test in tests]
            _child(write, new_code, items, [limits.of(seconds[test]) for test in tests], limits.kibibytes)
        os.close(write)
        return _outcome(child, read, limits.patience * limits.of(sum(seconds[test] for test in tests)))


@contextlib.contextmanager
def written(file: str, changed: str) -> Iterator[None]:
    """A file with another text for a while; afterwards it has its old time, and so its compiled form fits."""
    path = Path(file)
    before, times = path.read_bytes(), path.stat()
    path.write_text(changed, encoding="utf-8")
    try:
        yield
    finally:
        path.write_bytes(before)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def _child(
    tell: int,
    new_code: Sequence[tuple[CodeType, CodeType]],
    items: Sequence[pytest.Item],
    seconds: Sequence[float],
    kibibytes: int,
) -> None:
    """Never returns. Tells each test that it begins, then ``survived`` or ``noticed``; or ``unfit``."""
    try:
        os.setpgid(0, 0)
        resource.setrlimit(resource.RLIMIT_AS, (kibibytes * 1024, kibibytes * 1024))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        outcome = b"unfit\n"
        if put_in(new_code) or not new_code:
            outcome = b"survived\n"
            for item, following, longest in zip(items, [*items[1:], None], seconds, strict=True):
                os.write(tell, item.nodeid.encode() + b"\n")
                signal.setitimer(signal.ITIMER_PROF, longest)  # its signal ends the process
                if any(report.failed for report in runtestprotocol(item, log=False, nextitem=following)):
                    outcome = b"noticed\n"
                    break
        os.write(tell, outcome)
    finally:
        os._exit(0)


def _outcome(child: int, read: int, patience: float) -> str | None:
    told, until = b"", time.monotonic() + patience
    while (left := until - time.monotonic()) > 0:
        if select.select([read], [], [], left)[0]:
            piece = os.read(read, 65536)
            if not piece:
                break
            told += piece
    os.close(read)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)  # with whatever its tests have started
    os.waitpid(child, 0)
    lines = told.decode().splitlines()
    if not lines or lines[-1] in ("survived", "unfit"):
        return None
    # A child that ended without a word was ended: by the limits, or by a crash, in the test that it had begun.
    return lines[-2] if lines[-1] == "noticed" else lines[-1]


def in_session(work: Callable[[Session], None], tests: Sequence[str]) -> None:
    """Read tests, then call ``work``. Raises SystemExit if they cannot be read."""
    outcome = pytest.main(["-q", "-s", "-p", "no:cacheprovider", "-p", "no:xdist", *tests], plugins=[_Instead(work)])
    if outcome != pytest.ExitCode.OK:
        raise SystemExit(f"the tests could not be read: {outcome!r}")


class _Instead:
    """A plugin: something else than to run the tests."""

    def __init__(self, work: Callable[[Session], None]) -> None:
        self._work = work

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self._work(Session(session.items))
        return True


def changed_functions(file: str, changed: str) -> list[tuple[CodeType, CodeType]] | None:
    """The code of functions before and after, those within them beside them; None if more than functions changed.

    Nothing has to be put in where the module has not been imported yet.
    """
    module = sys.modules.get(file.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    if module is None:
        return []
    path = str(module.__file__)
    compiled = module.__loader__.source_to_code  # type: ignore[union-attr]  # with the checks of shapes, as it came
    try:
        before, after = compiled(Path(file).read_bytes(), path), compiled(changed.encode(), path)
        pairs = list(_pairs(before, after))
    except (SyntaxError, ValueError):
        return None
    if any(not old.co_flags & 1 and _shape(old) != _shape(new) for old, new in pairs):  # 1: has local variables
        return None
    return [(old, new) for old, new in pairs if old.co_flags & 1 and old != new] or None


def _pairs(before: CodeType, after: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """A code object and all within it. Raises ValueError where their number differs."""
    yield before, after
    for old, new in zip(_within(before), _within(after), strict=True):
        yield from _pairs(old, new)


def _within(code: CodeType) -> list[CodeType]:
    return [one for one in code.co_consts if isinstance(one, CodeType)]


def _shape(code: CodeType) -> tuple[object, ...]:
    """All of a code object but what is within it."""
    constants = [None if isinstance(one, CodeType) else repr(one) for one in code.co_consts]
    return code.co_code, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars, constants


def put_in(new_code: Sequence[tuple[CodeType, CodeType]]) -> bool:
    """Give all functions that there are the new code; False if none has the old one."""
    functions = [one for one in gc.get_objects() if isinstance(one, FunctionType)]
    found = False
    for old, new in new_code:
        for function in functions:
            code = function.__code__
            if code.co_firstlineno == old.co_firstlineno and code.co_name == old.co_name and code == old:
                function.__code__ = new
                found = True
    return found
