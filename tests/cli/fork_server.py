"""Run the real program many times, each time in a separate process, but import its modules only once.

``conftest.py`` starts this server. The server reads one JSON object per line and prints the exit code of each run. A
child process has the arguments, working folder, standard streams and exit code of the installed program. The only
difference is that its modules are already loaded.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from namegen.threads import limit_threads

limit_threads(1)

import namegen.api  # noqa: E402
import namegen.drawings.description  # noqa: E402
import namegen.drawings.training  # noqa: E402
from namegen.cli import main  # noqa: E402
from namegen.settings_toml import parse_config  # noqa: E402

sys.path.append(str(Path(__file__).parents[2]))
import tests.adjusted  # noqa: E402, F401

COMMANDS = ("train", "generate", "evaluate", "describe")


def warm_up(*more: str) -> None:
    """Load modules that are usually loaded late, and the ``more`` modules.

    A child that runs as another user may not be able to read their files.
    """
    for module in ("importlib.metadata", *more):
        import_module(module)
    for command in COMMANDS:
        import_module(f"namegen.cli.{command}")
    for encoding in ("utf-8-sig", "utf-32-le", "unicode_escape"):
        "".encode(encoding)
    tiny = parse_config({"training": {"epochs": 1}, "data": {"validation": 0.0}})
    namegen.api.train(["Al", "Bob"], config=tiny)


def run(job: dict[str, Any]) -> None:
    """Run the program in this process."""
    os.chdir(job["folder"])
    for descriptor, path in enumerate((job["stdin"], job["stdout"], job["stderr"])):
        flags = os.O_RDONLY if descriptor == 0 else os.O_WRONLY | os.O_CREAT
        os.dup2(os.open(path, flags, 0o600), descriptor)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    if job["largest_file"] is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (job["largest_file"],) * 2)
    if job["user"] is not None:
        os.setgid(job["user"])
        os.setuid(job["user"])
    for place, value in job["set"].items():
        module, _, name = place.rpartition(".")
        setattr(import_module(module), name, value)
    if job["fault"] is not None:
        from tests.harm.faults import Fault

        Fault(**job["fault"]).install()
    sys.argv = ["namegen", *job["arguments"]]
    try:
        main()
    except SystemExit as end:
        sys.stdout.flush()
        sys.stderr.flush()
        # A normal exit would unload every module, which takes longer than everything else.
        os._exit(end.code if isinstance(end.code, int) else 0)


def ended(child: int, kill_after: float | None) -> int:
    """Return the exit code of a child. If it's still running after ``kill_after`` seconds, kill it."""
    if kill_after is not None:
        over = os.pidfd_open(child)
        select.select([over], [], [], kill_after)
        os.close(over)
        # If the child has already ended, its process ID stays valid until waitpid is called.
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    warm_up(*sys.argv[1:])
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if child == 0:
            run(job)
            os._exit(0)
        print(ended(child, job["kill_after"]), flush=True)
