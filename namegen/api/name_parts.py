"""Turn a model into a source of given or family names of people, or of first or last names of players."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache, wraps
from inspect import signature
from itertools import chain
from typing import Any, ParamSpec, TypeVar, get_args, get_type_hints

from namegen.api.model import LoadedModel
from namegen.core.data.label_parts import meant_labels
from namegen.core.generation.generator import Generator
from namegen.core.generation.request import GenerationRequest
from namegen.core.people.names import Kind, PartOfName
from namegen.errors import SettingsError, add_part_to_settings, gathered, setting, shown
from namegen.lists import BUNDLED, load_bundled

Options = ParamSpec("Options")
Invented = TypeVar("Invented")


def make_part_of_name(
    role: str,
    model: LoadedModel,
    request: GenerationRequest,
    *,
    source: str | None,
    constraints: Mapping[str, Any] | None,
    labels: Mapping[Kind, str],
) -> PartOfName:
    """Create the source of given, family, first or last names.

    Args:
        role: ``given``, ``family``, ``first`` or ``last``. The names of the part's settings start with this word.
        model: the model of these names.
        request: the options for all parts of the names.
        source: ``real`` for names from the model's list, ``new`` for names that aren't in it, or ``any``. The default
            is ``real`` for built-in lists, and ``any`` for all others.
        constraints: options for these names only, such as ``{"max_length": 9}``.
        labels: the label of each kind of name, or an empty string for all names of the model.

    Raises:
        SettingsError: a value is wrong, or constraints contradict each other.
    """
    if not isinstance(constraints, Mapping | None):
        raise SettingsError(
            f"{setting(f'{role}_constraints')} is {shown(constraints)}: expected a dict, such as {{'max_length': 9}}"
        )
    has_list = model.list_name in BUNDLED
    if source is None:
        source = "real" if has_list else "any"
    if source == "real" and not has_list:
        raise SettingsError(
            f"{model.name} doesn't include its list, so its real names are unknown: use {setting(role, 'any')}"
        )

    def generator_of(*labels: str) -> Generator:
        restricted = model.for_labels(*filter(None, labels))
        return restricted.generator if request.unfiltered else restricted.filtering_generator

    any_origin = generator_of(*labels.values())
    with add_part_to_settings(role):
        part_request = replace(request, allow_seen=source == "any", **(constraints or {}))
    # The default of the maximum length is that of unfiltered names if they are from the list.
    is_unfiltered = request.unfiltered or source == "real"
    with_default = any_origin.with_max_length(part_request.changed(unfiltered=is_unfiltered))
    listed: dict[Kind, list[str]] | None = None
    if source == "real":
        names_by_label = _names_by_label(str(model.list_name))
        listed_labels = list(names_by_label)
        listed = {}
        for kind, label in labels.items():
            # A label can also be a part of labels, such as ``female``.
            indexes = meant_labels(label, listed_labels) if label else range(len(listed_labels))
            names = [names_by_label[listed_labels[index]] for index in indexes]
            listed[kind] = list(chain.from_iterable(names))
    return PartOfName(
        role=role,
        generators={kind: generator_of(label) for kind, label in labels.items()},
        any_origin=any_origin,
        request=part_request.changed(max_length=with_default.max_length),
        listed=listed,
    )


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
    described: Any = invent  # documentation tools show the signature
    described.__signature__ = signature(invent).replace(return_annotation=batch_type)
    described.__annotations__ = {**invent.__annotations__, "return": batch_type}
    return invent
