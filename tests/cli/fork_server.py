"""Runs the real program many times over, each time in a process of its own, and pays for the imports once.

Started by ``conftest.py``. It reads one JSON object a line and answers with the exit code. The child is the program as
it is installed: its own arguments, folder, standard streams and exit; only its modules are loaded already.
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
    """Load what loads late, too: a child that runs as another user may not be able to read it; and ``more`` modules."""
    for module in ("importlib.metadata", *more):
        import_module(module)
    for command in COMMANDS:
        import_module(f"namegen.cli.{command}")
    for encoding in ("utf-8-sig", "utf-32-le", "unicode_escape"):
        "".encode(encoding)
    tiny = parse_config({"training": {"epochs": 1}, "data": {"validation": 0.0}})
    namegen.api.train(["Al", "Bob"], config=tiny)


def run(job: dict[str, Any]) -> None:
    """Be the program."""
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
        os._exit(
            end.code if isinstance(end.code, int) else 0
        )  # unloading every module takes longer than the rest


def ended(child: int, kill_after: float | None) -> int:
    """The exit code of a child, which is killed after so many seconds if it is not over by then."""
    if kill_after is not None:
        over = os.pidfd_open(child)
        select.select([over], [], [], kill_after)
        os.close(over)
        os.kill(
            child, signal.SIGKILL
        )  # one that is over has not been waited for yet, so the number is still its own
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
