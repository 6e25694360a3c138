"""Whole people, from models of given names and of family names; whole players, from those of baseball; and places."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, Unpack

from namegen.api.model import Drawing, LoadedModel, check_types, load, load_shipped
from namegen.baseball.inventing import InventedPlayer, PlayerInventor
from namegen.baseball.players import LINE
from namegen.constraints import PartConstraints, make_constraints
from namegen.core.data.label_parts import (
    find_labels,
    meant_labels,
    parts_of,
    refuse_several,
    unknown_label,
)
from namegen.core.data.list_formats import join_parts
from namegen.core.generation.generator import Generator
from namegen.core.generation.name_batch import check_letter_case
from namegen.core.generation.name_source import Gender, Kind, Origin, PartOfName
from namegen.core.generation.people import PeopleInventor, Person
from namegen.core.generation.sampling import (
    SamplingSettings,
    check_amount,
    check_count,
    random_numbers,
)
from namegen.core.settings import GENDERS, SOURCES
from namegen.errors import SettingsError, gathered, of_part, quote, setting, shown
from namegen.events import ProgressCallback, ignore_progress
from namegen.lists import BUNDLED, load_bundled

GIVEN, FAMILY, PLACES = "world-given", "world-family", "world-places"
ALIASES = {  # what people ask for, in small letters → the origin of such names
    **dict.fromkeys(("american", "australian", "british", "canadian", "scottish"), "English"),
    **dict.fromkeys(
        ("argentinian", "chilean", "colombian", "hispanic", "mexican", "peruvian"), "Spanish"
    ),
    **dict.fromkeys(("austrian", "swiss"), "German"),
    **{"brazilian": "Portuguese", "flemish": "Dutch", "ghanaian": "Twi", "nigerian": "Yoruba"},
}
# What else countries are called, in small letters.
COUNTRIES = {
    **dict.fromkeys(("america", "us", "u.s.", "usa"), "United States"),
    **dict.fromkeys(
        ("britain", "england", "great britain", "scotland", "uk", "wales"), "United Kingdom"
    ),
    **{
        "bosnia": "Bosnia & Herzegovina",
        "czech republic": "Czechia",
        "holland": "Netherlands",
        "turkey": "Türkiye",
    },
    **{"ivory coast": "Côte d’Ivoire", "korea": "South Korea", "macedonia": "North Macedonia"},
    "palestine": "Palestinian Territories",
}
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
    """Invent people, in batches as they are found; see ``core/generation/people.py``.

    Args:
        n: how many.
        origins: labels that both models know (a model without labels gives its names for each); none: all of those,
            each as likely. Where neither knows labels there are none.
        gender: ``female`` or ``male``; None: both, where the given names' labels tell them.
        household: so many people, one after the other, have one origin and one family name; the last household may be
            smaller.
        given: ``real``: given names of the model's list; ``new``: none of them; ``any``. None: real ones if the list
            comes with namegen, else any.
        family: the same of family names; None: new ones.
        given_model: the model of given names, whatever ``namegen.load`` takes; None: the shipped ``world-given``.
        family_model: the model of family names; None: the shipped ``world-family``.
        given_constraints: what a given name must keep, as ``namegen.constraints.PartConstraints`` has it.
        family_constraints: the same of family names; where these have forms by gender, of the men's.
        seed: the same seed gives the same people.
        temperature: below 1 stays with what is likely; None: 1.
        unfiltered: draw new names from the models' own distributions, see ``LoadedModel.generate``.
        letter_case: how the names are written at last; see ``LoadedModel.generate``.
        allow_profanity: allow names that contain profanity.
        on_progress: told now and then how far the search is; see ``namegen.events``.

    Raises:
        CheckpointError, SettingsError: at once.
        GenerationError: after those found have been given: there are no more.

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
    models = [
        model
        if isinstance(model, LoadedModel)
        else load_shipped(shipped)
        if model is None
        else load(model)
        for model, shipped in ((given_model, GIVEN), (family_model, FAMILY))
    ]
    asked = _origins(models, (origins,) if isinstance(origins, str) else origins)
    of_given, of_family = map(_genders, models)
    kinds = [
        Kind(origin, one) for origin in asked for one in _told(of_given.get(origin, {None}), gender)
    ]
    if not kinds:
        told = (
            f"{models[0].name} has no given names of {setting('gender')} {quote(str(gender), 60)}"
        )
        raise SettingsError(
            f"{told}: expected one of {', '.join(GENDERS)}, and origins with names of it"
        )
    men = {Kind(one): "male" if {"male", ""} & of_family[one] else None for one in asked}
    parts = (
        ("given", given, given_constraints, {kind: _label(models[0], *kind) for kind in kinds}),
        (
            "family",
            family or "new",
            family_constraints,
            {kind: _label(models[1], kind.origin, men[kind]) for kind in men},
        ),
    )
    inventor = PeopleInventor(
        *(
            _part(model, *part, temperature, unfiltered, allow_profanity)
            for model, part in zip(models, parts, strict=True)
        ),
        household=household or 1,
        forms=any(men.values()),
    )
    batches = inventor.generate(n, rng=random_numbers(seed), on_progress=on_progress)
    return ([person.in_case(letter_case) for person in batch] for batch in batches)


