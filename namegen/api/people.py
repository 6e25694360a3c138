"""Invented people, from models of given names and of family names, and invented baseball players."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import wraps
from itertools import chain
from pathlib import Path
from typing import ParamSpec, TypeVar

from namegen.api.model import LoadedModel, check_types, load, load_shipped
from namegen.api.name_parts import DrawOptions, make_part
from namegen.baseball.inventing import InventedPlayer, PlayerInventor
from namegen.baseball.players import full_names
from namegen.constraints import PartConstraints
from namegen.core.data.label_parts import parts_of, refuse_several, unknown_label
from namegen.core.data.list_formats import join_parts
from namegen.core.generation.family_forms import ALSO_NAMED_LIKE
from namegen.core.generation.name_batch import check_letter_case
from namegen.core.generation.name_source import Gender, Kind, Origin
from namegen.core.generation.people import PeopleInventor
from namegen.core.generation.person import Person
from namegen.core.generation.sampling import check_amount, check_count, random_numbers
from namegen.core.settings import GENDERS
from namegen.errors import SettingsError, gathered, quote, setting, shown
from namegen.events import ProgressCallback, ignore_progress
from namegen.lists import BUNDLED

GIVEN = "world-given"
FAMILY = "world-family"
Options = ParamSpec("Options")
Invented = TypeVar("Invented")


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
    """Invent people in batches, as they are found, so that memory stays constant for any ``n``.

    Args:
        n: how many people to return.
        origins: labels that both models know, such as ``Italian``. By default, all labels that the models share are
            equally likely. A model without labels is used for every origin of the other model. Half of the Irish
            households have a family name as in English, because few people write theirs in Irish.
        gender: ``female`` or ``male``. By default, both, if the labels of given names include genders.
        household: how many consecutive people share an origin and a family name. The last household may be smaller.
        given: ``real`` for given names of the model's list, ``new`` for names that aren't in it, or ``any``. The
            default is ``real`` if the list is bundled with namegen, else ``any``.
        family: the same for family names; ``new`` by default.
        given_model: the model of given names, as ``namegen.load`` takes it; the shipped ``world-given`` by default.
        family_model: the model of family names; the shipped ``world-family`` by default.
        given_constraints: conditions that given names satisfy; see ``namegen.constraints.PartConstraints``.
        family_constraints: the same for family names. If they have forms by gender, the conditions are for men's forms.
        seed: the random seed. The same seed returns the same people.
        temperature: values below 1 prefer likely characters. The default is 1.
        unfiltered: draw new names from the models' own distributions, see ``LoadedModel.generate``.
        letter_case: the letter case of the result, see ``LoadedModel.generate``.
        allow_profanity: allow names that contain profanity.
        on_progress: called with events (``namegen.events``) that describe how far the search is.

    Raises:
        CheckpointError, SettingsError: at once.
        GenerationError: after all people that were found.

    >>> [[person]] = generate_people_batches(1, origins=["Finnish"], seed=1)
    >>> person.origin
    'Finnish'
    """
    check_letter_case(letter_case)
    check_types(unfiltered=unfiltered)
    check_amount(n, "people")
    if not isinstance(origins, Iterable):
        raise SettingsError(
            f"{setting('origins')} is {shown(origins)}: expected a label, or several"
        )
    check_count("household", 1 if household is None else household, 1)
    models = _Models(given=_opened(given_model, GIVEN), family=_opened(family_model, FAMILY))
    used_origins = models.find_origins([origins] if isinstance(origins, str) else origins)
    given_labels = models.given_labels(used_origins, gender)
    family_origins = models.family_origins(used_origins)
    family_genders = models.family_genders(list(dict.fromkeys(chain(*family_origins.values()))))
    family_labels = {
        Kind(origin): _label(models.family, origin, family_gender)
        for origin, family_gender in family_genders.items()
    }
    options = DrawOptions(
        temperature=temperature, unfiltered=unfiltered, allow_profanity=allow_profanity
    )
    inventor = PeopleInventor(
        given=make_part(
            "given",
            models.given,
            source=given,
            constraints=given_constraints,
            labels=given_labels,
            options=options,
        ),
        family=make_part(
            "family",
            models.family,
            source=family or "new",
            constraints=family_constraints,
            labels=family_labels,
            options=options,
        ),
        household=household or 1,
        forms=any(family_genders.values()),
        family_origins=family_origins,
    )
    batches = inventor.generate(n, rng=random_numbers(seed), on_progress=on_progress)
    return ([person.in_case(letter_case) for person in batch] for batch in batches)


def people_origins(origins: str | Sequence[str] = ()) -> list[str]:
    """Return the origins of people that a request names; by default, all that both built-in models know.

    Raises:
        SettingsError: a model doesn't know an origin.

    >>> people_origins("finnish")
    ['Finnish']
    """
    models = _Models(given=load_shipped(GIVEN), family=load_shipped(FAMILY))
    found = models.find_origins([origins] if isinstance(origins, str) else origins)
    return [origin for origin in found if origin is not None]


def _opened(model: LoadedModel | str | Path | None, default: str) -> LoadedModel:
    if model is None:
        return load_shipped(default)
    if isinstance(model, LoadedModel):
        return model
    return load(model)


@dataclass(frozen=True)
class _Models:
    """The models that a request for people uses."""

    given: LoadedModel
    family: LoadedModel

    def find_origins(self, requested: Sequence[str]) -> list[Origin]:
        """The requested origins, or else all that both models know. Without labels, this is only None."""
        labelled = [model for model in (self.given, self.family) if model.labels]
        if not labelled:
            if requested:
                raise SettingsError(f"{self.given.name} has no labels: omit {setting('origins')}")
            return [None]
        genders = [_genders_by_origin(model) for model in labelled]
        common: list[str] = []
        for origin in genders[0]:
            if origin is not None and all(origin in known for known in genders):
                common.append(origin)
        if not common:
            raise SettingsError(
                f"{self.given.name} and {self.family.name} have no label in common: choose models with the same "
                f"labels ({setting('given_model')}, {setting('family_model')})"
            )
        found_origins = [self._find_origin(origin, common) for origin in requested]
        return list(dict.fromkeys(found_origins or common))

    def _find_origin(self, requested: object, common: Sequence[str]) -> str:
        """The common origin with this name, ignoring letter case."""
        for origin in common:
            if origin.casefold() == str(requested).casefold():
                return origin
        self._check_is_in_both(str(requested))
        refuse_several("origins", str(requested), common)
        is_shipped = self.given.name == GIVEN
        raise unknown_label(
            "origins",
            str(requested),
            common,
            self.given.name,
            listing="`namegen models` lists all origins" if is_shipped else "",
        )

    def _check_is_in_both(self, requested: str) -> None:
        """Raise SettingsError for an origin that only one of the models knows."""
        for role, model, other_model in (
            ("family", self.family, self.given),
            ("given", self.given, self.family),
        ):
            known = [str(origin).casefold() for origin in _genders_by_origin(other_model)]
            if requested.casefold() in known:
                raise SettingsError(
                    f"{model.name} has no {role} names of origin {quote(requested, 60)}: choose another origin or model"
                )

    def given_labels(self, origins: Sequence[Origin], gender: str | None) -> dict[Kind, str]:
        """The label of given names for each origin and gender of people."""
        genders = _genders_by_origin(self.given)
        labels: dict[Kind, str] = {}
        for origin in origins:
            for person_gender in _people_genders(genders.get(origin, {None})):
                if gender in (None, person_gender):
                    labels[Kind(origin, person_gender)] = _label(self.given, origin, person_gender)
        if not labels:
            raise SettingsError(
                f"{self.given.name} has no given names of {setting('gender')} {quote(str(gender), 60)}: "
                f"use one of {', '.join(GENDERS)}, and origins with such names"
            )
        return labels

    def family_genders(self, origins: Sequence[Origin]) -> dict[Origin, Gender]:
        """For each origin ``male``, to draw men's forms of family names, or None if the labels have no genders."""
        label_genders = _genders_by_origin(self.family)
        genders: dict[Origin, Gender] = {}
        for origin in origins:
            has_mens_forms = not label_genders[origin].isdisjoint({"male", ""})
            genders[origin] = "male" if has_mens_forms else None
        return genders

    def family_origins(self, origins: Sequence[Origin]) -> dict[Origin, list[Origin]]:
        """For each origin, the origins whose family names its people have."""
        is_of_world = self.family.list_name == FAMILY
        known = _genders_by_origin(self.family)
        family_origins: dict[Origin, list[Origin]] = {}
        for origin in origins:
            family_origins[origin] = [origin]
            other_origin = ALSO_NAMED_LIKE.get(origin or "")
            if is_of_world and other_origin in known:
                family_origins[origin].append(other_origin)
        return family_origins


