"""Make the source of one part of whole names from a model: given or family names, first or last names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from namegen.api.model import LoadedModel
from namegen.constraints import PartConstraints, make_constraints
from namegen.core.data.label_parts import meant_labels
from namegen.core.generation.generator import Generator
from namegen.core.generation.name_source import Kind, PartOfName
from namegen.core.generation.sampling import SamplingSettings
from namegen.core.settings import SOURCES
from namegen.errors import SettingsError, of_part, setting, shown
from namegen.lists import BUNDLED, load_bundled


@dataclass(frozen=True)
class DrawOptions:
    """Options for all parts of the names."""

    temperature: float | None  # None: 1
    unfiltered: bool  # whether new names are drawn from the model's own distribution
    allow_profanity: bool  # whether names may contain profanity; constraints take precedence


def make_part(
    role: str,
    model: LoadedModel,
    *,
    source: str | None,
    constraints: PartConstraints | None,
    labels: Mapping[Kind, str],
    options: DrawOptions,
) -> PartOfName:
    """Make the source of one part of whole names.

    Args:
        role: the part, such as ``given``; the first word of its settings.
        model: draws the names.
        source: ``real`` names of the model's list, ``new`` ones, or ``any``. None: real names if the list is bundled
            with namegen, else any.
        constraints: conditions that the names satisfy.
        labels: the label of each kind of names; "" for all names of the model.
        options: see ``DrawOptions``.

    Raises:
        SettingsError: a value is wrong, or constraints contradict each other.
    """
    _check_constraints(role, constraints)
    is_bundled = model.list_name in BUNDLED
    source = source or ("real" if is_bundled else "any")
    _check_source(role, source, model)
    values: dict[str, Any] = {"allow_profanity": options.allow_profanity, **(constraints or {})}
    max_length = values.pop("max_length", None)
    with of_part(role):
        constraint_list = make_constraints(model.list_name, model.normalization, **values)
    sampling = SamplingSettings(
        temperature=1.0 if options.temperature is None else options.temperature,
        max_length=model.longest(
            max_length, constraint_list, unfiltered=options.unfiltered or source == "real"
        ),
    )

    def generator_of(*requested: str) -> Generator:
        restricted = model.for_labels(*filter(None, requested))
        return restricted.generator if options.unfiltered else restricted.filtering_generator

    return PartOfName(
        role=role,
        listed=_listed_names(str(model.list_name), labels) if source == "real" else None,
        generators={kind: generator_of(label) for kind, label in labels.items()},
        any_origin=generator_of(*labels.values()),
        sampling=sampling,
        constraints=constraint_list,
        allow_seen=source == "any",
        unfiltered=options.unfiltered,
    )


def _check_constraints(role: str, constraints: object) -> None:
    if not isinstance(constraints, Mapping | None):
        raise SettingsError(
            f"{setting(f'{role}_constraints')} is {shown(constraints)}: expected a dict, such as {{'max_length': 9}}"
        )


def _check_source(role: str, source: str, model: LoadedModel) -> None:
    if source not in SOURCES:
        raise SettingsError(
            f"{setting(role)} is {shown(source)}: expected one of {', '.join(SOURCES)}"
        )
    if source == "real" and model.list_name not in BUNDLED:
        raise SettingsError(
            f"{model.name} doesn't include its list, so its real names are unknown: use {setting(role, 'any')}"
        )


def _listed_names(list_name: str, labels: Mapping[Kind, str]) -> dict[Kind, list[str]]:
    """The names of a bundled list for each kind."""
    names_by_label = _names_by_label(list_name)
    all_labels = list(names_by_label)
    listed: dict[Kind, list[str]] = {}
    for kind, label in labels.items():
        indexes = meant_labels(label, all_labels) if label else range(len(all_labels))
        listed[kind] = []
        for index in indexes:
            listed[kind] += names_by_label[all_labels[index]]
    return listed


@cache  # reading a list takes longer than inventing a few people
def _names_by_label(list_name: str) -> dict[str, list[str]]:
    corpus = load_bundled(list_name)
    labels = corpus.labels or [""] * len(corpus.names)
    names: dict[str, list[str]] = defaultdict(list)
    for name, label in zip(corpus.names, labels, strict=True):
        names[label].append(name)
    return names
