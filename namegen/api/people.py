"""Invent people, using a model of given names and a model of family names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from namegen.api.model import LoadedModel, check_types, load, load_shipped
from namegen.api.name_parts import DrawOptions, make_part_of_name, returning_list
from namegen.constraints import PartConstraints
from namegen.core.data.label_parts import parts_of, refuse_several, unknown_label
from namegen.core.data.list_formats import join_parts, split_parts
from namegen.core.generation.name_batch import check_letter_case
from namegen.core.generation.sampling import check_amount, check_count, random_numbers
from namegen.core.people.families import ALSO_NAMED_LIKE
from namegen.core.people.names import Gender, Kind, Origin
from namegen.core.people.people import PeopleInventor
from namegen.core.people.person import Person
from namegen.core.settings import GENDERS
from namegen.errors import SettingsError, quote, setting, shown
from namegen.events import ProgressCallback, ignore_progress

GIVEN = "world-given"
FAMILY = "world-family"


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
    given_constraints: PartConstraints | None = None,
    family_constraints: PartConstraints | None = None,
    seed: int | None = None,
    temperature: float | None = None,
    unfiltered: bool = False,
    letter_case: str | None = None,
    allow_profanity: bool = False,
    on_progress: ProgressCallback = ignore_progress,
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
        given_constraints: conditions that given names must satisfy; see ``namegen.constraints.PartConstraints``.
        family_constraints: conditions that family names must satisfy. If men and women have different forms of family
            names, the conditions apply to the men's forms.
        seed: the random seed. The same seed returns the same people.
        temperature: values below 1 favor likely characters. The default is 1.
        unfiltered: sample new names from the models' own distributions; see ``LoadedModel.generate``.
        letter_case: the letter case of the result; see ``LoadedModel.generate``.
        allow_profanity: allow names that contain profanity.
        on_progress: called with events that report the progress of the search (``namegen.events``).

    Raises:
        CheckpointError: immediately, if a model can't be loaded.
        SettingsError: immediately, if a value is wrong or constraints contradict each other.
        GenerationError: after the last batch, if there are fewer than ``n`` people.

    >>> [[person]] = generate_people_batches(1, origins=["Finnish"], seed=1)
    >>> person.origin
    'Finnish'
    """
    check_letter_case(letter_case)
    check_types(unfiltered=unfiltered)
    check_amount(n, "people")
    models = _Models(given=_open(given_model, GIVEN), family=_open(family_model, FAMILY))
    used_origins = models.find_origins(_as_sequence(origins))
    family_origins = models.family_origins(used_origins)
    name_origins = list(dict.fromkeys(chain.from_iterable(family_origins.values())))
    if household is None:
        household = 1
    check_count("household", household, 1)
    options = DrawOptions(
        temperature=temperature, unfiltered=unfiltered, allow_profanity=allow_profanity
    )
    given_part = make_part_of_name(
        "given",
        models.given,
        source=given,
        constraints=given_constraints,
        labels=models.given_labels(used_origins, gender),
        options=options,
    )
    family_part = make_part_of_name(
        "family",
        models.family,
        source=family or "new",
        constraints=family_constraints,
        labels=models.family_labels(name_origins),
        options=options,
    )
    inventor = PeopleInventor(
        given=given_part,
        family=family_part,
        household=household,
        forms=models.has_mens_forms(name_origins),
        family_origins=family_origins,
    )
    batches = inventor.generate(n, rng=random_numbers(seed), on_progress=on_progress)
    return ([person.in_case(letter_case) for person in batch] for batch in batches)


generate_people = returning_list(generate_people_batches)


def people_origins(origins: str | Sequence[str] = ()) -> list[str]:
    """Return the requested origins of people. The default is all origins that both built-in models know.

    Raises:
        SettingsError: a model doesn't know an origin.

    >>> people_origins("finnish")
    ['Finnish']
    """
    models = _Models(given=load_shipped(GIVEN), family=load_shipped(FAMILY))
    known = models.find_origins(_as_sequence(origins))
    return [origin for origin in known if origin is not None]


def _open(model: LoadedModel | str | Path | None, default: str) -> LoadedModel:
    """Load a model unless it's already loaded. None means the default built-in model."""
    if model is None:
        return load_shipped(default)
    if isinstance(model, LoadedModel):
        return model
    return load(model)


def _as_sequence(origins: str | Sequence[str]) -> Sequence[str]:
    """Return one or more origins as a sequence.

    Raises:
        SettingsError: the value is neither a string nor an iterable.
    """
    if not isinstance(origins, Iterable):
        raise SettingsError(
            f"{setting('origins')} is {shown(origins)}: expected one label or a list of labels"
        )
    return [origins] if isinstance(origins, str) else origins


