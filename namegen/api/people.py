"""Invent people, using a model of given names and a model of family names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from namegen.api.model import LoadedModel, load, load_shipped
from namegen.api.name_parts import make_part_of_name, returning_list
from namegen.core.data.label_parts import parts_of, refuse_several, unknown_label
from namegen.core.data.list_formats import join_parts, split_parts
from namegen.core.generation.request import GenerationRequest
from namegen.core.people.families import ALSO_NAMED_LIKE
from namegen.core.people.names import Gender, Kind, Origin
from namegen.core.people.people import PeopleInventor
from namegen.core.people.person import Person
from namegen.core.settings import GENDERS, SOURCES, Checked, Count, one_of
from namegen.errors import SettingsError, quote, setting, shown
from namegen.events import ProgressCallback, ignore_progress

GIVEN = "world-given"
FAMILY = "world-family"


@dataclass(frozen=True)
class PeopleOptions(Checked):
    """The options of people that have ranges; ``generate_people_batches`` explains them."""

    gender: Annotated[str, one_of(GENDERS)] | None
    household: Count | None
    given: Annotated[str, one_of(SOURCES)] | None
    family: Annotated[str, one_of(SOURCES)] | None


def generate_people_batches(
    n: int = 25,
    *,
    origins: str | Sequence[str] = (),
    gender: str | None = None,
    household: int | None = None,
    given: str | None = None,
    family: str | None = None,
    given_model: LoadedModel | str | Path | None = None,
    family_model: LoadedModel | str | Path | None = None,
    given_constraints: Mapping[str, Any] | None = None,
    family_constraints: Mapping[str, Any] | None = None,
    on_progress: ProgressCallback = ignore_progress,
    **options: Any,
) -> Iterator[list[Person]]:
    """Invent people in batches, so that memory use stays constant for any ``n``.

    Args:
        n: how many people to return.
        origins: labels that both models know, such as ``Italian``. By default, all labels that the models share are
            equally likely. A model without labels is used for every origin of the other model. Half of the Irish
            households have an English family name, because few people write their family name in Irish.
        gender: ``female`` or ``male``. The default is both, if the labels of given names include genders.
        household: how many consecutive people share an origin and a family name. The last household may be smaller.
        given: ``real`` for given names from the model's list, ``new`` for names that aren't in it, or ``any``. The
            default is ``real`` for built-in lists, and ``any`` for all others.
        family: ``real``, ``new`` or ``any`` for family names. The default is ``new``.
        given_model: the model of given names, or anything that ``load`` accepts. The default is ``world-given``.
        family_model: the model of family names. The default is ``world-family``.
        given_constraints: options of ``GenerationRequest`` for given names only, such as ``{"max_length": 9}``.
        family_constraints: options for family names only. If men and women have different forms of family names, the
            constraints apply to the men's forms.
        on_progress: called with events that report the progress of the search (``namegen.events``).
        options: options of ``GenerationRequest`` for both names, such as ``seed``, ``temperature``, ``unfiltered``,
            ``letter_case`` and ``allow_profanity``.

    Raises:
        CheckpointError: immediately, if a model can't be loaded.
        SettingsError: immediately, if a value is wrong or constraints contradict each other.
        GenerationError: after the last batch, if there are fewer than ``n`` people.

    >>> [[person]] = generate_people_batches(1, origins=["Finnish"], seed=1)
    >>> person.origin
    'Finnish'
    """
    request = GenerationRequest(n=n, **options)
    PeopleOptions(gender, household, given, family)  # checks them
    given_names = _open(given_model, GIVEN)
    family_names = _open(family_model, FAMILY)
    known_genders = _genders_by_origin(family_names)
    used_origins = _find_origins(given_names, family_names, origins)
    # The origins of family names are usually those of the people. With the built-in model, however, Irish people can
    # also have English family names.
    family_origins: dict[Origin, list[Origin]] = {origin: [origin] for origin in used_origins}
    if family_names.list_name == FAMILY:
        for people_origin, name_origin in ALSO_NAMED_LIKE.items():
            if people_origin in family_origins and name_origin in known_genders:
                family_origins[people_origin].append(name_origin)
    # If the family names of an origin have forms for men and women, the forms for men are generated.
    family_labels: dict[Kind, str] = {}
    has_mens_forms = False
    for origin in chain.from_iterable(family_origins.values()):
        has_forms = not known_genders[origin].isdisjoint({"male", ""})
        has_mens_forms = has_mens_forms or has_forms
        family_labels[Kind(origin)] = _label(family_names, origin, "male" if has_forms else None)
    given_part = make_part_of_name(
        "given",
        given_names,
        request,
        source=given,
        constraints=given_constraints,
        labels=_given_labels(given_names, used_origins, gender),
    )
    family_part = make_part_of_name(
        "family",
        family_names,
        request,
        source=family or "new",
        constraints=family_constraints,
        labels=family_labels,
    )
    inventor = PeopleInventor(
        given=given_part,
        family=family_part,
        household=household or 1,
        forms=has_mens_forms,
        family_origins=family_origins,
    )
    rng = np.random.default_rng(request.seed)
    batches = inventor.generate(request.n, rng=rng, on_progress=on_progress)
    return ([person.in_case(request.letter_case) for person in batch] for batch in batches)


generate_people = returning_list(generate_people_batches)


def people_origins(origins: str | Sequence[str] = ()) -> list[str]:
    """Return the requested origins of people. The default is all origins that both built-in models know.

    Raises:
        SettingsError: a model doesn't know an origin.

    >>> people_origins("finnish")
    ['Finnish']
    """
    known = _find_origins(load_shipped(GIVEN), load_shipped(FAMILY), origins)
    return [origin for origin in known if origin is not None]


def _open(model: LoadedModel | str | Path | None, default: str) -> LoadedModel:
    """Load a model unless it's already loaded. None means the default built-in model."""
    if model is None:
        return load_shipped(default)
    return model if isinstance(model, LoadedModel) else load(model)


