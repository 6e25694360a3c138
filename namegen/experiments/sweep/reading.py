"""Reads the document of a sweep's ``results.json``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import starmap

from namegen.documents import UNSET, from_plain
from namegen.errors import quote
from namegen.experiments.engine_code import EngineCode
from namegen.experiments.sweep.document import Results, ResultsHead, Run, TrainedRun, UntrainedRun
from namegen.experiments.sweep.exchange import DONE


def results_from_plain(plain: Mapping[str, object]) -> Results:
    """The document of a sweep from plain values. Raises ValueError: it has another form, or does not fit together."""
    runs = plain.get("runs")
    if not isinstance(runs, list):
        raise ValueError("Expected `array` - at `$.runs`")
    codes = plain.get("engine_codes", {})
    if not isinstance(codes, dict):
        raise ValueError("Expected `object` - at `$.engine_codes`")
    head = from_plain(ResultsHead, {key: value for key, value in plain.items() if key not in ("runs", "engine_codes")})
    results = Results(
        **vars(head),
        runs=tuple(starmap(_run, enumerate(runs))),
        engine_codes={name: from_plain(EngineCode, code) for name, code in codes.items()} or UNSET,
    )
    _check_together(results)
    return results


def _run(place: int, plain: object) -> Run:
    """A run of either kind, told apart by its status."""
    done = isinstance(plain, dict) and plain.get("status") == DONE
    try:
        return from_plain(TrainedRun, plain) if done else from_plain(UntrainedRun, plain)
    except ValueError as error:
        raise ValueError(f"{error} of `$.runs[{place}]`") from None


def _check_together(results: Results) -> None:
    """Raise ValueError for runs that are sound one by one and that no sweep leaves together."""
    counts = Counter((run.run, run.list) for run in results.runs)
    twice = next((run for (run, _), count in counts.items() if count > 1), None)
    if twice is not None:
        raise ValueError(f"the run {quote(twice)} stands twice")
    for run in results.runs:
        if set(run.settings) != set(results.axes):
            raise ValueError(f"the run {quote(run.run)} has other settings than the axes of the sweep")
        if isinstance(run, TrainedRun):
            lengths = {len(column) for column in vars(run.history).values()}
            if len(lengths) > 1:
                raise ValueError(f"the columns of the history of the run {quote(run.run)} have different lengths")
