"""Documents of the second edition, made of one of the first: with sums over groups, and with names of counting."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from namegen.experiments.compare.document import Comparison, ListEntry
from namegen.experiments.compare.measurements import Counting, HeldOutGroups, NameFigures, Parts

GROUPS = 64


def groups(nats: np.ndarray, characters: np.ndarray, hits: np.ndarray | None = None) -> HeldOutGroups:
    """Sums over groups."""
    hits = np.zeros(len(nats), int) if hits is None else hits
    columns = (characters.astype(int), nats, hits, 0.4 * characters)
    return HeldOutGroups(*(tuple(column.tolist()) for column in columns))


def with_groups(comparison: Comparison, better: float = 0.05) -> ListEntry:
    """A list whose LSTM has a loss that much below counting's, and whose other networks have that of counting."""
    entry = comparison.lists[0]
    rng, characters = np.random.default_rng(0), np.full(GROUPS, 100)
    counting = characters * (2 + 0.1 * rng.standard_normal(GROUPS))
    references = []
    for one in entry.references:
        held_out = replace(one.parts.held_out, baseline_groups=groups(counting, characters))
        references.append(replace(one, parts=Parts(one.parts.training, held_out, one.parts.whole)))
    trainings = []
    for run in entry.trainings:
        moved = (-better if run.network == "LSTM 2×32" else 0) + 0.001 * rng.standard_normal(GROUPS)
        own = groups(counting + characters * moved, characters)
        config = {**run.config, "data": {**run.config["data"], "split_seed": 0}}  # type: ignore[dict-item]
        trainings.append(replace(run, held_out_groups=own, config=config))
    first = tuple(one for one in references if one.seed == 0)  # the split is held
    return replace(entry, references=first, trainings=tuple(trainings))


def with_names(comparison: Comparison, pairs: float | None = 60.0) -> ListEntry:
    """A list whose networks' names are judged; so much of what pairs of letters make is plausible."""
    entry = comparison.lists[0]
    generation = []
    for one in entry.generation:
        judged = {
            name: replace(found, new_percent=44.0, plausible_percent=None if pairs is None else 77.0)
            for name, found in one.algorithms.items()
        }
        generation.append(replace(one, algorithms=judged))
    figures = next(iter(entry.generation[0].algorithms.values()))
    drawn = NameFigures(**{field.name: getattr(figures, field.name) for field in fields(NameFigures)})
    some = None if pairs is None else 85.0
    counting: dict[Counting, NameFigures] = {
        "ngram": replace(drawn, new_percent=15.0, plausible_percent=some),
        "chain": replace(drawn, new_percent=4.0, plausible_percent=some),
        "pairs": replace(drawn, new_percent=88.0, plausible_percent=pairs),
    }
    first, *others = entry.references
    first = replace(first, counting_names=counting, judge_names=1_701)
    return replace(entry, references=(first, *others), generation=tuple(generation))
