"""Reads the document of a sweep's ``results.json``."""

from __future__ import annotations

from collections.abc import Mapping

from namegen.documents import UNSET, from_plain
from namegen.experiments.engine_code import EngineCode
from namegen.experiments.sweep.document import Results, ResultsHead, Run, TrainedRun, UntrainedRun
from namegen.experiments.sweep.exchange import DONE


def results_from_plain(plain: Mapping[str, object]) -> Results:
    """The document of a sweep from plain values. Raises ValueError: it has another form."""
    runs = plain.get("runs")
    if not isinstance(runs, list):
        raise ValueError("Expected `array` - at `$.runs`")
    codes = plain.get("engine_codes", {})
    if not isinstance(codes, dict):
        raise ValueError("Expected `object` - at `$.engine_codes`")
    head = from_plain(ResultsHead, {key: value for key, value in plain.items() if key not in ("runs", "engine_codes")})
    return Results(
        **vars(head),
        runs=tuple(map(_run, runs)),
        engine_codes={name: from_plain(EngineCode, code) for name, code in codes.items()} or UNSET,
    )


def _run(plain: object) -> Run:
    """A run of either kind, told apart by its status."""
    done = isinstance(plain, dict) and plain.get("status") == DONE
    return from_plain(TrainedRun, plain) if done else from_plain(UntrainedRun, plain)
