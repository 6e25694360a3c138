"""That an engine honours ``threads``, as far as it can be seen without measuring times."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import PurePath

from threadpoolctl import threadpool_info, threadpool_limits

from namegen.core.engine import EngineClass
from namegen.testing.comparisons import expect, expect_equal, expect_same
from namegen.testing.material import Kind, new_engine, small_steps
from namegen.types import Array


def check_threads(engine_class: EngineClass, kind: Kind) -> None:
    """It takes 1 thread and 2, gives the same bits for the same number, and asks its libraries for no more than 1.

    What is looked at are the thread pools that threadpoolctl sees of the libraries that the engine ``requires``, or of
    NumPy's BLAS for an engine that requires none: it calls ``namegen.threads.limit_threads``. A library that has no
    such pool is taken at its word.
    """
    for threads in (2, 1):  # the last one stays: whoever comes next in this process computes with it
        if threads == 1:
            threadpool_limits(2, user_api="blas")  # so that an engine that asks for nothing does not keep the 1 by luck
        losses, state = _trained(engine_class, kind, threads)
        other_losses, other_state = _trained(engine_class, kind, threads)
        expect_equal(other_losses, losses, f"a loss of an equal engine with threads={threads}")
        expect_same(other_state, state, f"an equal engine with threads={threads}")
    for pool in pools_of(engine_class.requires, threadpool_info()):
        name, found = pool["internal_api"], pool["num_threads"]
        expect(found == 1, f"an engine that was made with threads=1 leaves {name} with {found} threads: expected 1")


def _trained(engine_class: EngineClass, kind: Kind, threads: int) -> tuple[Array, dict[str, Array]]:
    """Losses and state of a new engine, which is gone afterwards: the next one may take over what it has compiled."""
    engine = new_engine(engine_class, kind, threads=threads)
    return engine.train_epoch(small_steps(3)).loss_sum, engine.get_state()


def pools_of(libraries: Iterable[str], pools: Iterable[Mapping[str, object]]) -> list[Mapping[str, object]]:
    """The thread pools that belong to some Python packages, by the folders that their files lie in.

    Args:
        libraries: names of packages; none means NumPy.
        pools: as ``threadpool_info`` lists them.
    """
    wanted = {f"{name}{ending}" for name in (tuple(libraries) or ("numpy",)) for ending in ("", ".libs")}
    found = []
    for pool in pools:
        parts = PurePath(str(pool["filepath"])).parts
        installed = [after for before, after in pairwise(parts) if before in ("site-packages", "dist-packages")]
        if wanted & set(installed[-1:]):
            found.append(pool)
    return found
