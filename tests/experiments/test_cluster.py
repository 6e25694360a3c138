"""Test the code for a dask cluster without a real cluster. ``tests/cli/test_sweep.py`` starts a real one."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from namegen.children import Job
from namegen.errors import EngineError, TrainingError
from namegen.experiments.cluster import Cluster, make_job
from namegen.experiments.machine import training_codes
from tests.requirements import require

PART = Job("tests.test_children:work", {"do": "answer", "number": 4, "x": "", "steps": 1})


def test_without_dask_the_error_explains_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(EngineError, match=r"dask needs distributed.*pip install 'distributed>="):
        Cluster("tcp://127.0.0.1:9", ["numpy"])


class Worker:
    """A fake dask worker whose task has a given state."""

    address = "tcp://there"

    def __init__(self, state: str | None) -> None:
        self.state = SimpleNamespace(
            tasks={} if state is None else {"key": SimpleNamespace(state=state)}
        )
        self.events: list[Any] = []

    def get_current_task(self) -> str:
        return "key"

    def log_event(self, topic: str, event: Any) -> None:
        self.events.append(event)


@pytest.fixture
def worker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Worker:
    require("distributed")
    found = Worker(getattr(request, "param", "executing"))
    monkeypatch.setattr("distributed.get_worker", lambda: found)
    return found


def test_a_worker_runs_a_job_and_reports_progress(worker: Worker) -> None:
    found = make_job(PART, training_codes(["numpy"]))
    assert found == {"answer": {"twice": 8, "threads": "1", "length": 0}, "trouble": ""}
    assert worker.events == [("key", (1, 1))]


@pytest.mark.parametrize("worker", ["cancelled", None], indirect=True)
def test_a_job_whose_result_is_not_needed_is_stopped(worker: Worker) -> None:
    with pytest.raises(TrainingError):
        make_job(PART, training_codes(["numpy"]))


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    "codes", [{"numpy": "of yesterday"}, {**training_codes(["numpy"]), "fast": "1-a"}]
)
def test_a_worker_with_another_version_is_rejected(codes: dict[str, str]) -> None:
    with pytest.raises(EngineError, match="the worker at tcp://there has another version"):
        make_job(PART, codes)
