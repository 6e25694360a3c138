"""The workers of a sweep on this machine: ``python -m namegen.experiments.sweep.cluster``, a dask cluster.

It has a process and a session of its own: a terminal sends Ctrl-C to all processes of a program, and the workers are
for the sweep to end. It ends when its standard input does, so also when the sweep is killed.

Whoever reaches a dask scheduler can run code there. So this one listens on the loopback alone, asks for a certificate
that only the sweep and its workers have, and serves no page about itself.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import dask
from distributed import LocalCluster
from distributed.security import Security

from namegen.errors import EngineError, setting
from namegen.experiments.machine import own_environment

SECONDS_TO_END = 10
PARTS = ("scheduler", "worker", "client")
# A worker near its share of the memory would be paused, and a sweep would wait for it for ever, as TensorFlow gives
# nothing back. At 95 % (dask's own limit) it is ended, and its run done anew.
SETTINGS = {
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
}


@contextmanager
def local_cluster(workers: int) -> Iterator[tuple[str, Security]]:
    """Start a cluster, give its address and what opens it, and end it.

    Raises:
        EngineError: it does not start.
    """
    security = Security.temporary()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "namegen.experiments.sweep.cluster"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            env=own_environment(),
            start_new_session=True,
            text=True,
        )
        if process.stdin is None or process.stdout is None:  # they are pipes; for the type checker
            raise EngineError("the workers cannot be reached: report this")
        try:
            process.stdin.write(json.dumps({"workers": workers, "security": _plain(security)}) + "\n")
            process.stdin.flush()
            address = process.stdout.readline().strip()
            if not address:
                process.wait()
                why = _last_words(process, said)
                raise EngineError(f"the workers do not start ({why}): try again, or with {setting('workers', 1)}")
            yield address, security
        finally:
            process.stdin.close()
            try:
                process.wait(SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                process.kill()  # the workers notice, and end
                process.wait()
            process.stdout.close()


def _last_words(process: subprocess.Popen[str], said: IO[bytes]) -> str:
    """Why it ended: the signal that killed it, or the last line that it said."""
    if process.returncode < 0:
        return f"ended by the signal {-process.returncode}"
    said.seek(0)
    return said.read().decode(errors="replace").strip().rpartition("\n")[2][-300:].rstrip(".") or "they said nothing"


def _plain(security: Security) -> dict[str, Any]:
    """The certificate as text: one for all parts of the cluster."""
    names = ["tls_ca_file", *(f"tls_{part}_{what}" for part in PARTS for what in ("key", "cert"))]
    return {name: getattr(security, name) for name in names}


def main() -> None:
    """Run the cluster until standard input ends; standard output tells its address, and nothing else."""
    answer = os.dup(1)
    os.dup2(2, 1)  # what a library prints goes to standard error
    settings = json.loads(sys.stdin.readline())
    with (
        dask.config.set(SETTINGS),
        tempfile.TemporaryDirectory(prefix="namegen-", ignore_cleanup_errors=True) as scratch,
        LocalCluster(
            n_workers=settings["workers"],
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            security=Security(require_encryption=True, **settings["security"]),
            dashboard_address=None,
            silence_logs=logging.ERROR,
            local_directory=scratch,
        ) as cluster,
    ):
        with os.fdopen(answer, "w") as stream:
            print(cluster.scheduler_address, file=stream)
        sys.stdin.read()


if __name__ == "__main__":
    main()
