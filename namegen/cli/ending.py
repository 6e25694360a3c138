"""How the program ends: by Ctrl-C, by a signal, and where its outputs take no more.

The signals are TERM (``kill``, a shutdown) and HUP (a terminal that closes); they do what Ctrl-C does. A training saves
and can go on; every other command ends at once and leaves no half-written file. The exit code is what a shell reports
for a program that the signal ended: 128 and its number.
"""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from types import FrameType
from typing import IO, Any

import click

from namegen.cli.terminal import Notes, error_line

INTERRUPTED = 130  # what a shell reports for a program that Ctrl-C ended
TO_END = (
    (signal.SIGTERM, signal.SIGHUP) if hasattr(signal, "SIGHUP") else (signal.SIGTERM,)
)  # no HUP on Windows


class EndedError(KeyboardInterrupt):
    """What Ctrl-C raises, for another signal: whoever tidies up after one does so after the other.

    Args:
        number: the signal's.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def kept_when_stopped(notes: Notes, what: str) -> Iterator[None]:
    """While it lasts, Ctrl-C and its like end a command that goes on another time: it says so, and exits."""
    try:
        yield
    except KeyboardInterrupt as error:
        notes(f"stopped; finished {what} are kept, and the same command continues from there")
        raise click.exceptions.Exit(exit_code(error)) from None


def exit_code(error: KeyboardInterrupt) -> int:
    """What the program ends with.

    >>> exit_code(KeyboardInterrupt()), exit_code(EndedError(15))
    (130, 143)
    """
    return 128 + error.number if isinstance(error, EndedError) else INTERRUPTED


def end_as_by_ctrl_c() -> None:
    """From now on TERM and HUP end the program as Ctrl-C does; the same signal once more ends it without a word.

    One that is ignored as the program starts stays ignored.
    """
    for number in _heeded(*TO_END):
        signal.signal(number, _end)


def _heeded(*signals: signal.Signals) -> list[signal.Signals]:
    """Those that are not ignored: ``nohup`` has HUP ignored, and ``&`` in a script has INT ignored."""
    return [number for number in signals if signal.getsignal(number) is not signal.SIG_IGN]


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
        for number in _heeded(signal.SIGINT, *TO_END):
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


# --- outputs ----------------------------------------------------------------------------------------------------------

# What can end standard output in the midst of a result → what is said of it; of a pipe whose reader has left, nothing.
OUTPUT_ENDS = {
    errno.EPIPE: "nobody reads it",
    errno.ENOSPC: "no space is left; free some space",
    errno.EFBIG: "the file would be too large; write to another place",
    errno.EIO: "the device reports an error; write to another place",
    errno.EBADF: "it is not open for writing; redirect it to a file",
}


def output_ended(error: OSError) -> int:
    """The exit code where standard output takes no more; any other error goes on."""
    if error.errno not in OUTPUT_ENDS or error.filename is not None:
        raise error
    silence_standard_output()
    if error.errno == errno.EPIPE:
        return 0
    click.echo(error_line(f"cannot write to standard output: {OUTPUT_ENDS[error.errno]}"), err=True)
    return 1


def flush(stream: IO[str]) -> None:
    """Write out what waits to be written; where that takes no more, it leads nowhere from now on."""
    try:
        stream.flush()
    except OSError:
        silence_standard_output()


def silence_standard_output() -> None:
    """Let the interpreter flush its buffers at exit into nowhere, as the Python manual has it for SIGPIPE."""
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):  # not a file
        return
    _lead_nowhere(descriptor)


def _lead_nowhere(descriptor: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    if nowhere != descriptor:
        os.dup2(nowhere, descriptor)
        os.close(nowhere)


class _Unfailing(io.FileIO):
    """Standard error that loses what it cannot write: no training ends because a log is full."""

    def write(self, data: Any) -> int:
        """As much as goes."""
        try:
            return super().write(data)
        except OSError:
            return len(data)


def unfailing(descriptor: int, encoding: str) -> IO[str]:
    """A stream to a descriptor that loses what cannot be written; closing it closes a copy of standard error."""
    raw = _Unfailing(descriptor, "w", closefd=descriptor > 2)
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding, "backslashreplace", line_buffering=True
    )


def prepare_streams() -> None:
    """Make the two outputs such that any text can be written to them: one that is closed leads nowhere."""
    stream: Any
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:
            _lead_nowhere(descriptor)
            setattr(sys, name, open(descriptor, "w", encoding="utf-8", closefd=False))  # noqa: SIM115  # as long as the process
    for stream in (sys.stdout, sys.stderr):
        if hasattr(
            stream, "reconfigure"
        ):  # a terminal that cannot show a character shows its code; other readers can
            read = (
                stream is sys.stdout
                and not stream.isatty()
                and not os.environ.get("PYTHONIOENCODING")
            )
            stream.reconfigure(encoding="utf-8" if read else None, errors="backslashreplace")
    with suppress(OSError, ValueError):  # not a file: a stream of a program's own
        if (
            os.name == "posix" or not sys.stderr.isatty()
        ):  # a terminal may close in the midst of a training
            sys.stderr = unfailing(sys.stderr.fileno(), sys.stderr.encoding)
