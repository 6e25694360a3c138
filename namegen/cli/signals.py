"""Being asked to end: Ctrl-C, and the signals TERM (``kill``, a shutdown) and HUP (a terminal that closes).

All three do the same. A training saves and can go on; every other command ends at once and leaves no half-written file.
The exit code is what a shell reports for a program that the signal ended: 128 and its number.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from types import FrameType
from typing import Any

INTERRUPTED = 130  # what a shell reports for a program that Ctrl-C ended
# There is no HUP on Windows.
TO_END = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


class EndedError(KeyboardInterrupt):
    """What Ctrl-C raises, for another signal: whoever tidies up after one does so after the other.

    Args:
        number: the signal's.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def exit_code(error: KeyboardInterrupt) -> int:
    """What the program ends with.

    >>> exit_code(KeyboardInterrupt()), exit_code(EndedError(15))
    (130, 143)
    """
    return 128 + error.number if isinstance(error, EndedError) else INTERRUPTED


def end_as_by_ctrl_c() -> None:
    """From now on TERM and HUP end the program as Ctrl-C does; the same signal once more ends it without a word.

    One that the program was told to ignore, as ``nohup`` does, stays ignored.
    """
    for number in TO_END:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end)


def _end(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)
    raise EndedError(number)


class StopOnInterrupt(AbstractContextManager["StopOnInterrupt"]):
    """While it lasts, a signal to end only asks training to stop; a second one interrupts, a third one kills. Until
    training has asked for the first time, there is nothing to be saved, and the first one interrupts.

    Args:
        say: tells the user that it was heard.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._asked_by: int | None = None
        self._is_heeded = False
        self._before: dict[int, Any] = {}

    def __call__(self) -> bool:
        """Whether training should stop here."""
        self._is_heeded = True
        return self._asked_by is not None

    @property
    def exit_code(self) -> int:
        """Of a training that has stopped."""
        return INTERRUPTED if self._asked_by is None else 128 + self._asked_by

    def __enter__(self) -> StopOnInterrupt:
        for number in (signal.SIGINT, *TO_END):
            if number == signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, signal.SIG_DFL if before is None else before)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if not self._is_heeded:
            self._interrupt(number, frame)
        self._asked_by = number
        for one in self._before:
            signal.signal(one, self._interrupt)
        once_more = "Ctrl-C" if number == signal.SIGINT else "the same signal"
        # The terminal may be gone (HUP), or what is being written at this very moment may be in the way.
        with suppress(OSError, RuntimeError):
            self._say(f"stopping after this step; {once_more} again stops at once, without saving")

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        raise KeyboardInterrupt if number == signal.SIGINT else EndedError(number)
