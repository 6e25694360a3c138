"""The program: ``namegen``, or ``python -m namegen``."""

from __future__ import annotations

import os
import signal


def main() -> None:
    """Run the command line. Until its modules are loaded, Ctrl-C ends the program at once, without a traceback."""
    is_ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN  # as `&` in a script has it
    if not is_ignored:
        signal.signal(signal.SIGINT, _end)
    from namegen.cli import main as run

    if not is_ignored:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run()


def _end(*_: object) -> None:
    os._exit(128 + signal.SIGINT)


if __name__ == "__main__":
    main()
