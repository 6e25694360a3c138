"""Turn a model into a source of given or family names of people, or of first or last names of players."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, wraps
from inspect import signature
from typing import Any, ParamSpec, TypeVar, get_args, get_type_hints

from namegen.api.model import LoadedModel
from namegen.constraints import PartConstraints, make_constraints
from namegen.core.data.label_parts import meant_labels
from namegen.core.generation.generator import Generator
from namegen.core.generation.sampling import SamplingSettings
from namegen.core.people.names import Kind, PartOfName
from namegen.core.settings import SOURCES
from namegen.errors import SettingsError, add_part_to_settings, gathered, setting, shown
from namegen.lists import BUNDLED, load_bundled

Options = ParamSpec("Options")
Invented = TypeVar("Invented")


@dataclass(frozen=True)
class DrawOptions:
    """Options that apply to all parts of a name."""

    temperature: float | None  # None means 1
    unfiltered: bool  # whether new names are sampled from the model's own distribution
    allow_profanity: bool  # whether names may contain profanity; constraints take precedence


def make_part_of_name(
    role: str,
    model: LoadedModel,
    *,
    source: str | None,
    constraints: PartConstraints | None,
    labels: Mapping[Kind, str],
    options: DrawOptions,
) -> PartOfName:
    """Create the source of given, family, first or last names.

    Args:
        role: ``given``, ``family``, ``first`` or ``last``. The names of the part's settings start with this word.
        model: the model of these names.
        source: ``real`` for names from the model's list, ``new`` for names that aren't in it, or ``any``. The default
            is ``real`` for built-in lists, and ``any`` for all others.
        constraints: conditions that the names must satisfy.
        labels: the label of each kind of name, or an empty string for all names of the model.
        options: the options for all parts of the names.

    Raises:
        SettingsError: a value is wrong, or constraints contradict each other.
    """
    _check_constraints(role, constraints)
    source = source or _default_source(model)
    _check_source(role, source, model)
    is_real = source == "real"
    values: dict[str, Any] = {"allow_profanity": options.allow_profanity, **(constraints or {})}
    max_length = values.pop("max_length", None)
    with add_part_to_settings(role):
        constraint_list = make_constraints(model.list_name, model.normalization, **values)
    sampling = SamplingSettings(
        temperature=1.0 if options.temperature is None else options.temperature,
        max_length=model.longest(
            max_length, constraint_list, unfiltered=options.unfiltered or is_real
        ),
    )
    return PartOfName(
        role=role,
        listed=_listed_names(model, labels) if is_real else None,
        generators=_generators(model, labels, options),
        any_origin=_generator(model, labels.values(), options),
        sampling=sampling,
        constraints=constraint_list,
        allow_seen=source == "any",
        unfiltered=options.unfiltered,
    )


def _check_constraints(role: str, constraints: object) -> None:
    """Raise SettingsError unless the constraints are a dict."""
    if not isinstance(constraints, Mapping | None):
        raise SettingsError(
            f"{setting(f'{role}_constraints')} is {shown(constraints)}: expected a dict, such as {{'max_length': 9}}"
        )


def _default_source(model: LoadedModel) -> str:
    return "real" if model.list_name in BUNDLED else "any"


def _check_source(role: str, source: str, model: LoadedModel) -> None:
    """Raise SettingsError for an unknown source, or for the real names of an unknown list."""
    if source not in SOURCES:
        raise SettingsError(
            f"{setting(role)} is {shown(source)}: expected one of {', '.join(SOURCES)}"
        )
    if source == "real" and model.list_name not in BUNDLED:
        raise SettingsError(
            f"{model.name} doesn't include its list, so its real names are unknown: use {setting(role, 'any')}"
        )


def _generators(
    model: LoadedModel, labels: Mapping[Kind, str], options: DrawOptions
) -> dict[Kind, Generator]:
    """Return a generator for each kind of name."""
    return {kind: _generator(model, [label], options) for kind, label in labels.items()}


def _generator(model: LoadedModel, labels: Iterable[str], options: DrawOptions) -> Generator:
    """Return a generator of names with these labels. Empty labels are ignored."""
    restricted = model.for_labels(*filter(None, labels))
    return restricted.generator if options.unfiltered else restricted.filtering_generator


def _listed_names(model: LoadedModel, labels: Mapping[Kind, str]) -> dict[Kind, list[str]]:
    """Return the names in the model's list for each kind of name."""
    names_by_label = _names_by_label(str(model.list_name))
    return {kind: _names_with_label(label, names_by_label) for kind, label in labels.items()}


def _names_with_label(label: str, names_by_label: Mapping[str, list[str]]) -> list[str]:
    """Return the names with a label or a part of a label, such as ``female``. An empty string matches all labels."""
    all_labels = list(names_by_label)
    indexes = meant_labels(label, all_labels) if label else range(len(all_labels))
    names: list[str] = []
    for index in indexes:
        names += names_by_label[all_labels[index]]
    return names


@cache  # reading a list takes longer than inventing a few people
def _names_by_label(list_name: str) -> dict[str, list[str]]:
    """Return the names of a built-in list, grouped by label. Without labels, the only key is an empty string."""
    corpus = load_bundled(list_name)
    labels = corpus.labels or [""] * len(corpus.names)
    names: dict[str, list[str]] = defaultdict(list)
    for name, label in zip(corpus.names, labels, strict=True):
        names[label].append(name)
    return names


def returning_list(
    batches: Callable[Options, Iterator[list[Invented]]],
) -> Callable[Options, list[Invented]]:
    """Create a function that returns all batches of another function as one list.

    The new function has the same signature, but its own name, docstring and return type.

    Args:
        batches: a function whose name ends in ``_batches``. The new function has the same name without this ending.
    """

    @wraps(batches)
    def invent(*args: Options.args, **options: Options.kwargs) -> list[Invented]:
        return gathered(batches(*args, **options))

    name = batches.__name__.removesuffix("_batches")
    invent.__name__ = name
    invent.__qualname__ = name
    invent.__doc__ = (
        f"Return all batches of ``{batches.__name__}`` as one list. The arguments and errors are the same. If there "
        "are fewer than ``n``, the GenerationError's ``found`` contains all that were found."
    )
    (batch_type,) = get_args(get_type_hints(batches)["return"])
    _set_return_type(invent, batch_type)
    return invent


def _set_return_type(function: Any, return_type: type) -> None:
    """Change the return type that documentation tools show."""
    function.__signature__ = signature(function).replace(return_annotation=return_type)
    function.__annotations__ = {**function.__annotations__, "return": return_type}
