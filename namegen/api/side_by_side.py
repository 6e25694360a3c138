"""Several trainings side by side, each in a process of its own, which saves itself as every training does."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from namegen.api.watching import OnTeachers, TeacherAtWork
from namegen.core.training.file_names import STATE_FILE
from namegen.errors import CheckpointError, TrainingError, setting
from namegen.files import is_file
from namegen.threads import cores

SECONDS_BETWEEN_LOOKS = 0.2
SECONDS_TO_STOP = 60  # that a process has to take its last step and save
STARTS = 2  # of a process that dies: it goes on from what it saved; once more would be in vain
LONGEST_REASON = 200  # characters of what a process that died said last


def train_side_by_side(
    folders: Sequence[Path],
    *,
    watcher: OnTeachers = lambda at_work: None,
    stop: Callable[[], bool] = lambda: False,
    at_once: int | None = None,
) -> None:
    """Train every run folder to its end; returns early where ``stop`` says so, with all of them saved.

    Args:
        folders: each holds the settings and the list of a training, and its state if it was begun.
        watcher: told of all of them, again and again.
        stop: asked again and again.
        at_once: how many processes; None: one a core.

    Raises:
        TrainingError: one of them cannot be trained, or its process died and did so again; the others are saved first.
    """
    waiting, running = deque(enumerate(folders)), dict[int, _Process]()
    words: queue.Queue[tuple[int, dict[str, Any]]] = queue.Queue()
    at_work = [TeacherAtWork(folder.name) for folder in folders]
    starts = [0] * len(folders)

    def hear(seconds: float = 0.0) -> None:
        """Take in what has been said, and wait a little for the first of it."""
        with suppress(queue.Empty):
            while True:
                place, word = words.get(timeout=seconds) if seconds else words.get_nowait()
                seconds = 0.0
                if "trouble" in word:
                    raise TrainingError(
                        f"the teacher {folders[place]} cannot be trained: {word['trouble']}; if its folder is damaged, "
                        "delete the folder, and the teacher is trained again"
                    )
                at_work[place] = TeacherAtWork(folders[place].name, word["epoch"], word["epochs"])

    try:
        while (waiting or running) and not stop():
            while waiting and len(running) < (at_once or cores()):
                place, folder = waiting.popleft()
                starts[place] += 1
                running[place] = _Process(place, folder, words)
            hear(SECONDS_BETWEEN_LOOKS)
            ended = [place for place, process in running.items() if process.ended]
            hear()  # one that has ended may have said why
            for place in ended:
                process = running[place]
                if process.died:
                    if starts[place] >= STARTS:
                        raise TrainingError(_died(folders[place], process))
                    waiting.appendleft((place, folders[place]))
                del running[place]
                process.close()
            watcher(at_work)
    finally:
        for process in running.values():
            process.ask_to_stop()
        for process in running.values():
            process.wait()


def _died(folder: Path, process: _Process) -> str:
    said = process.last_words
    because = f" ({said})" if said else ", perhaps because memory ran out"
    return (
        f"the process that trained the teacher {folder} died twice, with the exit code {process.popen.returncode}"
        f"{because}; what has been trained is kept: continue with {setting('resume', folder.parent.parent)}"
    )


class _Process:
    """One training under way."""

    def __init__(self, place: int, folder: Path, words: queue.Queue[tuple[int, dict[str, Any]]]) -> None:
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # as long as the process
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "namegen.api.teacher_process", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            # Ctrl-C in a terminal reaches every process of its group: those are told to stop by us alone.
            start_new_session=os.name == "posix",
        )
        self._listening = threading.Thread(target=self._listen, args=(place, words), daemon=True)
        self._listening.start()

    def _listen(self, place: int, words: queue.Queue[tuple[int, dict[str, Any]]]) -> None:
        assert self.popen.stdout is not None  # it is a pipe
        for line in self.popen.stdout:
            with suppress(ValueError):  # what a library prints is none of ours
                word = json.loads(line)
                if isinstance(word, dict):
                    words.put((place, word))

    @property
    def ended(self) -> bool:
        """The process is over, and all that it said has been heard."""
        return self.popen.poll() is not None and not self._listening.is_alive()

    @property
    def died(self) -> bool:
        """It ended in another way than by its own decision."""
        return self.popen.returncode != 0

    @property
    def last_words(self) -> str:
        """The last line that it wrote to standard error."""
        self._said.seek(0)
        lines = self._said.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1][:LONGEST_REASON] if lines else ""

    def ask_to_stop(self) -> None:
        """After its step; it saves itself."""
        assert self.popen.stdin is not None  # it is a pipe
        with suppress(OSError):
            self.popen.stdin.close()

    def wait(self) -> None:
        """Until it is over, with patience, but not without an end."""
        try:
            self.popen.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
        self.close()

    def close(self) -> None:
        """Let go of its pipes and files; it is over."""
        self._listening.join()
        for stream in (self.popen.stdin, self.popen.stdout, self._said):
            if stream is not None:
                with suppress(OSError):
                    stream.close()


def is_begun(folder: Path) -> bool:
    """Whether a training has left a state there. Raises CheckpointError where that cannot be told."""
    return is_file(folder / STATE_FILE, CheckpointError)
