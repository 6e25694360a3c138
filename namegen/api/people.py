"""Whole people, from models of given names and of family names; and whole players, from those of baseball."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from namegen.api.model import LoadedModel, as_share, check_types, load, load_shipped
from namegen.baseball.inventing import InventedPlayer, PlayerInventor
from namegen.baseball.players import LINE
from namegen.core.generation.generator import Generator, check_letter_case
from namegen.core.generation.people import Origin, PartOfName, PeopleInventor, Person
from namegen.core.generation.sampling import SamplingSettings, random_numbers
from namegen.core.network.bars import EVERY_NAME
from namegen.errors import SettingsError, of_part, setting, shown
from namegen.events import Watcher, unwatched
from namegen.lists import BUNDLED
from namegen.wishes import Wishes, WishesOfPart, WishesOfPeople, make_wishes

GIVEN, FAMILY = "world-given", "world-family"
Options = ParamSpec("Options")
Invented = TypeVar("Invented")


def invent_people_batches(
    n: int = 25,
    *,
    origins: str | Sequence[str] = (),
    given: LoadedModel | str | Path | None = None,
    family: LoadedModel | str | Path | None = None,
    given_wishes: WishesOfPeople | None = None,
    family_wishes: WishesOfPeople | None = None,
    seed: int | None = None,
    temperature: float | None = None,
    choose: float | None = None,
    letter_case: str | None = None,
    watch: Watcher = unwatched,
) -> Iterator[list[Person]]:
    """Invent people, in batches as they are found; see ``core/generation/people.py``.

    Args:
        n: how many.
        origins: labels that both models know (a model without labels gives its names for each); none: all of those,
            each as likely. Where neither knows labels there are none.
        given: the model of given names, whatever ``namegen.load`` takes; None: the shipped ``world-given``.
        family: the model of family names; None: the shipped ``world-family``.
        given_wishes: what a given name must keep, as ``namegen.wishes.WishesOfPeople`` has it. Unless it says
            otherwise, names of the list may come.
        family_wishes: the same of family names; unless it says otherwise, they are new.
        seed: the same seed gives the same people.
        temperature: below 1 stays with what is likely; None: 1.
        choose: the share of new names that are offered, as ``LoadedModel.generate`` has it; None: each model's own.
        letter_case: how the names are written at last; see ``LoadedModel.generate``.
        watch: told now and then how far the search is; see ``namegen.events``.

    Raises:
        CheckpointError, SettingsError: at once.
        GenerationError: after those found have been given: there are no more.

    >>> [[person]] = invent_people_batches(1, origins=["Finnish"], seed=1)
    >>> person.origin
    'Finnish'
    """
    check_letter_case(letter_case)
    check_types(choose=choose)
    if not isinstance(origins, Iterable):
        raise SettingsError(f"{setting('origins')} is {shown(origins)}: expected a label, or several")
    models = [_opened(model, shipped) for model, shipped in ((given, GIVEN), (family, FAMILY))]
    asked = _origins(models, (origins,) if isinstance(origins, str) else origins)
    parts = []
    for part, model, wishes, allow_seen in (
        ("given", models[0], given_wishes, True),
        ("family", models[1], family_wishes, False),
    ):
        wished = _as_dict(part, wishes)
        seen = wished.pop("allow_seen", None)
        parts.append(
            _part(part, model, asked, wished, temperature, choose, allow_seen=allow_seen if seen is None else seen)
        )
    batches = PeopleInventor(*parts).generate(n, rng=random_numbers(seed), watch=watch)
    return ([person.in_case(letter_case) for person in batch] for batch in batches)


def _as_dict(part: str, wishes: object) -> Any:
    if wishes is None or isinstance(wishes, Mapping):
        return {**(wishes or {})}
    raise SettingsError(f"{setting(f'{part}_wishes')} is {shown(wishes)}: expected a dict, such as {{'max_length': 9}}")


def _opened(model: LoadedModel | str | Path | None, shipped: str) -> LoadedModel:
    if model is None:
        return load_shipped(shipped)
    return model if isinstance(model, LoadedModel) else load(model)


def _origins(models: Sequence[LoadedModel], asked: Sequence[str]) -> list[Origin]:
    """Those that were asked for, or all that the models have in common; of models without labels None alone.

    A model without labels gives its names for every origin that the other one has.
    """
    labelled = [model for model in models if model.labels]
    if asked:
        for model in labelled or models[:1]:
            try:
                found = model.labelled(*asked).labels
            except SettingsError as error:
                told = error.told(lambda name, value: setting("origin" if name == "label" else name, value))
                raise SettingsError(told) from error
        return list(found)
    if not labelled:
        return [None]
    common = [label for label in labelled[0].labels if all(label in model.labels for model in labelled)]
    if not common:
        raise SettingsError(
            f"{models[0].name} and {models[1].name} have no label in common: give models of the same labels"
        )
    learned = (zip(model.labels, model.beginnings.shares, strict=True) for model in labelled)
    never = {label for shares in learned for label, share in shares if share == 0}
    return [label for label in common if label not in never]


def _part(
    part: str,
    model: LoadedModel,
    origins: Sequence[Origin],
    wishes: WishesOfPart,
    temperature: float | None,
    choose: float | None,
    *,
    allow_seen: bool,
) -> PartOfName:
    """One part of the names; a model without labels gives the same for every origin."""
    longest = wishes.pop("max_length", None)
    others: Wishes = wishes
    with of_part(part):
        wished = make_wishes(model.list_name, model.sameness, **others)
    sampling = SamplingSettings(
        1.0 if temperature is None else temperature,
        max_length=model.longest(longest, wished),
    )
    choose = as_share(model.choose if choose is None else choose)

    def generator(of: LoadedModel) -> Generator:
        return of.generator if choose == EVERY_NAME else of.choosing_generator

    known = [origin for origin in origins if model.labels and origin is not None]
    return PartOfName(
        part,
        {origin: generator(model.labelled(origin) if origin in known else model) for origin in origins},
        generator(model.labelled(*known)),
        sampling,
        wished,
        allow_seen,
        choose,
    )


def invent_players_batches(
    n: int = 25,
    *,
    seed: int | None = None,
    temperature: float | None = None,
    choose: float | None = None,
    first_wishes: WishesOfPart | None = None,
    last_wishes: WishesOfPart | None = None,
    watch: Watcher = unwatched,
    letter_case: str | None = None,
) -> Iterator[list[InventedPlayer]]:
    """Invent players, in batches as they are found; see ``baseball/inventing.py``.

    Args:
        n: how many.
        seed: the same seed gives the same players.
        temperature: below 1 stays with what is likely; None: 1.
        choose: the share of new names that are offered, as ``LoadedModel.generate`` has it; None: each model's own.
        first_wishes: what a first name must keep, as ``namegen.wishes.WishesOfPart`` has it.
        last_wishes: the same of last names.
        watch: told now and then how far the search is; see ``namegen.events``.
        letter_case: how the names are written at last; see ``LoadedModel.generate``.

    Raises:
        CheckpointError, SettingsError: at once.
        GenerationError: after those found have been given: there are no more.
    """
    check_letter_case(letter_case)
    check_types(choose=choose)
    rng = random_numbers(seed)
    first, last = (
        _part(
            part,
            load_shipped(f"mlb-{part}"),
            [None],
            _as_dict(part, wishes),
            temperature,
            choose,
            allow_seen=allow_seen,
        )
        for part, wishes, allow_seen in (("first", first_wishes, True), ("last", last_wishes, False))
    )
    real = [name for name, *_ in LINE.findall(BUNDLED["mlb-first"].path.read_text(encoding="utf-8"))]
    batches = PlayerInventor(first, last, real).generate(n, rng=rng, watch=watch)
    return ([player.in_case(letter_case) for player in batch] for batch in batches)


def _together(
    name: str, batches: Callable[Options, Iterator[list[Invented]]], said: str
) -> Callable[Options, list[Invented]]:
    @wraps(batches)
    def invent(*args: Options.args, **options: Options.kwargs) -> list[Invented]:
        return [one for batch in batches(*args, **options) for one in batch]

    invent.__name__, invent.__qualname__, invent.__doc__ = name, name, said
    return invent


invent_people = _together(
    "invent_people",
    invent_people_batches,
    """Invent people, a list of ``n``; the arguments and errors are those of ``invent_people_batches``.

    >>> [person] = invent_people(1, origins="Finnish", seed=1)
    >>> person.origin
    'Finnish'
    """,
)
invent_players = _together(
    "invent_players",
    invent_players_batches,
    "Invent players, a list of ``n``; the arguments and errors are those of ``invent_players_batches``.",
)
