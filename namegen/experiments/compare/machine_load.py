"""Measure the memory of this process and the load of the machine."""

from __future__ import annotations

import os
import platform
import time
from contextlib import suppress
from pathlib import Path
from statistics import median

from namegen.events import EpochEnded, Event
from namegen.experiments.compare.document import MachineLoad

# The reference computation: rounds of matrix products, each of which takes a few milliseconds.
MATRIX_SIZE = 64
PRODUCTS_PER_ROUND = 400
ROUNDS = 5
# In a shorter block, other processes can't be measured, because the system counts processor time in hundredths of a
# second.
LONG_ENOUGH_SECONDS = 0.3


class LoadMonitor:
    """Measure the load of the machine during a ``with`` block.

    It measures the processor time of other processes. At the start, at the end and at every ``check``, it also times a
    reference computation.

    >>> with LoadMonitor() as monitor:
    ...     pass
    >>> min(monitor.load.control_seconds) > 0
    True
    """

    load: MachineLoad  # set at the end of the block

    def __enter__(self) -> LoadMonitor:
        self._reference_times = [time_reference()]  # seconds
        self._start = time.perf_counter()
        self._others_at_start = others_processor_seconds()
        return self

    def __exit__(self, *_: object) -> None:
        other_cores = self._other_cores()
        self.check()
        middle = len(self._reference_times) // 2
        first_half = min(self._reference_times[:middle])
        second_half = min(self._reference_times[middle:])
        self.load = MachineLoad((first_half, second_half), other_cores)

    def check(self) -> None:
        """Time the reference computation once more."""
        self._reference_times.append(time_reference())

    def on_progress(self, event: Event) -> None:
        """Check the machine at the end of each epoch."""
        if isinstance(event, EpochEnded):
            self.check()

    def _other_cores(self) -> float | None:
        """Return how many cores other processes have kept busy since the start, or None if that can't be measured."""
        others_at_end = others_processor_seconds()
        elapsed = time.perf_counter() - self._start
        if self._others_at_start is None or others_at_end is None:
            return None
        if elapsed < LONG_ENOUGH_SECONDS:
            return None
        busy_seconds = max(others_at_end - self._others_at_start, 0.0)
        return busy_seconds / elapsed


def time_reference() -> float:
    """Return the median time of a few rounds of the reference computation, in seconds."""
    import numpy as np

    matrix = np.full((MATRIX_SIZE, MATRIX_SIZE), 1 / MATRIX_SIZE, np.float32)
    round_seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        product = matrix
        for _ in range(PRODUCTS_PER_ROUND):
            product = product @ matrix
        round_seconds.append(time.perf_counter() - start)
    return median(round_seconds)


def others_processor_seconds() -> float | None:
    """Return the processor time of all other processes in seconds, or None if the system doesn't report it."""
    try:
        all_seconds = _processor_seconds()
    except (OSError, ValueError, AttributeError):  # not Linux
        return None
    this_process = os.times()
    return all_seconds - this_process.user - this_process.system


def _processor_seconds() -> float:
    """Return the processor time of all processes on Linux, as described in proc(5)."""
    first_line = Path("/proc/stat").read_text(encoding="utf-8").split("\n", 1)[0]
    columns = first_line.split()[1:9]
    user, nice, system, _idle, _io_wait, irq, soft_irq, steal = map(int, columns)
    busy_ticks = user + nice + system + irq + soft_irq + steal
    return busy_ticks / os.sysconf("SC_CLK_TCK")


def peak_memory_mib() -> float | None:
    """Return the peak memory of this process in MiB, or None if the system doesn't report it."""
    linux_peak = _linux_peak_memory_mib()
    if linux_peak is not None:
        return linux_peak
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    unit = 2**20 if platform.system() == "Darwin" else 2**10  # bytes or KiB
    return peak / unit


def _linux_peak_memory_mib() -> float | None:
    """Return this program's peak memory, because ``ru_maxrss`` starts at the size of the parent process."""
    with suppress(OSError):  # not Linux
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                kib = int(line.split()[1])
                return kib / 1024
    return None
