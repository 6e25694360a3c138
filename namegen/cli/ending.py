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
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from types import FrameType
from typing import IO, Any

import click

from namegen.cli.terminal import Notes, error_line

INTERRUPTED = 130  # the exit code after Ctrl-C
END_SIGNALS: tuple[signal.Signals, ...] = (signal.SIGTERM,)
if hasattr(signal, "SIGHUP"):  # Windows doesn't have this signal
    END_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


# --- signals ----------------------------------------------------------------------------------------------------------


class EndedError(KeyboardInterrupt):
    """The program received TERM or HUP. It's a KeyboardInterrupt, so code that cleans up after Ctrl-C also runs.

    Args:
        number: the signal's number.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def kept_when_stopped(notes: Notes, finished: str) -> Iterator[None]:
    """Exit after Ctrl-C or a signal, and print a note that the command can be continued.

    Args:
        notes: prints the note.
        finished: a word for the results that are kept, such as ``runs``.
    """
    try:
        yield
    except KeyboardInterrupt as error:
        notes(f"stopped; finished {finished} are kept, and the same command continues from there")
        raise click.exceptions.Exit(exit_code(error)) from None


def exit_code(error: KeyboardInterrupt) -> int:
    """Return the program's exit code after Ctrl-C or a signal.

    >>> exit_code(KeyboardInterrupt()), exit_code(EndedError(15))
    (130, 143)
    """
    return 128 + error.number if isinstance(error, EndedError) else INTERRUPTED


def handle_end_signals() -> None:
    """Make TERM and HUP end the program like Ctrl-C. A second signal ends it immediately.

    A signal that was ignored when the program started stays ignored.
    """
    for number in _not_ignored(*END_SIGNALS):
        signal.signal(number, _end)


def _not_ignored(*signals: signal.Signals) -> list[signal.Signals]:
    """Return the signals that aren't ignored. ``nohup`` ignores HUP, and ``&`` in a script ignores INT."""
    return [number for number in signals if signal.getsignal(number) is not signal.SIG_IGN]


def _end(number: int, frame: FrameType | None) -> None:
    """Handle TERM or HUP: restore the default handler for the next signal, and end the program."""
    signal.signal(number, signal.SIG_DFL)
    raise EndedError(number)


class StopOnInterrupt(AbstractContextManager["StopOnInterrupt"]):
    """Turn the first Ctrl-C or signal into a request to stop. The second one interrupts, and the third kills.

    Until training has called this object for the first time, there is nothing to save, so even the first signal
    interrupts the program.

    Args:
        say: prints a note when the request arrives.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._requested_by: int | None = None  # the number of the signal
        self._was_called = False
        self._previous_handlers: dict[int, Any] = {}

    def __call__(self) -> bool:
        """Return whether training should stop now."""
        self._was_called = True
        return self._requested_by is not None

    @property
    def exit_code(self) -> int:
        """The exit code after the run has stopped."""
        return INTERRUPTED if self._requested_by is None else 128 + self._requested_by

    def __enter__(self) -> StopOnInterrupt:
        for number in _not_ignored(signal.SIGINT, *END_SIGNALS):
            self._previous_handlers[number] = signal.signal(number, self._request)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous_handlers.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def _request(self, number: int, frame: FrameType | None) -> None:
        """Handle the first signal: request that training stops after this step."""
        if not self._was_called:
            self._interrupt(number, frame)
        self._requested_by = number
        for handled in self._previous_handlers:
            signal.signal(handled, self._interrupt)
        second = "Ctrl-C" if number == signal.SIGINT else "the same signal"
        # The terminal may be closed (after HUP), or the program may be in the middle of writing.
        with suppress(OSError, RuntimeError):
            self._say(f"stopping after this step; {second} again stops immediately, without saving")

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        """Handle the second signal: interrupt the program. The third one kills it, by the default handler."""
        signal.signal(number, signal.SIG_DFL)
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise EndedError(number)


# --- outputs ----------------------------------------------------------------------------------------------------------

# Maps each error that can end standard output to its description in the message. A closed pipe is not an error.
OUTPUT_ERRORS = {
    errno.EPIPE: "the reader has closed it",
    errno.ENOSPC: "no space is left; free some space",
    errno.EFBIG: "the file would be too large; write to another place",
    errno.EIO: "the device reports an error; write to another place",
    errno.EBADF: "it isn't open for writing; redirect it to a file",
}


def output_ended(error: OSError) -> int:
    """Return the exit code if standard output can't be written to. Raise any other error."""
    if error.errno not in OUTPUT_ERRORS or error.filename is not None:
        raise error
    silence_standard_output()
    if error.errno == errno.EPIPE:
        return 0
    reason = OUTPUT_ERRORS[error.errno]
    click.echo(error_line(f"cannot write to standard output: {reason}"), err=True)
    return 1


def flush(stream: IO[str]) -> None:
    """Flush a stream. If that fails, redirect standard output to the null device."""
    try:
        stream.flush()
    except OSError:
        silence_standard_output()


def silence_standard_output() -> None:
    """Redirect standard output to the null device, so that the interpreter can flush its buffers at exit.

    The Python documentation recommends this method for SIGPIPE.
    """
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):  # standard output isn't a file
        return
    _redirect_to_null(descriptor)


def _redirect_to_null(descriptor: int) -> None:
    """Make a file descriptor write to the null device."""
    null = os.open(os.devnull, os.O_WRONLY)
    if null != descriptor:
        os.dup2(null, descriptor)
        os.close(null)


class _Unfailing(io.FileIO):
    """A file that discards data it can't write, so that a full log doesn't end a run."""

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
    """Make sure that any text can be written to standard output and standard error, even if they're closed."""
    _open_if_closed("stdout", descriptor=1)
    _open_if_closed("stderr", descriptor=2)
    _choose_encoding(sys.stdout)
    _choose_encoding(sys.stderr)
    _ignore_errors_of_standard_error()


def _open_if_closed(name: str, *, descriptor: int) -> None:
    """Replace a closed stream with the null device."""
    if getattr(sys, name) is None:
        _redirect_to_null(descriptor)
        stream = open(descriptor, "w", encoding="utf-8", closefd=False)  # noqa: SIM115  # open until the process exits
        setattr(sys, name, stream)


def _choose_encoding(stream: Any) -> None:
    """Use UTF-8 when a program reads the output. A terminal shows escape codes for characters that it can't display."""
    if not hasattr(stream, "reconfigure"):
        return
    is_piped = stream is sys.stdout and not stream.isatty()
    uses_utf8 = is_piped and not os.environ.get("PYTHONIOENCODING")
    stream.reconfigure(encoding="utf-8" if uses_utf8 else None, errors="backslashreplace")


def _ignore_errors_of_standard_error() -> None:
    """Ignore notes that can't be written, because the terminal may be closed during a run."""
    with suppress(OSError, ValueError):  # standard error isn't a file
        if os.name == "posix" or not sys.stderr.isatty():
            sys.stderr = unfailing(sys.stderr.fileno(), sys.stderr.encoding)
