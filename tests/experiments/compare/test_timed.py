"""How fast an engine trains, the most memory, and whether the machine was quiet."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from namegen.core.data.corpus import Corpus
from namegen.experiments.compare import timed
from namegen.experiments.compare.measurements import Request, TimingResult, TimingSubject
from namegen.experiments.compare.timed import Watch, measure_timing, peak_memory_mib
from namegen.lists import load_bundled

NAMES = load_bundled("mlb-first").names[:1000]
linux = pytest.mark.skipif(not Path("/proc/stat").exists(), reason="another system does not say what others do")


def asked(engine: str = "numpy", large: int | None = 512) -> Request[TimingSubject]:
    config = {
        "data": {"validation": 0.2, "split": "names", "split_seed": 0},
        "network": {"cell": "simple_rnn", "hidden": [8]},
        "training": {"effort": "quick", "seed": 0, "epochs": 3, "batch_size": 32},
    }
    subject = TimingSubject(engine, config, round=1, large_batch=large)
    return Request("timing", subject, "x", NAMES, None, None, threads=1, started=time.time())


def test_an_engine_is_timed_with_both_batches_or_with_its_own() -> None:
    alone = measure_timing(asked(large=None))
    assert isinstance(alone, TimingResult)
    assert [one.batch_size for one in alone.batches] == [32]
    found = measure_timing(asked())
    assert isinstance(found, TimingResult)
    assert [one.batch_size for one in found.batches] == [32, 512]
    small, large = found.batches
    characters = {round(one.chars_per_second * one.seconds_per_epoch) for one in found.batches}
    assert len(characters) == 1, "an epoch has as many characters, whatever the batch"
    whole = sum(len(name) + 1 for name in Corpus(NAMES, source="x").names)
    assert 0.7 * whole < characters.pop() < 0.9 * whole  # four fifths of the list are trained on
    assert min(small.seconds_per_epoch, large.seconds_per_epoch) > 0
    assert found.start_up_seconds >= 0


@linux
def test_what_others_do_is_seen_and_what_we_do_is_not() -> None:
    with Watch() as own:
        end = time.process_time() + 0.6
        while time.process_time() < end:
            pass
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        with Watch() as beside:
            time.sleep(1.2)
    finally:
        busy.kill()
        busy.wait()
    assert own.quiet.other_cores is not None
    assert beside.quiet.other_cores is not None
    assert beside.quiet.other_cores > 0.4  # of a core, if several others want it too


@pytest.mark.parametrize(("system", "most"), [("Darwin", 3 * 2**20), ("FreeBSD", 3 * 2**10), ("Windows", None)])
def test_the_most_memory_is_told_by_every_system_in_its_own_unit(
    system: str, most: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = SimpleNamespace(RUSAGE_SELF=0, getrusage=lambda who: SimpleNamespace(ru_maxrss=most))
    monkeypatch.setitem(sys.modules, "resource", used if most else None)
    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr(timed, "Path", lambda path: tmp_path / "no proc")
    assert peak_memory_mib() == (3 if most else None)


def test_a_short_time_says_nothing_of_others() -> None:
    with Watch() as watch:
        pass
    assert watch.quiet.other_cores is None
    assert min(watch.quiet.control_seconds) > 0
