"""How many threads the numerical libraries may use."""

from __future__ import annotations

import os
import sys

from namegen.errors import SettingsError

# A layer so wide gains by a second thread: its products are large enough to share. Measured on two cores, on distinct
# first names: 128, 192 and 256 units of three gates 1.3 to 1.4 times as fast, 256 of four with 512 names a step 1.5
# times; 32 and 64 units 1.05 to 1.15 times, which a second training beside it makes better use of.
WIDE = 128
VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def threads_for(width: int) -> int:
    """How many threads one training gets: 2 where that pays and a core is idle, else 1.

    Args:
        width: units of the widest layer.
    """
    return 2 if width >= WIDE and cores() - _busy() >= 2 else 1


def _busy() -> int:
    """How many processes wanted a core over the last minute, on average: threads that share one wait for each other."""
    average = getattr(os, "getloadavg", None)  # not on every system
    return round(average()[0]) if average else 0


def cores() -> int:
    """Those that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on every system
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def limit_threads(threads: int) -> None:
    """Let BLAS use so many threads, as far as there are cores, in this process and those that it starts.

    With more threads than cores, small products take 5 to 60 times as long: each thread waits for all. Before NumPy is
    loaded the environment does it; afterwards threadpoolctl reaches into the loaded library.
    """
    if threads < 1:
        raise SettingsError(f"threads is {threads}: expected a whole number of at least 1")
    threads = min(threads, cores())
    os.environ.update(dict.fromkeys(VARIABLES, str(threads)))
    if "numpy" in sys.modules:
        from threadpoolctl import threadpool_limits

        threadpool_limits(threads, user_api="blas")
