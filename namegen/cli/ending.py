"""End the program after Ctrl-C, after a signal, or because its output is closed.

The signals TERM (``kill``, a shutdown) and HUP (a terminal that closes) work like Ctrl-C. A training run saves its
state and can be resumed. All other commands exit immediately and leave no incomplete files. As is usual in a shell, the
exit code after a signal is 128 plus the signal's number.
"""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from types import FrameType
from typing import IO, Any

import click

from namegen.cli.terminal import error_line, note

END_SIGNALS: tuple[signal.Signals, ...] = (signal.SIGTERM,)
if hasattr(signal, "SIGHUP"):  # Windows doesn't have this signal
    END_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


# --- signals ----------------------------------------------------------------------------------------------------------


@contextmanager
def kept_when_stopped(finished: str) -> Iterator[None]:
    """Exit after Ctrl-C or a signal, and print a note that the command can be continued.

    Args:
        finished: a word for the results that are kept, such as ``runs``.
    """
    try:
        yield
    except KeyboardInterrupt as error:
        note(f"stopped; finished {finished} are kept, and the same command continues from there")
        raise click.exceptions.Exit(exit_code(error)) from None


def exit_code(error: KeyboardInterrupt) -> int:
    """Return the program's exit code after Ctrl-C or another signal, whose number is the error's argument.

    >>> exit_code(KeyboardInterrupt()), exit_code(KeyboardInterrupt(signal.SIGTERM))
    (130, 143)
    """
    number = error.args[0] if error.args else signal.SIGINT
    return 128 + int(number)


def interrupt(number: int, frame: FrameType | None) -> None:
    """Handle a signal like Ctrl-C, so code that cleans up runs. The next signal ends the program immediately."""
    signal.signal(number, signal.SIG_DFL)
    raise KeyboardInterrupt(number)


def handle_end_signals() -> None:
    """Make TERM and HUP end the program like Ctrl-C. A second signal ends it immediately."""
    for number in not_ignored(*END_SIGNALS):
        signal.signal(number, interrupt)


def not_ignored(*signals: signal.Signals) -> list[signal.Signals]:
    """Return the signals that aren't ignored. ``nohup`` ignores HUP, and ``&`` in a script ignores INT."""
    return [number for number in signals if signal.getsignal(number) is not signal.SIG_IGN]


class StopOnInterrupt(AbstractContextManager["StopOnInterrupt"]):
    """Turn the first Ctrl-C or signal into a request to stop. The second one interrupts, and the third kills.

    Until training has called this object for the first time, there is nothing to save, so even the first signal
    interrupts the program.
    """

    def __init__(self) -> None:
        self.exit_code = 128 + signal.SIGINT  # after the run has stopped
        self._is_requested = False
        self._was_called = False
        self._previous_handlers: dict[int, Any] = {}

    def __call__(self) -> bool:
        """Return whether training should stop now."""
        self._was_called = True
        return self._is_requested

    def __enter__(self) -> StopOnInterrupt:
        for number in not_ignored(signal.SIGINT, *END_SIGNALS):
            self._previous_handlers[number] = signal.signal(number, self._request)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous_handlers.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def _request(self, number: int, frame: FrameType | None) -> None:
        """Handle the first signal: request that training stops after this step."""
        if not self._was_called:
            interrupt(number, frame)
        self._is_requested = True
        self.exit_code = 128 + number
        for handled in self._previous_handlers:
            signal.signal(handled, interrupt)
        second = "Ctrl-C" if number == signal.SIGINT else "the same signal"
        # The terminal may be closed (after HUP), or the program may be in the middle of writing.
        with suppress(OSError, RuntimeError):
            note(f"stopping after this step; {second} again stops immediately, without saving")


# --- outputs ----------------------------------------------------------------------------------------------------------

# The errors of standard output that namegen reports in one line. A closed pipe is not an error.
OUTPUT_ERRORS = (errno.EPIPE, errno.ENOSPC, errno.EFBIG, errno.EIO, errno.EBADF)


def output_ended(error: OSError) -> int:
    """Return the exit code if standard output can't be written to. Raise any other error."""
    if error.errno not in OUTPUT_ERRORS or error.filename is not None:
        raise error
    silence_standard_output()
    if error.errno == errno.EPIPE:
        return 0
    message = f"cannot write to standard output ({error.strerror}): redirect it to another place"
    click.echo(error_line(message), err=True)
    return 1


def silence_standard_output() -> None:
    """Redirect standard output to the null device, so that the interpreter can flush its buffers at exit.

    The Python documentation recommends this method for SIGPIPE.
    """
    with suppress(OSError, ValueError):  # standard output isn't a file
        _redirect_to_null(sys.stdout.fileno())


def _redirect_to_null(descriptor: int) -> None:
    """Make a file descriptor write to the null device."""
    null = os.open(os.devnull, os.O_WRONLY)
    if null != descriptor:
        os.dup2(null, descriptor)
        os.close(null)


class _Unfailing(io.FileIO):
    """A file that discards data it can't write, so that a full log or a closed terminal doesn't end a run."""

    def write(self, data: Any) -> int:
        """Write the data, or discard it."""
        try:
            return super().write(data)
        except OSError:
            return len(data)


def unfailing(descriptor: int, encoding: str) -> IO[str]:
    """Return a text stream that discards data it can't write. Closing it also closes a copied descriptor."""
    raw = _Unfailing(descriptor, "w", closefd=descriptor > 2)
    buffer = io.BufferedWriter(raw)
    return io.TextIOWrapper(buffer, encoding, "backslashreplace", line_buffering=True)


def prepare_streams() -> None:
    """Make sure that any text can be written to standard output and standard error, even if they're closed.

    Standard output uses UTF-8 when a program reads it. A terminal shows escape codes for characters that it can't
    display.
    """
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:  # it's closed
            _redirect_to_null(descriptor)
            null = open(descriptor, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
            setattr(sys, name, null)
    stdout: Any = sys.stdout
    uses_utf8 = not stdout.isatty() and not os.environ.get("PYTHONIOENCODING")
    stdout.reconfigure(encoding="utf-8" if uses_utf8 else None, errors="backslashreplace")
    if os.name == "posix" or not sys.stderr.isatty():
        sys.stderr = unfailing(sys.stderr.fileno(), sys.stderr.encoding)