def _genders_by_origin(model: LoadedModel) -> dict[Origin, set[Gender]]:
    """The genders in the labels of each origin: one of GENDERS, "" for both, or None if the labels have no genders.

    Labels that the model wasn't trained on are skipped.
    """
    parts = parts_of(model.labels)
    have_genders = all(len(label) == 2 and label[1] in ("", *GENDERS) for label in parts)
    genders: dict[Origin, set[Gender]] = defaultdict(set)
    shares = model.beginnings.shares
    for label, label_parts, share in zip(model.labels, parts, shares, strict=False):
        if not share:
            continue
        if have_genders:
            origin, gender = label_parts
            genders[origin].add(gender)
        else:
            genders[label].add(None)
    return genders


def _people_genders(label_genders: set[Gender]) -> list[Gender]:
    """The genders of people whose given names have these genders; [None] if the labels have no genders."""
    genders: list[Gender] = [
        gender for gender in GENDERS if gender in label_genders or "" in label_genders
    ]
    return genders or [None]


def _label(model: LoadedModel, origin: Origin, gender: Gender) -> str:
    """A label of a model; "" if the model or the origin has none."""
    if not model.labels or origin is None:
        return ""
    return origin if gender is None else join_parts([origin, gender])


def generate_players_batches(
    n: int = 25,
    *,
    seed: int | None = None,
    temperature: float | None = None,
    unfiltered: bool = False,
    first_constraints: PartConstraints | None = None,
    last_constraints: PartConstraints | None = None,
    on_progress: ProgressCallback = ignore_progress,
    letter_case: str | None = None,
    allow_profanity: bool = False,
) -> Iterator[list[InventedPlayer]]:
    """Invent baseball players in batches, as they are found; see ``baseball/inventing.py``.

    Args:
        n: how many players to return.
        seed: the random seed. The same seed returns the same players.
        temperature: values below 1 prefer likely characters. The default is 1.
        unfiltered: draw new names from the models' own distributions, see ``LoadedModel.generate``.
        first_constraints: conditions that first names satisfy; see ``namegen.constraints.PartConstraints``.
        last_constraints: the same for last names.
        on_progress: called with events (``namegen.events``) that describe how far the search is.
        letter_case: the letter case of the result, see ``LoadedModel.generate``.
        allow_profanity: allow names that contain profanity.

    Raises:
        CheckpointError, SettingsError: at once.
        GenerationError: after all players that were found.

    >>> [[player]] = generate_players_batches(1, seed=1, last_constraints={"starts_with": "Mc"})
    >>> player.last.startswith("Mc")
    True
    """
    check_letter_case(letter_case)
    check_types(unfiltered=unfiltered)
    rng = random_numbers(seed)
    options = DrawOptions(
        temperature=temperature, unfiltered=unfiltered, allow_profanity=allow_profanity
    )
    first = make_part(
        "first",
        load_shipped("mlb-first"),
        source="any",
        constraints=first_constraints,
        labels={Kind(): ""},
        options=options,
    )
    last = make_part(
        "last",
        load_shipped("mlb-last"),
        source="new",
        constraints=last_constraints,
        labels={Kind(): ""},
        options=options,
    )
    real = full_names(BUNDLED["mlb-first"].path.read_text(encoding="utf-8"))
    batches = PlayerInventor(first, last, real).generate(n, rng=rng, on_progress=on_progress)
    return ([player.in_case(letter_case) for player in batch] for batch in batches)


def _as_list(
    batches: Callable[Options, Iterator[list[Invented]]],
) -> Callable[Options, list[Invented]]:
    """The same function, with all batches in one list."""

    @wraps(batches)
    def invent(*args: Options.args, **options: Options.kwargs) -> list[Invented]:
        return gathered(batches(*args, **options))

    name = batches.__name__.removesuffix("_batches")
    invent.__name__ = name
    invent.__qualname__ = name
    invent.__doc__ = f"Return all batches of ``{batches.__name__}`` as one list. Arguments and errors are the same."
    return invent


generate_people = _as_list(generate_people_batches)
generate_players = _as_list(generate_players_batches)
