"""A pytest plugin: writes how long each test lasted, fixtures and all, a line of JSON each, for ``mutants_tests``."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from pathlib import Path

import pytest

_seconds: defaultdict[str, float] = defaultdict(float)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add a phase of a test; with several processes, in the one that gathers them."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    _seconds[report.nodeid] += report.duration
    if report.when == "teardown":
        with Path(os.environ["NAMEGEN_SECONDS"]).open("a") as out:
            out.write(json.dumps([report.nodeid, round(_seconds.pop(report.nodeid), 4)]) + "\n")
