"""How many threads the numerical libraries may use."""

from __future__ import annotations

import os
import sys
from functools import lru_cache

from namegen.errors import SettingsError

VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def limit_threads(threads: int) -> None:
    """Let BLAS use so many threads, in this process and those that it starts.

    Before NumPy is loaded the environment does it; afterwards threadpoolctl reaches into the loaded library.
    """
    if threads < 1:
        raise SettingsError(f"threads is {threads}: expected a whole number of at least 1")
    value = str(threads)
    already = all(os.environ.get(name) == value for name in VARIABLES)
    os.environ.update(dict.fromkeys(VARIABLES, value))
    if "numpy" in sys.modules and not (already and _loaded_with() == value):
        from threadpoolctl import threadpool_limits

        threadpool_limits(threads, user_api="blas")


@lru_cache(maxsize=1)
def _loaded_with() -> str:
    """The limit that held when this was first asked: BLAS reads the environment as it loads."""
    return os.environ[VARIABLES[0]]
