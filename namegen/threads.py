"""Choose and limit the number of threads that the numerical libraries use."""

from __future__ import annotations

import os
import sys

from namegen.errors import SettingsError

# The width from which a second thread is worthwhile, because a layer's matrix products are large enough to share.
# Measured on two cores with distinct first names: 128, 192 and 256 units of three gates are 1.3 to 1.4 times as fast
# with two threads, and 256 units of four gates with 512 names per step are 1.5 times as fast. With 32 or 64 units, the
# factor is 1.05 to 1.15, so the second core is more useful for another run.
WIDE = 128
VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def threads_for(width: int) -> int:
    """Return the number of threads for a run: 2 if its layers are wide and two cores are idle, else 1.

    Args:
        width: the number of units of the widest layer.
    """
    idle_cores = cores() - _busy_cores()
    return 2 if width >= WIDE and idle_cores >= 2 else 1


def _busy_cores() -> int:
    """Return the average number of processes that needed a core in the last minute."""
    if not hasattr(os, "getloadavg"):  # for example on Windows
        return 0
    last_minute = os.getloadavg()[0]
    return round(last_minute)


def cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def limit_threads(threads: int) -> None:
    """Limit the number of threads that BLAS uses in this process and in its child processes.

    The limit is never higher than the number of cores. With more threads than cores, small products take 5 to 60 times
    as long, because each thread waits for all other threads. Environment variables set the limit before NumPy is
    loaded; afterwards, threadpoolctl changes it in the loaded library.
    """
    if threads < 1:
        raise SettingsError(f"threads is {threads}: expected a whole number of at least 1")
    threads = min(threads, cores())
    for variable in VARIABLES:
        os.environ[variable] = str(threads)
    if "numpy" in sys.modules:
        from threadpoolctl import threadpool_limits

        threadpool_limits(threads, user_api="blas")
