"""The document of ``results.json``: every figure of a comparison, in the order in which a report tells them.

``docs/comparison.md`` explains it, ``schema.json`` is its schema.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

from namegen.backends import engine_paths
from namegen.core.data.corpus import Corpus
from namegen.experiments.compare.plan import (
    GENERATED_NAMES,
    LIKE_FOR_LIKE,
    NETWORKS,
    ORIGINALS,
    QUICK_EPOCHS,
    THREADS,
    VALIDATION,
    Measurement,
    Outcome,
    Scope,
)
from namegen.experiments.machine import commit, machine, versions

FORMAT_VERSION = 1
CURVES = ("training_loss_nats_per_char", "validation_loss_nats_per_char")


def make_results(corpora: list[Corpus], scope: Scope, outcome: Outcome) -> dict[str, Any]:
    """Put the measurements of a plan in order."""
    labels = {measurement.key: measurement.label for measurement in outcome.plan}
    commits = {figures["commit"] for figures in outcome.figures.values()} | {commit()}
    return {
        "format": "namegen comparison",
        "format_version": FORMAT_VERSION,
        "quick": scope.quick,
        "seeds": list(range(scope.seeds)),
        "threads": THREADS,
        "validation": VALIDATION,
        "generated_names": GENERATED_NAMES,
        "quick_epochs": QUICK_EPOCHS if scope.quick else None,
        "engines": list(engine_paths()),
        "machine": machine(),
        "versions": versions(),
        "commits": sorted(filter(None, commits)),
        "missing": _troubles(outcome.missing),
        "left_out": _troubles({labels[key]: why for key, why in outcome.left_out.items()}),
        "failed": _troubles({labels[key]: why for key, why in outcome.failed.items()}),
        "lists": [_list(corpus, outcome) for corpus in dict.fromkeys(corpora)],
    }


def _troubles(found: dict[str, str]) -> list[dict[str, str]]:
    return [{"what": what, "why": why} for what, why in found.items()]


def _list(corpus: Corpus, outcome: Outcome) -> dict[str, Any]:
    mine = [
        (measurement, outcome.figures[measurement.key])
        for measurement in outcome.plan
        if measurement.corpus.fingerprint == corpus.fingerprint and measurement.key in outcome.figures
    ]
    facts = next((_plain(figures) for measurement, figures in mine if measurement.kind == "list"), None)
    return {
        "name": corpus.source,
        "fingerprint": corpus.fingerprint,
        "facts": facts,
        "references": [
            {**measurement.subject, **_plain(figures)}
            for measurement, figures in mine
            if measurement.kind == "reference"
        ],
        "trainings": [_training(*one) for one in mine if one[0].kind == "training"],
        "like_for_like": list(_like_for_like(mine)),
        "exported": next((_plain(figures) for measurement, figures in mine if measurement.kind == "export"), None),
        "generation": [
            {"network": measurement.about["network"], "model": measurement.about["model"]}
            | {"engine": measurement.engine, "seed": measurement.subject["seed"], **_plain(figures)}
            for measurement, figures in mine
            if measurement.kind == "generation"
        ],
    }


def _plain(figures: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in figures.items() if name != "commit"}


def _training(measurement: Measurement, figures: dict[str, Any]) -> dict[str, Any]:
    about = measurement.about
    return {
        "network": about["network"],
        "engine": measurement.engine,
        "split": about["split"],
        "seed": about["seed"],
        "roles": about["roles"],
        "config": measurement.subject["config"],
        **_plain(figures),
    }


def _like_for_like(mine: list[tuple[Measurement, dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    """For each network, how far the loss curves of any two engines are apart at most, and where."""
    for network in LIKE_FOR_LIKE:
        runs = {
            measurement.engine: figures["history"]
            for measurement, figures in mine
            if measurement.kind == "training"
            and "like_for_like" in measurement.about["roles"]
            and measurement.about["network"] == network
        }
        distances = [
            {"engines": [one, other], "curve": curve, "epoch": epoch, "distance_nats": abs(left - right)}
            for one, other in combinations(runs, 2)
            for curve in CURVES
            for epoch, (left, right) in enumerate(zip(runs[one][curve], runs[other][curve], strict=False), start=1)
        ]
        largest = max(distances, key=lambda found: float(str(found["distance_nats"])), default=None)
        yield {"network": network, "engines": list(runs), "largest_distance": largest}


def network_order(name: str) -> int:
    """Where a network stands in every table."""
    names = [*NETWORKS, *ORIGINALS]
    return names.index(name) if name in names else len(names)