def _genders(model: LoadedModel) -> dict[Origin, set[Gender]]:
    """What the labels of each origin tell of gender, of those that names were learned of: one of GENDERS, empty where a
    name may have either; None where labels have no such part.
    """
    parts = parts_of(model.labels)
    told = all(len(one) == 2 and one[1] in ("", *GENDERS) for one in parts)
    found: dict[Origin, set[Gender]] = defaultdict(set)
    for label, of_label, share in zip(model.labels, parts, model.beginnings.shares, strict=False):
        if share:
            found[of_label[0] if told else label].add(of_label[1] if told else None)
    return found


def _label(model: LoadedModel, origin: Origin, gender: Gender) -> str:
    """What to ask a model for; empty where it gives the same names for all."""
    if not model.labels or origin is None:
        return ""
    return origin if gender is None else join_parts([origin, gender])


def _told(genders: set[Gender], asked: str | None) -> list[Gender]:
    """Those that people may have: of names of either gender both."""
    both: list[Gender] = [one for one in GENDERS if one in genders or "" in genders]
    return [one for one in both or [None] if asked in (None, one)]


def _origins(models: Sequence[LoadedModel], asked: Sequence[str]) -> list[Origin]:
    """Those that were asked for, or all that the models have in common; of models without labels None alone.

    A model without labels gives its names for every origin that the other one has.
    """
    labelled = [model for model in models if model.labels]
    if not labelled:
        if asked:
            raise SettingsError(f"{models[0].name} knows no labels: leave {setting('origins')} out")
        return [None]
    known = [_genders(model) for model in labelled]
    common = [
        origin for origin in known[0] if all(origin in one for one in known) and origin is not None
    ]
    if not common:
        raise SettingsError(
            f"{models[0].name} and {models[1].name} have no label in common: give two models, "
            f"{setting('given_model')} and {setting('family_model')}, of the same labels"
        )
    return list(dict.fromkeys(_find(origin, common, models) for origin in asked)) or list(common)


def _find(asked: object, common: Sequence[str], models: Sequence[LoadedModel]) -> Origin:
    """An origin that both models know, by its name or by an alias, letter case aside. Raises SettingsError."""
    text = str(asked).casefold()
    meant = (text, ALIASES.get(text, "").casefold())
    if found := [one for name in meant for one in common if one.casefold() == name]:
        return found[0]
    for part, model, other in (("family", models[1], models[0]), ("given", models[0], models[1])):
        if any(str(one).casefold() in meant for one in _genders(other)):
            raise SettingsError(
                f"{model.name} has no {part} names of origin {quote(str(asked), 60)}: choose another origin or model"
            )
    refuse_several("origins", str(asked), common)
    raise unknown_label("origins", str(asked), common, models[0].name)


@cache
def _names_by_label(list_name: str) -> dict[str, list[str]]:
    """The names of a bundled list, by their labels: read once, as a request for a few people takes less time."""
    corpus, names = load_bundled(list_name), defaultdict(list)
    for name, label in zip(corpus.names, corpus.labels or ("",) * len(corpus.names), strict=True):
        names[label].append(name)
    return names


