"""A training in a process of its own, for those that run side by side: ``python -m namegen.api.teacher_process RUN``.

It goes on with a run folder to its end. On standard output it says how far it is, a JSON object a line. When standard
input ends, because whoever started it does not want it any more or is gone, it stops after the step under way and
saves; so it does at the signal TERM.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from namegen.errors import NamegenError
from namegen.threads import limit_threads

if TYPE_CHECKING:
    from namegen.core.training.progress import TrainingProgress
    from namegen.core.training.run import TrainingRun

SECONDS_BETWEEN_WORDS = 0.5


class Teller:
    """A listener that tells how far a training is."""

    def __init__(self) -> None:
        self.epochs, self._next = 0, 0.0

    def ready(self, run: TrainingRun) -> None:
        """The training is about to start."""
        self.epochs = run.trainer.epochs
        self.on_epoch(run.progress)

    def on_step(self, progress: TrainingProgress, step: int, steps: int) -> None:
        """Nothing."""

    def on_epoch(self, progress: TrainingProgress) -> None:
        """Tell, if it is time."""
        now = time.monotonic()
        if now >= self._next or progress.epoch == self.epochs:
            self._next = now + SECONDS_BETWEEN_WORDS
            say(epoch=progress.epoch, epochs=self.epochs)


def say(**word: object) -> None:
    """One object on standard output."""
    print(json.dumps(word), flush=True)


def main(folder: str) -> int:
    """Go on with the run; 0 where it came to its end or was stopped, 1 where it cannot: the last word says why."""
    unwanted = threading.Event()

    def wait_for_end() -> None:
        while os.read(sys.stdin.fileno(), 1):  # not through sys.stdin, whose lock would be held at the very end
            pass
        unwanted.set()

    threading.Thread(target=wait_for_end, daemon=True).start()
    signal.signal(signal.SIGTERM, lambda number, frame: unwanted.set())  # a system that shuts down tells everyone
    limit_threads(1)
    from namegen.api.runs import go_on

    teller = Teller()
    try:
        go_on(Path(folder), threads=1, listener=teller, ready=teller.ready, stop=unwanted.is_set)
    except NamegenError as error:
        say(trouble=str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
