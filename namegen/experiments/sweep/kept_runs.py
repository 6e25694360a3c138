"""The runs of a sweep that have ended: how they are kept, and found again by sweeps with other axes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from namegen.documents import to_plain
from namegen.experiments.kept import KeptStore
from namegen.experiments.sweep.exchange import DIVERGED, RunAnswer, RunOutcome, Trained, read_run_outcome
from namegen.experiments.sweep.grid import SweepRun
from namegen.files import write_whole

KEPT_RUNS, MODEL_SUFFIX = "runs", ".safetensors"


@dataclass(frozen=True)
class EndedRun:
    """What has come of a run.

    Attributes:
        name: of its files, without an ending.
        outcome: its figures, or why there are none.
        commit: of the checkout that the sweep ran from; None for an installed namegen.
    """

    name: str
    outcome: RunOutcome
    commit: str | None

    @property
    def model(self) -> str | None:
        """Its network, from the folder of the sweep; None without one."""
        return f"{KEPT_RUNS}/{self.name}{MODEL_SUFFIX}" if isinstance(self.outcome, Trained) else None


def read_kept(store: KeptStore, runs: Iterable[SweepRun]) -> dict[str, EndedRun]:
    """The outcomes of earlier sweeps, whatever their axes were; a run whose network is gone is made again."""
    found: dict[str, EndedRun] = {}
    for run in runs:
        kept = store.find(run.key)
        if kept is None:
            continue
        try:
            found[run.key] = EndedRun(kept.name, read_run_outcome(kept.result), kept.commit)
        except ValueError:  # of another form, as a later namegen may write it
            continue
    return found


def keep(store: KeptStore, run: SweepRun, answer: RunAnswer) -> EndedRun:
    """Write a run that has ended for good; others are tried again by the next sweep."""
    outcome = answer.outcome
    about = {"label": run.label, "settings": run.settings}
    if answer.model is not None:
        write_whole(store.folder / f"{run.file}{MODEL_SUFFIX}", answer.model)
        store.keep(run.file, to_plain(outcome), about=about, beside=MODEL_SUFFIX)
    elif outcome.status == DIVERGED:
        store.keep(run.file, to_plain(outcome), about=about)
    return EndedRun(run.file, outcome, store.commit)
