"""Fixtures and helpers that run the program as a user would, and return its exit code and output."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from namegen import models
from namegen.cli import cli
from tests.small_models import small_models

# Options for a very short run, and for a run with 135 steps per epoch, which leaves time to interrupt it.
FAST = ("--quick", "--epochs", "2", "--no-plot")
LONG = ("--quick", "--epochs", "150", "--batch-size", "2", "--no-plot")
# If a shell runs the tests in the background, they ignore Ctrl-C, and so would the programs that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
ENVIRONMENT = {**os.environ, "PYTHONIOENCODING": "utf-8", "COLUMNS": "80"}


def read_history(folder: Path) -> list[dict[str, str]]:
    """Return the rows of a run's ``history.csv``."""
    with (folder / "history.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def contents(folder: Path) -> dict[str, bytes]:
    """Return the contents of the files in a folder, by file name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def invoke(*arguments: object, wide: int = 80) -> Result:
    """Run a command in this process, in a terminal with ``wide`` columns."""
    return CliRunner().invoke(cli, list(map(str, arguments)), env={"COLUMNS": str(wide)})


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Change to an empty folder, and replace the built-in models with small ones."""
    monkeypatch.setattr(models, "_FOLDER", small_models())
    monkeypatch.chdir(tmp_path)
    return tmp_path


@dataclass(frozen=True)
class Run:
    """The exit code and output of one run of the program."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def refused(self, *fragments: str, code: int = 1) -> Run:
        """Assert that the program failed with one clear error message, without a traceback or a result."""
        assert self.code == code, (self.code, self.out, self.err)
        assert self.out == ""
        assert "Traceback" not in self.err
        sentence = self.err.strip().split("\n")[-1]
        assert sentence.startswith(("namegen: ", "Error: ")), self.err
        for fragment in fragments:
            assert fragment in sentence, self.err
        return self

    def lines(self) -> list[str]:
        """Assert that the program succeeded, and return the lines of its output."""
        return self.done().out.splitlines()

    def done(self) -> Run:
        """Assert that the program succeeded."""
        assert self.code == 0, (self.code, self.err)
        assert "Traceback" not in self.err
        return self


class Program:
    """Runs ``namegen`` in one folder.

    A call is fast, because it forks a process that has already loaded the modules. ``spawn`` and ``fresh`` start a new
    interpreter.
    """

    def __init__(self, server: subprocess.Popen[str], folder: Path, streams: Path) -> None:
        self._server, self.folder, self._streams = server, folder, streams

    def __call__(
        self,
        *arguments: object,
        stdin: bytes = b"",
        largest_file: int | None = None,
        user: int | None = None,
        values: dict[str, Any] | None = None,
        fault: dict[str, Any] | None = None,
        kill_after: float | None = None,
    ) -> Run:
        """Run the program until it ends.

        Args:
            *arguments: The command-line arguments.
            stdin: The content of standard input.
            largest_file: The largest file in bytes that the program can write, which simulates a full disk.
            user: The ID of another user who runs the program.
            values: New values of module variables, by their full names.
            fault: The fields of a ``tests.harm.faults.Fault``.
            kill_after: The time in seconds after which the program is killed.
        """
        paths = {name: self._streams / name for name in ("stdin", "stdout", "stderr")}
        paths["stdin"].write_bytes(stdin)
        for name in ("stdout", "stderr"):
            paths[name].write_bytes(b"")
        job = {
            "arguments": list(map(str, arguments)),
            "folder": str(self.folder),
            "largest_file": largest_file,
            "user": user,
            "set": values or {},
            "fault": fault,
            "kill_after": kill_after,
            **{name: str(path) for name, path in paths.items()},
        }
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(job) + "\n")
        self._server.stdin.flush()
        code = int(self._server.stdout.readline())
        return Run(
            code, *(paths[name].read_text(encoding="utf-8") for name in ("stdout", "stderr"))
        )

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file in the folder, and return its path."""
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def spawn(self, *arguments: object, before: str = "", **options: Any) -> subprocess.Popen[str]:
        """Start the program in a new interpreter. ``before`` is Python code that runs first.

        Coverage isn't measured, because most of these programs receive signals, and a signal can cause a deadlock in
        the coverage tool.
        """
        start = f"{before}\nfrom namegen.cli import main\nmain()"
        environment = options.pop("env", ENVIRONMENT)
        return subprocess.Popen(
            [sys.executable, "-c", start, *map(str, arguments)],
            cwd=self.folder,
            **{
                "stdin": subprocess.DEVNULL,
                "stdout": subprocess.PIPE,
                "stderr": subprocess.PIPE,
                "text": True,
                "env": {
                    name: value
                    for name, value in environment.items()
                    if name != "COVERAGE_PROCESS_CONFIG"
                },
                **options,
            },
        )

    def fresh(self, *arguments: object, before: str = "") -> Run:
        """Run the program in a new interpreter until it ends."""
        process = self.spawn(*arguments, before=before)
        out, err = process.communicate(timeout=120)
        return Run(process.returncode, out, err)


def wait_until(what: Callable[[], Any], process: subprocess.Popen[str]) -> Any:
    """Wait until a function returns a true value, and return it. The program must keep running."""
    for _ in range(6000):
        found = what()
        if found:
            return found
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    raise AssertionError("it never came")


def stop(process: subprocess.Popen[str]) -> None:
    """Stop the program with Ctrl-C, and assert that it explains how to continue."""
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command continues" in err
    assert "Traceback" not in err


@contextmanager
def serving(*modules: str) -> Iterator[subprocess.Popen[str]]:
    """Start a server that runs the program and has also loaded these modules."""
    command = [sys.executable, str(Path(__file__).with_name("fork_server.py")), *modules]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture(scope="session")
def server() -> Iterator[subprocess.Popen[str]]:
    with serving() as process:
        yield process


@pytest.fixture
def program(
    server: subprocess.Popen[str], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Program:
    """Return the program, in an empty folder."""
    return Program(server, tmp_path, tmp_path_factory.mktemp("streams"))


@pytest.fixture(scope="session")
def some_names() -> str:
    """Return 300 real first names, one per line."""
    from namegen.lists import load_bundled

    return "".join(f"{name}\n" for name in load_bundled("mlb-first").names[:300])


@pytest.fixture
def names(program: Program, some_names: str) -> str:
    """Write the names to a file in the program's folder, and return its name."""
    program.write("names.txt", some_names)
    return "names.txt"


@pytest.fixture(scope="session")
def trained(
    server: subprocess.Popen[str], some_names: str, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Path], Path]:
    """Return a function that copies a finished run folder to a path."""
    folder = tmp_path_factory.mktemp("trained")
    program = Program(server, folder, tmp_path_factory.mktemp("streams"))
    program.write("names.txt", some_names)
    program("train", "names.txt", "--quick", "--epochs", 8, "--no-plot", "--out", "run").done()

    def copy(target: Path) -> Path:
        shutil.copytree(folder / "run", target)
        # The config contains the full path of the list. Replace it with the list next to the copy.
        config = target / "config.toml"
        config.write_text(
            config.read_text().replace(str(folder / "names.txt"), str(target.parent / "names.txt"))
        )
        return target

    return copy


@pytest.fixture
def run_folder(program: Program, some_names: str, trained: Callable[[Path], Path]) -> Path:
    """Return a finished run in the program's folder, next to its training list ``names.txt``."""
    program.write("names.txt", some_names)
    return trained(program.folder / "run")
