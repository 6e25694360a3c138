"""What long commands have kept, and results that are read back: JSON of any content, with a checksum that fits."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from namegen.documents import from_plain, read_json, to_plain
from namegen.experiments.compare.tables.__main__ import main
from namegen.experiments.kept import KeptStore
from namegen.experiments.sweep.document import Trained, TrainedRun, read_run_outcome
from tests.experiments.sweep.made import trained_run
from tests.harm.attack import attack, shapes_unchecked
from tests.harm.effort import tries
from tests.harm.forging import Random, forged_bytes, forged_document

RESULTS = Path(__file__).parents[2] / "docs" / "results" / "results.json"
KEY = "81d3f0c2a1b7"


def random(seed: int) -> Random:
    """The numbers of one attempt."""
    return np.random.default_rng([22, seed])


def outcome() -> dict[str, Any]:
    """What is kept of a run of a sweep."""
    run = to_plain(trained_run(0.01, 0, 0.5))
    return {name: value for name, value in run.items() if name in Trained.__dataclass_fields__}


def test_kept_measurements(tmp_path: Path) -> None:
    """One that is damaged does not count, and no error comes of it."""
    store = KeptStore(tmp_path)
    store.keep(f"rate-{KEY}", outcome(), about={"label": "rate"})
    path = tmp_path / f"rate-{KEY}.json"
    sound, document = path.read_bytes(), read_json(path.read_bytes())
    kept = store.find(KEY)
    assert kept is not None
    assert read_run_outcome(kept.result).status == "done"

    def call(seed: int) -> None:
        rng = random(seed)
        if seed % 3 == 0:
            path.write_bytes(forged_bytes(sound, rng))
        elif seed % 3 == 1:
            path.write_text(dumped(forged_document(document, rng)), encoding="utf-8")
        else:
            try:
                store.keep(f"rate-{KEY}", forged_document(outcome(), rng), about={})
            except (ValueError, RecursionError):  # what no writer writes
                return
        found = KeptStore(tmp_path).find(KEY)
        told = ""
        if found is not None:
            try:
                to_plain(read_run_outcome(found.result))
            except ValueError as error:  # what read_kept passes over
                told = str(error)
        assert len(told) < 2000, told[:200]

    attack(call, range(tries(few=15, landing=200, hour=5_000)))


def test_results_of_a_comparison(tmp_path: Path) -> None:
    """The tables are printed, or one line says why not."""
    path = tmp_path / "results.json"
    sound = RESULTS.read_bytes()
    document = read_json(sound)

    def call(seed: int) -> None:
        shapes_unchecked()
        rng = random(seed)
        if seed % 2:
            path.write_bytes(forged_bytes(sound, rng))
        else:
            path.write_text(dumped(forged_document(document, rng)), encoding="utf-8")
        said, code = io.StringIO(), 0
        try:
            with contextlib.redirect_stderr(said):
                main([str(path)])
        except SystemExit as ended:  # argparse's way of refusing
            code = int(ended.code or 0)
        assert code in (0, 2)
        assert len(said.getvalue()) < 3000, said.getvalue()[:200]

    attack(call, range(tries(few=2, landing=20, hour=500)))


def test_results_of_a_sweep() -> None:
    document = to_plain(trained_run(0.01, 0, 0.5))

    def call(seed: int) -> None:
        told = ""
        try:
            from_plain(TrainedRun, read_json(dumped(forged_document(document, random(seed)))))
        except ValueError as error:
            told = str(error)
        assert len(told) < 2000, told[:200]

    attack(call, range(tries(few=15, landing=200, hour=5_000)))


def dumped(document: object) -> str:
    """As JSON, also where Python's own writer does not go so deep."""
    try:
        return json.dumps(document)
    except RecursionError:
        return '{"a":' * 10_000
