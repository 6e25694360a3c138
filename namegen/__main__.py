"""The command-line program ``namegen``, which you can also run as ``python -m namegen``."""

from __future__ import annotations

import os
import signal


def main() -> None:
    """Run the command line. While its modules are loading, Ctrl-C exits immediately, without a traceback."""
    is_ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN  # for example in `namegen … &`
    if not is_ignored:
        signal.signal(signal.SIGINT, _exit_immediately)
    from namegen.cli import main as run_command_line

    if not is_ignored:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run_command_line()


def _exit_immediately(*_: object) -> None:
    os._exit(128 + signal.SIGINT)


if __name__ == "__main__":
    main()
