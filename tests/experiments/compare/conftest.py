"""Fixtures and helpers for a finished comparison, whose results are in ``docs/results/original.md``."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from namegen.documents import from_plain
from namegen.experiments.compare.document import Comparison, HeldOutGroups, ListEntry, Parts

RESULTS = Path(__file__).parents[3] / "docs" / "results" / "results.json"
GROUPS = 64


@pytest.fixture(scope="session")
def comparison() -> Comparison:
    """Return a comparison with two lists, two splits, three seeds and five rounds."""
    return from_plain(Comparison, json.loads(RESULTS.read_text(encoding="utf-8")))


def groups(
    nats: np.ndarray, characters: np.ndarray, hits: np.ndarray | None = None
) -> HeldOutGroups:
    """Make the sums for groups of held-out names."""
    hits = np.zeros(len(nats), int) if hits is None else hits
    columns = (characters.astype(int), nats, hits, 0.4 * characters)
    return HeldOutGroups(*(tuple(column.tolist()) for column in columns))


def with_losses(entry: ListEntry, losses: dict[str, float], *splits: str) -> ListEntry:
    """Set the losses of a list's networks in the given splits, or in all splits.

    ``losses`` contains the differences from the n-gram's loss, by network. The default is 0.
    """
    rng, characters = np.random.default_rng(0), np.full(GROUPS, 100)
    ngram = characters * (2 + 0.1 * rng.standard_normal(GROUPS))
    references, trainings = [], []
    for one in entry.references:
        part = one.parts.held_out
        baseline = replace(part.baseline, loss_nats_per_char=2.0)
        held_out = replace(part, baseline=baseline, baseline_groups=groups(ngram, characters))
        references.append(replace(one, parts=Parts(one.parts.training, held_out, one.parts.whole)))
    for run in entry.trainings:
        moved = losses.get(run.network, 0.0) if run.split in splits or not splits else 0.0
        own = groups(ngram + characters * (moved + 0.001 * rng.standard_normal(GROUPS)), characters)
        held_out_ = replace(run.figures.held_out, loss_nats_per_char=2.0 + moved)
        figures = replace(run.figures, held_out=held_out_)
        trainings.append(replace(run, held_out_groups=own, figures=figures))
    return replace(entry, references=tuple(references), trainings=tuple(trainings))


def judged(entry: ListEntry, pairs: float | None = 60.0) -> ListEntry:
    """Set the judge's results, including the percentage of plausible names among random letter pairs."""
    first, *others = entry.references
    drawn = first.ngram_names["ngram"]
    some = None if pairs is None else 85.0
    counting = {
        "ngram": replace(drawn, new_percent=15.0, plausible_percent=some, new_names=("Zed", "Zod")),
        "chain": replace(drawn, new_percent=4.0, plausible_percent=some),
        "pairs": replace(drawn, new_percent=88.0, plausible_percent=pairs),
    }
    generation = [
        replace(
            one,
            algorithms={
                name: replace(
                    result,
                    new_percent=44.0,
                    plausible_percent=some and 77.0,
                    new_names=("Ann", "Ben"),
                )
                for name, result in one.algorithms.items()
            },
        )
        for one in entry.generation
    ]
    first = replace(first, ngram_names=counting, judge_names=1_701)  # type: ignore[arg-type]
    return replace(entry, references=(first, *others), generation=tuple(generation))