def _find_origins(
    given: LoadedModel, family: LoadedModel, requested: str | Sequence[str]
) -> list[Origin]:
    """Return the requested origins, or by default all origins that both models know.

    A model without labels can be combined with any origin. If neither model has labels, the result is [None].
    """
    if not isinstance(requested, Iterable):
        raise SettingsError(
            f"{setting('origins')} is {shown(requested)}: expected one label or a list of labels"
        )
    requested = [requested] if isinstance(requested, str) else list(requested)
    known = [_genders_by_origin(model).keys() for model in (given, family) if model.labels]
    if not known:
        if requested:
            raise SettingsError(f"{given.name} has no labels: omit {setting('origins')}")
        return [None]
    common = [
        origin
        for origin in known[0]
        if origin is not None and all(origin in origins for origins in known)
    ]
    if not common:
        raise SettingsError(
            f"{given.name} and {family.name} have no label in common: choose models with the same labels "
            f"({setting('given_model')}, {setting('family_model')})"
        )
    origin_of = {origin.casefold(): origin for origin in common}
    chosen: list[Origin] = []
    for name in map(str, requested):
        if name.casefold() not in origin_of:
            # The first of these checks that finds the reason raises an error.
            for model, other, role in ((given, family, "family"), (family, given, "given")):
                if name.casefold() in {str(one).casefold() for one in _genders_by_origin(model)}:
                    raise SettingsError(
                        f"{other.name} has no {role} names of origin {quote(name, 60)}: choose another origin or model"
                    )
            refuse_several("origins", name, common)
            listing = "`namegen models` lists all origins" if given.name == GIVEN else ""
            raise unknown_label("origins", name, common, given.name, listing=listing)
        chosen.append(origin_of[name.casefold()])
    return list(dict.fromkeys(chosen or common))


def _given_labels(
    model: LoadedModel, origins: Sequence[Origin], gender: str | None
) -> dict[Kind, str]:
    """Return the label of the given names for each origin and gender of people."""
    genders_by_origin = _genders_by_origin(model)
    labels: dict[Kind, str] = {}
    for origin in origins:
        known = genders_by_origin.get(origin, {None})
        has_unisex_names = "" in known
        genders: list[Gender] = [one for one in GENDERS if one in known or has_unisex_names]
        for person_gender in genders or [None]:
            if gender in (None, person_gender):
                labels[Kind(origin, person_gender)] = _label(model, origin, person_gender)
    if not labels:
        raise SettingsError(
            f"{model.name} has no given names of {setting('gender')} {quote(str(gender), 60)}: "
            f"use one of {', '.join(GENDERS)}, and origins with such names"
        )
    return labels


def _genders_by_origin(model: LoadedModel) -> dict[Origin, set[Gender]]:
    """Return the genders in the labels of each origin, ignoring labels without training names.

    A gender is one of GENDERS, "" for names of both genders, or None if the labels have no genders.
    """
    genders: dict[Origin, set[Gender]] = defaultdict(set)
    have_genders = all(
        len(parts) == 2 and parts[1] in ("", *GENDERS) for parts in parts_of(model.labels)
    )
    for label, share in zip(model.labels, model.start_tokens.shares, strict=False):
        if share and have_genders:
            origin, gender = split_parts(label)
            genders[origin].add(gender)
        elif share:
            genders[label].add(None)
    return genders


def _label(model: LoadedModel, origin: Origin, gender: Gender) -> str:
    """Return a label of a model, or an empty string if the model or the origin has no labels."""
    if not model.labels or origin is None:
        return ""
    return origin if gender is None else join_parts([origin, gender])