@dataclass(frozen=True)
class _Models:
    """The models of given and family names, with the origins and genders that they know."""

    given: LoadedModel
    family: LoadedModel

    def find_origins(self, requested: Sequence[str]) -> list[Origin]:
        """Return the requested origins, or by default all origins that both models know.

        If neither model has labels, the result is [None].
        """
        if not self.given.labels and not self.family.labels:
            if requested:
                raise SettingsError(f"{self.given.name} has no labels: omit {setting('origins')}")
            return [None]
        common = self._common_origins()
        if not common:
            raise SettingsError(
                f"{self.given.name} and {self.family.name} have no label in common: choose models with the same "
                f"labels ({setting('given_model')}, {setting('family_model')})"
            )
        chosen = [self._find_origin(origin, common) for origin in requested]
        return list(dict.fromkeys(chosen or common))

    def _common_origins(self) -> list[str]:
        """Return the origins that both models know. A model without labels can be combined with any origin."""
        labelled_models = [model for model in (self.given, self.family) if model.labels]
        origins_by_model = [_genders_by_origin(model).keys() for model in labelled_models]
        common_origins: list[str] = []
        for origin in origins_by_model[0]:
            is_common = all(origin in origins for origins in origins_by_model)
            if origin is not None and is_common:
                common_origins.append(origin)
        return common_origins

    def _find_origin(self, requested: object, common: Sequence[str]) -> str:
        """Return the origin with this name that both models know, ignoring letter case."""
        name = str(requested)
        for origin in common:
            if origin.casefold() == name.casefold():
                return origin
        # The origin is unknown. The first of these checks that finds the reason raises an error.
        self._check_is_in_both(name)
        refuse_several("origins", name, common)
        is_built_in = self.given.name == GIVEN
        listing = "`namegen models` lists all origins" if is_built_in else ""
        raise unknown_label("origins", name, common, self.given.name, listing=listing)

    def _check_is_in_both(self, requested: str) -> None:
        """Raise SettingsError for an origin that only one of the models knows."""
        if _knows_origin(self.given, requested):
            raise _missing_origin(self.family, "family", requested)
        if _knows_origin(self.family, requested):
            raise _missing_origin(self.given, "given", requested)

    def given_labels(self, origins: Sequence[Origin], gender: str | None) -> dict[Kind, str]:
        """Return the label of the given names for each origin and gender."""
        genders_by_origin = _genders_by_origin(self.given)
        labels: dict[Kind, str] = {}
        for origin in origins:
            label_genders: set[Gender] = genders_by_origin.get(origin, {None})
            for person_gender in _people_genders(label_genders):
                is_requested = gender in (None, person_gender)
                if is_requested:
                    kind = Kind(origin, person_gender)
                    labels[kind] = _label(self.given, origin, person_gender)
        if not labels:
            raise SettingsError(
                f"{self.given.name} has no given names of {setting('gender')} {quote(str(gender), 60)}: "
                f"use one of {', '.join(GENDERS)}, and origins with such names"
            )
        return labels

    def family_origins(self, origins: Sequence[Origin]) -> dict[Origin, list[Origin]]:
        """For each origin, return the origins of its people's family names.

        They are usually the same. With the built-in model, however, Irish people can also have English family names.
        """
        is_built_in = self.family.list_name == FAMILY
        known_origins = _genders_by_origin(self.family)
        family_origins: dict[Origin, list[Origin]] = {}
        for origin in origins:
            family_origins[origin] = [origin]
            second_origin = ALSO_NAMED_LIKE.get(origin or "")
            if is_built_in and second_origin in known_origins:
                family_origins[origin].append(second_origin)
        return family_origins

    def family_labels(self, origins: Sequence[Origin]) -> dict[Kind, str]:
        """Return the label of the family names for each origin, or of men's forms if they have a separate label."""
        return {
            Kind(origin): _label(self.family, origin, gender)
            for origin, gender in self._family_genders(origins).items()
        }

    def has_mens_forms(self, origins: Sequence[Origin]) -> bool:
        """Return whether the family names of any of the origins have forms for men."""
        return any(self._family_genders(origins).values())

    def _family_genders(self, origins: Sequence[Origin]) -> dict[Origin, Gender]:
        """Return ``male`` for each origin whose family names have a form for men, and None for other origins."""
        genders_by_origin = _genders_by_origin(self.family)
        family_genders: dict[Origin, Gender] = {}
        for origin in origins:
            label_genders = genders_by_origin[origin]
            has_mens_forms = "male" in label_genders or "" in label_genders
            family_genders[origin] = "male" if has_mens_forms else None
        return family_genders


def _knows_origin(model: LoadedModel, requested: str) -> bool:
    """Return whether a model knows an origin, ignoring letter case."""
    known = {str(origin).casefold() for origin in _genders_by_origin(model)}
    return requested.casefold() in known


def _missing_origin(model: LoadedModel, role: str, requested: str) -> SettingsError:
    return SettingsError(
        f"{model.name} has no {role} names of origin {quote(requested, 60)}: choose another origin or model"
    )


def _genders_by_origin(model: LoadedModel) -> dict[Origin, set[Gender]]:
    """Return the genders in the labels of each origin, ignoring labels without training names.

    A gender is one of GENDERS, "" for names of both genders, or None if the labels have no genders.
    """
    genders: dict[Origin, set[Gender]] = defaultdict(set)
    have_genders = _have_genders(model.labels)
    for label in _trained_labels(model):
        if have_genders:
            origin, gender = split_parts(label)
            genders[origin].add(gender)
        else:
            genders[label].add(None)
    return genders


def _have_genders(labels: Sequence[str]) -> bool:
    """Return whether every label consists of an origin and a gender."""
    return all(len(parts) == 2 and parts[1] in ("", *GENDERS) for parts in parts_of(labels))


def _trained_labels(model: LoadedModel) -> list[str]:
    """Return the labels whose names the model was trained on."""
    labels_with_shares = zip(model.labels, model.start_tokens.shares, strict=False)
    return [label for label, share in labels_with_shares if share]


def _people_genders(label_genders: set[Gender]) -> list[Gender]:
    """Return the genders of people whose given names have these genders, or [None] if the labels have no genders."""
    has_unisex_names = "" in label_genders
    if has_unisex_names:
        return list(GENDERS)
    genders: list[Gender] = [gender for gender in GENDERS if gender in label_genders]
    return genders or [None]


def _label(model: LoadedModel, origin: Origin, gender: Gender) -> str:
    """Return a label of a model, or an empty string if the model or the origin has no labels."""
    if not model.labels or origin is None:
        return ""
    if gender is None:
        return origin
    return join_parts([origin, gender])