def _part(
    model: LoadedModel,
    part: str,
    source: str | None,
    constraints: object,
    labels: Mapping[Kind, str],
    temperature: float | None,
    unfiltered: bool,
    allow_profanity: bool,
) -> PartOfName:
    """One part of the names; a model without labels gives the same for every kind.

    Args:
        model: what draws it.
        part: which.
        source: one of SOURCES.
        constraints: what it must keep.
        labels: of each kind, what the model and its list are asked for; empty: all names.
        temperature: of drawing.
        unfiltered: whether new names are drawn from the model's own distribution.
        allow_profanity: whether names may contain profanity, unless the constraints say so.
    """
    if not isinstance(constraints, Mapping | None):
        told = f"{setting(f'{part}_constraints')} is {shown(constraints)}"
        raise SettingsError(f"{told}: expected a dict, such as {{'max_length': 9}}")
    others: dict[str, Any] = {"allow_profanity": allow_profanity, **(constraints or {})}
    listed_there = model.list_name in BUNDLED
    source = source or ("real" if listed_there else "any")
    if source not in SOURCES:
        raise SettingsError(
            f"{setting(part)} is {shown(source)}: expected one of {', '.join(SOURCES)}"
        )
    if source == "real" and not listed_there:
        raise SettingsError(
            f"{model.name} does not carry its list, so its real names are not known: give {setting(part, 'any')}"
        )
    longest = others.pop("max_length", None)
    with of_part(part):
        constraint_list = make_constraints(model.list_name, model.normalization, **others)
    max_length = model.longest(longest, constraint_list, unfiltered=unfiltered or source == "real")
    sampling = SamplingSettings(1.0 if temperature is None else temperature, max_length=max_length)

    def generator(of: LoadedModel) -> Generator:
        return of.generator if unfiltered else of.filtering_generator

    listed = None
    if source == "real":
        names = _names_by_label(str(model.list_name))
        every = list(names)
        meant = {
            kind: meant_labels(label, every) if label else range(len(every))
            for kind, label in labels.items()
        }
        listed = {
            kind: [name for place in places for name in names[every[place]]]
            for kind, places in meant.items()
        }
    return PartOfName(
        part,
        {
            kind: generator(model.for_labels(*filter(None, [label])))
            for kind, label in labels.items()
        },
        generator(model.for_labels(*filter(None, labels.values()))),
        sampling,
        constraint_list,
        source == "any",
        unfiltered,
        listed,
    )


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
    """Invent players, in batches as they are found; see ``baseball/inventing.py``.

    Args:
        n: how many.
        seed: the same seed gives the same players.
        temperature: below 1 stays with what is likely; None: 1.
        unfiltered: draw new names from the models' own distributions, see ``LoadedModel.generate``.
        first_constraints: what a first name must keep, as ``namegen.constraints.PartConstraints`` has it.
        last_constraints: the same of last names.
        on_progress: told now and then how far the search is; see ``namegen.events``.
        letter_case: how the names are written at last; see ``LoadedModel.generate``.
        allow_profanity: allow names that contain profanity.

    Raises:
        CheckpointError, SettingsError: at once.
        GenerationError: after those found have been given: there are no more.
    """
    check_letter_case(letter_case)
    check_types(unfiltered=unfiltered)
    rng = random_numbers(seed)
    first, last = (
        _part(
            load_shipped(f"mlb-{part}"),
            part,
            source,
            constraints,
            {Kind(): ""},
            temperature,
            unfiltered,
            allow_profanity,
        )
        for part, constraints, source in (
            ("first", first_constraints, "any"),
            ("last", last_constraints, "new"),
        )
    )
    real = [
        name for name, *_ in LINE.findall(BUNDLED["mlb-first"].path.read_text(encoding="utf-8"))
    ]
    batches = PlayerInventor(first, last, real).generate(n, rng=rng, on_progress=on_progress)
    return ([player.in_case(letter_case) for player in batch] for batch in batches)


def _together(
    batches: Callable[Options, Iterator[list[Invented]]],
) -> Callable[Options, list[Invented]]:
    @wraps(batches)
    def invent(*args: Options.args, **options: Options.kwargs) -> list[Invented]:
        return gathered(batches(*args, **options))

    invent.__name__ = invent.__qualname__ = batches.__name__.removesuffix("_batches")
    invent.__doc__ = (
        f"All of ``{batches.__name__}`` in one list: the same arguments, the same errors."
    )
    return invent


generate_people, generate_players = (
    _together(generate_people_batches),
    _together(generate_players_batches),
)


def places_of(countries: str | Sequence[str] = ()) -> LoadedModel:
    """The shipped model of places, for some countries alone; none given: for all.

    Raises:
        SettingsError: it does not know such a country; the message says which is nearest.

    >>> places_of(["Poland", "uk"]).labels
    ('Poland', 'United Kingdom')
    """
    if not isinstance(countries, Iterable) or not all(isinstance(one, str) for one in countries):
        raise SettingsError(
            f"{setting('countries')} is {shown(countries)}: expected a country, or several"
        )
    model, asked = load_shipped(PLACES), (countries,) if isinstance(countries, str) else countries
    named = [COUNTRIES.get(one.casefold(), one) for one in asked]
    for one in named:
        find_labels(one, model.labels, PLACES, "countries")
    return model.for_labels(*named)


def generate_places(
    n: int = 25, *, countries: str | Sequence[str] = (), **options: Unpack[Drawing]
) -> list[str]:
    """Invent towns and villages, a list of ``n``: new names, as in some countries or as in any.

    Args:
        n: how many.
        countries: see ``places_of``.
        options: those of ``LoadedModel.generate``.

    Raises:
        CheckpointError, SettingsError, GenerationError: as ``LoadedModel.generate``.

    >>> len(generate_places(3, countries="Poland", seed=1))
    3
    """
    return places_of(countries).generate(n, **options)
